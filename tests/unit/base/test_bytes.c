#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static void
a_buffer_refuses_to_grow_past_its_limit_and_keeps_what_it_has(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 4);
	assert_int_equal(bytes_append(&b, "abcd", 4), ERR_NONE);
	assert_int_equal(bytes_append(&b, "e", 1), ERR_RANGE);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "abcd", 4);
	bytes_wipe(&b);
	assert_null(b.data);
}

static void
base64_follows_the_vectors_of_rfc_4648(void **state)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	struct bytes b;

	(void)state;
	bytes_init(&b, 64);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *plain = vectors[i][0], *coded = vectors[i][1];

		bytes_clear(&b);
		assert_int_equal(bytes_append_base64(&b, plain, strlen(plain)), ERR_NONE);
		assert_int_equal(b.len, strlen(coded));
		assert_memory_equal(b.data, coded, b.len);
		bytes_clear(&b);
		assert_int_equal(bytes_from_base64(&b, coded, strlen(coded)), ERR_NONE);
		assert_int_equal(b.len, strlen(plain));
		assert_memory_equal(b.data, plain, b.len);
	}
	bytes_wipe(&b);
}

static void
base64url_refuses_padding_foreign_digits_and_loose_bits(void **state)
{
	static const char *const bad[] = {"Zg==", "Zm+v", "Zm/v", "Z", "Zh", "Zm9 "};
	struct bytes b;

	(void)state;
	bytes_init(&b, 64);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bytes_from_base64url(&b, bad[i], strlen(bad[i])), ERR_FORMAT);
	assert_int_equal(b.len, 0);
	assert_int_equal(bytes_from_base64url(&b, "-_8", 3), ERR_NONE);
	assert_int_equal(b.data[0], 0xfb);
	bytes_wipe(&b);
}

static void
hex_goes_both_ways_and_refuses_odd_text(void **state)
{
	uint8_t raw[3] = {0, 0xab, 0xff}, back[3];
	char text[7];

	(void)state;
	bytes_to_hex(raw, sizeof(raw), text);
	assert_string_equal(text, "00abff");
	assert_int_equal(bytes_from_hex("00ABff", 6, back, 3), ERR_NONE);
	assert_memory_equal(back, raw, 3);
	assert_int_equal(bytes_from_hex("00abf", 5, back, 3), ERR_FORMAT);
	assert_int_equal(bytes_from_hex("00abfg", 6, back, 3), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_buffer_refuses_to_grow_past_its_limit_and_keeps_what_it_has),
	    cmocka_unit_test(base64_follows_the_vectors_of_rfc_4648),
	    cmocka_unit_test(base64url_refuses_padding_foreign_digits_and_loose_bits),
	    cmocka_unit_test(hex_goes_both_ways_and_refuses_odd_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
