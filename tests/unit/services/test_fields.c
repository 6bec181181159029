#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/http/fields.h"

static void
days_that_exist_are_dates(void **state)
{
	(void)state;
	assert_true(http_date_is_valid("2026-01-31"));
	assert_true(http_date_is_valid("2024-02-29"));
	assert_true(http_date_is_valid("2000-02-29"));
}

static void
days_that_do_not_exist_are_refused(void **state)
{
	static const char *const wrong[] = {"2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01",
	    "2026-00-10", "2026-01-00", "2026-1-1", "2026/01/01", "", "2026-01-011", "abcd-ef-gh"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(http_date_is_valid(wrong[i]));
}

static void
a_text_member_is_found_and_cut(void **state)
{
	static const char text[] = "{\"a\":1,\"detail\":\"too short\"}";
	struct bytes json;
	char out[8];

	(void)state;
	bytes_init(&json, 100);
	assert_int_equal(bytes_append_text(&json, text), ERR_NONE);
	http_find_text(&json, "detail", out, sizeof(out));
	assert_string_equal(out, "too sho");
	http_find_text(&json, "a", out, sizeof(out));
	assert_string_equal(out, "");
	bytes_wipe(&json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(days_that_exist_are_dates),
	    cmocka_unit_test(days_that_do_not_exist_are_refused),
	    cmocka_unit_test(a_text_member_is_found_and_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
