/* budgets: limits from configuration, raises and learning; shared budgets of young accounts. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "engine/scopes.h"
#include "engine/sessions.h"

static int
with_people(void **state)
{
	if (fixture_set_up(state) != 0)
		return -1;
	fixture_do("{\"op\": \"organisation.add\", \"organisation\": \"of-1\", \"kind\": \"training-body\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"boss\", \"organisation\": \"of-1\", \"created_us\": 1}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"child\", \"organisation\": \"of-1\", "
	    "\"created_by\": \"boss\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"grandchild\", \"organisation\": \"of-1\", "
	    "\"created_by\": \"child\"}");
	return 0;
}

static uint32_t
hard_of(const char *login, int window)
{
	json_t *answer = fixture_get(OP_OPERATOR, "{\"op\": \"budget.show\", \"identity\": \"%s\"}", login);
	uint32_t hard = (uint32_t)fixture_number(json_array_get(json_object_get(answer, "windows"), (size_t)window),
	    "hard");

	json_decref(answer);
	return hard;
}

static uint32_t
scopes_of(const char *login)
{
	struct budget_ref refs[SESSION_BUDGETS_MAX];
	struct store_identity identity;
	uint64_t until_us;
	uint32_t n;

	assert_int_equal(store_identity_find_login(engine->store, login, &identity), ERR_NONE);
	assert_int_equal(scopes_of_identity(engine, &identity, fixture_now_us(), refs, &n, &until_us), ERR_NONE);
	return n;
}

static void
floors_hold_until_something_is_learned(void **state)
{
	(void)state;
	assert_int_equal(hard_of("boss", 0), 10);
	assert_int_equal(hard_of("boss", 1), 20);
	assert_int_equal(hard_of("boss", 2), 50);
}

static void
a_raise_lasts_for_its_time_and_widens_longer_windows(void **state)
{
	struct store_identity identity;
	struct limit_record record;
	struct budget_ref ref;

	(void)state;
	assert_int_equal(store_identity_find_login(engine->store, "boss", &identity), ERR_NONE);
	assert_int_equal(scopes_get(engine, (struct store_budget_key){ STORE_BUDGET_IDENTITY, identity.number }, &ref),
	    ERR_NONE);
	fixture_do("{\"op\": \"budget.raise\", \"identity\": \"boss\", \"window\": \"hour\", \"hard\": 30, \"for_s\": 3600,"
	    " \"reason\": \"open day\", \"author\": \"one\"}");
	assert_int_equal(limit_table_get(&engine->maps.state.limits, ref, &record), ERR_NONE);
	assert_int_equal(record.limits.hard[BUDGET_HOUR], 30);
	assert_int_equal(record.limits.hard[BUDGET_DAY], 30);
	fixture_pass_s(3601);
	scopes_tick(engine);
	assert_int_equal(limit_table_get(&engine->maps.state.limits, ref, &record), ERR_NONE);
	assert_int_equal(record.limits.hard[BUDGET_HOUR], 10);
	assert_int_equal(hard_of("boss", 0), 10);
}

static void
learning_shows_first_and_then_changes(void **state)
{
	json_t *answer;

	(void)state;
	fixture_do("{\"op\": \"budget.history\", \"rows\": ["
	    "{\"identity\": \"boss\", \"day\": \"2026-06-10\", \"distinct\": 40},"
	    "{\"identity\": \"boss\", \"day\": \"2026-06-11\", \"distinct\": 44},"
	    "{\"identity\": \"boss\", \"day\": \"2026-06-12\", \"distinct\": 9000, \"stopped\": true},"
	    "{\"identity\": \"boss\", \"day\": \"2026-06-14\", \"distinct\": 42}]}");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"budget.learn\", \"identity\": \"boss\", \"dry_run\": true}");
	assert_int_equal(fixture_number(answer, "changed"), 3);
	json_decref(answer);
	assert_int_equal(hard_of("boss", 1), 20);
	fixture_do("{\"op\": \"budget.learn\"}");
	assert_int_equal(hard_of("boss", 1), 126);
	assert_int_equal(hard_of("child", 1), 20);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"budget.learn\", \"identity\": \"boss\"}");
	assert_int_equal(fixture_number(answer, "changed"), 0);
	json_decref(answer);
}

static void
what_was_handed_teaches_from_the_next_day_on(void **state)
{
	(void)state;
	for (int day = 0; day < 3; day++) {
		fixture_disclose(1, 1, (uint32_t)day * 100, 30);
		fixture_do("{\"op\": \"flush\"}");
		fixture_pass_s(86400);
	}
	fixture_do("{\"op\": \"budget.learn\", \"identity\": \"boss\"}");
	assert_int_equal(hard_of("boss", 1), 90);
	assert_int_equal(hard_of("boss", 0), 24);
}

static void
young_accounts_share_the_budget_of_whom_they_come_from(void **state)
{
	(void)state;
	/* Itself, the organisation. */
	assert_int_equal(scopes_of("boss"), 2);
	/* And its creator. */
	assert_int_equal(scopes_of("child"), 3);
	/* And the root of the chain, so that accounts that create accounts gain nothing. */
	assert_int_equal(scopes_of("grandchild"), 4);
	fixture_pass_s(31 * 86400);
	assert_int_equal(scopes_of("grandchild"), 2);
	fixture_do("{\"op\": \"identity.suspect\", \"identity\": \"boss\", \"for_s\": 86400}");
	assert_int_equal(scopes_of("child"), 3);
	fixture_pass_s(86401);
	assert_int_equal(scopes_of("child"), 2);
}

static void
observe_mode_reaches_the_map_with_a_reload(void **state)
{
	struct limit_record record;
	struct budget_ref ref;

	(void)state;
	assert_int_equal(scopes_get(engine, (struct store_budget_key){ STORE_BUDGET_IDENTITY, 1 }, &ref), ERR_NONE);
	fixture_write_config("mode = \"observe\"; identity = { hour = { floor = 33; ceiling = 100; };"
	    " day = { floor = 40; ceiling = 200; }; month = { floor = 50; ceiling = 500; }; };", NULL);
	fixture_do("{\"op\": \"config.reload\"}");
	assert_int_equal(limit_table_get(&engine->maps.state.limits, ref, &record), ERR_NONE);
	assert_int_equal(record.limits.mode, LIMIT_OBSERVE);
	assert_int_equal(record.limits.hard[BUDGET_HOUR], 33);
}

static void
history_with_a_mistake_is_refused_whole(void **state)
{
	(void)state;
	fixture_refused(OP_OPERATOR, "format", "{\"op\": \"budget.history\", \"rows\": ["
	    "{\"identity\": \"boss\", \"day\": \"2026-06-10\", \"distinct\": 40},"
	    "{\"identity\": \"boss\", \"day\": \"yesterday\", \"distinct\": 40}]}");
	fixture_refused(OP_OPERATOR, "not-found",
	    "{\"op\": \"budget.history\", \"rows\": [{\"identity\": \"zoe\", \"day\": \"2026-06-10\", \"distinct\": 40}]}");
}

#define MANY 256 /* capacity.scopes of the fixture */

static struct store_budget_key
many_key(uint32_t i)
{
	struct store_identity identity;
	char login[16];

	(void)snprintf(login, sizeof(login), "one-%u", i);
	assert_int_equal(store_identity_find_login(engine->store, login, &identity), ERR_NONE);
	return (struct store_budget_key){ STORE_BUDGET_IDENTITY, identity.number };
}

static void
charge(struct budget_ref ref)
{
	uint64_t persons[3] = { 1, 2, 3 };
	struct budget_request request = { .scopes = { ref }, .n_scopes = 1, .persons = persons, .n = 3,
		.at_us = fixture_now_us() };
	struct budget_result result;

	assert_int_equal(budget_charge(&engine->maps.budgets.budgets, &request, &result), VERDICT_ALLOW);
}

static void
a_map_full_of_idle_budgets_takes_new_ones_again(void **state)
{
	struct budget_ref first, second, ref;
	char token[64];

	(void)state;
	while (!map_is_open(&engine->maps.state))
		fixture_do("{\"op\": \"flush\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"lea\", \"password\": \"correct horse battery\"}");
	for (uint32_t i = 0; i < MANY; i++)
		fixture_do("{\"op\": \"identity.add\", \"login\": \"one-%u\"}", i);
	assert_int_equal(scopes_get(engine, many_key(0), &first), ERR_NONE);
	charge(first);
	fixture_pass_s(30 * 86400);
	assert_int_equal(scopes_get(engine, many_key(1), &second), ERR_NONE);
	charge(second);
	fixture_sign_in("lea", token);
	for (uint32_t i = 2; i < MANY - 1; i++)
		assert_int_equal(scopes_get(engine, many_key(i), &ref), ERR_NONE);
	assert_int_equal(scopes_count(engine->scopes), MANY);
	assert_int_equal(scopes_get(engine, many_key(MANY - 1), &ref), ERR_SPACE);

	/* Whoever was charged within the month and whoever has a session stay. */
	scopes_sweep(engine);
	assert_int_equal(scopes_count(engine->scopes), 3);
	assert_int_equal(scopes_find(engine, many_key(0), &ref), ERR_NONE);
	fixture_pass_s(86400);
	scopes_sweep(engine);
	assert_int_equal(scopes_find(engine, many_key(0), &ref), ERR_NOT_FOUND);
	assert_int_equal(scopes_find(engine, many_key(1), &ref), ERR_NONE);
	for (uint32_t i = 2; i < MANY - 1; i++)
		assert_int_equal(scopes_get(engine, many_key(i), &ref), ERR_NONE);
	charge(ref);

	/* Closed just now: free in an hour. */
	assert_int_equal(scopes_get(engine, many_key(0), &ref), ERR_SPACE);
	fixture_pass_s(3600);
	assert_int_equal(scopes_get(engine, many_key(0), &ref), ERR_NONE);
	assert_int_equal(budget_used(&engine->maps.budgets.budgets, ref, BUDGET_MONTH, fixture_now_us()), 0);
	assert_int_equal(budget_used(&engine->maps.budgets.budgets, second, BUDGET_MONTH, fixture_now_us()), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_people, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(floors_hold_until_something_is_learned),
		TEST(a_raise_lasts_for_its_time_and_widens_longer_windows),
		TEST(learning_shows_first_and_then_changes),
		TEST(what_was_handed_teaches_from_the_next_day_on),
		TEST(young_accounts_share_the_budget_of_whom_they_come_from),
		TEST(a_map_full_of_idle_budgets_takes_new_ones_again),
		TEST(observe_mode_reaches_the_map_with_a_reload),
		TEST(history_with_a_mistake_is_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
