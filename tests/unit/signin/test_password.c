#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "signin/password.h"

static const struct password_cost cheap = {.memory_kib = 64, .passes = 1};

static void
a_password_matches_its_own_hash_and_no_other(void **state)
{
	static const char text[] = "correct horse battery";
	char hash[PASSWORD_HASH_MAX], other[PASSWORD_HASH_MAX];

	(void)state;
	assert_int_equal(password_hash(text, strlen(text), &cheap, hash), ERR_NONE);
	assert_int_equal(password_hash(text, strlen(text), &cheap, other), ERR_NONE);
	assert_string_not_equal(hash, other);
	assert_int_equal(password_verify(text, strlen(text), hash), ERR_NONE);
	assert_int_equal(password_verify(text, strlen(text) - 1, hash), ERR_DENIED);
	assert_int_equal(password_verify("", 0, hash), ERR_DENIED);
}

static void
a_damaged_hash_never_matches(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	(void)state;
	assert_int_equal(password_hash("abcdefghijkl", 12, &cheap, hash), ERR_NONE);
	assert_int_equal(password_verify("abcdefghijkl", 12, ""), ERR_FORMAT);
	assert_int_equal(password_verify("abcdefghijkl", 12, "abcdefghijkl"), ERR_FORMAT);
	hash[strlen(hash) - 2] ^= 1;
	assert_int_not_equal(password_verify("abcdefghijkl", 12, hash), ERR_NONE);
}

static void
a_cheap_hash_is_known_as_weak(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	(void)state;
	assert_int_equal(password_hash("abcdefghijkl", 12, &cheap, hash), ERR_NONE);
	assert_true(password_hash_is_weak(hash, &password_cost_default));
	assert_false(password_hash_is_weak(hash, &cheap));
	assert_true(password_hash_is_weak("junk", &cheap));
}

static void
a_choice_that_is_short_repeated_or_the_login_is_refused_in_words(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_int_equal(password_check_choice("short", 5, "login", &why), ERR_RANGE);
	assert_non_null(why);
	assert_int_equal(password_check_choice("aaaaaaaaaaaaa", 13, "login", &why), ERR_DENIED);
	assert_int_equal(password_check_choice("Partner-Login-1", 15, "partner-login-1", &why), ERR_DENIED);
	assert_int_equal(password_check_choice("good enough words", 17, "login", &why), ERR_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_password_matches_its_own_hash_and_no_other),
	    cmocka_unit_test(a_damaged_hash_never_matches),
	    cmocka_unit_test(a_cheap_hash_is_known_as_weak),
	    cmocka_unit_test(a_choice_that_is_short_repeated_or_the_login_is_refused_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
