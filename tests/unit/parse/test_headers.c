#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "parse/cookie.h"
#include "parse/form.h"
#include "parse/list_scan.h"

static void
expect_cookie(const char *header, unsigned count, const char *value)
{
	struct cookie_found found = {0};

	cookie_find(&found, "__Host-t", header, strlen(header));
	assert_int_equal(found.count, count);
	if (count == 0) {
		assert_null(found.value);
		return;
	}
	assert_int_equal(found.len, strlen(value));
	assert_memory_equal(found.value, value, found.len);
}

static void
a_cookie_is_found_by_its_whole_name(void **state)
{
	(void)state;
	expect_cookie("__Host-t=abc", 1, "abc");
	expect_cookie("a=b; __Host-t=abc; c=d", 1, "abc");
	expect_cookie("a=b;__Host-t=a=b ;c", 1, "a=b");
	expect_cookie("__Host-t=", 1, "");
	expect_cookie("__Host-t=\"x y\"", 1, "\"x y\"");
	expect_cookie("", 0, NULL);
	expect_cookie("__Host-t", 0, NULL);
	expect_cookie("__Host-tt=1; x__Host-t=2; __host-t=3; a=__Host-t=4", 0, NULL);
	expect_cookie(";;; ; =x; __Host-t=1;", 1, "1");
}

static void
a_cookie_that_comes_twice_is_counted_also_over_headers(void **state)
{
	struct cookie_found found = {0};

	(void)state;
	expect_cookie("__Host-t=1; a=b; __Host-t=2", 2, "1");
	cookie_find(&found, "s", "s=1", 3);
	cookie_find(&found, "s", NULL, 0);
	cookie_find(&found, "s", "t=1; s=2", 8);
	assert_int_equal(found.count, 2);
	assert_memory_equal(found.value, "1", 1);
}

/* Pairs as text: `name=value|`. */
struct pairs {
	char text[256];
	int stop_at; /* pair that is refused; 0: none */
};

static enum err
note_pair(void *context, const struct form_pair *pair)
{
	struct pairs *pairs = context;

	strncat(pairs->text, (const char *)pair->name, pair->name_len);
	strcat(pairs->text, "=");
	strncat(pairs->text, (const char *)pair->value, pair->value_len);
	strcat(pairs->text, "|");
	return --pairs->stop_at == 0 ? ERR_DENIED : ERR_NONE;
}

static void
expect_form(const char *form, enum err err, const char *want)
{
	struct pairs pairs = {.text = ""};
	const struct form_sink sink = {note_pair, &pairs, 4};
	uint8_t copy[128];
	const char *why = NULL;

	memcpy(copy, form, strlen(form));
	assert_int_equal(form_parse(copy, strlen(form), &sink, &why), err);
	assert_int_equal(why == NULL, err == ERR_NONE);
	assert_string_equal(pairs.text, want);
}

static void
a_form_is_decoded_pair_by_pair(void **state)
{
	(void)state;
	expect_form("", ERR_NONE, "");
	expect_form("a=1&b=x+y%21&%C3%A9=%e2%82%ac", ERR_NONE, "a=1|b=x y!|\u00e9=\u20ac|");
	expect_form("a&b=&=c&&d=e=f", ERR_NONE, "a=|b=|=c|d=e=f|");
	expect_form("to=1&to=2&to=3&to=4", ERR_NONE, "to=1|to=2|to=3|to=4|");
}

static void
a_form_that_could_be_read_otherwise_is_refused(void **state)
{
	(void)state;
	expect_form("a=1&b=%2", ERR_FORMAT, "a=1|");
	expect_form("a=%", ERR_FORMAT, "");
	expect_form("a=%zz", ERR_FORMAT, "");
	expect_form("a=%00", ERR_FORMAT, "");
	expect_form("a%=1", ERR_FORMAT, "");
	expect_form("a=1;b=2", ERR_FORMAT, "");
	expect_form("a=\u00e9", ERR_FORMAT, "");
	expect_form("a=1 2", ERR_FORMAT, "");
	expect_form("a=1\n", ERR_FORMAT, "");
	expect_form("a=%ff", ERR_FORMAT, "");
	expect_form("a=%C3&b=%A9", ERR_FORMAT, "");
	expect_form("a&b&c&d&e", ERR_RANGE, "a=|b=|c=|d=|");
}

static void
an_error_of_the_receiver_stops_the_form(void **state)
{
	struct pairs pairs = {.text = "", .stop_at = 2};
	const struct form_sink sink = {note_pair, &pairs, 10};
	uint8_t form[] = "a=1&b=2&c=3";
	const char *why;

	(void)state;
	assert_int_equal(form_parse(form, sizeof(form) - 1, &sink, &why), ERR_DENIED);
	assert_string_equal(pairs.text, "a=1|b=2|");
}

static enum err
note_element(void *context, unsigned shape, const struct canon_id *id, uint32_t fields)
{
	assert_int_equal(shape, 0);
	assert_int_equal(fields, 6);
	strncat(context, (const char *)id->text, id->len);
	strcat(context, "|");
	return ERR_NONE;
}

static void
expect_list(const char *list, enum err err, const char *want)
{
	const struct list_shape shape = {.canon = CANON_UPPER, .fields = 6};
	char text[256] = "";
	const struct scan_sink sink = {note_element, text};
	const char *why = NULL;

	assert_int_equal(list_scan(&shape, list, strlen(list), &sink, &why), err);
	assert_int_equal(why == NULL, err == ERR_NONE);
	assert_string_equal(text, want);
}

static void
a_list_is_cut_at_commas_and_holds_no_empty_element(void **state)
{
	(void)state;
	expect_list("", ERR_NONE, "");
	expect_list(" \t", ERR_NONE, "");
	expect_list("p1", ERR_NONE, "P1|");
	expect_list(" p1 ,P2\t,\u00e9 3 ", ERR_NONE, "P1|P2|\u00e9 3|");
	expect_list("p1,,p2", ERR_FORMAT, "P1|");
	expect_list("p1,", ERR_FORMAT, "P1|");
	expect_list(",", ERR_FORMAT, "");
	expect_list("p1,\xff", ERR_FORMAT, "P1|");
	expect_list("p\x01", ERR_FORMAT, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
	    cmocka_unit_test(a_cookie_that_comes_twice_is_counted_also_over_headers),
	    cmocka_unit_test(a_form_is_decoded_pair_by_pair),
	    cmocka_unit_test(a_form_that_could_be_read_otherwise_is_refused),
	    cmocka_unit_test(an_error_of_the_receiver_stops_the_form),
	    cmocka_unit_test(a_list_is_cut_at_commas_and_holds_no_empty_element)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
