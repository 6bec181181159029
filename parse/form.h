/*
 * form: takes apart application/x-www-form-urlencoded (WHATWG URL, section 5).
 *
 * Stricter than browsers need: refused are a `%` without two hex digits, %00,
 * raw bytes outside printable ASCII, a raw `;` (some parsers split there), and
 * text that is not UTF-8 after decoding. Empty pairs (`a=1&&b=2`) are skipped,
 * a pair without `=` has an empty value. Pure; any thread.
 */
#ifndef PARSE_FORM_H
#define PARSE_FORM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct form_pair {
	const uint8_t *name;
	size_t name_len;
	const uint8_t *value;
	size_t value_len;
};

/* Who is told; the pair is borrowed for the call. An error stops the reading. */
struct form_sink {
	enum err (*pair)(void *context, const struct form_pair *pair);
	void *context;
	size_t pairs_max; /* ERR_RANGE beyond */
};

/*
 * Decode `data` in place (it never grows) and report each pair. ERR_FORMAT or
 * ERR_RANGE with `why`, or the sink's error; earlier pairs have been reported.
 */
MUST_CHECK enum err form_parse(uint8_t *data, size_t len, const struct form_sink *sink,
    const char **why);

#endif
