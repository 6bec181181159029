#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/config.h"

static char path[64];
static struct config *config;
static struct bytes complaints;

static int
set_up(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test_config_XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	config = NULL;
	bytes_init(&complaints, 16384);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	config_free(config);
	bytes_wipe(&complaints);
	return unlink(path);
}

static const char head[] = "data = \"/tmp/x\"; service = { origin = \"https://localhost\"; };\n";
static const char meter[] =
    "meters = ( { name = \"m\"; space = \"p\"; records = [ \"$.a[*]\" ]; id = \"$.id\"; fields = [ \"n\" ]; } );\n";
static const char route[] =
    "routes = ( { name = \"r\"; methods = [ \"GET\" ]; path = \"/a\"; meters = [ \"m\" ]; } );\n";

static enum err
load(const char *first, const char *second, const char *third)
{
	char text[4096];
	int len = snprintf(text, sizeof(text), "%s%s%s", first, second, third);

	assert_int_equal(file_replace(path, text, (size_t)len, 0600), ERR_NONE);
	return config_load(path, &config, &complaints);
}

/* Refused, and this stands among the complaints. */
static void
assert_complaint(enum err err, const char *words)
{
	assert_int_equal(err, ERR_FORMAT);
	assert_int_equal(bytes_append(&complaints, "", 1), ERR_NONE);
	if (strstr((const char *)complaints.data, words) == NULL)
		print_error("%s", (const char *)complaints.data);
	assert_non_null(strstr((const char *)complaints.data, words));
}

static void
a_small_configuration_is_enough(void **state)
{
	char journal[PATH_MAX];

	(void)state;
	assert_int_equal(load(head, meter, route), ERR_NONE);
	assert_int_equal(config->session.lifetime_s, 43200);
	assert_true(config_journal_dir(config, 0, journal));
	assert_string_equal(journal, "/tmp/x/journal");
	assert_false(config_journal_dir(config, 1, journal));
}

static void
the_configuration_of_the_demo_is_right(void **state)
{
	const char *source = getenv("SOURCE");
	char demo[PATH_MAX];

	(void)state;
	(void)snprintf(demo, sizeof(demo), "%s/packaging/tourniquet.conf", source == NULL ? "." : source);
	assert_int_equal(config_load(demo, &config, &complaints), ERR_NONE);
	assert_true(config->routes.n > 10);
}

static void
contradictions_are_refused_with_their_lines(void **state)
{
	(void)state;
	assert_complaint(load(head, meter,
	    "routes = (\n { name = \"r\"; methods = [ \"GET\" ]; path = \"/a\"; meters = [ \"m\" ]; exempt = true; } );"),
	    ":4: route r: needs exactly one of `meters`, `weight`, `exempt = true`");
}

static void
a_route_that_is_not_declared_in_any_way_is_refused(void **state)
{
	(void)state;
	assert_complaint(load(head, meter, "routes = ( { name = \"r\"; methods = [ \"GET\" ]; path = \"/a\"; } );"),
	    "route r: needs exactly one of");
}

static void
an_unknown_meter_method_or_capability_is_refused(void **state)
{
	(void)state;
	assert_complaint(load(head, meter, "routes = ( { name = \"r\"; methods = [ \"FETCH\" ]; path = \"/a\";"
	    " meters = [ \"x\" ]; capabilities = \"fly\"; } );"), "there is no meter x");
	assert_non_null(strstr((const char *)complaints.data, "unknown method FETCH"));
}

static void
names_are_given_once(void **state)
{
	(void)state;
	assert_complaint(load(head, meter,
	    "routes = ( { name = \"r\"; methods = [ \"GET\" ]; path = \"/a\"; exempt = true; },"
	    "{ name = \"r\"; methods = [ \"GET\" ]; path = \"/b\"; exempt = true; } );"), "a second route named r");
}

static void
public_routes_carry_no_persons(void **state)
{
	(void)state;
	assert_complaint(load(head, meter,
	    "routes = ( { name = \"r\"; methods = [ \"GET\" ]; path = \"/a\"; meters = [ \"m\" ]; public = true; } );"),
	    "`public` is for exempt routes alone");
}

static void
a_floor_above_its_ceiling_is_refused(void **state)
{
	(void)state;
	assert_complaint(load(head, "budgets = { identity = { hour = { floor = 50; ceiling = 40; }; }; };\n", route),
	    "budgets.identity: the floor of the hour is above its ceiling");
}

static void
a_longer_window_is_never_smaller(void **state)
{
	(void)state;
	assert_complaint(load(head, "budgets = { identity = { hour = { ceiling = 5000; }; }; };\n", route),
	    "the ceiling of the day is below that of the hour");
}

static void
the_path_and_the_origin_are_checked(void **state)
{
	(void)state;
	assert_complaint(load("data = \"x\";\nservice = { origin = \"http://localhost/\"; };\n", meter,
	    route), ":1: data must be an absolute path");
	assert_non_null(strstr((const char *)complaints.data, ":2: service.origin must be https://"));
}

static void
a_meter_that_cannot_be_compiled_says_why(void **state)
{
	(void)state;
	assert_complaint(load(head, "meters = ( { name = \"m\"; space = \"p\"; id = \"$..id\"; records = [ \"$\" ]; } );\n",
	    route), "meter m: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_small_configuration_is_enough),
		TEST(the_configuration_of_the_demo_is_right),
		TEST(contradictions_are_refused_with_their_lines),
		TEST(a_route_that_is_not_declared_in_any_way_is_refused),
		TEST(an_unknown_meter_method_or_capability_is_refused),
		TEST(names_are_given_once),
		TEST(public_routes_carry_no_persons),
		TEST(a_floor_above_its_ceiling_is_refused),
		TEST(a_longer_window_is_never_smaller),
		TEST(the_path_and_the_origin_are_checked),
		TEST(a_meter_that_cannot_be_compiled_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
