/* control: who may call what, and requests that are not as they should be. */
#include "fixture.h"

#include <string.h>

static void
the_web_worker_may_use_its_own_operations_alone(void **state)
{
	static const char *const forbidden[] = { "status", "identity.add", "identity.list", "session.list",
	    "session.revoke",
		"order.give", "order.lift", "budget.raise", "touched", "ledger.cat", "ledger.retire", "config.reload",
		    "flush" };

	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		fixture_refused(OP_WEB, "not-found", "{\"op\": \"%s\"}", forbidden[i]);
	json_decref(fixture_get(OP_WEB, "{\"op\": \"ping\"}"));
}

static void
operators_cannot_sign_in_for_people(void **state)
{
	(void)state;
	fixture_refused(OP_OPERATOR, "not-found", "{\"op\": \"signin.password\", \"login\": \"a\", \"password\": \"b\"}");
	fixture_refused(OP_OPERATOR, "not-found", "{\"op\": \"session.whoami\", \"token\": \"x\"}");
}

static void
unknown_keys_wrong_types_and_missing_ones_are_refused(void **state)
{
	(void)state;
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"status\", \"verbose\": true}");
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"order.list\", \"all\": 1}");
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"touched\", \"scope\": \"everyone\"}");
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"touched\", \"scope\": 7, \"since_us\": 0, \"until_us\": 1}");
	fixture_refused(OP_OPERATOR, "range", "{\"op\": \"ledger.cat\", \"from\": -1}");
	fixture_refused(OP_OPERATOR, "usage", "{\"operation\": \"status\"}");
	fixture_refused(OP_OPERATOR, "usage", "{\"op\": \"status\", \"id\": \"one\"}");
	fixture_refused(OP_OPERATOR, "not-found", "{\"op\": \"no.such\"}");
}

static void
control_characters_in_texts_are_refused(void **state)
{
	(void)state;
	fixture_refused(OP_OPERATOR, "format", "{\"op\": \"identity.list\", \"query\": \"a\\nb\"}");
	fixture_refused(OP_OPERATOR, "format", "{\"op\": \"identity.add\", \"login\": \"a\\r\\nRemote-User: root\"}");
}

static void
an_answer_carries_the_id_of_its_request(void **state)
{
	json_t *answer = fixture_get(OP_OPERATOR, "{\"op\": \"ping\", \"id\": 77}");

	(void)state;
	assert_int_equal(fixture_number(answer, "id"), 77);
	json_decref(answer);
}

static void
status_says_what_is_there(void **state)
{
	json_t *answer = fixture_get(OP_OPERATOR, "{\"op\": \"status\"}");
	json_t *maps = json_object_get(answer, "maps");

	(void)state;
	assert_int_equal(fixture_number(maps, "sessions"), 0);
	assert_int_equal(fixture_number(maps, "sessions_max"), 1024);
	assert_string_equal(fixture_text(answer, "sandbox"), "none");
	json_decref(answer);
}

static void
a_reload_takes_new_routes_and_refuses_a_bad_file_as_a_whole(void **state)
{
	json_t *answer;

	(void)state;
	fixture_write_config(NULL, "{ name = \"home\"; methods = [ \"GET\" ]; path = \"/\"; exempt = true; }");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"config.reload\"}");
	assert_int_equal(fixture_number(answer, "routes"), 1);
	json_decref(answer);
	fixture_write_config(NULL, "{ name = \"home\"; methods = [ \"GET\" ]; path = \"/\"; }");
	fixture_refused(OP_OPERATOR, "format", "{\"op\": \"config.reload\"}");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"config.show\"}");
	assert_int_equal(fixture_number(answer, "routes"), 1);
	json_decref(answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_web_worker_may_use_its_own_operations_alone),
		TEST(operators_cannot_sign_in_for_people),
		TEST(unknown_keys_wrong_types_and_missing_ones_are_refused),
		TEST(control_characters_in_texts_are_refused),
		TEST(an_answer_carries_the_id_of_its_request),
		TEST(status_says_what_is_there),
		TEST(a_reload_takes_new_routes_and_refuses_a_bad_file_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
