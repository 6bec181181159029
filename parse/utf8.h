/*
 * utf8: well-formed UTF-8 (RFC 3629, Unicode 15 table 3-7), no overlong forms,
 * no surrogates, nothing over U+10FFFF. Pure; any thread.
 */
#ifndef PARSE_UTF8_H
#define PARSE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What must follow a lead byte from 0x80 on. */
struct utf8_lead {
	uint8_t need;      /* continuation bytes; 0: not a lead byte */
	uint8_t low, high; /* bounds of the first of them; the others are 0x80..0xbf */
};

struct utf8_lead utf8_lead(uint8_t c);

/* Length of the valid sequence at p, which begins with a byte from 0x80 on; 0: invalid or cut. */
size_t utf8_sequence(const uint8_t *p, const uint8_t *end);

bool utf8_valid(const uint8_t *text, size_t len);

#endif
