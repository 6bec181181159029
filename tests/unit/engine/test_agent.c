#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/sessions.h"

static void
assert_family(const char *user_agent, const char *expected)
{
	char out[STORE_AGENT_MAX];

	sessions_agent_family(user_agent, out);
	assert_string_equal(out, expected);
}

static void
browsers_are_told_by_what_they_are_not_by_whom_they_imitate(void **state)
{
	(void)state;
	assert_family("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 / Linux");
	assert_family("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
	    "Safari/537.36 Edg/126.0.0.0", "Edge 126 / Windows");
	assert_family("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	    "Version/17.5 Mobile/15E148 Safari/604.1", "Safari 17 / iPhone");
	assert_family("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
	    "Safari/537.36", "Chrome 126 / Android");
	assert_family("curl/8.5.0", "curl 8");
}

static void
anything_else_is_another_program(void **state)
{
	(void)state;
	assert_family("", "another program");
	assert_family("Firefox/", "Firefox");
	assert_family("Firefox/99999999999999999999999999", "Firefox 999999");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(browsers_are_told_by_what_they_are_not_by_whom_they_imitate),
		cmocka_unit_test(anything_else_is_another_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
