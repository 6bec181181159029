#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "parse/pattern.h"

static struct route_pattern
compile(const char *text)
{
	struct route_pattern pattern;
	const char *why = NULL;

	if (pattern_compile(&pattern, text, &why) != ERR_NONE)
		fail_msg("%s refused: %s", text, why);
	return pattern;
}

static bool
matches(const char *text, const char *path)
{
	struct route_pattern pattern = compile(text);

	return pattern_match(&pattern, path, strlen(path), NULL);
}

static void
a_route_without_names_is_that_path_alone(void **state)
{
	(void)state;
	assert_true(matches("/", "/"));
	assert_true(matches("/api/people", "/api/people"));
	assert_true(matches("/caf\u00e9", "/caf\u00e9"));
	assert_false(matches("/api/people", "/api/people/"));
	assert_false(matches("/api/people/", "/api/people"));
	assert_false(matches("/api/people", "/api/People"));
	assert_false(matches("/api/people", "/api/peopl"));
	assert_false(matches("/api/people", "/api"));
	assert_false(matches("/", ""));
	assert_false(matches("/", "x"));
}

static void
a_name_stands_for_one_segment_or_a_part_of_it(void **state)
{
	struct route_pattern pattern = compile("/api/people/{id}/quotes/{quote}.csv");
	static const char path[] = "/api/people/P1/quotes/q.1.csv";
	struct pattern_parts parts;

	(void)state;
	assert_true(pattern_match(&pattern, path, strlen(path), &parts));
	assert_int_equal(parts.n, 2);
	assert_int_equal(parts.part[0].len, 2);
	assert_memory_equal(parts.part[0].at, "P1", 2);
	assert_int_equal(parts.part[1].len, 3);
	assert_memory_equal(parts.part[1].at, "q.1", 3);
	assert_false(matches("/api/{id}", "/api/"));
	assert_false(matches("/api/{id}", "/api/a/b"));
	assert_false(matches("/api/{id}", "/api/a/"));
	assert_false(matches("/x-{n}-y", "/x--y"));
	assert_true(matches("/x-{n}-y", "/x---y"));
	assert_false(matches("/a{n}a", "/a"));
}

static void
two_stars_stand_for_the_rest(void **state)
{
	(void)state;
	assert_true(matches("/static/**", "/static/"));
	assert_true(matches("/static/**", "/static/a"));
	assert_true(matches("/static/**", "/static/a/b/"));
	assert_false(matches("/static/**", "/static"));
	assert_false(matches("/static/**", "/staticx/a"));
	assert_true(matches("/**", "/"));
	assert_true(matches("/{a}/**", "/x/y/z"));
	assert_false(matches("/{a}/**", "//y"));
}

static void
a_path_with_a_zero_byte_matches_nothing(void **state)
{
	struct route_pattern name = compile("/{id}"), rest = compile("/**");

	(void)state;
	assert_false(pattern_match(&name, "/\0", 2, NULL));
	assert_false(pattern_match(&rest, "/\0", 2, NULL));
}

static void
a_route_outside_the_syntax_is_refused(void **state)
{
	static const char *const bad[] = {"", "api", "//", "/a//b", "/./a", "/a/..", "/a/../b", "/*",
	    "/a/*/b", "/a**",
	    "/**/a", "/***", "/{", "/{}", "/{id", "/{a/b}", "/{a{b}}", "/a}", "/{a}{b}", "/{a}-{b}", "/a b",
	    "/a%20b", "/a?b",
	    "/a#b", "/a;b", "/a\\b", "/\xff"};
	struct route_pattern pattern;
	const char *why;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (pattern_compile(&pattern, bad[i], &why) != ERR_FORMAT)
			fail_msg("accepted: %s", bad[i]);
	snprintf(text, sizeof(text), "/%0*d", PATTERN_TEXT_MAX, 1);
	assert_int_equal(pattern_compile(&pattern, text, &why), ERR_RANGE);
	assert_int_equal(pattern_compile(&pattern, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", &why), ERR_NONE);
	assert_int_equal(pattern_compile(&pattern, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", &why), ERR_RANGE);
}

static void
a_path_with_one_reading_is_plain(void **state)
{
	static const char *const plain[] = {"/", "/a", "/a/", "/a/b.c", "/...", "/.a", "/a..b/..c", "/a%20b",
	    "/caf%C3%A9",
	    "/caf%c3%a9", "/~a:b@c!$&'()*+,=", "/[1]|^", "/%E2%82%AC"};

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (!parse_path_is_plain(plain[i], strlen(plain[i]), NULL))
			fail_msg("not plain: %s", plain[i]);
}

static void
a_path_that_servers_read_differently_is_not_plain(void **state)
{
	static const char *const odd[] = {"", "a", "*", "http://a/", "//", "//a", "/a//b", "/a//", "/.",
	    "/..", "/./a", "/a/./b",
	    "/a/..", "/a/../b", "/%2e%2e/a", "/%2E", "/a%2fb", "/a%2Fb", "/a%5cb", "/a%5C", "/a\\b", "/a;b",
	    "/a%3bb", "/a%00",
	    "/a%0a", "/a%7f", "/a%252f", "/%41", "/%", "/%4", "/%zz", "/a b", "/a\tb", "/caf\u00e9",
	    "/%c0%af", "/%C3",
	    "/%C3/%A9", "/%C3a", "/%ED%A0%80", "/%ff", "/a?b", "/a#b", "/a\"b", "/a<b", "/a{b}"};
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		why = NULL;
		if (parse_path_is_plain(odd[i], strlen(odd[i]), &why))
			fail_msg("plain: %s", odd[i]);
		assert_non_null(why);
	}
	assert_false(parse_path_is_plain("/a\0b", 4, NULL));
	assert_false(parse_path_is_plain(NULL, 0, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_route_without_names_is_that_path_alone),
	    cmocka_unit_test(a_name_stands_for_one_segment_or_a_part_of_it),
	    cmocka_unit_test(two_stars_stand_for_the_rest),
	    cmocka_unit_test(a_path_with_a_zero_byte_matches_nothing),
	    cmocka_unit_test(a_route_outside_the_syntax_is_refused),
	    cmocka_unit_test(a_path_with_one_reading_is_plain),
	    cmocka_unit_test(a_path_that_servers_read_differently_is_not_plain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
