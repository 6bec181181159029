#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/budget.h"
#include "world.h"

static struct world world;

static int
make(void **state)
{
	(void)state;
	world_make(&world, &world_small);
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	world_drop(&world);
	return 0;
}

static uint32_t
used(struct budget_ref ref, enum budget_window window, uint64_t at_us)
{
	return budget_used(&world.budgets.budgets, ref, window, at_us);
}

static void
an_identity_is_refused_beyond_its_hard_limit_and_nothing_is_charged(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);

	(void)state;
	assert_int_equal(world_charge(&world, me, NULL, 0, 10, T0, false).verdict, VERDICT_ALLOW);
	struct budget_result r = world_charge(&world, me, NULL, 5, 6, T0, true);
	assert_int_equal(r.verdict, VERDICT_REFUSE);
	assert_int_equal(r.reason, REASON_BUDGET_HARD);
	assert_int_equal(r.scope_state[0].used[BUDGET_HOUR], 10);
	assert_int_equal(r.scope_state[0].added[BUDGET_HOUR], 1);
	assert_int_equal(used(me, BUDGET_MONTH, T0), 10);
}

static void
persons_already_seen_are_free_even_at_the_limit(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);

	(void)state;
	(void)world_charge(&world, me, NULL, 0, 10, T0, false);
	struct budget_result r = world_charge(&world, me, NULL, 3, 7, T0 + MINUTE, false);
	assert_int_equal(r.verdict, VERDICT_ALLOW);
	assert_int_equal(r.reason, REASON_NONE);
	assert_int_equal(r.scope_state[0].added[BUDGET_MONTH], 0);
}

static void
over_the_soft_limit_a_second_factor_is_asked_for_and_then_counts(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, 5, 10);

	(void)state;
	struct budget_result r = world_charge(&world, me, NULL, 0, 6, T0, false);
	assert_int_equal(r.verdict, VERDICT_STEP_UP);
	assert_int_equal(r.reason, REASON_BUDGET_SOFT);
	assert_int_equal(used(me, BUDGET_HOUR, T0), 0);
	assert_int_equal(world_charge(&world, me, NULL, 0, 6, T0, true).verdict, VERDICT_ALLOW);
	assert_int_equal(used(me, BUDGET_HOUR, T0), 6);
}

static void
an_organisation_over_its_hard_limit_refuses_only_who_has_not_stepped_up(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 1000);
	struct budget_ref us = world_scope(&world, LIMIT_ORGANISATION, 1, 10, 20);

	(void)state;
	assert_int_equal(world_charge(&world, me, &us, 0, 10, T0, false).verdict, VERDICT_ALLOW);
	struct budget_result r = world_charge(&world, me, &us, 10, 1, T0, false);
	assert_int_equal(r.verdict, VERDICT_STEP_UP);
	assert_int_equal(r.reason, REASON_ORGANISATION_SOFT);
	assert_int_equal(r.scope, 1);
	r = world_charge(&world, me, &us, 10, 11, T0, false);
	assert_int_equal(r.verdict, VERDICT_REFUSE);
	assert_int_equal(r.reason, REASON_ORGANISATION_HARD);
	r = world_charge(&world, me, &us, 10, 11, T0, true);
	assert_int_equal(r.verdict, VERDICT_ALLOW);
	assert_int_equal(r.reason, REASON_ORGANISATION_PASSED);
	assert_int_equal(used(us, BUDGET_DAY, T0), 21);
}

static void
an_organisation_whose_set_is_full_still_lets_stepped_up_sessions_pass_and_says_so(void **state)
{
	struct budget_ref us = world_scope(&world, LIMIT_ORGANISATION, 1, LIMIT_NONE, 51);

	(void)state;
	struct budget_result r = world_charge(&world, us, NULL, 0, 60, T0, true);
	assert_int_equal(r.verdict, VERDICT_ALLOW);
	assert_int_equal(r.scope_state[0].overflow, 9);
	assert_int_equal(budget_overflow(&world.budgets.budgets, us), 9);
	assert_int_equal(used(us, BUDGET_MONTH, T0), 51);
}

static void
an_identitys_hard_limit_holds_also_where_the_organisation_would_let_pass(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 5);
	struct budget_ref us = world_scope(&world, LIMIT_ORGANISATION, 1, 1, 2);

	(void)state;
	struct budget_result r = world_charge(&world, me, &us, 0, 6, T0, true);
	assert_int_equal(r.verdict, VERDICT_REFUSE);
	assert_int_equal(r.reason, REASON_BUDGET_HARD);
	assert_int_equal(r.scope, 0);
	assert_int_equal(used(us, BUDGET_MONTH, T0), 0);
}

static void
observing_counts_refuses_nothing_and_says_what_it_would_have_said(void **state)
{
	struct limits limits = {.kind = LIMIT_IDENTITY, .mode = LIMIT_OBSERVE, .hard = {3, 3, 3}, .soft = {1, 1, 1}};
	struct budget_ref me;

	(void)state;
	assert_int_equal(limit_table_open(&world.state.limits, &limits, T0, &me), ERR_NONE);
	struct budget_result r = world_charge(&world, me, NULL, 0, 60, T0, false);
	assert_int_equal(r.verdict, VERDICT_ALLOW);
	assert_int_equal(r.reason, REASON_BUDGET_OBSERVED);
	assert_int_equal(r.scope_state[0].overflow, 60 - limit_persons_in(limit_entries_for(3)));
}

static void
windows_of_an_hour_a_day_and_a_month_free_themselves_one_after_the_other(void **state)
{
	struct limits limits = {
		.kind = LIMIT_IDENTITY, .soft = {LIMIT_NONE, LIMIT_NONE, LIMIT_NONE}, .hard = {10, 20, 30}};
	struct budget_ref me;

	(void)state;
	assert_int_equal(limit_table_open(&world.state.limits, &limits, T0, &me), ERR_NONE);
	assert_int_equal(world_charge(&world, me, NULL, 0, 10, T0, true).verdict, VERDICT_ALLOW);
	struct budget_result r = world_charge(&world, me, NULL, 10, 10, T0 + 60 * MINUTE, true);
	assert_int_equal(r.verdict, VERDICT_REFUSE);
	assert_int_equal(r.window, BUDGET_HOUR);
	assert_int_equal(r.retry_after_s, 60);
	assert_int_equal(world_charge(&world, me, NULL, 10, 10, T0 + 61 * MINUTE, true).verdict, VERDICT_ALLOW);
	r = world_charge(&world, me, NULL, 20, 10, T0 + 3 * HOUR, true);
	assert_int_equal(r.verdict, VERDICT_REFUSE);
	assert_int_equal(r.window, BUDGET_DAY);
	assert_int_equal(r.retry_after_s, 22 * 3600);
	assert_int_equal(world_charge(&world, me, NULL, 20, 10, T0 + 25 * HOUR, true).verdict, VERDICT_ALLOW);
	r = world_charge(&world, me, NULL, 30, 10, T0 + 3 * DAY, true);
	assert_int_equal(r.verdict, VERDICT_REFUSE);
	assert_int_equal(r.window, BUDGET_MONTH);
	assert_int_equal(r.retry_after_s, 28 * 86400);
	assert_int_equal(world_charge(&world, me, NULL, 30, 10, T0 + 31 * DAY, true).verdict, VERDICT_ALLOW);
}

static void
a_charge_larger_than_the_limit_is_told_that_waiting_does_not_help(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);

	(void)state;
	struct budget_result r = world_charge(&world, me, NULL, 0, 11, T0, true);
	assert_int_equal(r.verdict, VERDICT_REFUSE);
	assert_int_equal(r.retry_after_s, 0);
}

static void
what_was_promised_as_retry_after_holds(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 40);
	uint64_t at = T0, random = 3;
	uint32_t next = 0, checked = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint32_t n = 1 + (uint32_t)(world_random(&random) % 20);
		struct budget_result r = world_charge(&world, me, NULL, next, n, at, true);

		next += n;
		if (r.verdict == VERDICT_REFUSE) {
			assert_int_not_equal(r.retry_after_s, 0);
			at += r.retry_after_s * 1000000ull;
			assert_int_equal(world_charge(&world, me, NULL, next, n, at, true).verdict, VERDICT_ALLOW);
			next += n;
			checked++;
		}
		at += world_random(&random) % (3 * HOUR);
	}
	assert_true(checked > 100);
}

static void
a_clock_that_steps_back_frees_nothing(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);

	(void)state;
	assert_int_equal(world_charge(&world, me, NULL, 0, 10, T0 + 100 * DAY, true).verdict, VERDICT_ALLOW);
	assert_int_equal(world_charge(&world, me, NULL, 10, 1, T0, true).verdict, VERDICT_REFUSE);
	assert_int_equal(world_charge(&world, me, NULL, 0, 10, T0, true).verdict, VERDICT_ALLOW);
	assert_int_equal(used(me, BUDGET_HOUR, T0), 10);
	assert_int_equal(world_charge(&world, me, NULL, 10, 1, T0 + 100 * DAY + HOUR, true).verdict, VERDICT_REFUSE);
	/* What is handed while the clock is behind counts as handed in the newest minute. */
	struct budget_ref other = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);
	assert_int_equal(world_charge(&world, other, NULL, 0, 5, T0 + 100 * DAY, true).verdict, VERDICT_ALLOW);
	assert_int_equal(world_charge(&world, other, NULL, 5, 5, T0, true).verdict, VERDICT_ALLOW);
	assert_int_equal(world_charge(&world, other, NULL, 10, 1, T0 + 100 * DAY, true).verdict, VERDICT_REFUSE);
}

static void
unnamed_persons_are_all_new_and_differ_from_charge_to_charge(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 100);
	struct budget_request request = {.scopes = {me}, .n_scopes = 1, .at_us = T0};
	struct budget_result r;

	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++)
		assert_int_equal(budget_charge_weight(&world.budgets.budgets, &request, 50, seed << 32, &r), VERDICT_ALLOW);
	assert_int_equal(r.scope_state[0].used[BUDGET_MONTH], 100);
	assert_int_equal(budget_charge_weight(&world.budgets.budgets, &request, 1, 3ull << 32, &r), VERDICT_REFUSE);
}

static void
the_same_scope_twice_is_charged_once(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);

	(void)state;
	struct budget_result r = world_charge(&world, me, &me, 0, 10, T0, true);
	assert_int_equal(r.verdict, VERDICT_ALLOW);
	assert_int_equal(r.n_scopes, 1);
}

static void
persons_that_are_not_sorted_or_repeat_are_not_charged(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);
	const uint64_t persons[] = {5, 5};
	struct budget_request request = {.scopes = {me}, .n_scopes = 1, .persons = persons, .n = 2, .at_us = T0};
	struct budget_result r;

	(void)state;
	assert_int_equal(budget_charge(&world.budgets.budgets, &request, &r), VERDICT_UNAVAILABLE);
	assert_int_equal(r.reason, REASON_BUDGET_BROKEN);
}

static void
a_scope_that_was_closed_is_stale_and_its_successor_begins_empty(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);

	(void)state;
	(void)world_charge(&world, me, NULL, 0, 10, T0, true);
	assert_int_equal(limit_table_close(&world.state.limits, me, T0 - 2 * HOUR), ERR_NONE);
	struct budget_result r = world_charge(&world, me, NULL, 0, 1, T0, true);
	assert_int_equal(r.verdict, VERDICT_UNAVAILABLE);
	assert_int_equal(r.reason, REASON_SCOPE_STALE);
	struct budget_ref next = world_scope(&world, LIMIT_IDENTITY, 2, LIMIT_NONE, 10);
	assert_int_equal(next.slot, me.slot);
	assert_int_equal(used(next, BUDGET_MONTH, T0), 0);
	assert_int_equal(world_charge(&world, next, NULL, 50, 10, T0, true).scope_state[0].used[BUDGET_HOUR], 10);
	assert_int_equal(world_charge(&world, me, NULL, 0, 1, T0, true).reason, REASON_SCOPE_STALE);
}

static void
a_raised_limit_moves_the_set_with_all_it_held(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 100);
	struct limits limits = {.kind = LIMIT_IDENTITY, .soft = {LIMIT_NONE, LIMIT_NONE, LIMIT_NONE}};
	struct limit_table *t = &world.state.limits;

	(void)state;
	assert_int_equal(world_charge(&world, me, NULL, 0, 100, T0, true).verdict, VERDICT_ALLOW);
	for (int w = 0; w < BUDGET_WINDOWS; w++)
		limits.hard[w] = 1000;
	assert_int_equal(budget_scope_set(&world.budgets.budgets, t, me, &limits), ERR_NONE);
	assert_int_equal(used(me, BUDGET_MONTH, T0), 100);
	for (int w = 0; w < BUDGET_WINDOWS; w++)
		limits.hard[w] = 5000;
	assert_int_equal(budget_scope_set(&world.budgets.budgets, t, me, &limits), ERR_BUSY);
	assert_int_equal(world_charge(&world, me, NULL, 0, 1000, T0, true).verdict, VERDICT_ALLOW);
	assert_int_equal(budget_scope_set(&world.budgets.budgets, t, me, &limits), ERR_NONE);
	struct budget_result r = world_charge(&world, me, NULL, 0, 5000, T0, true);
	assert_int_equal(r.verdict, VERDICT_ALLOW);
	assert_int_equal(r.scope_state[0].used[BUDGET_MONTH], 5000);
	assert_int_equal(r.scope_state[0].added[BUDGET_MONTH], 4000);
	assert_int_equal(world_charge(&world, me, NULL, 5000, 1, T0, true).verdict, VERDICT_REFUSE);
}

static void
while_the_maps_are_closed_nothing_is_charged_and_the_past_can_be_put_back(void **state)
{
	struct budget_ref me = world_scope(&world, LIMIT_IDENTITY, 1, LIMIT_NONE, 10);
	const struct budget_map *b = &world.budgets.budgets;

	(void)state;
	assert_int_equal(budget_insert_past(b, me, 1, T0), ERR_BUSY);
	map_set_open(&world.state, false);
	assert_int_equal(world_charge(&world, me, NULL, 0, 1, T0, true).reason, REASON_NOT_OPEN);
	/* Newest first, then older, repeated, and too old. */
	assert_int_equal(budget_insert_past(b, me, person_unnamed(1, 0), T0), ERR_NONE);
	assert_int_equal(budget_insert_past(b, me, person_unnamed(1, 1), T0 - 2 * HOUR), ERR_NONE);
	assert_int_equal(budget_insert_past(b, me, person_unnamed(1, 0), T0 - 3 * HOUR), ERR_NONE);
	assert_int_equal(budget_insert_past(b, me, person_unnamed(1, 2), T0 - 2 * DAY), ERR_NONE);
	assert_int_equal(budget_insert_past(b, me, person_unnamed(1, 3), T0 - 40 * DAY), ERR_NONE);
	map_set_open(&world.state, true);
	assert_int_equal(used(me, BUDGET_HOUR, T0), 1);
	assert_int_equal(used(me, BUDGET_DAY, T0), 2);
	assert_int_equal(used(me, BUDGET_MONTH, T0), 3);
	struct budget_result r = world_charge(&world, me, NULL, 0, 10, T0, true);
	assert_int_equal(r.verdict, VERDICT_ALLOW);
	assert_int_equal(r.scope_state[0].added[BUDGET_MONTH], 7);
	map_set_open(&world.state, false);
	assert_int_equal(budget_scope_clear(b, me), ERR_NONE);
	map_set_open(&world.state, true);
	assert_int_equal(used(me, BUDGET_MONTH, T0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_identity_is_refused_beyond_its_hard_limit_and_nothing_is_charged),
	    TEST(persons_already_seen_are_free_even_at_the_limit),
	    TEST(over_the_soft_limit_a_second_factor_is_asked_for_and_then_counts),
	    TEST(an_organisation_over_its_hard_limit_refuses_only_who_has_not_stepped_up),
	    TEST(an_organisation_whose_set_is_full_still_lets_stepped_up_sessions_pass_and_says_so),
	    TEST(an_identitys_hard_limit_holds_also_where_the_organisation_would_let_pass),
	    TEST(observing_counts_refuses_nothing_and_says_what_it_would_have_said),
	    TEST(windows_of_an_hour_a_day_and_a_month_free_themselves_one_after_the_other),
	    TEST(a_charge_larger_than_the_limit_is_told_that_waiting_does_not_help),
	    TEST(what_was_promised_as_retry_after_holds),
	    TEST(a_clock_that_steps_back_frees_nothing),
	    TEST(unnamed_persons_are_all_new_and_differ_from_charge_to_charge),
	    TEST(the_same_scope_twice_is_charged_once),
	    TEST(persons_that_are_not_sorted_or_repeat_are_not_charged),
	    TEST(a_scope_that_was_closed_is_stale_and_its_successor_begins_empty),
	    TEST(a_raised_limit_moves_the_set_with_all_it_held),
	    TEST(while_the_maps_are_closed_nothing_is_charged_and_the_past_can_be_put_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
