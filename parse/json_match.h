/*
 * json_match: json_scan's other half. The grammar (json_scan.c) says what it
 * meets; this half follows the shapes' automata along and keeps the records.
 *
 * `tracks` is a stack: each open frame has its own, and on top of them, from
 * `pending` on, lie those of the value that comes next. A scalar drops them, an
 * object or array adopts them. A value without any is of no interest, and the
 * grammar then does not ask here at all.
 *
 * Private to parse/. After a refusal scan->err is set and the calls' outcome
 * does not matter. Never blocks.
 */
#ifndef PARSE_JSON_MATCH_H
#define PARSE_JSON_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse/json_scan.h"

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL, JSON_OBJECT, JSON_ARRAY };

/* Stop the scan: the first refusal stays. */
void json_refuse(struct json_scan *scan, enum err err, const char *why);

/* The value that comes is the document. */
void json_match_root(struct json_scan *scan);

/* The value that comes is the next element of the innermost array. */
void json_match_element(struct json_scan *scan);

/* The value that comes has this name; len over CANON_RAW_MAX: a name too long to matter. */
void json_match_name(struct json_scan *scan, const uint8_t *name, size_t len);

/* A value of this kind begins. `ret_keep`: its text is wanted, because it is an identifier. */
void json_match_begin(struct json_scan *scan, enum json_kind kind, bool *ret_keep);

/* An object or array has begun: hand its new frame the pending tracks. */
void json_match_adopt(struct json_scan *scan, struct json_frame *frame);

/* The frame got its first member or element. */
void json_match_some(struct json_scan *scan, struct json_frame *frame);

/*
 * A scalar has ended. `len` is 0 where it is null or "". `text` is its decoded
 * text where _begin wanted that, of which CANON_RAW_MAX bytes can be read.
 */
void json_match_scalar(struct json_scan *scan, enum json_kind kind, const uint8_t *text,
    size_t len);

/* The innermost object or array has ended. */
void json_match_close(struct json_scan *scan, const struct json_frame *frame);

/* After _scalar and _close: report the records that this value was; it ended at `at`. */
void json_match_report(struct json_scan *scan, uint64_t at);

/* Is anything pending? Where not, the value that comes concerns nobody. */
static inline bool
json_match_pending(const struct json_scan *scan)
{
	return scan->pending != scan->n_tracks;
}

#endif
