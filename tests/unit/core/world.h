/*
 * world: a pair of maps in anonymous shared memory, as engine and workers have
 * them in files, for the tests of core/.
 */
#ifndef TESTS_UNIT_CORE_WORLD_H
#define TESTS_UNIT_CORE_WORLD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/map.h"

#define MINUTE 60000000ull
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define T0 (20000 * DAY) /* some midnight */

struct world {
	struct map_state state;
	struct map_budgets budgets;
	void *state_memory, *budgets_memory;
	size_t state_size, budgets_size;
};

static inline void *
world_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

static inline void
world_make(struct world *w, const struct map_capacity *capacity)
{
	struct map_birth birth = {.pair = 7, .node = 1, .person_key = {1, 2, 3}};

	w->state_size = map_state_size(capacity);
	w->budgets_size = map_budgets_size(capacity);
	w->state_memory = world_memory(w->state_size);
	w->budgets_memory = world_memory(w->budgets_size);
	if (map_state_init(&w->state, w->state_memory, w->state_size, capacity, &birth) != ERR_NONE ||
	    map_budgets_init(&w->budgets, w->budgets_memory, w->budgets_size, &w->state) != ERR_NONE)
		abort();
	map_set_open(&w->state, true);
}

static inline void
world_drop(struct world *w)
{
	munmap(w->state_memory, w->state_size);
	munmap(w->budgets_memory, w->budgets_size);
}

static const struct map_capacity world_small = {
	.sessions = 64, .orders = 64, .scopes = 64, .locks = 8, .arena_entries = 1 << 20,
};

static inline struct budget_ref
world_scope(struct world *w, enum limit_kind kind, uint32_t organisation, uint32_t soft, uint32_t hard)
{
	struct limits limits = {.kind = kind, .subject = 5, .organisation = organisation};
	struct budget_ref ref;

	for (int i = 0; i < BUDGET_WINDOWS; i++) {
		limits.soft[i] = soft;
		limits.hard[i] = hard;
	}
	if (limit_table_open(&w->state.limits, &limits, T0, &ref) != ERR_NONE)
		abort();
	return ref;
}

/* How often to race: ThreadSanitizer sees a race without needing to hit it. */
static inline uint32_t
world_races(uint32_t n)
{
#if defined(__SANITIZE_THREAD__)
	return n / 20;
#else
	return n;
#endif
}

/* A pseudorandom sequence that is the same on every machine (SplitMix64). */
static inline uint64_t
world_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* Named persons first..first+n-1 as sorted hashes. */
static inline uint32_t
world_persons(uint64_t *out, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] = person_unnamed(1, first + i);
	return (uint32_t)person_sort_unique(out, n);
}

/* Charge the persons first..first+n-1 to up to two scopes. */
static inline struct budget_result
world_charge(struct world *w, struct budget_ref a, const struct budget_ref *b, uint32_t first, uint32_t n,
    uint64_t at_us, bool stepped_up)
{
	static uint64_t persons[1 << 16];
	struct budget_request request = {
		.scopes = {a, b != NULL ? *b : (struct budget_ref){0, 0}},
		.n_scopes = b != NULL ? 2 : 1,
		.stepped_up = stepped_up,
		.persons = persons,
		.at_us = at_us,
	};
	struct budget_result result;

	request.n = world_persons(persons, first, n);
	if (budget_charge(&w->budgets.budgets, &request, &result) != result.verdict)
		abort();
	return result;
}

#endif
