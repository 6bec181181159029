#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "signin/totp.h"

#define SECOND UINT64_C(1000000)

/* RFC 6238 appendix B, SHA-1; the table's eight digits cut to the last six. */
static const uint8_t rfc_secret[TOTP_SECRET_LEN + 1] = "12345678901234567890";

static void
codes_follow_the_vectors_of_rfc_6238(void **state)
{
	static const struct {
		uint64_t at_s;
		const char *code;
	} vectors[] = {{59, "287082"}, {1111111109, "081804"}, {1234567890, "005924"}, {20000000000, "353130"}};
	char code[TOTP_DIGITS + 1];
	uint64_t counter = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_int_equal(totp_code(rfc_secret, vectors[i].at_s * SECOND, code), ERR_NONE);
		assert_string_equal(code, vectors[i].code);
		assert_int_equal(totp_verify(rfc_secret, code, vectors[i].at_s * SECOND, 0, &counter), ERR_NONE);
		assert_true(counter == vectors[i].at_s / TOTP_STEP_S);
	}
}

static void
a_code_is_good_for_a_step_on_either_side_and_only_once(void **state)
{
	const uint64_t at_us = UINT64_C(1234567890) * SECOND;
	uint64_t counter = 0, again = 0;

	(void)state;
	assert_int_equal(totp_verify(rfc_secret, "005924", at_us + 30 * SECOND, 0, &counter), ERR_NONE);
	assert_int_equal(totp_verify(rfc_secret, "005924", at_us - 30 * SECOND, 0, &counter), ERR_NONE);
	assert_int_equal(totp_verify(rfc_secret, "005924", at_us + 90 * SECOND, 0, &again), ERR_DENIED);
	assert_int_equal(totp_verify(rfc_secret, "005924", at_us, counter, &again), ERR_EXPIRED);
	assert_true(again == 0);
}

static void
what_is_not_six_digits_is_no_code(void **state)
{
	static const char *const bad[] = {"", "00592", "0059240", "00592a", "+05924", " 05924"};
	uint64_t counter;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(totp_verify(rfc_secret, bad[i], SECOND, 0, &counter), ERR_FORMAT);
}

static void
the_uri_encodes_what_it_must_and_the_secret_goes_both_ways(void **state)
{
	struct bytes uri;
	uint8_t back[TOTP_SECRET_LEN];

	(void)state;
	bytes_init(&uri, 1000);
	assert_int_equal(totp_append_uri(&uri, "Ma Plateforme", "a&b@c.example", rfc_secret), ERR_NONE);
	assert_int_equal(bytes_append(&uri, "", 1), ERR_NONE);
	assert_string_equal((char *)uri.data, "otpauth://totp/Ma%20Plateforme:a%26b%40c.example"
	    "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ma%20Plateforme");
	assert_int_equal(totp_from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", back), ERR_NONE);
	assert_memory_equal(back, rfc_secret, TOTP_SECRET_LEN);
	assert_int_equal(totp_from_base32("GEZDGNBV", back), ERR_RANGE);
	assert_int_equal(totp_from_base32("!!", back), ERR_FORMAT);
	bytes_wipe(&uri);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_follow_the_vectors_of_rfc_6238),
	    cmocka_unit_test(a_code_is_good_for_a_step_on_either_side_and_only_once),
	    cmocka_unit_test(what_is_not_six_digits_is_no_code),
	    cmocka_unit_test(the_uri_encodes_what_it_must_and_the_secret_goes_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
