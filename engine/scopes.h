/*
 * scopes: budget scopes of identities and organisations in the state map, and
 * their limits. Private to engine/; on the loop's thread only.
 *
 * limit = clamp(floor, multiple x median of the scope's own active days,
 * ceiling), learned at times into the store; until then the floor. An operator
 * may raise it for a while.
 */
#ifndef ENGINE_SCOPES_H
#define ENGINE_SCOPES_H

#include "core/limits.h"
#include "engine/engine.h"
#include "store/budget.h"

MUST_CHECK enum err scopes_open(struct engine *engine, struct scopes **ret_scopes, const char **why);
void scopes_free(struct scopes *scopes);

/* The scope of an identity or organisation, opened where it has none yet. ERR_SPACE: the map is full. */
MUST_CHECK enum err scopes_get(struct engine *engine, struct store_budget_key key, struct budget_ref *ret_ref);

/* Without opening: ERR_NOT_FOUND. */
MUST_CHECK enum err scopes_find(struct engine *engine, struct store_budget_key key, struct budget_ref *ret_ref);

/* The limits that hold for a scope now, from configuration and store; also for one that is not open. */
MUST_CHECK enum err scopes_limits(struct engine *engine, struct store_budget_key key, struct limits *ret_limits);

/*
 * Which budget the configuration gives this identity (by profile) or
 * organisation (by kind).
 */
MUST_CHECK enum err scopes_budget(struct engine *engine, struct store_budget_key key,
    const struct config_budget **ret_budget);

/* Limits have changed in the store or in the configuration: publish. */
MUST_CHECK enum err scopes_refresh(struct engine *engine, struct store_budget_key key);
void scopes_refresh_all(struct engine *engine);

/*
 * The scopes that an identity's disclosures are charged to: itself, its
 * creator while it is young or the creator suspect, its organisation.
 * `ret_shared_until_us`: when that set will change; 0: never.
 */
MUST_CHECK enum err scopes_of_identity(struct engine *engine, const struct store_identity *identity, uint64_t at_us,
    struct budget_ref ret_refs[SESSION_BUDGETS_MAX], uint32_t *ret_n, uint64_t *ret_shared_until_us);

/* Once a minute: peaks of the windows for the history, limits that could not be enlarged at once, raises that ended. */
void scopes_tick(struct engine *engine);

/* A limit or an order stopped the scope today: the day does not count for learning. */
void scopes_stopped(struct engine *engine, struct store_budget_key key, uint64_t at_us);

/* Write what was sampled to the store. */
void scopes_save(struct engine *engine);

/*
 * Once an hour: close the scopes that no live session is charged to and that
 * were not charged for 31 days, so that the map does not fill up with whoever
 * ever signed in. Their slots are free an hour later.
 */
void scopes_sweep(struct engine *engine);
/* For scopes_sweep(): `used` has a byte for each slot, not 0 where a session needs it. Returns how many were closed. */
uint32_t scopes_close_idle(struct engine *engine, const uint8_t *used);

/* Open scopes, for status. */
uint32_t scopes_count(const struct scopes *scopes);

/* Each open scope, until `visit` returns false. */
void scopes_each(struct engine *engine,
    bool (*visit)(void *context, struct store_budget_key key, struct budget_ref ref), void *context);

#endif
