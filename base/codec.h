/*
 * codec: little-endian integers, LEB128 variable-length integers, CRC-32C.
 *
 * The put_/get_ functions trust the caller for room; struct reader is the
 * bounded way to take apart bytes that came from a file.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void
put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static inline void
put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static inline uint16_t
get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t
get_u64(const uint8_t *p)
{
	return (uint64_t)get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

/* LEB128, at most 10 bytes; returns the bytes written. */
size_t put_varint(uint8_t *p, uint64_t v);

/*
 * A bounded cursor. A read past the end or a malformed value sets `bad` and
 * gives zeroes; check `bad` once at the end.
 */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

void reader_init(struct reader *r, const void *data, size_t len);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
uint64_t reader_varint(struct reader *r);
/* Borrows `len` bytes, or NULL. */
const uint8_t *reader_take(struct reader *r, size_t len);
size_t reader_left(const struct reader *r);

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4); `crc` is 0 at the start. */
uint32_t codec_crc32c(uint32_t crc, const void *data, size_t len);

#endif
