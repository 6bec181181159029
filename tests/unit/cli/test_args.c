#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

#define SECOND UINT64_C(1000000)
#define NOW (UINT64_C(1769860800) * SECOND) /* 2026-01-31T12:00:00Z */

static const struct cli_arg args[] = {
    {"PLACE", "place", CLI_TEXT, true, "a place"},
    {"OTHER", "other", CLI_NUMBER, false, "another"},
    {"--for", "for_s", CLI_DURATION, false, "how long"},
    {"--until", "until_us", CLI_TIME, false, "until when"},
    {"--list", "list", CLI_LIST, false, "words"},
    {"--flag", "flag", CLI_FLAG, false, "yes"},
    {"--rows", "rows", CLI_FILE_JSON, false, "a file"},
    {"--twin", "for_s", CLI_DURATION, false, "means what --for means"},
    {NULL, NULL, CLI_TEXT, false, NULL},
};
static const struct cli_verb verb = {"family", "verb", "Help.", args, NULL, NULL, NULL};

static struct cli_call call;
static int silenced;

/* What is complained is not looked at here, and would stand among the results. */
static int
set_up(void **state)
{
	(void)state;
	call = (struct cli_call){.verb = &verb, .request = json_object(), .out = stdout};
	(void)fflush(stderr);
	silenced = dup(STDERR_FILENO);
	return call.request == NULL || silenced < 0 || freopen("/dev/null", "w", stderr) == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	json_decref(call.request);
	(void)fflush(stderr);
	return dup2(silenced, STDERR_FILENO) < 0 || close(silenced) != 0;
}

/* Words up to NULL; nobody writes to them. */
static bool
read_words(const char *const *words)
{
	int n = 0;

	while (words[n] != NULL)
		n++;
	return cli_read_args(&call, n, (char **)(uintptr_t)words);
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__, NULL})

static json_int_t
number_of(const char *key)
{
	return json_integer_value(json_object_get(call.request, key));
}

static void
a_duration_is_a_whole_number_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		json_int_t seconds;
	} good[] = {{"0s", 0}, {"90s", 90}, {"30m", 1800}, {"2h", 7200}, {"3d", 259200}};
	static const char *const bad[] = {"", "h", "2", "2w", "2hh", "2h30m", "-1h", "1.5h", "100000001s",
	    "99999999999999999999s", " "};
	json_int_t seconds = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(cli_parse_duration(good[i].text, &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cli_parse_duration(bad[i], &seconds));
}

static void
a_time_is_utc_or_relative_to_now(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} good[] = {
	    {"now", NOW},
	    {"-2h", NOW - 7200 * SECOND},
	    {"1970-01-01", 0},
	    {"2026-01-31", NOW - 12 * 3600 * SECOND},
	    {"2026-01-31T12:00", NOW},
	    {"2026-01-31T12:00Z", NOW},
	    {"2026-01-31T12:00:01", NOW + SECOND},
	    {"2026-01-31T12:00:01Z", NOW + SECOND},
	};
	uint64_t us = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(cli_parse_time(good[i].text, NOW, &us));
		assert_int_equal(us, good[i].us);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {"", "then", "2026-13-01", "2026-01-31T25:00", "2026-01-31T12:00:00+01:00",
	    "2026-01-31 12:00", "1969-12-31", "-", "--2h", "-2", "-99999d"};
	uint64_t us = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cli_parse_time(bad[i], NOW, &us));
}

static void
places_and_options_come_in_any_order(void **state)
{
	json_t *list;

	(void)state;
	assert_true(READ("--for", "2h", "here", "--list=read,export", "--flag", "7"));
	assert_string_equal(json_string_value(json_object_get(call.request, "place")), "here");
	assert_int_equal(number_of("other"), 7);
	assert_int_equal(number_of("for_s"), 7200);
	assert_true(json_is_true(json_object_get(call.request, "flag")));
	list = json_object_get(call.request, "list");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 1)), "export");
}

static void
options_of_every_command_are_taken_and_not_sent(void **state)
{
	(void)state;
	assert_true(READ("here", "--json", "--socket", "/run/here.sock"));
	assert_true(call.json);
	assert_string_equal(call.socket_path, "/run/here.sock");
	assert_int_equal(json_object_size(call.request), 1);
}

static void
a_file_is_read_as_json(void **state)
{
	char path[] = "/tmp/test_args_XXXXXX";
	char option[64];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[{\"a\":1},{}]", 12), 12);
	(void)snprintf(option, sizeof(option), "--rows=%s", path);
	assert_true(READ("here", option));
	assert_int_equal(json_array_size(json_object_get(call.request, "rows")), 2);
	json_object_clear(call.request);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, "{\"a\":1,\"a\":2}", 13, 0), 13);
	assert_false(READ("here", option));
	assert_int_equal(close(fd) + unlink(path), 0);
	json_object_clear(call.request);
	assert_false(READ("here", option));
}

/* Each line of words must be refused, whatever was before. */
static void
words_that_are_off_are_refused(void **state)
{
	static const char *const bad[][6] = {
	    {"--for", "2h", NULL},
	    {"here", "7", "8", NULL},
	    {"here", "seven", NULL},
	    {"here", "-7", NULL},
	    {"here", "7x", NULL},
	    {"here", "--for", NULL},
	    {"here", "--for", "soon", NULL},
	    {"here", "--for=", NULL},
	    {"here", "--forever", "2h", NULL},
	    {"here", "--fo", "2h", NULL},
	    {"here", "--for", "2h", "--for", "3h", NULL},
	    {"here", "--for", "2h", "--twin", "3h", NULL},
	    {"here", "--flag", "--flag", NULL},
	    {"here", "--list", "read,,export", NULL},
	    {"here", "--list", "", NULL},
	    {"here", "--list", "read,", NULL},
	    {"here", "--until", "tomorrow", NULL},
	    {"here", "--socket", NULL},
	    {"\xff", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_object_clear(call.request);
		assert_false(read_words(bad[i]));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_duration_is_a_whole_number_and_a_unit),
	    TEST(a_time_is_utc_or_relative_to_now),
	    TEST(what_is_no_time_is_refused),
	    TEST(places_and_options_come_in_any_order),
	    TEST(options_of_every_command_are_taken_and_not_sent),
	    TEST(a_file_is_read_as_json),
	    TEST(words_that_are_off_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
