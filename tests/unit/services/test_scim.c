#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "services/training/accounts.h"
#include "services/training/scim.h"

#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

static void
a_user_is_written_as_scim_says(void **state)
{
	struct scim_user user = {.login = "new-1", .given_name = "A", .family_name = "B\"C",
	    .email = "a@b.example", .role = "partner", .password = "p\\w", .organisation = "body-001",
	    .created_by = "manager-001"};
	struct bytes bytes;
	json_t *json;

	(void)state;
	bytes_init(&bytes, 4096);
	assert_int_equal(scim_write_user(&bytes, &user), ERR_NONE);
	json = json_loadb((const char *)bytes.data, bytes.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	json_t *enterprise = json_object_get(json, ENTERPRISE);
	assert_string_equal(json_string_value(json_object_get(json, "userName")), "new-1");
	assert_string_equal(json_string_value(json_object_get(json, "password")), "p\\w");
	assert_string_equal(json_string_value(json_object_get(json, "displayName")), "A B\"C");
	assert_string_equal(json_string_value(json_object_get(enterprise, "organization")), "body-001");
	assert_string_equal(
	    json_string_value(json_object_get(json_object_get(enterprise, "manager"), "value")),
	    "manager-001");
	assert_int_equal(json_array_size(json_object_get(json, "schemas")), 2);
	json_decref(json);
	bytes_wipe(&bytes);
}

static void
a_sign_in_that_is_not_there_is_an_error_of_input_and_output(void **state)
{
	struct scim_target target = {"/nowhere/web.sock", "/Users", "token"};
	struct scim_user user = {.login = "x", .given_name = "", .family_name = "", .email = "",
	    .role = "", .password = "", .organisation = "", .created_by = ""};
	char detail[SCIM_DETAIL_MAX];

	(void)state;
	assert_int_equal(scim_create(&target, &user, detail), ERR_IO);
}

static void
logins_are_small_plain_words(void **state)
{
	(void)state;
	assert_true(accounts_login_is_valid("partner-001.2_x"));
	assert_false(accounts_login_is_valid("ab"));
	assert_false(accounts_login_is_valid("-abc"));
	assert_false(accounts_login_is_valid("Abc"));
	assert_false(accounts_login_is_valid("a b c"));
	assert_false(accounts_login_is_valid("a\nbc"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_user_is_written_as_scim_says),
	    cmocka_unit_test(a_sign_in_that_is_not_there_is_an_error_of_input_and_output),
	    cmocka_unit_test(logins_are_small_plain_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
