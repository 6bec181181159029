#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/touched.h"
#include "tests/unit/cli/capture.h"

static struct cli_call call;
static const char *daemon_says;
static bool csv_was_sent;

/* Stands in for the daemon. */
enum cli_exit
cli_ask(struct cli_call *asked, const char *op, json_t *request, json_t **ret_answer)
{
	(void)asked;
	assert_string_equal(op, "touched");
	csv_was_sent = json_object_get(request, "csv") != NULL;
	json_decref(request);
	*ret_answer = json_of(daemon_says);
	return *ret_answer != NULL ? CLI_DONE : CLI_FAILED;
}

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

#define ROW(person, login) \
	"{'space': 'jobseeker', 'person': '" person "', 'login': '" login "', 'route': 'people.show', 'meter': 'record'," \
	" 'fields': ['name', 'email'], 'first_us': 1769860800000000, 'last_us': 1769860801500000}"

static void
ask(const char *option)
{
	if (option != NULL)
		(void)json_object_set_new(call.request, option, json_true());
	assert_int_equal(cli_touched(&call), CLI_DONE);
	assert_false(csv_was_sent);
}

static void
csv_has_a_heading_and_a_row_per_person(void **state)
{
	(void)state;
	daemon_says = "{'ok': true, 'rows': [" ROW("P1", "lea") "], 'persons': 1}";
	ask("csv");
	assert_string_equal(capture_text(&call), "space,person,login,route,meter,fields,first,last\r\n"
	    "jobseeker,P1,lea,people.show,record,name email,2026-01-31T12:00:00.000Z,2026-01-31T12:00:01.500Z\r\n");
}

static void
csv_quotes_what_would_be_read_otherwise(void **state)
{
	(void)state;
	daemon_says = "{'ok': true, 'rows': [" ROW("a,b", "say \\\"hi\\\"") "," ROW("a\\nb", "a\\rb") "]}";
	ask("csv");
	assert_non_null(strstr(capture_text(&call), "\r\njobseeker,\"a,b\",\"say \"\"hi\"\"\",people.show"));
	assert_non_null(strstr(capture_text(&call), "\r\njobseeker,\"a\nb\",\"a\rb\",people.show"));
}

static void
csv_of_nobody_is_the_heading(void **state)
{
	(void)state;
	daemon_says = "{'ok': true, 'persons': 0}";
	ask("csv");
	assert_string_equal(capture_text(&call), "space,person,login,route,meter,fields,first,last\r\n");
}

static void
people_get_a_table_and_how_many(void **state)
{
	(void)state;
	daemon_says = "{'ok': true, 'rows': [" ROW("P1", "lea") "], 'persons': 1}";
	ask(NULL);
	assert_non_null(strstr(capture_text(&call), "jobseeker  P1      lea    people.show  record"));
	assert_non_null(strstr(capture_text(&call), "\n1 persons\n"));
}

static void
programs_get_rows_beside_totals_even_of_nobody(void **state)
{
	json_t *back;

	(void)state;
	daemon_says = "{'ok': true, 'persons': 0, 'rows': 0}";
	call.json = true;
	ask(NULL);
	back = json_loads(capture_text(&call), 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(back, "persons")), 0);
	assert_true(json_is_array(json_object_get(back, "rows")));
	assert_null(json_object_get(back, "ok"));
	json_decref(back);
}

static void
a_count_has_no_rows(void **state)
{
	(void)state;
	daemon_says = "{'ok': true, 'persons': 12, 'rows': 0}";
	ask("count_only");
	assert_string_equal(capture_text(&call), "persons            12\n");
}

static void
csv_and_json_exclude_each_other(void **state)
{
	(void)state;
	call.json = true;
	(void)json_object_set_new(call.request, "csv", json_true());
	assert_int_equal(cli_touched(&call), CLI_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(csv_has_a_heading_and_a_row_per_person),
	    TEST(csv_quotes_what_would_be_read_otherwise),
	    TEST(csv_of_nobody_is_the_heading),
	    TEST(people_get_a_table_and_how_many),
	    TEST(programs_get_rows_beside_totals_even_of_nobody),
	    TEST(a_count_has_no_rows),
	    TEST(csv_and_json_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
