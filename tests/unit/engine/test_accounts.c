/* accounts: identities and organisations through the control protocol, and accounts by SCIM. */
#include "fixture.h"

#include <string.h>

#define BEARER "\"bearer\": \"0123456789abcdef\""

static void
an_identity_is_added_listed_and_shown(void **state)
{
	json_t *answer;

	(void)state;
	fixture_do("{\"op\": \"organisation.add\", \"organisation\": \"of-1\", \"name\": \"One\", "
	    "\"territory\": \"fr-bre\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"lea\", \"name\": \"Léa\", \"profile\": \"partner\","
	    " \"organisation\": \"of-1\", \"totp\": true}");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"identity.show\", \"identity\": \"lea\"}");
	assert_string_equal(fixture_text(json_object_get(answer, "identity"), "organisation"), "of-1");
	assert_true(json_is_true(json_object_get(json_object_get(answer, "identity"), "has_totp")));
	json_decref(answer);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"identity.list\", \"organisation\": \"of-1\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 1);
	json_decref(answer);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"organisation.list\"}");
	assert_int_equal(fixture_number(json_array_get(json_object_get(answer, "rows"), 0), "identities"), 1);
	json_decref(answer);
	fixture_refused(OP_OPERATOR, "exists", "{\"op\": \"identity.add\", \"login\": \"lea\"}");
	fixture_refused(OP_OPERATOR, "exists", "{\"op\": \"organisation.add\", \"organisation\": \"of-1\"}");
	fixture_refused(OP_OPERATOR, "not-found", "{\"op\": \"identity.show\", \"identity\": \"nobody\"}");
	fixture_refused(OP_OPERATOR, "not-found",
	    "{\"op\": \"identity.add\", \"login\": \"b\", \"organisation\": \"of-9\"}");
}

static void
an_import_is_whole_or_nothing(void **state)
{
	json_t *answer;

	(void)state;
	fixture_refused(OP_OPERATOR, "exists",
	    "{\"op\": \"identity.import\", \"identities\": [{\"login\": \"a\"}, {\"login\": \"b\"}, {\"login\": \"a\"}]}");
	/* A member that is misspelt, and a number that is another one in 32 bits. */
	fixture_refused(OP_OPERATOR, "usage",
	    "{\"op\": \"identity.import\", \"identities\": [{\"login\": \"a\"}, {\"login\": \"b\", \"createdBy\": \"a\"}]}");
	fixture_refused(OP_OPERATOR, "not-found",
	    "{\"op\": \"identity.import\", \"identities\": [{\"login\": \"a\"}, {\"login\": \"b\", "
	    "\"created_by\": 4294967297}]}");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"identity.list\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 0);
	json_decref(answer);
	answer = fixture_get(OP_OPERATOR,
	    "{\"op\": \"identity.import\", \"identities\": [{\"login\": \"a\"}, {\"login\": \"b\", "
	    "\"created_by\": \"a\"}]}");
	assert_int_equal(fixture_number(answer, "added"), 2);
	assert_int_equal(json_array_size(json_object_get(answer, "numbers")), 2);
	json_decref(answer);
}

static void
weak_passwords_are_refused(void **state)
{
	(void)state;
	fixture_refused(OP_OPERATOR, "range", "{\"op\": \"identity.add\", \"login\": \"a\", \"password\": \"short\"}");
	fixture_refused(OP_OPERATOR, "denied",
	    "{\"op\": \"identity.add\", \"login\": \"a\", \"password\": \"xxxxxxxxxxxxxxx\"}");
	fixture_refused(OP_OPERATOR, "format",
	    "{\"op\": \"identity.add\", \"login\": \"a\", \"password_hash\": \"plain\"}");
}

static void
a_platform_with_its_token_creates_accounts_of_a_lineage(void **state)
{
	json_t *answer;
	char id[16];

	(void)state;
	fixture_do("{\"op\": \"identity.add\", \"login\": \"boss\"}");
	fixture_refused(OP_WEB, "denied",
	    "{\"op\": \"scim.create\", \"bearer\": \"guess\", \"user\": {\"userName\": \"n\"}}");
	answer = fixture_get(OP_WEB,
	    "{\"op\": \"scim.create\", " BEARER ", \"user\": {\"userName\": \"new\", \"manager\": \"boss\"}}");
	strncpy(id, fixture_text(json_object_get(answer, "user"), "id"), sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	json_decref(answer);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"identity.show\", \"identity\": \"new\"}");
	assert_int_equal(fixture_number(json_object_get(answer, "identity"), "created_by"), 1);
	json_decref(answer);
	json_decref(fixture_get(OP_WEB, "{\"op\": \"scim.show\", " BEARER ", \"user_id\": \"%s\"}", id));
	answer = fixture_get(OP_WEB, "{\"op\": \"scim.active\", " BEARER ", \"user_id\": \"%s\", \"active\": false}", id);
	assert_true(json_is_false(json_object_get(json_object_get(answer, "user"), "active")));
	json_decref(answer);
	fixture_refused(OP_WEB, "exists", "{\"op\": \"scim.create\", " BEARER ", \"user\": {\"userName\": \"new\"}}");
	fixture_refused(OP_WEB, "usage",
	    "{\"op\": \"scim.create\", " BEARER ", \"user\": {\"userName\": \"x\", \"root\": true}}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_identity_is_added_listed_and_shown),
		TEST(an_import_is_whole_or_nothing),
		TEST(weak_passwords_are_refused),
		TEST(a_platform_with_its_token_creates_accounts_of_a_lineage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
