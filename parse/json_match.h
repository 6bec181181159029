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

/* scan->watch: some pending track is on the way to records, or waits for an identifier. */
enum json_watch { JSON_WATCH_WAY = 1, JSON_WATCH_ID = 2 };

#define JSON_WHY_TWICE "a name that comes twice in one object"

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL, JSON_OBJECT, JSON_ARRAY };

/* Stop the scan: the first refusal stays. */
void json_refuse(struct json_scan *scan, enum err err, const char *why);

/* The value that comes is the document. */
void json_match_root(struct json_scan *scan);

/* The value that comes is the next element of the innermost array. */
void json_match_element(struct json_scan *scan);

/* The value that comes has this name; len over CANON_RAW_MAX: a name too long to matter. */
void json_match_name(struct json_scan *scan, const uint8_t *name, size_t len);

/*
 * A value of this kind begins. Needed for objects and arrays, and for scalars
 * where scan->watch says so. `ret_keep`: its text is wanted, because it
 * is an identifier.
 */
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

/* The identifier of the track's record is this scalar. */
void json_match_id(struct json_scan *scan, const struct json_track *track, enum json_kind kind,
    const uint8_t *text, size_t len);

/* The innermost object or array has ended. */
void json_match_close(struct json_scan *scan, const struct json_frame *frame);

/* After _scalar and _close: report the records that this value was; it ended at `at`. */
void json_match_report(struct json_scan *scan, uint64_t at);

/* A scalar has ended that nobody watches: _begin was not called and no record opened. */
static inline void
json_match_plain(struct json_scan *scan, bool shown)
{
	for (uint32_t i = scan->pending; shown && i < scan->n_tracks; i++)
		scan->records[scan->tracks[i].record].fields |= scan->tracks[i].fields;
	scan->n_tracks = scan->pending;
}

/* Is anything pending? Where not, the value that comes concerns nobody. */
static inline bool
json_match_pending(const struct json_scan *scan)
{
	return scan->pending != scan->n_tracks;
}

#endif
