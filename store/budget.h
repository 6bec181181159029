/*
 * budget: limits as learned and as raised by operators, and the daily history
 * that limits are learned from.
 */
#ifndef STORE_BUDGET_H
#define STORE_BUDGET_H

#include "store/account.h"
#include "store/store.h"

/* Stored as numbers: never change one. */
enum store_budget_kind { STORE_BUDGET_IDENTITY = 1, STORE_BUDGET_ORGANISATION = 2, STORE_BUDGET_PLATFORM = 3 };
enum store_window { STORE_HOUR = 0, STORE_DAY = 1, STORE_MONTH = 2, STORE_WINDOWS = 3 };

/* Whose budget. The platform's number is 0. */
struct store_budget_key {
	enum store_budget_kind kind;
	uint32_t number;
};

struct store_limit {
	uint32_t soft; /* 0: none learned, the profile's floor holds */
	uint32_t hard;
	uint64_t learned_us;
	uint32_t raised_hard; /* valid until raised_until_us */
	uint64_t raised_until_us;
	char raised_by[STORE_TEXT_MAX];
	char reason[STORE_REASON_MAX];
};

struct store_limits {
	struct store_limit window[STORE_WINDOWS];
};

/* A scope without any reads as zeroes. */
MUST_CHECK enum err store_limits_get(struct store *store, struct store_budget_key key, struct store_limits *ret);
MUST_CHECK enum err store_limits_learn(struct store *store, struct store_budget_key key, enum store_window window,
    uint32_t soft, uint32_t hard, uint64_t at_us);
MUST_CHECK enum err store_limits_raise(struct store *store, struct store_budget_key key, enum store_window window,
    const struct store_limit *raised);
MUST_CHECK enum err store_limits_each(struct store *store,
    bool (*each)(void *context, struct store_budget_key key, const struct store_limits *limits), void *context);

/* One UTC day of one scope: distinct persons in it, in its busiest hour, and in the 30 days up to it. */
struct store_budget_day {
	uint32_t day; /* days since 1970-01-01 */
	uint32_t distinct[STORE_WINDOWS]; /* 0 for hour or month: not known */
	bool stopped; /* an order or a limit stopped the scope on this day */
};

/* Add or replace; `stopped` once set stays set. */
MUST_CHECK enum err store_budget_day_put(struct store *store, struct store_budget_key key,
    const struct store_budget_day *day);
/* Mark, adding an empty day where there is none. */
MUST_CHECK enum err store_budget_day_stop(struct store *store, struct store_budget_key key, uint32_t day);
/* The last `n` days up to and including `until_day`, newest first. */
MUST_CHECK enum err store_budget_days(struct store *store, struct store_budget_key key, uint32_t until_day,
    uint32_t n, struct store_budget_day *ret_days, uint32_t *ret_n);
/* Scopes that have a day since `since_day`. */
MUST_CHECK enum err store_budget_each_key(struct store *store, uint32_t since_day,
    bool (*each)(void *context, struct store_budget_key key), void *context);

#endif
