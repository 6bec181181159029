/*
 * budget_scope: one scope made ready to be charged: begun anew, moved to a
 * larger region, or counted anew after a crash, as needed. For core/ alone.
 * Callers hold the scope's mutex, or know that the maps are not open.
 */
#ifndef CORE_BUDGET_SCOPE_H
#define CORE_BUDGET_SCOPE_H

#include "core/budget_area.h"
#include "core/budget_set.h"

struct budget_held {
	struct limit_record record;
	struct budget_scope *scope;
	struct budget_set set;
};

/*
 * ERR_NOT_FOUND: no such scope any more; ERR_CORRUPT: the map does not fit the
 * limits; ERR_BUSY: the writer of the limits died.
 */
MUST_CHECK enum err budget_scope_ready(const struct budget_map *b, struct budget_ref ref,
    struct budget_held *ret_held);

/* Around all changes, so that the next one knows if they were cut off. */
void budget_scope_begin(struct budget_scope *scope);
void budget_scope_end(struct budget_scope *scope);

/* Remove expired persons if `more` would not fit otherwise; once per day of the scope. */
void budget_scope_make_room(struct budget_held *held, uint32_t more, uint32_t now);

/*
 * Hand the person in `now`, to which the rings have advanced, or earlier.
 * Between begin and end. False: no room, which the caller counts.
 */
MUST_CHECK bool budget_scope_hand(struct budget_held *held, uint64_t person, uint32_t minute);

/* The same for a person that is at `place` of the set. */
void budget_scope_hand_again(struct budget_held *held, uint32_t place, uint32_t minute);

/* The later of `at_us` and the newest minute the scope has seen. */
uint32_t budget_scope_now(const struct budget_scope *scope, uint64_t at_us);

#endif
