#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "engine/learn.h"

static const struct config_budget budget = { .window = { { 10, 100, 3 }, { 30, 300, 3 }, { 100, 2000, 2 } } };
static const struct config_budgets budgets = { .soft_fraction = 0.5, .history_days = 5 };

static struct store_budget_day days[40];
static struct learned learned;

static void
fill(uint32_t n, uint32_t persons)
{
	memset(days, 0, sizeof(days));
	for (uint32_t i = 0; i < n; i++) {
		days[i].day = 20000 - i;
		days[i].distinct[STORE_DAY] = persons;
	}
}

static void
a_steady_past_gives_a_multiple_of_itself(void **state)
{
	(void)state;
	fill(10, 40);
	learn_limits(&budget, &budgets, days, 10, &learned);
	assert_int_equal(learned.hard[STORE_DAY], 120);
	assert_int_equal(learned.soft[STORE_DAY], 60);
	/* A quarter of the day where the busiest hour is not known. */
	assert_int_equal(learned.median[STORE_HOUR], 10);
	assert_int_equal(learned.hard[STORE_HOUR], 30);
	assert_int_equal(learned.active, 5);
}

static void
known_hours_and_months_are_used(void **state)
{
	(void)state;
	fill(10, 40);
	for (int i = 0; i < 10; i++) {
		days[i].distinct[STORE_HOUR] = 20;
		days[i].distinct[STORE_MONTH] = 300;
	}
	learn_limits(&budget, &budgets, days, 10, &learned);
	assert_int_equal(learned.hard[STORE_HOUR], 60);
	assert_int_equal(learned.hard[STORE_MONTH], 600);
}

static void
floor_and_ceiling_hold(void **state)
{
	(void)state;
	fill(10, 2);
	learn_limits(&budget, &budgets, days, 10, &learned);
	assert_int_equal(learned.hard[STORE_DAY], 30);
	fill(10, 5000);
	learn_limits(&budget, &budgets, days, 10, &learned);
	assert_int_equal(learned.hard[STORE_DAY], 300);
}

static void
one_wild_day_does_not_move_the_median(void **state)
{
	(void)state;
	fill(10, 40);
	days[1].distinct[STORE_DAY] = 100000;
	learn_limits(&budget, &budgets, days, 10, &learned);
	assert_int_equal(learned.hard[STORE_DAY], 120);
}

static void
days_that_were_stopped_never_feed_the_median(void **state)
{
	(void)state;
	fill(10, 40);
	for (int i = 0; i < 6; i++) {
		days[i].distinct[STORE_DAY] = 90;
		days[i].stopped = true;
	}
	learn_limits(&budget, &budgets, days, 10, &learned);
	assert_int_equal(learned.median[STORE_DAY], 40);
	assert_int_equal(learned.stopped, 6);
	assert_int_equal(learned.active, 4);
}

static void
too_few_days_teach_nothing(void **state)
{
	(void)state;
	fill(2, 90);
	learn_limits(&budget, &budgets, days, 2, &learned);
	assert_int_equal(learned.hard[STORE_DAY], 30);
	learn_limits(&budget, &budgets, days, 0, &learned);
	assert_int_equal(learned.hard[STORE_MONTH], 100);
	assert_int_equal(learned.soft[STORE_MONTH], 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_past_gives_a_multiple_of_itself),
		cmocka_unit_test(known_hours_and_months_are_used),
		cmocka_unit_test(floor_and_ceiling_hold),
		cmocka_unit_test(one_wild_day_does_not_move_the_median),
		cmocka_unit_test(days_that_were_stopped_never_feed_the_median),
		cmocka_unit_test(too_few_days_teach_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
