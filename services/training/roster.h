/*
 * roster: who is in a list, in the list's order, kept so that page 8,000 of a
 * list costs what page 1 costs.
 *
 * A roster is an array of row numbers of people: everybody, the caseload of one
 * body, or either of them narrowed by a search. Rosters are shared between
 * threads and counted; a bounded number of bytes stays for the next request,
 * the longest unused go first. The roster of everybody is never dropped.
 */
#ifndef SERVICES_TRAINING_ROSTER_H
#define SERVICES_TRAINING_ROSTER_H

#include <stdint.h>

#include "base/err.h"

#define ROSTER_QUERY_MAX 64

struct sql;
struct roster_cache;

struct roster {
	uint32_t count;
	uint32_t holders; /* guarded by the cache */
	uint32_t person[];
};

MUST_CHECK enum err roster_cache_open(struct roster_cache **ret_cache);
void roster_cache_free(struct roster_cache *cache);

/*
 * The people of `body` (0: everybody) whose name or identifier fits `query`
 * ("" for all), read through `sql` where it is not kept. Release it afterwards.
 * `query` is what somebody typed: a family name or its beginning, family and
 * given name in either order, or an identifier.
 */
MUST_CHECK enum err roster_get(struct roster_cache *cache, struct sql *sql, int64_t body,
    const char *query, struct roster **ret_roster);
void roster_release(struct roster_cache *cache, struct roster *roster);

/* The caseload of `body` has changed: forget its rosters. */
void roster_forget(struct roster_cache *cache, int64_t body);

#endif
