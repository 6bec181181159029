/* hex: hexadecimal digits inside escapes. Pure; any thread. */
#ifndef PARSE_HEX_H
#define PARSE_HEX_H

#include <stdint.h>

/* 0..15, or -1 where c is no hexadecimal digit. */
static inline int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* 0..255 from the two digits at p, or -1. */
static inline int
hex_byte(const uint8_t *p)
{
	int high = hex_digit(p[0]), low = hex_digit(p[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

#endif
