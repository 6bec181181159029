/*
 * budget_ring: the sliding windows of a scope, as counters per bucket. For core/ alone.
 *
 * A person is in the bucket of the minute it was last handed. Counters follow
 * from the entries of the set and can be made anew from them. Callers hold the
 * scope's mutex, save for budget_ring_used().
 */
#ifndef CORE_BUDGET_RING_H
#define CORE_BUDGET_RING_H

#include "core/budget_area.h"

/*
 * The first minute that the window which ends in `now` still holds. A minute to
 * come can only stem from damage; it counts, which is the safe side.
 */
uint32_t budget_ring_oldest(enum budget_window window, uint32_t now);

/* Go on to `now`, emptying buckets that come round again. A past `now` does nothing. */
void budget_ring_advance(struct budget_scope *scope, uint32_t now);

/* One more person, last handed in `minute`, in each window that still holds it. */
void budget_ring_add(struct budget_scope *scope, uint32_t minute);

/* A person of `from` has been handed again in `to`, which is not earlier. Both up to the newest minute. */
void budget_ring_move(struct budget_scope *scope, uint32_t from, uint32_t to);

void budget_ring_clear(struct budget_scope *scope);

/* Persons in the window that ends in `now`, or in the newest minute if that is later. */
uint32_t budget_ring_used(const struct budget_scope *scope, enum budget_window window, uint32_t now);

/*
 * Seconds from `at_us` until `need` persons have left the window; 0 where the
 * window does not hold as many.
 */
uint32_t budget_ring_wait_s(const struct budget_scope *scope, enum budget_window window, uint32_t need,
    uint64_t at_us);

#endif
