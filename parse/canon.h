/*
 * canon: the canonical form of a person's identifier, so that `P1`, ` p1` and
 * `"P\u0031"` count as one person where the meter says so.
 *
 * Only ASCII is transformed: what an upper-case letter is must not depend on a
 * locale or a Unicode version, else an old ledger would change its meaning.
 * Pure; any thread.
 */
#ifndef PARSE_CANON_H
#define PARSE_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "parse/bounds.h"

/* Flags of a rule; they combine, save upper with lower. Applied in this order. */
enum canon_rule {
	CANON_EXACT = 0,
	CANON_TRIM = 1 << 0,      /* drop space, tab, CR, LF at both ends */
	CANON_UPPER = 1 << 1,     /* a-z to A-Z */
	CANON_LOWER = 1 << 2,     /* A-Z to a-z */
	CANON_DIGITS = 1 << 3,    /* drop spaces . - / ; what is left must be digits */
	CANON_NO_ZEROES = 1 << 4, /* drop leading zeroes, save the last digit */
	CANON_ALL = (1 << 5) - 1
};

/* Longest identifier that is looked at, before it is made canonical, in bytes. */
#define CANON_RAW_MAX 256

struct canon_id {
	uint8_t len; /* 1..PERSON_ID_MAX */
	uint8_t text[PERSON_ID_MAX];
};

/*
 * Make `raw` canonical. ERR_FORMAT with `why` where it is not UTF-8, holds a
 * control character, is empty or longer than PERSON_ID_MAX at the end, longer
 * than CANON_RAW_MAX at the start, or not digits where the rule wants digits.
 */
MUST_CHECK enum err canon_make(uint32_t rule, const uint8_t *raw, size_t len,
    struct canon_id *ret_id, const char **why);

/*
 * Read a rule: words joined with `+` among exact, trim, upper, lower, digits,
 * no-zeroes ("trim+upper"). ERR_FORMAT with `why`.
 */
MUST_CHECK enum err canon_rule_parse(const char *text, uint32_t *ret_rule, const char **why);

/* No unknown flag, and not upper together with lower. */
bool canon_rule_valid(uint32_t rule);

#endif
