/* base64: RFC 4648 sections 4 and 5, strict on decoding. Declared in bytes.h. */
#include "base/bytes.h"

#include <string.h>

static const char standard_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static enum err
encode(struct bytes *b, const uint8_t *data, size_t len, const char *digits, bool pad)
{
	enum err err = bytes_reserve(b, (len + 2) / 3 * 4);

	if (err != ERR_NONE)
		return err;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i < 3 ? len - i : 3;
		uint32_t group = (uint32_t)data[i] << 16;

		if (left > 1)
			group |= (uint32_t)data[i + 1] << 8;
		if (left > 2)
			group |= data[i + 2];
		for (size_t k = 0; k < 4; k++) {
			if (k <= left)
				b->data[b->len++] = (uint8_t)digits[group >> (18 - 6 * k) & 63];
			else if (pad)
				b->data[b->len++] = '=';
		}
	}
	return ERR_NONE;
}

enum err
bytes_append_base64(struct bytes *b, const void *data, size_t len)
{
	return encode(b, data, len, standard_digits, true);
}

enum err
bytes_append_base64url(struct bytes *b, const void *data, size_t len)
{
	return encode(b, data, len, url_digits, false);
}

/* `text` carries no padding any more. */
static enum err
decode(struct bytes *b, const char *text, size_t len, const char *digits)
{
	uint32_t group = 0;
	unsigned bits = 0;
	enum err err = bytes_reserve(b, len / 4 * 3 + 3);

	if (err != ERR_NONE)
		return err;
	if (len % 4 == 1)
		return ERR_FORMAT;
	size_t start = b->len;
	for (size_t i = 0; i < len; i++) {
		const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;

		if (digit == NULL) {
			b->len = start;
			return ERR_FORMAT;
		}
		group = group << 6 | (uint32_t)(digit - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			b->data[b->len++] = (uint8_t)(group >> bits);
		}
		group &= (1U << bits) - 1;
	}
	/* Left-over bits must be zero, or two texts would mean the same bytes. */
	if (group != 0) {
		b->len = start;
		return ERR_FORMAT;
	}
	return ERR_NONE;
}

enum err
bytes_from_base64(struct bytes *b, const char *text, size_t len)
{
	if (len % 4 != 0)
		return ERR_FORMAT;
	if (len != 0 && text[len - 1] == '=')
		len -= text[len - 2] == '=' ? 2 : 1;
	return decode(b, text, len, standard_digits);
}

enum err
bytes_from_base64url(struct bytes *b, const char *text, size_t len)
{
	return decode(b, text, len, url_digits);
}
