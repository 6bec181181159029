/*
 * limits: per budget scope, what it may spend and where its set lies.
 *
 * Lies in the state map: the engine alone writes, workers read without locks.
 * A worker that is taken over can therefore neither raise a limit nor point
 * another process outside the memory of a set. Owns nothing; never blocks.
 * This header is stable: its structures are part of the map's layout.
 */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Sliding windows of 60 minutes, 24 hours, 30 days. */
enum budget_window { BUDGET_HOUR = 0, BUDGET_DAY, BUDGET_MONTH, BUDGET_WINDOWS };

enum limit_kind {
	LIMIT_UNUSED = 0,
	LIMIT_IDENTITY,     /* over soft: step up; over hard: refused, always */
	LIMIT_ORGANISATION, /* sessions that stepped up pass in any case */
	LIMIT_KIND_MAX
};

enum limit_mode { LIMIT_ENFORCE = 0, LIMIT_OBSERVE };

/* No limit. Not for hard[BUDGET_MONTH], which sizes the set. */
#define LIMIT_NONE UINT32_MAX

/* Highest hard[BUDGET_MONTH]. */
#define LIMIT_PERSONS_MAX (1u << 26)

/* A budget scope, named so that a slot given to somebody else is noticed. */
struct budget_ref {
	uint32_t slot;
	uint32_t generation; /* 0: no scope */
};

/* Distinct persons per window. */
struct limits {
	uint32_t kind;    /* enum limit_kind */
	uint32_t mode;    /* enum limit_mode */
	uint32_t subject; /* number of the identity or organisation */
	uint32_t organisation; /* whose lock guards the scope: that of the identity, or its own number */
	uint32_t soft[BUDGET_WINDOWS];
	uint32_t hard[BUDGET_WINDOWS];
};

/* Where a set lies in the arena of the budgets map, in entries of 16 bytes. */
struct limit_region {
	uint64_t first;
	uint32_t entries;
	uint32_t fresh; /* 1: never used before, so all zero */
};

/* What a slot holds; a whole number of 64-bit words. */
struct limit_record {
	struct limits limits;
	uint32_t generation;
	uint32_t lock;
	struct limit_region region;   /* where the set belongs */
	struct limit_region previous; /* where it may still be, until a worker has moved it; entries 0: none */
	uint64_t closed_at_us;        /* LIMIT_UNUSED: since when; reused after an hour */
};

struct limit_area; /* as it lies in the map, see limits.c */

/* A view of the area, in private memory. */
struct limit_table {
	struct limit_area *area;
	uint32_t n_slots;
	uint32_t n_locks;
	uint64_t n_entries; /* of the arena */
};

/* Bytes for the area; a multiple of 64. */
size_t limit_table_size(uint32_t n_slots);
/* Format zeroed memory. */
void limit_table_init(struct limit_table *t, void *memory, uint32_t n_slots, uint32_t n_locks, uint64_t n_entries);
void limit_table_attach(struct limit_table *t, void *memory, uint32_t n_slots, uint32_t n_locks, uint64_t n_entries);

/*
 * Readers. ERR_NOT_FOUND: no such slot, or given to somebody else since.
 * ERR_BUSY: it kept changing (never seen outside a test).
 */
MUST_CHECK enum err limit_table_get(const struct limit_table *t, struct budget_ref ref,
    struct limit_record *ret_record);

/*
 * The writer. Opening also finds room in the arena for hard[BUDGET_MONTH]
 * persons. ERR_SPACE: no slot or no room; ERR_RANGE: limits out of bounds or
 * a soft one above its hard one.
 */
MUST_CHECK enum err limit_table_open(struct limit_table *t, const struct limits *limits, uint64_t at_us,
    struct budget_ref *ret_ref);

/*
 * Used through budget_scope_set(), which knows whether a set has moved.
 *
 * New limits for an open scope; kind, subject and organisation stay. Takes a
 * larger region where hard[BUDGET_MONTH] asks for it, which the next charge
 * moves into. ERR_BUSY: limits are in force, but the set is still in its former
 * region, so that hard limits hold at the size of the present one: try again
 * after the next charge. ERR_SPACE: the same, and the arena is full.
 */
MUST_CHECK enum err limit_table_set(struct limit_table *t, struct budget_ref ref, const struct limits *limits);

/* The set has moved to its new region: the former one is free. */
MUST_CHECK enum err limit_table_moved(struct limit_table *t, struct budget_ref ref);

/* Charges find ERR_NOT_FOUND at once; slot and region are reused an hour later, when no charge can be under way. */
MUST_CHECK enum err limit_table_close(struct limit_table *t, struct budget_ref ref, uint64_t at_us);

/* Each open scope, until `visit` returns false. For the writer. */
void limit_table_each(const struct limit_table *t,
    bool (*visit)(void *context, struct budget_ref ref, const struct limit_record *record), void *context);

/* The writer, when it takes over a table that another one left, perhaps in the middle of a change. */
void limit_table_adopt(struct limit_table *t);

/* Entries of a region that holds `persons`, and persons that a region holds. */
uint32_t limit_entries_for(uint32_t persons);
uint32_t limit_persons_in(uint32_t entries);

#endif
