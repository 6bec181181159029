/* orders: given, approved, lifted, expired; what the map says of them. */
#include "fixture.h"

#include <string.h>

#include "core/order.h"
#include "engine/orders.h"

/* What a request of this identity that reads would meet. */
static enum verdict
verdict_of(uint32_t identity, uint32_t organisation)
{
	struct session_attributes who = { .session = 9, .identity = identity, .organisation = organisation };
	struct order_question question = { .who = &who, .capability = CAPABILITY_READ, .method_is_safe = true };
	struct order_answer answer;

	question.at_us = fixture_now_us();
	order_evaluate(&engine->maps.state.orders, &question, &answer);
	return answer.verdict;
}

static int
with_people(void **state)
{
	if (fixture_set_up(state) != 0)
		return -1;
	fixture_do("{\"op\": \"organisation.import\", \"organisations\":"
	    " [{\"organisation\": \"of-1\"}, {\"organisation\": \"of-2\"}]}");
	for (int i = 1; i <= 30; i++)
		fixture_do("{\"op\": \"identity.add\", \"login\": \"u%d\", \"organisation\": \"of-%d\"}", i, i <= 12 ? 1 : 2);
	return 0;
}

static void
a_dry_run_says_the_reach_and_changes_nothing(void **state)
{
	json_t *answer = fixture_get(OP_OPERATOR, "{\"op\": \"order.give\", \"scope\": \"organisation=of-1\", \"action\":"
	    " \"deny\", \"reason\": \"r\", \"author\": \"one\", \"for_s\": 60, \"dry_run\": true}");
	json_t *reach = json_object_get(answer, "reach");

	(void)state;
	assert_int_equal(fixture_number(reach, "identities"), 12);
	assert_int_equal(fixture_number(reach, "organisations"), 1);
	assert_true(json_is_true(json_object_get(answer, "needs_approval")));
	json_decref(answer);
	assert_int_equal(verdict_of(1, 1), VERDICT_ALLOW);
}

static void
an_order_bites_at_once_and_nobody_else(void **state)
{
	(void)state;
	fixture_do("{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"deny\", \"capabilities\": \"read\","
	    " \"reason\": \"r\", \"author\": \"one\", \"for_s\": 60}");
	assert_int_equal(verdict_of(1, 1), VERDICT_REFUSE);
	assert_int_equal(verdict_of(2, 1), VERDICT_ALLOW);
	fixture_do("{\"op\": \"order.lift\", \"order\": 1, \"author\": \"two\"}");
	assert_int_equal(verdict_of(1, 1), VERDICT_ALLOW);
	fixture_refused(OP_OPERATOR, "not-found", "{\"op\": \"order.lift\", \"order\": 1, \"author\": \"two\"}");
}

static void
a_wide_order_waits_for_a_second_operator(void **state)
{
	(void)state;
	fixture_do("{\"op\": \"order.give\", \"scope\": \"organisation=of-1\", \"action\": \"deny\", \"reason\": \"r\","
	    " \"author\": \"one\", \"for_s\": 60}");
	assert_int_equal(verdict_of(1, 1), VERDICT_ALLOW);
	fixture_refused(OP_OPERATOR, "denied", "{\"op\": \"order.approve\", \"order\": 1, \"author\": \"one\"}");
	fixture_refused(OP_OPERATOR, "denied", "{\"op\": \"order.approve\", \"order\": 1, \"author\": \" One \"}");
	fixture_do("{\"op\": \"order.approve\", \"order\": 1, \"author\": \"two\"}");
	assert_int_equal(verdict_of(1, 1), VERDICT_REFUSE);
	assert_int_equal(verdict_of(20, 2), VERDICT_ALLOW);
}

static void
an_order_ends_by_itself(void **state)
{
	json_t *answer;

	(void)state;
	fixture_do("{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"step-up\", \"reason\": \"r\","
	    " \"author\": \"one\", \"for_s\": 60}");
	assert_int_equal(verdict_of(1, 1), VERDICT_STEP_UP);
	fixture_pass_s(61);
	assert_int_equal(verdict_of(1, 1), VERDICT_ALLOW);
	orders_tick(engine);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"order.list\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 0);
	json_decref(answer);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"order.list\", \"all\": true}");
	assert_string_equal(fixture_text(json_array_get(json_object_get(answer, "rows"), 0), "state"), "ended");
	json_decref(answer);
}

static void
orders_survive_a_restart(void **state)
{
	json_t *answer;

	(void)state;
	fixture_do("{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"deny\", \"reason\": \"r\","
	    " \"author\": \"one\", \"for_s\": 60}");
	fixture_restart(false);
	assert_int_equal(verdict_of(1, 1), VERDICT_REFUSE);
	fixture_restart(true);
	assert_int_equal(verdict_of(1, 1), VERDICT_REFUSE);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"order.list\"}");
	assert_string_equal(fixture_text(json_array_get(json_object_get(answer, "rows"), 0), "scope"), "identity=u1");
	json_decref(answer);
}

static void
an_order_without_end_scope_reason_or_author_is_refused(void **state)
{
	(void)state;
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"deny\","
	    " \"reason\": \"r\", \"author\": \"one\"}");
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"deny\","
	    " \"author\": \"one\", \"for_s\": 60}");
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"ban\","
	    " \"reason\": \"r\", \"author\": \"one\", \"for_s\": 60}");
	fixture_refused(OP_OPERATOR, "not-found",
	    "{\"op\": \"order.give\", \"scope\": \"identity=zoe\", \"action\": \"deny\","
	    " \"reason\": \"r\", \"author\": \"one\", \"for_s\": 60}");
	fixture_refused(OP_OPERATOR, "format", "{\"op\": \"order.give\", \"scope\": \"planet=mars\", \"action\": \"deny\","
	    " \"reason\": \"r\", \"author\": \"one\", \"for_s\": 60}");
	fixture_refused(OP_OPERATOR, "range", "{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"deny\","
	    " \"reason\": \"r\", \"author\": \"one\", \"for_s\": 999999999}");
}

static void
orders_stand_in_the_ledger(void **state)
{
	json_t *answer;
	size_t i, orders = 0;
	json_t *row;

	(void)state;
	fixture_do("{\"op\": \"order.give\", \"scope\": \"identity=u1\", \"action\": \"deny\", \"reason\": \"stolen\","
	    " \"author\": \"one\", \"for_s\": 60}");
	fixture_do("{\"op\": \"order.lift\", \"order\": 1, \"author\": \"two\"}");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"ledger.cat\"}");
	json_array_foreach(json_object_get(answer, "rows"), i, row)
		if (strcmp(fixture_text(row, "kind"), "order") == 0) {
			assert_string_equal(fixture_text(row, "scope"), "identity=u1");
			orders++;
		}
	assert_int_equal(orders, 2);
	json_decref(answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_people, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dry_run_says_the_reach_and_changes_nothing),
		TEST(an_order_bites_at_once_and_nobody_else),
		TEST(a_wide_order_waits_for_a_second_operator),
		TEST(an_order_ends_by_itself),
		TEST(orders_survive_a_restart),
		TEST(an_order_without_end_scope_reason_or_author_is_refused),
		TEST(orders_stand_in_the_ledger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
