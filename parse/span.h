/*
 * span: how far a run of ordinary bytes goes. These are the loops in which the
 * scanners spend their time, so they look at 16 bytes at once where SSE2 is at
 * hand (always on x86-64); the plain forms give the same answers everywhere and
 * are the tests' reference. None reads outside [p, end).
 */
#ifndef PARSE_SPAN_H
#define PARSE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool
span_is_text(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static inline bool
span_is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline bool
span_is_cell(uint8_t c, uint8_t separator)
{
	return c != separator && c != '"' && c != '\r' && c != '\n' && c != 0;
}

static inline const uint8_t *
span_text_plain(const uint8_t *p, const uint8_t *end)
{
	while (p < end && span_is_text(*p))
		p++;
	return p;
}

static inline const uint8_t *
span_space_plain(const uint8_t *p, const uint8_t *end)
{
	while (p < end && span_is_space(*p))
		p++;
	return p;
}

static inline const uint8_t *
span_cell_plain(const uint8_t *p, const uint8_t *end, uint8_t separator)
{
	while (p < end && span_is_cell(*p, separator))
		p++;
	return p;
}

#ifdef __SSE2__

static inline __m128i
span_load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* One bit for each of 16 bytes. */
static inline unsigned
span_bits(__m128i hits)
{
	return (unsigned)_mm_movemask_epi8(hits);
}

static inline __m128i
span_equal(__m128i block, uint8_t c)
{
	return _mm_cmpeq_epi8(block, _mm_set1_epi8((char)c));
}

/* To the first byte of a JSON string that is not plain ASCII text, or end. */
static inline const uint8_t *
span_text(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 16) {
		__m128i block = span_load(p);
		/* Signed: bytes from 0x80 are negative and caught along with controls. */
		__m128i odd = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
		__m128i mark = _mm_or_si128(span_equal(block, '"'), span_equal(block, '\\'));
		unsigned bits = span_bits(_mm_or_si128(odd, mark));

		if (bits != 0)
			return p + __builtin_ctz(bits);
		p += 16;
	}
	return span_text_plain(p, end);
}

/* To the first byte that is not JSON white space, or end. */
static inline const uint8_t *
span_space(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 16) {
		__m128i block = span_load(p);
		__m128i line = _mm_or_si128(span_equal(block, '\n'), span_equal(block, '\r'));
		__m128i gap = _mm_or_si128(span_equal(block, ' '), span_equal(block, '\t'));
		unsigned bits = span_bits(_mm_or_si128(line, gap));

		if (bits != 0xffff)
			return p + __builtin_ctz(~bits);
		p += 16;
	}
	return span_space_plain(p, end);
}

/* To the first byte that may end an unquoted CSV cell, or end. */
static inline const uint8_t *
span_cell(const uint8_t *p, const uint8_t *end, uint8_t separator)
{
	while (end - p >= 16) {
		__m128i block = span_load(p);
		__m128i line = _mm_or_si128(span_equal(block, '\n'), span_equal(block, '\r'));
		__m128i mark = _mm_or_si128(span_equal(block, '"'), span_equal(block, separator));
		__m128i stop = _mm_or_si128(_mm_or_si128(line, mark), span_equal(block, 0));
		unsigned bits = span_bits(stop);

		if (bits != 0)
			return p + __builtin_ctz(bits);
		p += 16;
	}
	return span_cell_plain(p, end, separator);
}

#else
#define span_text span_text_plain
#define span_space span_space_plain
#define span_cell span_cell_plain
#endif

#endif
