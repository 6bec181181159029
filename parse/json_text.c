/* json_text: see the header. Owns nothing; never blocks. */
#include "parse/json_text.h"

#include <string.h>

#include "parse/hex.h"
#include "parse/json_match.h"
#include "parse/span.h"
#include "parse/utf8.h"

void
json_text_begin(struct json_scan *scan, bool keep)
{
	scan->keep = keep;
	scan->some = 0;
	scan->text_len = 0;
}

void
json_text_add(struct json_scan *scan, const uint8_t *data, size_t len)
{
	size_t room;

	if (!scan->keep || scan->text_len > CANON_RAW_MAX)
		return;
	room = (size_t)CANON_RAW_MAX - scan->text_len;
	memcpy(scan->text + scan->text_len, data, len < room ? len : room);
	scan->text_len = (uint16_t)(len <= room ? scan->text_len + len : CANON_RAW_MAX + 1);
}

static void
text_add_code(struct json_scan *scan, uint32_t code)
{
	uint8_t bytes[4];
	size_t n;

	if (code < 0x80) {
		bytes[0] = (uint8_t)code;
		n = 1;
	} else if (code < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | code >> 6);
		n = 2;
	} else if (code < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | code >> 12);
		n = 3;
	} else {
		bytes[0] = (uint8_t)(0xf0 | code >> 18);
		n = 4;
	}
	for (size_t i = 1; i < n; i++)
		bytes[i] = (uint8_t)(0x80 | (code >> 6 * (n - 1 - i) & 0x3f));
	json_text_add(scan, bytes, n);
}

/* The four digits of a \u are read. */
static void
escape_ended(struct json_scan *scan)
{
	uint32_t low = scan->code & 0xffff, high = scan->code >> 16;
	bool low_half = low >= 0xdc00 && low <= 0xdfff;

	if (low_half != (scan->part == JSON_TEXT_LOW_HEX)) {
		json_refuse(scan, ERR_FORMAT, "half of a surrogate pair");
	} else if (low >= 0xd800 && low <= 0xdbff) {
		scan->part = JSON_TEXT_LOW_SLASH;
		return;
	} else if (low_half) {
		text_add_code(scan, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
	} else {
		text_add_code(scan, low);
	}
	scan->part = JSON_TEXT_PLAIN;
}

static void
escape_digit(struct json_scan *scan, uint8_t c)
{
	int digit = hex_digit(c);

	if (digit < 0) {
		json_refuse(scan, ERR_FORMAT, "an escape \\u without four hexadecimal digits");
		return;
	}
	scan->code = scan->code << 4 | (unsigned)digit;
	if (--scan->need == 0)
		escape_ended(scan);
}

static void
escape_letter(struct json_scan *scan, uint8_t c)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *at = c != 0 ? strchr(letters, c) : NULL;

	if (c == 'u') {
		scan->part = JSON_TEXT_HEX;
		scan->need = 4;
		scan->code = 0;
	} else if (at != NULL) {
		text_add_code(scan, (uint8_t)meanings[at - letters]);
		scan->part = JSON_TEXT_PLAIN;
	} else {
		json_refuse(scan, ERR_FORMAT, "an unknown escape in a string");
	}
}

/* A byte that is not plain text opens an escape or a UTF-8 sequence. */
static void
string_odd_byte(struct json_scan *scan, uint8_t c)
{
	struct utf8_lead lead = utf8_lead(c);

	scan->some = 1;
	if (c == '\\') {
		scan->part = JSON_TEXT_ESCAPE;
	} else if (c < 0x20) {
		json_refuse(scan, ERR_FORMAT, "a control character in a string");
	} else if (lead.need == 0) {
		json_refuse(scan, ERR_FORMAT, "text that is not UTF-8");
	} else {
		scan->part = JSON_TEXT_UTF8;
		scan->need = lead.need;
		scan->low = lead.low;
		scan->high = lead.high;
		json_text_add(scan, &c, 1);
	}
}

static void
utf8_byte(struct json_scan *scan, uint8_t c)
{
	if (c < scan->low || c > scan->high) {
		json_refuse(scan, ERR_FORMAT, "text that is not UTF-8");
		return;
	}
	json_text_add(scan, &c, 1);
	scan->low = 0x80;
	scan->high = 0xbf;
	if (--scan->need == 0)
		scan->part = JSON_TEXT_PLAIN;
}

/* One byte of a string that is not a plain one. */
static void
string_byte(struct json_scan *scan, uint8_t c)
{
	switch ((enum json_text_part)scan->part) {
	case JSON_TEXT_PLAIN:
		string_odd_byte(scan, c);
		break;
	case JSON_TEXT_ESCAPE:
		escape_letter(scan, c);
		break;
	case JSON_TEXT_HEX:
	case JSON_TEXT_LOW_HEX:
		escape_digit(scan, c);
		break;
	case JSON_TEXT_LOW_SLASH:
		if (c != '\\')
			json_refuse(scan, ERR_FORMAT, "half of a surrogate pair");
		scan->part = JSON_TEXT_LOW_U;
		break;
	case JSON_TEXT_LOW_U:
		if (c != 'u')
			json_refuse(scan, ERR_FORMAT, "half of a surrogate pair");
		scan->part = JSON_TEXT_LOW_HEX;
		scan->need = 4;
		break;
	case JSON_TEXT_UTF8:
		utf8_byte(scan, c);
		break;
	case JSON_TEXT_OVER:
		break;
	}
}

/* Plain text and whole UTF-8 sequences, up to something else. */
static const uint8_t *
string_plain(struct json_scan *scan, const uint8_t *start, const uint8_t *end)
{
	const uint8_t *p = span_text(start, end);
	size_t n;

	while (p < end && *p >= 0x80 && (n = utf8_sequence(p, end)) != 0)
		p = span_text(p + n, end);
	if (p != start)
		scan->some = 1;
	json_text_add(scan, start, (size_t)(p - start));
	return p;
}

const uint8_t *
json_text_run(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	while (p < end && scan->err == ERR_NONE) {
		if (scan->part == JSON_TEXT_PLAIN) {
			p = string_plain(scan, p, end);
			if (p == end)
				break;
			if (*p == '"') {
				scan->part = JSON_TEXT_OVER;
				return p + 1;
			}
		}
		string_byte(scan, *p++);
	}
	return p;
}
