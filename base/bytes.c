/* bytes: growable buffer and text forms. Never blocks; any thread, one buffer each. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256

void
bytes_init(struct bytes *b, size_t limit)
{
	*b = (struct bytes){.limit = limit};
}

void
bytes_zero(void *data, size_t len)
{
	if (len != 0)
		explicit_bzero(data, len);
}

void
bytes_wipe(struct bytes *b)
{
	if (b->data != NULL)
		bytes_zero(b->data, b->cap);
	free(b->data);
	*b = (struct bytes){.limit = b->limit};
}

void
bytes_clear(struct bytes *b)
{
	b->len = 0;
}

enum err
bytes_reserve(struct bytes *b, size_t more)
{
	size_t cap = b->cap != 0 ? b->cap : FIRST_CAP;

	if (more > b->limit || b->len > b->limit - more)
		return ERR_RANGE;
	if (b->len + more <= b->cap)
		return ERR_NONE;
	while (cap < b->len + more)
		cap *= 2;
	if (cap > b->limit)
		cap = b->limit;

	/* Not realloc: the old copy may hold a secret and must be wiped. */
	uint8_t *grown = malloc(cap);
	if (grown == NULL)
		return ERR_NOMEM;
	if (b->data != NULL) {
		memcpy(grown, b->data, b->len);
		bytes_zero(b->data, b->cap);
		free(b->data);
	}
	b->data = grown;
	b->cap = cap;
	return ERR_NONE;
}

enum err
bytes_append(struct bytes *b, const void *data, size_t len)
{
	enum err err = bytes_reserve(b, len);

	if (err != ERR_NONE)
		return err;
	if (len != 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	return ERR_NONE;
}

enum err
bytes_append_text(struct bytes *b, const char *text)
{
	return bytes_append(b, text, strlen(text));
}

enum err
bytes_printf(struct bytes *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return ERR_FORMAT;

	/* One more for the terminator that vsnprintf insists on writing. */
	enum err err = bytes_reserve(b, (size_t)len + 1);
	if (err != ERR_NONE)
		return err;
	va_start(args, format);
	(void)vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
	return ERR_NONE;
}

void
bytes_consume(struct bytes *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
}

bool
bytes_equal_secret(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ = (uint8_t)(differ | (x[i] ^ y[i]));
	return differ == 0;
}

void
bytes_to_hex(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err
bytes_from_hex(const char *text, size_t text_len, uint8_t *out, size_t len)
{
	if (text_len != 2 * len)
		return ERR_FORMAT;
	for (size_t i = 0; i < text_len; i++)
		if (hex_value(text[i]) < 0)
			return ERR_FORMAT;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)((unsigned)hex_value(text[2 * i]) << 4 | (unsigned)hex_value(text[2 * i + 1]));
	return ERR_NONE;
}
