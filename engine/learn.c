#include "engine/learn.h"

#include <stdlib.h>
#include <string.h>

static int
by_size(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Sorts. The lower middle of an even number: a budget rather too small than too large. */
static uint32_t
median_of(uint32_t *values, uint32_t n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), by_size);
	return values[(n - 1) / 2];
}

/* The persons of the 30 days up to days[i], added up. */
static uint32_t
month_of(const struct store_budget_day *days, uint32_t n, uint32_t i)
{
	uint64_t sum = 0;

	for (uint32_t k = i; k < n && days[k].day + 30 > days[i].day; k++)
		if (!days[k].stopped)
			sum += days[k].distinct[STORE_DAY];
	return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

static uint32_t
value_of(const struct store_budget_day *days, uint32_t n, uint32_t i, int window)
{
	uint32_t known = days[i].distinct[window];

	if (known > 0 || window == STORE_DAY)
		return known;
	return window == STORE_HOUR ? (days[i].distinct[STORE_DAY] + 3) / 4 : month_of(days, n, i);
}

static uint32_t
clamp(const struct config_window *window, uint32_t median)
{
	double hard = window->multiple * median;

	if (hard < window->floor)
		hard = window->floor;
	return (uint32_t)(hard > window->ceiling ? window->ceiling : hard);
}

/* Places of the days that count, newest first. */
static uint32_t
choose(const struct store_budget_day *days, uint32_t n, uint32_t most, uint32_t *chosen, uint32_t *ret_stopped)
{
	uint32_t count = 0;

	*ret_stopped = 0;
	for (uint32_t i = 0; i < n && count < most; i++) {
		*ret_stopped += days[i].stopped;
		if (!days[i].stopped && days[i].distinct[STORE_DAY] > 0)
			chosen[count++] = i;
	}
	return count;
}

void
learn_limits(const struct config_budget *budget, const struct config_budgets *budgets,
    const struct store_budget_day *days, uint32_t n, struct learned *ret_learned)
{
	uint32_t chosen[LEARN_DAYS_MAX];
	uint32_t values[LEARN_DAYS_MAX];
	uint32_t most = budgets->history_days > LEARN_DAYS_MAX ? LEARN_DAYS_MAX : budgets->history_days;

	memset(ret_learned, 0, sizeof(*ret_learned));
	ret_learned->active = choose(days, n, most, chosen, &ret_learned->stopped);
	ret_learned->why = ret_learned->active < LEARN_DAYS_MIN ? "too few active days: the floor" :
	    "median of its active days";
	for (int w = 0; w < STORE_WINDOWS; w++) {
		for (uint32_t i = 0; i < ret_learned->active; i++)
			values[i] = value_of(days, n, chosen[i], w);
		ret_learned->median[w] = median_of(values, ret_learned->active);
		ret_learned->hard[w] = clamp(&budget->window[w],
		    ret_learned->active < LEARN_DAYS_MIN ? 0 : ret_learned->median[w]);
		ret_learned->soft[w] = (uint32_t)(ret_learned->hard[w] * budgets->soft_fraction);
		if (ret_learned->soft[w] == 0)
			ret_learned->soft[w] = 1;
	}
}
