/*
 * bytes: a growable byte buffer with a ceiling, and text forms of bytes.
 *
 * `struct bytes` lives in the caller's memory; bytes_wipe() frees what it owns
 * and zeroes it first, so it may hold secrets. Growth past `limit` is
 * ERR_RANGE: no buffer of the project grows without a bound.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bytes {
	uint8_t *data; /* NULL while empty */
	size_t len;
	size_t cap;
	size_t limit;
};

void bytes_init(struct bytes *b, size_t limit);
void bytes_wipe(struct bytes *b);

/* Forget the content, keep the memory. */
void bytes_clear(struct bytes *b);

/* Make room for `more` bytes after `len`. ERR_RANGE past the limit, ERR_NOMEM. */
MUST_CHECK enum err bytes_reserve(struct bytes *b, size_t more);
MUST_CHECK enum err bytes_append(struct bytes *b, const void *data, size_t len);
MUST_CHECK enum err bytes_append_text(struct bytes *b, const char *text);
MUST_CHECK enum err bytes_printf(struct bytes *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Drop `len` bytes from the front. */
void bytes_consume(struct bytes *b, size_t len);

/* Compare in time that depends on `len` alone. */
bool bytes_equal_secret(const void *a, const void *b, size_t len);

/* Overwrite memory in a way the compiler keeps. */
void bytes_zero(void *data, size_t len);

/* Lower-case hexadecimal; `out` holds 2*len+1 bytes. */
void bytes_to_hex(const uint8_t *data, size_t len, char *out);
/* Exactly `len` bytes from 2*len hex digits; ERR_FORMAT otherwise. */
MUST_CHECK enum err bytes_from_hex(const char *text, size_t text_len, uint8_t *out, size_t len);

/* Base64 (RFC 4648 section 4, padded) and base64url (section 5, unpadded). */
MUST_CHECK enum err bytes_append_base64(struct bytes *b, const void *data, size_t len);
MUST_CHECK enum err bytes_append_base64url(struct bytes *b, const void *data, size_t len);
/* Strict: padding required for base64, refused for base64url. Appends to `b`. */
MUST_CHECK enum err bytes_from_base64(struct bytes *b, const char *text, size_t len);
MUST_CHECK enum err bytes_from_base64url(struct bytes *b, const char *text, size_t len);

#endif
