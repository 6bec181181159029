#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "parse/canon.h"

static void
expect(uint32_t rule, const char *raw, const char *want)
{
	struct canon_id id;
	const char *why = NULL;

	assert_int_equal(canon_make(rule, (const uint8_t *)raw, strlen(raw), &id, &why), ERR_NONE);
	assert_int_equal(id.len, strlen(want));
	assert_memory_equal(id.text, want, id.len);
}

static void
expect_refusal(uint32_t rule, const char *raw, size_t len, const char *want)
{
	struct canon_id id = {.len = 99};
	const char *why = NULL;

	assert_int_equal(canon_make(rule, (const uint8_t *)raw, len, &id, &why), ERR_FORMAT);
	assert_string_equal(why, want);
	assert_int_equal(id.len, 99);
}

static void
each_rule_does_what_it_says_and_no_more(void **state)
{
	(void)state;
	expect(CANON_EXACT, " p1 ", " p1 ");
	expect(CANON_TRIM, " \t\r\np 1\n", "p 1");
	expect(CANON_UPPER, "aZ\u00e9-1", "AZ\u00e9-1");
	expect(CANON_LOWER, "aZ\u00c9-1", "az\u00c9-1");
	expect(CANON_DIGITS, "1 84-05.75/116", "1840575116");
	expect(CANON_NO_ZEROES, "000120", "120");
	expect(CANON_NO_ZEROES, "000", "0");
	expect(CANON_NO_ZEROES, "00A0", "A0");
}

static void
rules_combine(void **state)
{
	(void)state;
	expect(CANON_TRIM | CANON_UPPER, "  p1\u00e9 ", "P1\u00e9");
	expect(CANON_TRIM | CANON_UPPER, "p1", "P1");
	expect(CANON_DIGITS | CANON_NO_ZEROES, "00-12 ", "12");
	expect(CANON_DIGITS | CANON_NO_ZEROES, "0-0-", "0");
	expect(CANON_TRIM | CANON_NO_ZEROES, "0 0 a", "a");
}

static void
what_cannot_be_an_identifier_is_refused(void **state)
{
	char longest[CANON_RAW_MAX + 1];

	(void)state;
	memset(longest, '1', sizeof(longest));
	expect_refusal(CANON_EXACT, "", 0, "an empty identifier");
	expect_refusal(CANON_TRIM, " \t ", 3, "an empty identifier");
	expect_refusal(CANON_DIGITS, "--", 2, "an empty identifier");
	expect_refusal(CANON_DIGITS, "12A", 3, "an identifier with other than digits");
	expect_refusal(CANON_EXACT, "a\0b", 3, "an identifier with a control character");
	expect_refusal(CANON_EXACT, "a\x7f", 2, "an identifier with a control character");
	expect_refusal(CANON_UPPER, "a\tb", 3, "an identifier with a control character");
	expect_refusal(CANON_EXACT, "\xc3", 1, "an identifier that is not UTF-8");
	expect_refusal(CANON_EXACT, "\xc0\x80", 2, "an identifier that is not UTF-8");
	expect_refusal(CANON_EXACT, longest, PERSON_ID_MAX + 1, "an identifier that is too long");
	expect_refusal(CANON_EXACT, longest, CANON_RAW_MAX + 1, "an identifier that is too long");
}

static void
length_is_measured_after_the_rule(void **state)
{
	char raw[CANON_RAW_MAX];
	struct canon_id id;
	const char *why;

	(void)state;
	memset(raw, '0', sizeof(raw));
	memset(raw + sizeof(raw) - PERSON_ID_MAX, '7', PERSON_ID_MAX);
	assert_int_equal(canon_make(CANON_NO_ZEROES, (uint8_t *)raw, sizeof(raw), &id, &why), ERR_NONE);
	assert_int_equal(id.len, PERSON_ID_MAX);
}

static void
rules_are_read_from_words(void **state)
{
	static const char *const bad[] = {"", "+", "trim+", "+trim", "Trim", "trim+exact", "trim,upper",
	    "upper+lower", "trimupper"};
	uint32_t rule;
	const char *why;

	(void)state;
	assert_int_equal(canon_rule_parse("exact", &rule, &why), ERR_NONE);
	assert_int_equal(rule, CANON_EXACT);
	assert_int_equal(canon_rule_parse("trim+upper", &rule, &why), ERR_NONE);
	assert_int_equal(rule, CANON_TRIM | CANON_UPPER);
	assert_int_equal(canon_rule_parse("no-zeroes+digits+lower", &rule, &why), ERR_NONE);
	assert_int_equal(rule, CANON_NO_ZEROES | CANON_DIGITS | CANON_LOWER);
	rule = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(canon_rule_parse(bad[i], &rule, &why), ERR_FORMAT);
		assert_int_equal(rule, 77);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_rule_does_what_it_says_and_no_more),
	    cmocka_unit_test(rules_combine), cmocka_unit_test(what_cannot_be_an_identifier_is_refused),
	    cmocka_unit_test(length_is_measured_after_the_rule), cmocka_unit_test(rules_are_read_from_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
