/*
 * scope: who is meant, as a conjunction such as
 *
 *	organisation=siret:123 & capability=export & profile=partner
 *
 * Grammar: `everyone`, or terms joined by `&`. A term is `kind = value`; blanks
 * around words are free. A value is bare (no blank, `&`, `=`, `"`, control
 * character) or in double quotes, where \" and \\ stand for " and \. A value
 * `#123` is a number as the store gave it. `capability` takes names joined by
 * commas. At most one term of each kind: two would contradict each other.
 *
 * Text is read into struct scope_text; the engine, which knows the names,
 * resolves that to struct scope, which is numbers alone and lies in the map.
 * Pure. This header is stable: struct scope is part of the map's layout.
 */
#ifndef CORE_SCOPE_H
#define CORE_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Most specific first: orders are chained by their first term in this order. */
enum scope_kind {
	SCOPE_SESSION = 0,
	SCOPE_IDENTITY,
	SCOPE_LINEAGE,      /* an identity and all it created, directly or not */
	SCOPE_ORGANISATION,
	SCOPE_TERRITORY,
	SCOPE_PROFILE,
	SCOPE_IDP,          /* identity provider */
	SCOPE_ROUTE,
	SCOPE_CAPABILITY,
	SCOPE_KIND_MAX
};

#define SCOPE_VALUE_MAX 128 /* bytes of one value, with the final NUL */
#define SCOPE_TEXT_MAX 1536 /* room for any formatted scope, with the final NUL */

/* A session's creators that are kept; nearest first. Where there are more, the last is the root. */
#define LINEAGE_MAX 4

/* Who makes a request, in numbers. 0: none. Lies in the map. */
struct session_attributes {
	uint64_t session;
	uint32_t identity;
	uint32_t lineage[LINEAGE_MAX]; /* creators, nearest first; 0 after the last */
	uint32_t organisation;
	uint32_t territory;
	uint32_t profile;
	uint32_t idp;
	uint32_t spare;
};

/* No term at all: everyone. */
struct scope {
	uint32_t terms; /* bit per enum scope_kind */
	uint32_t spare;
	uint64_t value[SCOPE_KIND_MAX]; /* 0 where the term is absent; SCOPE_CAPABILITY: a set */
};

struct scope_text {
	size_t n;
	struct {
		enum scope_kind kind;
		char value[SCOPE_VALUE_MAX];
	} term[SCOPE_KIND_MAX];
};

/* How names become numbers and back; the engine's. */
struct scope_names {
	/* ERR_NOT_FOUND where there is no such name. Never called for capabilities or `#123`. */
	enum err (*number)(void *context, enum scope_kind kind, const char *name, uint64_t *ret_number);
	/* The name into `out`; ERR_NOT_FOUND makes it `#123`. */
	enum err (*name)(void *context, enum scope_kind kind, uint64_t number, char out[SCOPE_VALUE_MAX]);
	void *context;
};

/* "organisation"; never NULL. */
const char *scope_kind_name(enum scope_kind kind);

/* ERR_FORMAT with `why`: unknown or repeated kind, empty text or value, stray characters; ERR_RANGE: too long. */
MUST_CHECK enum err scope_parse(const char *text, size_t len, struct scope_text *ret_text, const char **why);

/* ERR_NOT_FOUND with `why` for a name nobody knows, ERR_FORMAT for a malformed number or capability. */
MUST_CHECK enum err scope_resolve(const struct scope_text *text, const struct scope_names *names,
    struct scope *ret_scope, const char **why);

/* Text that scope_parse() reads back to the same scope. `names` may be NULL: numbers as `#123`. */
void scope_format(const struct scope *scope, const struct scope_names *names, char out[SCOPE_TEXT_MAX]);

/* Whether a request of `who` doing `capability` (a set) on `route` is meant. */
bool scope_match(const struct scope *scope, const struct session_attributes *who, uint32_t capability,
    uint32_t route);

/* The first term, by which an order is chained; SCOPE_KIND_MAX for everyone and for capabilities alone. */
enum scope_kind scope_most_specific(const struct scope *scope);

#endif
