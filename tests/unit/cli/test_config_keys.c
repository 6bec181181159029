#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/config.h"
#include "engine/config.h"
#include "tests/unit/cli/capture.h"

/* A table in place of the daemon's, with one key of each kind. */
static const char *const colours[] = {"red", "green", NULL};
static const struct conf_key inner[] = {
    {"line", CONF_LINE, .offset = 0},
    {"share", CONF_REAL, .number = 0.25, .min = 0.05, .max = 1},
    {0},
};
const struct conf_key config_keys[] = {
    {"text", CONF_TEXT, .required = true, .min = 1, .max = 5},
    {"note", CONF_TEXT, .text = "a \"b\"", .max = 5},
    {"none", CONF_TEXT, .min = 1, .max = 5},
    {"count", CONF_U32, .number = 7},
    {"yes", CONF_BOOL, .number = 1},
    {"colour", CONF_CHOICE, .number = 1, .choices = colours},
    {"texts", CONF_TEXTS, .max = 2},
    {"group", CONF_GROUP, .keys = inner},
    {"list", CONF_LIST, .keys = inner, .max = 3},
    {0},
};

static void
every_key_has_what_it_takes_and_its_default(void **state)
{
	struct cli_call call;

	(void)state;
	capture_begin(&call);
	assert_int_equal(cli_config_keys(&call), CLI_DONE);
	assert_string_equal(capture_text(&call),
	    "key           value                   default\n"
	    "text          text of 1 to 5 bytes    required\n"
	    "note          text of up to 5 bytes   \"a \"b\"\"\n"
	    "none          text of 1 to 5 bytes    none\n"
	    "count         number from 0           7\n"
	    "yes           true or false           true\n"
	    "colour        one of red, green       green\n"
	    "texts         up to 2 texts           none\n"
	    "group         group                   none\n"
	    "group.share   number 0.05 to 1        0.25\n"
	    "list          list of up to 3 groups  none\n"
	    "list[].share  number 0.05 to 1        0.25\n");
	capture_end(&call);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_has_what_it_takes_and_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
