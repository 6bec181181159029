/*
 * json_out: writes JSON (RFC 8259) into a buffer.
 *
 * The first error sticks in `err`; what is written afterwards is ignored, so
 * one check at the end suffices. Text is sent as UTF-8; bytes that are not
 * valid UTF-8 become U+FFFD.
 */
#ifndef SERVICES_HTTP_JSON_OUT_H
#define SERVICES_HTTP_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct json_out {
	struct bytes *bytes; /* borrowed */
	enum err err;
	bool comma; /* the next value needs one before it */
};

void json_out_init(struct json_out *out, struct bytes *bytes);

/* `bracket` is { or [ to open, } or ] to close. */
void json_out_open(struct json_out *out, char bracket);
void json_out_close(struct json_out *out, char bracket);

/* `key` is written as it stands: plain letters of the program. */
void json_out_key(struct json_out *out, const char *key);

/* NULL text becomes null. */
void json_out_text(struct json_out *out, const char *text);
void json_out_textf(struct json_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void json_out_number(struct json_out *out, int64_t number);
void json_out_bool(struct json_out *out, bool value);

/* Key and value at once. */
void json_out_member(struct json_out *out, const char *key, const char *text);
void json_out_member_number(struct json_out *out, const char *key, int64_t number);

#endif
