/*
 * json_fast: members whose name is a plain string and whose value is a plain
 * string, a number, true, false or null, one after the other, in the middle of a
 * feed: what most of a response is. All else is left to the grammar in
 * json_scan.c; this is a shortcut through it and must never come to another
 * answer.
 *
 * Private to parse/. Never blocks.
 */
#ifndef PARSE_JSON_FAST_H
#define PARSE_JSON_FAST_H

#include <stdbool.h>
#include <stdint.h>

#include "parse/json_scan.h"

/*
 * p is at a quote where the innermost object may have a member. Returns how far
 * it came: `ret_ended` says whether that is just after a member, or (also when
 * nothing was done) at the quote where the next one begins.
 */
const uint8_t *json_fast_members(struct json_scan *scan, const uint8_t *p, const uint8_t *end,
    bool *ret_ended);

#endif
