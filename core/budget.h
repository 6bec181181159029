/*
 * budget: how many distinct persons a scope has been handed, and whether it
 * may be handed more. Works on the budgets map.
 *
 * Workers charge under one robust process-shared mutex per organisation. The
 * engine never takes these: a robust mutex holds list pointers, in memory that
 * every worker can write, and the engine must not follow them. It reads
 * counters without a lock, writes limits and regions to the state map, and
 * rebuilds only while the maps are not open.
 *
 * Exactness: a person is counted in the minute it was last handed. Windows are
 * 61 minutes, 25 hours, 31 days of buckets, so no interval of 60 minutes, 24
 * hours or 30 days holds more distinct persons than the limit. Time that goes
 * back frees nothing: each scope goes on from the newest minute it has seen.
 *
 * This header is stable.
 */
#ifndef CORE_BUDGET_H
#define CORE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/limits.h"
#include "core/verdict.h"

#define BUDGET_SCOPES_MAX 4
#define BUDGET_CHARGE_MAX (1u << 20) /* persons, or weight, of one charge */

struct budget_area; /* as it lies in the map, see budget_area.h */

/* A view, in private memory. */
struct budget_map {
	struct budget_area *area;
	const struct limit_table *limits;  /* of the state map */
	const _Atomic uint32_t *open;      /* of the state map */
};

/* Sizes come from `limits`. */
size_t budget_map_size(uint32_t n_slots, uint32_t n_locks, uint64_t n_entries);
/* Format zeroed memory, also the mutexes. ERR_UNSUPPORTED where there are no robust ones. */
MUST_CHECK enum err budget_map_init(struct budget_map *b, void *memory, const struct limit_table *limits,
    const _Atomic uint32_t *open);
void budget_map_attach(struct budget_map *b, void *memory, const struct limit_table *limits,
    const _Atomic uint32_t *open);

struct budget_request {
	struct budget_ref scopes[BUDGET_SCOPES_MAX]; /* the same twice counts once */
	uint32_t n_scopes;
	bool stepped_up;         /* the session showed its second factor within its validity */
	bool observe;            /* settings say observe: count, say, never refuse */
	/* Named: hashes as person_sort_unique() leaves them (increasing, not 0). */
	const uint64_t *persons; /* NULL: `n` unnamed ones */
	uint32_t n;
	uint64_t unnamed_seed;   /* unnamed only: differs from charge to charge */
	uint64_t at_us;
};

/* One scope after the charge, or as it is where nothing was charged. */
struct budget_state {
	uint32_t used[BUDGET_WINDOWS];  /* distinct persons in the window, with those of the charge if charged */
	uint32_t added[BUDGET_WINDOWS]; /* of this charge, new in the window */
	uint32_t soft[BUDGET_WINDOWS];
	uint32_t hard[BUDGET_WINDOWS];
	uint32_t kind;                  /* enum limit_kind */
	uint32_t subject;
	uint32_t overflow;              /* persons of this charge that the set had no room for */
	enum verdict verdict;           /* what this scope alone says */
};

struct budget_result {
	enum verdict verdict;        /* ALLOW: charged. All others: nothing was charged */
	enum verdict_reason reason;  /* also with ALLOW: REASON_BUDGET_OBSERVED, REASON_ORGANISATION_PASSED */
	uint32_t scope;              /* place in `scope` of the one that decided */
	enum budget_window window;   /* of the limit that decided */
	/*
	 * VERDICT_REFUSE: seconds until enough of the window is free for the same
	 * charge; 0: it never will be, the charge alone is over the limit.
	 */
	uint32_t retry_after_s;
	uint32_t n_scopes;           /* without repetitions */
	struct budget_state scope_state[BUDGET_SCOPES_MAX];
};

/*
 * Charge all scopes or none. Blocks on the mutexes of their organisations,
 * which others hold for microseconds (a move to a larger set: milliseconds).
 * What went wrong is in the result: VERDICT_UNAVAILABLE with REASON_NOT_OPEN,
 * REASON_SCOPE_STALE, REASON_BUDGET_BROKEN. For workers.
 */
MUST_CHECK enum verdict budget_charge(const struct budget_map *b, const struct budget_request *request,
    struct budget_result *ret_result);

/* budget_charge() with `weight` unnamed persons instead of request->persons and request->n. */
MUST_CHECK enum verdict budget_charge_weight(const struct budget_map *b, const struct budget_request *request,
    uint32_t weight, uint64_t seed, struct budget_result *ret_result);

/*
 * The engine: new limits for an open scope, see limit_table_set(). `limits` is
 * the writer's view of the same state map.
 */
MUST_CHECK enum err budget_scope_set(const struct budget_map *b, struct limit_table *writable, struct budget_ref ref,
    const struct limits *limits);

/*
 * How many distinct persons lie in the window that ends at `at_us`. Without
 * lock: may miss a charge that is under way. Never above what is allowed by
 * memory: counters are clamped, since workers can write them.
 */
uint32_t budget_used(const struct budget_map *b, struct budget_ref ref, enum budget_window window, uint64_t at_us);

/* Persons handed over the limit without room in the set, since the map was made. */
uint64_t budget_overflow(const struct budget_map *b, struct budget_ref ref);

/* Newest minute (since 1970) at which the scope was charged; 0: never. */
uint32_t budget_newest_minute(const struct budget_map *b, struct budget_ref ref);

/*
 * Rebuilding, by the engine, while the maps are not open. Persons may come in
 * any order of time and repeatedly. ERR_SPACE: the set is full; counted as
 * overflow. ERR_BUSY: the maps are open. ERR_NOT_FOUND: no such scope.
 */
MUST_CHECK enum err budget_insert_past(const struct budget_map *b, struct budget_ref ref, uint64_t person,
    uint64_t at_us);
/* Forget all that a scope was handed; same conditions. Call once per scope that was opened. */
MUST_CHECK enum err budget_scope_clear(const struct budget_map *b, struct budget_ref ref);

#endif
