#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/training/fold.h"

static void
check(const char *text, const char *expected)
{
	char key[32];

	fold_text(text, key, sizeof(key));
	assert_string_equal(key, expected);
}

static void
accents_and_small_letters_fold_to_plain_capitals(void **state)
{
	(void)state;
	check("Étienne", "ETIENNE");
	check("Françoise", "FRANCOISE");
	check("Œuvrard", "OEUVRARD");
	check("Lætitia", "LAETITIA");
	check("Loïc Ÿ", "LOIC Y");
}

static void
hyphens_apostrophes_and_spaces_part_words_once(void **state)
{
	(void)state;
	check("  Le -- Gall ", "LE GALL");
	check("D'Arc", "D ARC");
	check("Jean-Pierre", "JEAN PIERRE");
	check("--", "");
}

static void
bytes_that_are_no_text_are_gaps(void **state)
{
	(void)state;
	check("A\xff\xfe" "B", "A B");
	check("A\xe2\x82\xac" "B", "A B");
	check("A\xc3", "A");
}

static void
what_does_not_fit_is_cut(void **state)
{
	char key[5];

	(void)state;
	fold_text("MARTIN", key, sizeof(key));
	assert_string_equal(key, "MART");
	fold_text("AB CD EF", key, sizeof(key));
	assert_string_equal(key, "AB C");
}

static void
identifiers_are_seven_digits_and_a_letter(void **state)
{
	(void)state;
	assert_true(fold_is_identifier("1234567A"));
	assert_false(fold_is_identifier("1234567a"));
	assert_false(fold_is_identifier("12345678"));
	assert_false(fold_is_identifier("123456A"));
	assert_false(fold_is_identifier("1234567AB"));
	assert_false(fold_is_identifier(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accents_and_small_letters_fold_to_plain_capitals),
	    cmocka_unit_test(hyphens_apostrophes_and_spaces_part_words_once),
	    cmocka_unit_test(bytes_that_are_no_text_are_gaps),
	    cmocka_unit_test(what_does_not_fit_is_cut),
	    cmocka_unit_test(identifiers_are_seven_digits_and_a_letter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
