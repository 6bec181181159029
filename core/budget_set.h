/*
 * budget_set: a set of persons with the minute each was last handed: open
 * addressing with linear probing over 16-byte entries. For core/ alone.
 *
 * Callers hold the scope's mutex. The stores are ordered so that a process
 * killed at any moment leaves every person in the set at least once, in a
 * minute that is not too early; budget_set_repair() removes what it left twice.
 * All loops are bounded by the number of entries, whatever these hold.
 */
#ifndef CORE_BUDGET_SET_H
#define CORE_BUDGET_SET_H

#include "core/budget_area.h"

#define BUDGET_SET_NONE UINT32_MAX

struct budget_set {
	struct budget_entry *entry;
	uint32_t n;
};

/* Where the search for a person begins: hashes are uniform, so scaling them needs no power of two. */
static inline uint32_t
budget_set_home(struct budget_set set, uint64_t person)
{
	return (uint32_t)((person >> 32) * set.n >> 32);
}

/* Ask the memory for it ahead of time. */
static inline void
budget_set_fetch(struct budget_set set, uint64_t person)
{
	__builtin_prefetch(&set.entry[budget_set_home(set, person)], 1);
}

/* The place of the person, or BUDGET_SET_NONE. */
uint32_t budget_set_find(struct budget_set set, uint64_t person);

/* A person that is not in the set. False: no empty entry. */
MUST_CHECK bool budget_set_insert(struct budget_set set, uint64_t person, uint32_t minute);

/* Remove whom no window that ends in `now` holds; returns how many remain. */
uint32_t budget_set_purge(struct budget_set set, uint32_t now);

/* Make every person findable and single; returns how many there are. */
uint32_t budget_set_repair(struct budget_set set);

void budget_set_clear(struct budget_set set);

#endif
