#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "parse/span.h"
#include "parse/utf8.h"
#include "transcript.h"

#define LONGEST 80

/* Each byte value at each place of runs of each length, and random ones. */
static void
the_fast_spans_stop_where_the_plain_ones_do(void **state)
{
	static const uint8_t ordinary[] = {'a', ' '};

	(void)state;
	for (size_t len = 0; len <= LONGEST; len++) {
		uint8_t *run = malloc(len + 1);
		const uint8_t *end = run + len;

		assert_non_null(run);
		for (size_t at = 0; at < len; at++)
			for (unsigned byte = 0; byte < 512; byte++) {
				memset(run, ordinary[byte >> 8], len);
				run[at] = (uint8_t)byte;
				assert_ptr_equal(span_text(run, end), span_text_plain(run, end));
				assert_ptr_equal(span_space(run, end), span_space_plain(run, end));
				assert_ptr_equal(span_cell(run, end, ';'), span_cell_plain(run, end, ';'));
			}
		free(run);
	}
}

static void
random_runs_stop_alike_too(void **state)
{
	struct dice dice = {.state = 16};
	uint8_t run[LONGEST];

	(void)state;
	for (size_t i = 0; i < 200000; i++) {
		const uint8_t *start = run + dice_roll(&dice, 20), *end = run + LONGEST - dice_roll(&dice, 20);

		for (size_t j = 0; j < LONGEST; j++)
			run[j] = (uint8_t)("aaaaaaaaaaa\t\n,\"\\   \x80\xff"[dice_roll(&dice, 21)]);
		assert_ptr_equal(span_text(start, end), span_text_plain(start, end));
		assert_ptr_equal(span_space(start, end), span_space_plain(start, end));
		assert_ptr_equal(span_cell(start, end, ','), span_cell_plain(start, end, ','));
	}
}

/* Table 3-7 of the Unicode standard, over every sequence of up to three bytes. */
static bool
is_valid_by_table(uint32_t a, uint32_t b, uint32_t c, size_t len)
{
	if (len == 1)
		return a < 0x80;
	if (b < 0x80 || b > 0xbf || (len == 3 && (c < 0x80 || c > 0xbf)))
		return false;
	if (len == 2)
		return a >= 0xc2 && a <= 0xdf;
	return (a == 0xe0 && b >= 0xa0) || (a >= 0xe1 && a <= 0xec) || (a == 0xed && b <= 0x9f) ||
	    a == 0xee || a == 0xef;
}

static void
a_sequence_is_valid_where_the_unicode_standard_says_so(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1 << 24; i++) {
		uint8_t text[3] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

		if (text[0] < 0x80)
			continue;
		for (size_t len = 2 + (text[2] != 0); len <= 3; len++)
			if ((utf8_sequence(text, text + len) == len) != is_valid_by_table(text[0], text[1], text[2], len))
				fail_msg("%02x %02x %02x", text[0], text[1], text[2]);
	}
}

static void
four_bytes_reach_the_last_code_point_and_no_further(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {{"\xf0\x90\x80\x80", true}, {"\xf0\x8f\xbf\xbf", false}, {"\xf4\x8f\xbf\xbf", true},
	    {"\xf4\x90\x80\x80", false}, {"\xf5\x80\x80\x80", false}, {"\xf1\x80\x80", false},
	    {"\xf1\x80\x80\x7f", false}, {"\xf1\x80\xc0\x80", false}, {"\xf8\x88\x80\x80\x80", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(utf8_valid((const uint8_t *)cases[i].text, strlen(cases[i].text)), cases[i].valid);
	assert_true(utf8_valid((const uint8_t *)"a\u00e9\u20ac\U0001f600z", 11));
	assert_false(utf8_valid((const uint8_t *)"a\x80", 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_fast_spans_stop_where_the_plain_ones_do),
	    cmocka_unit_test(random_runs_stop_alike_too),
	    cmocka_unit_test(a_sequence_is_valid_where_the_unicode_standard_says_so),
	    cmocka_unit_test(four_bytes_reach_the_last_code_point_and_no_further)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
