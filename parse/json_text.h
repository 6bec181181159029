/*
 * json_text: the inside of JSON strings that are cut, hold escapes or hold more
 * than ASCII; and the text of tokens that are wanted, collected in scan->text.
 *
 * Private to parse/. Never blocks.
 */
#ifndef PARSE_JSON_TEXT_H
#define PARSE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse/json_scan.h"

/* scan->part of a string. */
enum json_text_part {
	JSON_TEXT_PLAIN,
	JSON_TEXT_OVER,      /* after the closing quote */
	JSON_TEXT_ESCAPE,    /* after a backslash */
	JSON_TEXT_HEX,       /* in the digits of \u */
	JSON_TEXT_LOW_SLASH, /* after a high surrogate: \ of its low one, ... */
	JSON_TEXT_LOW_U,     /* ... its u, ... */
	JSON_TEXT_LOW_HEX,   /* ... and its digits */
	JSON_TEXT_UTF8
};

/* A token begins; `keep`: its decoded text is wanted. */
void json_text_begin(struct json_scan *scan, bool keep);

/* Add to the text, if it is wanted. It is cut at CANON_RAW_MAX; text_len is one more then. */
void json_text_add(struct json_scan *scan, const uint8_t *data, size_t len);

/*
 * Go on with a string. Stops at `end`, after a refusal, or after the closing
 * quote with part JSON_TEXT_OVER. Returns where it stopped.
 */
const uint8_t *json_text_run(struct json_scan *scan, const uint8_t *p, const uint8_t *end);

#endif
