/*
 * budget_area: how the budgets map lies in memory. For core/ alone.
 *
 * Entries are read and written under the mutex of the scope, and without it by
 * the engine, which only reads counters: hence atomics, relaxed. The order of
 * stores matters for one thing: a worker that is killed between two of them.
 * budget_settle() keeps the compiler from changing it.
 */
#ifndef CORE_BUDGET_AREA_H
#define CORE_BUDGET_AREA_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/budget.h"

/* Buckets: one more than the window has, so that any interval of its length lies inside. */
#define HOUR_BUCKETS 61u /* of a minute */
#define DAY_BUCKETS 25u  /* of an hour */
#define MONTH_BUCKETS 31u /* of a day */

#define MINUTE_US (60ull * 1000000)

struct budget_entry {
	_Atomic uint64_t person; /* 0: empty */
	_Atomic uint32_t minute; /* last handed, since 1970 */
	uint32_t spare;
};

struct budget_lock {
	pthread_mutex_t mutex;
	uint8_t spare[64 - sizeof(pthread_mutex_t)];
};

struct budget_scope {
	_Atomic uint32_t generation; /* as in the limits; another one: nothing here counts */
	_Atomic uint32_t dirty;      /* 1 while counters and entries may disagree */
	_Atomic uint64_t at;         /* first entry of the region in use, plus 1 */
	_Atomic uint32_t count;      /* entries that are not empty */
	_Atomic uint32_t newest;     /* newest minute seen */
	_Atomic uint32_t purged_day; /* when expired entries were last removed */
	uint32_t spare;
	_Atomic uint64_t overflow;
	/* Persons by the bucket in which they were last handed; bucket number modulo size. */
	_Atomic uint32_t hour[HOUR_BUCKETS];
	_Atomic uint32_t day[DAY_BUCKETS];
	_Atomic uint32_t month[MONTH_BUCKETS];
	uint32_t end[17];
};

/* Followed by locks, scopes, entries. */
struct budget_area {
	uint64_t spare[8];
};

_Static_assert(sizeof(struct budget_entry) == 16, "format");
_Static_assert(sizeof(struct budget_lock) == 64, "format");
_Static_assert(sizeof(struct budget_scope) == 576, "format");

static inline void
budget_settle(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static inline uint32_t
load32(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static inline void
store32(_Atomic uint32_t *p, uint32_t value)
{
	atomic_store_explicit(p, value, memory_order_relaxed);
}

static inline struct budget_lock *
budget_lock_of(const struct budget_map *b, uint32_t lock)
{
	return (struct budget_lock *)(b->area + 1) + lock;
}

static inline struct budget_scope *
budget_scope_of(const struct budget_map *b, uint32_t slot)
{
	return (struct budget_scope *)(void *)budget_lock_of(b, b->limits->n_locks) + slot;
}

static inline struct budget_entry *
budget_entries_of(const struct budget_map *b)
{
	return (struct budget_entry *)(void *)budget_scope_of(b, b->limits->n_slots);
}

#endif
