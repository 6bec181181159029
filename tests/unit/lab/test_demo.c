#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lab/demo/demo.h"
#include "lab/secrets.h"

static json_t *
some_accounts(void)
{
	/* The secret of RFC 6238, appendix B. */
	return json_pack("[{s:s, s:s, s:s}, {s:s, s:n, s:s}, {s:s, s:n, s:s}]", "login", "one", "totp_secret",
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "profile", "partner", "login", "two", "totp_secret", "profile", "jobseeker",
	    "login", "three", "totp_secret", "profile", "jobseeker");
}

static void
a_code_is_that_of_rfc_6238(void **state)
{
	json_t *accounts = some_accounts();
	char code[7];
	char why[DEMO_WHY_MAX];

	(void)state;
	assert_int_equal(demo_code(accounts, "one", UINT64_C(59000000), code, why), ERR_NONE);
	assert_string_equal(code, "287082");
	json_decref(accounts);
}

static void
accounts_without_a_second_factor_or_unknown_have_no_code(void **state)
{
	json_t *accounts = some_accounts();
	char code[7];
	char why[DEMO_WHY_MAX];

	(void)state;
	assert_int_equal(demo_code(accounts, "two", 0, code, why), ERR_NOT_FOUND);
	assert_non_null(strstr(why, "password is enough"));
	assert_int_equal(demo_code(accounts, "four", 0, code, why), ERR_NOT_FOUND);
	json_decref(accounts);
}

static void
a_few_of_each_profile_are_shown(void **state)
{
	json_t *accounts = some_accounts();
	json_t *few = demo_few(accounts, 1);

	(void)state;
	assert_int_equal(json_array_size(few), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(few, 0), "login")), "one");
	assert_string_equal(json_string_value(json_object_get(json_array_get(few, 1), "login")), "two");
	json_decref(few);
	json_decref(accounts);
}

static void
new_secrets_can_be_used(void **state)
{
	char password[SECRETS_PASSWORD_MAX], hash[PASSWORD_HASH_MAX], totp[SECRETS_TOTP_MAX], code[TOTP_DIGITS + 1];

	(void)state;
	assert_int_equal(secrets_new_password(password, hash), ERR_NONE);
	assert_int_equal(strlen(password), SECRETS_PASSWORD_MAX - 1);
	assert_int_equal(password_verify(password, strlen(password), hash), ERR_NONE);
	/* The daemon will renew it. */
	assert_true(password_hash_is_weak(hash, &password_cost_default));
	assert_int_equal(secrets_new_totp(totp), ERR_NONE);
	assert_int_equal(secrets_code(totp, 0, code), ERR_NONE);
	assert_int_equal(strlen(code), TOTP_DIGITS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_code_is_that_of_rfc_6238),
	    cmocka_unit_test(accounts_without_a_second_factor_or_unknown_have_no_code),
	    cmocka_unit_test(a_few_of_each_profile_are_shown),
	    cmocka_unit_test(new_secrets_can_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
