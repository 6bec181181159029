#include "fixture.h"

#include <string.h>

#include "store/credential.h"

static const uint8_t secret[20] = "12345678901234567890";

static void
who_has_no_credential_has_an_empty_one(void **state)
{
	struct store_credential got;

	(void)state;
	assert_int_equal(store_credential_get(store, 7, &got), ERR_NONE);
	assert_string_equal(got.argon2, "");
	assert_int_equal(got.totp_secret_len, 0);
}

static void
password_and_second_factor_are_set_apart_from_each_other(void **state)
{
	struct store_credential got;

	(void)state;
	assert_int_equal(store_credential_set_totp(store, 1, secret, sizeof(secret)), ERR_NONE);
	assert_int_equal(store_credential_set_password(store, 1, "$argon2id$x", 5), ERR_NONE);
	fixture_reopen();
	assert_int_equal(store_credential_get(store, 1, &got), ERR_NONE);
	assert_string_equal(got.argon2, "$argon2id$x");
	assert_int_equal(got.totp_secret_len, sizeof(secret));
	assert_memory_equal(got.totp_secret, secret, sizeof(secret));
	assert_int_equal(store_credential_set_totp(store, 1, NULL, 0), ERR_NONE);
	assert_int_equal(store_credential_set_password(store, 1, NULL, 6), ERR_NONE);
	assert_int_equal(store_credential_get(store, 1, &got), ERR_NONE);
	assert_string_equal(got.argon2, "");
	assert_int_equal(got.totp_secret_len, 0);
}

static void
a_time_step_is_accepted_once_and_never_an_earlier_one(void **state)
{
	(void)state;
	assert_int_equal(store_credential_use_totp(store, 1, 100), ERR_DENIED);
	assert_int_equal(store_credential_set_totp(store, 1, secret, sizeof(secret)), ERR_NONE);
	assert_int_equal(store_credential_use_totp(store, 1, 100), ERR_NONE);
	assert_int_equal(store_credential_use_totp(store, 1, 100), ERR_DENIED);
	assert_int_equal(store_credential_use_totp(store, 1, 99), ERR_DENIED);
	fixture_reopen();
	assert_int_equal(store_credential_use_totp(store, 1, 100), ERR_DENIED);
	assert_int_equal(store_credential_use_totp(store, 1, 101), ERR_NONE);
}

static void
attempts_are_kept_and_forgotten(void **state)
{
	struct store_attempts attempts = { .count = 3, .first_us = 10, .newest_us = 20 };
	struct store_attempts got;

	(void)state;
	assert_int_equal(store_attempts_get(store, "account:1", &got), ERR_NONE);
	assert_int_equal(got.count, 0);
	assert_int_equal(store_attempts_set(store, "account:1", &attempts), ERR_NONE);
	assert_int_equal(store_attempts_get(store, "account:1", &got), ERR_NONE);
	assert_int_equal(got.count, 3);
	assert_int_equal(got.first_us, 10);
	assert_int_equal(got.newest_us, 20);
	assert_int_equal(store_attempts_purge(store, 20), ERR_NONE);
	assert_int_equal(store_attempts_get(store, "account:1", &got), ERR_NONE);
	assert_int_equal(got.count, 3);
	assert_int_equal(store_attempts_purge(store, 21), ERR_NONE);
	assert_int_equal(store_attempts_get(store, "account:1", &got), ERR_NONE);
	assert_int_equal(got.count, 0);
	assert_int_equal(store_attempts_set(store, "account:1", &attempts), ERR_NONE);
	assert_int_equal(store_attempts_clear(store, "account:1"), ERR_NONE);
	assert_int_equal(store_attempts_get(store, "account:1", &got), ERR_NONE);
	assert_int_equal(got.count, 0);
}

static void
a_device_is_known_for_one_identity_and_the_oldest_is_forgotten(void **state)
{
	uint8_t hash[STORE_HASH_LEN] = { 0 };
	uint8_t first[STORE_HASH_LEN] = { 0 };

	(void)state;
	assert_int_equal(store_device_put(store, first, 1, 1), ERR_NONE);
	assert_int_equal(store_device_check(store, first, 1), ERR_NONE);
	assert_int_equal(store_device_check(store, first, 2), ERR_NOT_FOUND);
	for (uint8_t i = 1; i <= 50; i++) {
		hash[0] = i;
		assert_int_equal(store_device_put(store, hash, 1, 1u + i), ERR_NONE);
	}
	assert_int_equal(store_device_check(store, first, 1), ERR_NOT_FOUND);
	assert_int_equal(store_device_check(store, hash, 1), ERR_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_no_credential_has_an_empty_one),
		TEST(password_and_second_factor_are_set_apart_from_each_other),
		TEST(a_time_step_is_accepted_once_and_never_an_earlier_one),
		TEST(attempts_are_kept_and_forgotten),
		TEST(a_device_is_known_for_one_identity_and_the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
