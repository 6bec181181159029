/*
 * pattern: the paths of routes, such as `/api/people/{id}/quotes`, compiled to
 * plain bytes without pointers, and the question whether a raw request path can
 * be read in one way only.
 *
 * Matching is strict: case counts, a trailing slash counts, segments are not
 * empty.
 *   {name}  one segment, or the part of it between literal text: `{id}.csv`;
 *           at least one byte; one per segment
 *   **      at the end only, after a slash: the rest, which may be empty
 * Pure; any thread.
 */
#ifndef PARSE_PATTERN_H
#define PARSE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PATTERN_TEXT_MAX 240
#define PATTERN_PARTS_MAX 8 /* {name}s in one pattern */

struct route_pattern {
	uint8_t len;
	uint8_t n_parts;
	uint8_t rest;                   /* 1: ends with ** */
	uint8_t text[PATTERN_TEXT_MAX]; /* literal bytes; 0 stands for a {name} */
};

/* What the {name}s stood for, in order; borrowed from the path. */
struct pattern_parts {
	size_t n;
	struct {
		const uint8_t *at;
		size_t len;
	} part[PATTERN_PARTS_MAX];
};

/* ERR_FORMAT or ERR_RANGE with `why`. `ret_pattern` is untouched on failure. */
MUST_CHECK enum err pattern_compile(struct route_pattern *ret_pattern, const char *text,
    const char **why);

/*
 * Whether a normalised path (decoded, without query) matches. `ret_parts` may
 * be NULL; it is untouched where the answer is no.
 */
bool pattern_match(const struct route_pattern *pattern, const void *path, size_t len,
    struct pattern_parts *ret_parts);

/*
 * Whether a raw request path (as on the request line, without `?` and what
 * follows) means the same to every server behind: begins with `/`; no `//`, no
 * segment `.` or `..`, no `;` or backslash, no control or non-ASCII byte, no
 * encoded slash, backslash, semicolon, percent sign, control or unreserved
 * character (RFC 3986 section 2.3), and UTF-8 once decoded. Hex digits may be
 * of either case, and [ ] | ^ may be raw, as browsers leave them.
 * `why` may be NULL.
 */
bool parse_path_is_plain(const void *path, size_t len, const char **why);

#endif
