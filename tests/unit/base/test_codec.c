#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* Included whole, so that the portable checksum is held against the fast one. */
#include "base/codec.c"

static void
crc32c_gives_the_published_check_value(void **state)
{
	(void)state;
	/* RFC 3720 appendix B.4: 32 bytes of zeroes; and the customary "123456789". */
	uint8_t zeroes[32] = {0};

	assert_int_equal(codec_crc32c(0, zeroes, sizeof(zeroes)), 0x8a9136aaU);
	assert_int_equal(codec_crc32c(0, "123456789", 9), 0xe3069283U);
	assert_int_equal(~crc32c_portable(~0U, (const uint8_t *)"123456789", 9), 0xe3069283U);
}

static void
crc32c_may_be_computed_in_parts(void **state)
{
	(void)state;
	uint32_t part = codec_crc32c(0, "1234", 4);

	assert_int_equal(codec_crc32c(part, "56789", 5), 0xe3069283U);
}

static void
varints_go_both_ways_and_overlong_ones_are_refused(void **state)
{
	static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
	struct reader r;
	uint8_t buffer[10];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		reader_init(&r, buffer, put_varint(buffer, values[i]));
		assert_true(reader_varint(&r) == values[i]);
		assert_false(r.bad);
		assert_int_equal(reader_left(&r), 0);
	}
	memset(buffer, 0xff, sizeof(buffer));
	reader_init(&r, buffer, sizeof(buffer));
	assert_true(reader_varint(&r) == 0);
	assert_true(r.bad);
}

static void
a_reader_that_ran_out_stays_bad_and_gives_zeroes(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r, "\x01\x02\x03", 3);
	assert_int_equal(reader_u16(&r), 0x0201);
	assert_int_equal(reader_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(reader_u8(&r), 0);
	assert_null(reader_take(&r, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crc32c_gives_the_published_check_value),
	    cmocka_unit_test(crc32c_may_be_computed_in_parts),
	    cmocka_unit_test(varints_go_both_ways_and_overlong_ones_are_refused),
	    cmocka_unit_test(a_reader_that_ran_out_stays_bad_and_gives_zeroes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
