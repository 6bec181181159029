/*
 * fields: the body of a request, read through a declared table.
 *
 * A body is one JSON object. Members that the table does not name, wrong types,
 * duplicates and values outside their bounds are refused with 400 (not JSON)
 * or 422 (JSON, but not what was asked), and a sentence that names the member.
 */
#ifndef SERVICES_HTTP_FIELDS_H
#define SERVICES_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/http/server.h"

#define HTTP_FIELDS_MAX 12

enum http_field_kind {
	HTTP_FIELD_TEXT = 0, /* UTF-8; `min` and `max` count bytes */
	HTTP_FIELD_DATE,     /* YYYY-MM-DD, a day that exists */
	HTTP_FIELD_NUMBER,   /* whole */
	HTTP_FIELD_BOOL,
	HTTP_FIELD_KIND_MAX
};

struct http_field {
	const char *name;
	enum http_field_kind kind;
	bool optional;
	int64_t min;
	int64_t max;
};

/* Text is owned by the values as a whole. */
struct http_value {
	bool present;
	const char *text;
	int64_t number;
	bool flag;
};

struct http_values {
	struct http_value of[HTTP_FIELDS_MAX]; /* in the order of the table */
	void *document;
};

/* ERR_USAGE where the body is refused (the problem is the answer then). */
MUST_CHECK enum err http_fields_read(struct http_call *call, const struct http_field *fields,
    size_t count, struct http_values *ret_values);
void http_fields_free(struct http_values *values);

/* The text member `name` of a JSON object, cut to `size`; "" where there is none. */
void http_find_text(const struct bytes *json, const char *name, char *out, size_t size);

/* Is this text a day of the Gregorian calendar, YYYY-MM-DD? */
bool http_date_is_valid(const char *text);

#endif
