/* restart: budgets counted anew before the maps open, maps adopted as they are. */
#include "fixture.h"

#include "core/budget.h"
#include "core/person.h"
#include "engine/loop.h"
#include "engine/scopes.h"

static int
with_people(void **state)
{
	if (fixture_set_up(state) != 0)
		return -1;
	fixture_do("{\"op\": \"organisation.add\", \"organisation\": \"of-1\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"lea\", \"organisation\": \"of-1\"}");
	return 0;
}

static void
wait_open(void)
{
	while (!map_is_open(&engine->maps.state))
		assert_int_equal(loop_once(engine->loop, 1000), ERR_NONE);
}

static uint32_t
used(enum store_budget_kind kind, uint32_t number, enum budget_window window)
{
	struct budget_ref ref;

	if (scopes_find(engine, (struct store_budget_key){ kind, number }, &ref) != ERR_NONE)
		return 0;
	return budget_used(&engine->maps.budgets.budgets, ref, window, fixture_now_us());
}

static void
new_maps_open_only_with_the_past_counted(void **state)
{
	(void)state;
	wait_open();
	fixture_disclose(1, 1, 0, 12);
	fixture_do("{\"op\": \"flush\"}");
	fixture_pass_s(7200);
	fixture_disclose(1, 1, 6, 12);
	/* This one is in the journal alone when the engine starts again. */
	fixture_restart(true);
	assert_false(engine->maps.adopted);
	wait_open();
	assert_int_equal(used(STORE_BUDGET_IDENTITY, 1, BUDGET_HOUR), 12);
	assert_int_equal(used(STORE_BUDGET_IDENTITY, 1, BUDGET_DAY), 18);
	assert_int_equal(used(STORE_BUDGET_ORGANISATION, 1, BUDGET_DAY), 18);
}

static void
what_is_older_than_the_window_is_free_again(void **state)
{
	(void)state;
	wait_open();
	fixture_disclose(1, 1, 0, 12);
	fixture_do("{\"op\": \"flush\"}");
	fixture_pass_s(32 * 86400);
	fixture_restart(true);
	wait_open();
	assert_int_equal(used(STORE_BUDGET_IDENTITY, 1, BUDGET_MONTH), 0);
}

static void
maps_of_a_crashed_engine_are_adopted_with_their_budgets(void **state)
{
	uint64_t persons[3] = { 1, 2, 3 };
	struct budget_request request = { .n_scopes = 1, .persons = persons, .n = 3 };
	struct budget_result result;

	(void)state;
	wait_open();
	assert_int_equal(scopes_get(engine, (struct store_budget_key){ STORE_BUDGET_IDENTITY, 1 }, &request.scopes[0]),
	    ERR_NONE);
	request.at_us = fixture_now_us();
	assert_int_equal(budget_charge(&engine->maps.budgets.budgets, &request, &result), VERDICT_ALLOW);
	fixture_restart(false);
	assert_true(engine->maps.adopted);
	assert_true(map_is_open(&engine->maps.state));
	assert_int_equal(used(STORE_BUDGET_IDENTITY, 1, BUDGET_HOUR), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_people, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_maps_open_only_with_the_past_counted),
		TEST(what_is_older_than_the_window_is_free_again),
		TEST(maps_of_a_crashed_engine_are_adopted_with_their_budgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
