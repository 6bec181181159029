/*
 * learn: limits from the past. Pure.
 *
 *   hard = clamp(floor, multiple x median of the trailing active days, ceiling)
 *
 * Active days are those on which somebody was handed; days on which the scope
 * was stopped are left out, so that a theft never buys the next one a larger
 * budget, and neither does the refusal of it.
 */
#ifndef ENGINE_LEARN_H
#define ENGINE_LEARN_H

#include "engine/config.h"
#include "store/budget.h"

#define LEARN_DAYS_MAX 366
/* Fewer active days than this teach nothing: the floor stays. */
#define LEARN_DAYS_MIN 3

struct learned {
	uint32_t soft[STORE_WINDOWS];
	uint32_t hard[STORE_WINDOWS];
	uint32_t median[STORE_WINDOWS];
	uint32_t active; /* days that counted */
	uint32_t stopped;
	const char *why; /* in words */
};

/*
 * `days` newest first, at most LEARN_DAYS_MAX; `history_days` of the active ones count.
 * Where the busiest hour of a day is not known (0) a quarter of the day stands
 * for it: twice the mean of eight hours. Where the month is not known the sum
 * of its days stands for it, which is never too low.
 */
void learn_limits(const struct config_budget *budget, const struct config_budgets *budgets,
    const struct store_budget_day *days, uint32_t n, struct learned *ret_learned);

#endif
