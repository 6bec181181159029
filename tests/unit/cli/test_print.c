#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cli/capture.h"

static struct cli_call call;

static int
set_up(void **state)
{
	(void)state;
	capture_begin(&call);
	return call.out == NULL || call.request == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	capture_end(&call);
	return 0;
}

static void
rows_are(const char *rows, const char *columns, const char *expected)
{
	json_t *value = json_of(rows);

	assert_non_null(value);
	cli_print_rows(&call, value, columns);
	json_decref(value);
	assert_string_equal(capture_text(&call), expected);
}

static void
object_is(const char *object, const char *expected)
{
	json_t *value = json_of(object);

	assert_non_null(value);
	cli_print_object(&call, value);
	json_decref(value);
	assert_string_equal(capture_text(&call), expected);
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
	(void)state;
	rows_are("[{'login': 'a', 'n': 1}, {'login': 'longer', 'n': 200}]", "login n",
	    "login   n\n"
	    "a       1\n"
	    "longer  200\n");
}

static void
accents_count_as_one_character(void **state)
{
	(void)state;
	rows_are("[{'name': 'L\xc3\xa9""a', 'n': 1}, {'name': 'Lena', 'n': 2}]", "name n",
	    "name  n\n"
	    "L\xc3\xa9""a   1\n"
	    "Lena  2\n");
}

static void
times_are_read_by_people_and_what_is_absent_is_a_dash(void **state)
{
	(void)state;
	rows_are("[{'at_us': 1769860801000000, 'created_by': null, 'suspended': true}, {'at_us': 0, 'suspended': false}]",
	    "at_us created_by suspended",
	    "at                   created by  suspended\n"
	    "2026-01-31 12:00:01  -           yes\n"
	    "-                    -           no\n");
}

static void
what_a_terminal_would_obey_is_shown_as_a_dot(void **state)
{
	(void)state;
	rows_are("[{'name': 'a\\u001b[2Jb\\nc\\u007f\\td'}]", "name",
	    "name\n"
	    "a.[2Jb.c..d\n");
}

static void
the_one_character_escape_and_turners_of_direction_are_shown_as_a_dot(void **state)
{
	(void)state;
	rows_are("[{'name': 'a\\u009b2Jb\\u202ec\\u2066d\\u00e9\\u2019'}]", "name",
	    "name\n"
	    "a.2Jb.c.d\xc3\xa9\xe2\x80\x99\n");
}

static void
texts_of_a_list_are_shown_with_dots_as_well(void **state)
{
	(void)state;
	rows_are("[{'fields': ['x\\u001by', 'z']}]", "fields",
	    "fields\n"
	    "x.y,z\n");
}

static void
lists_of_texts_are_joined_and_lists_of_objects_counted(void **state)
{
	(void)state;
	rows_are("[{'fields': ['name', 'email'], 'persons': [{}, {}, {}]}]", "fields persons",
	    "fields      persons\n"
	    "name,email  3\n");
}

static void
a_cell_too_long_is_cut(void **state)
{
	char text[400];
	json_t *rows;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	rows = json_pack("[{s:s}]", "a", text);
	cli_print_rows(&call, rows, "a");
	json_decref(rows);
	assert_int_equal(strlen(capture_text(&call)), 2 + 255 + 1);
}

static void
no_rows_are_said_to_be_none(void **state)
{
	(void)state;
	rows_are("[]", "login", "none\n");
}

static void
programs_get_the_json_as_it_is(void **state)
{
	json_t *back, *rows = json_of("[{'name': 'a\\u001bb', 'at_us': 5, 'hidden': 1}]");

	(void)state;
	call.json = true;
	cli_print_rows(&call, rows, "name");
	back = json_loads(capture_text(&call), 0, NULL);
	assert_true(json_equal(back, rows));
	json_decref(back);
	json_decref(rows);
}

static void
members_of_an_object_stand_one_a_line(void **state)
{
	(void)state;
	object_is("{'revoked': 3, 'maps': {'open': true, 'scopes_max': 64}}",
	    "revoked            3\n"
	    "maps\n"
	    "  open               yes\n"
	    "  scopes max         64\n");
}

static void
a_text_of_several_lines_stands_as_it_is(void **state)
{
	(void)state;
	object_is("{'checkpoint': 'origin\\n5\\n'}", "checkpoint\norigin\n5\n\n");
}

static void
a_list_inside_an_object_is_a_table(void **state)
{
	(void)state;
	object_is("{'scope': 'x', 'windows': [{'window': 'hour', 'hard': 40}, {'window': 'day', 'hard': 120}]}",
	    "scope              x\n"
	    "\n"
	    "windows\n"
	    "window  hard\n"
	    "hour    40\n"
	    "day     120\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(columns_are_as_wide_as_their_widest_cell),
	    TEST(accents_count_as_one_character),
	    TEST(times_are_read_by_people_and_what_is_absent_is_a_dash),
	    TEST(what_a_terminal_would_obey_is_shown_as_a_dot),
	    TEST(the_one_character_escape_and_turners_of_direction_are_shown_as_a_dot),
	    TEST(texts_of_a_list_are_shown_with_dots_as_well),
	    TEST(lists_of_texts_are_joined_and_lists_of_objects_counted),
	    TEST(a_cell_too_long_is_cut),
	    TEST(no_rows_are_said_to_be_none),
	    TEST(programs_get_the_json_as_it_is),
	    TEST(members_of_an_object_stand_one_a_line),
	    TEST(a_text_of_several_lines_stands_as_it_is),
	    TEST(a_list_inside_an_object_is_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
