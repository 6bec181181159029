/*
 * list_scan: the persons in the value of a response header, as a platform
 * names them itself: `X-Persons: P1, P2, P3`.
 *
 * Identifiers separated by commas, with spaces and tabs around them. An empty
 * value is nobody; an empty element is refused. Pure; any thread.
 */
#ifndef PARSE_LIST_SCAN_H
#define PARSE_LIST_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "parse/shape.h"

struct list_shape {
	uint32_t canon;  /* enum canon_rule flags */
	uint32_t fields; /* what the route shows of each person */
};

/*
 * Report each element to the sink, as shape number 0. ERR_FORMAT with `why`,
 * or the sink's error; persons before the fault have been reported.
 */
MUST_CHECK enum err list_scan(const struct list_shape *shape, const void *value, size_t len,
    const struct scan_sink *sink, const char **why);

#endif
