#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "services/http/json_out.h"

static struct bytes bytes;

static const char *
written(const char *text)
{
	static char copy[256];
	struct json_out out;

	bytes_clear(&bytes);
	json_out_init(&out, &bytes);
	json_out_text(&out, text);
	assert_int_equal(out.err, ERR_NONE);
	memcpy(copy, bytes.data, bytes.len);
	copy[bytes.len] = '\0';
	return copy;
}

static void
text_is_escaped_only_where_it_must_be(void **state)
{
	(void)state;
	assert_string_equal(written("é \xe2\x82\xac /"), "\"é \xe2\x82\xac /\"");
	assert_string_equal(written("a\"b\\c\n\t\x7f"), "\"a\\\"b\\\\c\\n\\u0009\\u007f\"");
	assert_string_equal(written(NULL), "null");
}

static void
bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
	(void)state;
	assert_string_equal(written("a\xff" "b"), "\"a\\ufffdb\"");
	assert_string_equal(written("\xc0\x80"), "\"\\ufffd\\ufffd\"");
	assert_string_equal(written("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(written("x\xe2\x82"), "\"x\\ufffd\\ufffd\"");
	assert_string_equal(written("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
}

static void
members_and_values_are_parted_by_commas(void **state)
{
	static const char expected[] = "{\"a\":1,\"b\":[true,null,{}],\"c\":\"x\"}";
	struct json_out out;

	(void)state;
	bytes_clear(&bytes);
	json_out_init(&out, &bytes);
	json_out_open(&out, '{');
	json_out_member_number(&out, "a", 1);
	json_out_key(&out, "b");
	json_out_open(&out, '[');
	json_out_bool(&out, true);
	json_out_text(&out, NULL);
	json_out_open(&out, '{');
	json_out_close(&out, '}');
	json_out_close(&out, ']');
	json_out_member(&out, "c", "x");
	json_out_close(&out, '}');
	assert_int_equal(out.err, ERR_NONE);
	assert_int_equal(bytes.len, strlen(expected));
	assert_memory_equal(bytes.data, expected, bytes.len);
}

static void
the_first_error_sticks(void **state)
{
	struct bytes small;
	struct json_out out;

	(void)state;
	bytes_init(&small, 4);
	json_out_init(&out, &small);
	json_out_text(&out, "too long for it");
	json_out_text(&out, "");
	assert_int_equal(out.err, ERR_RANGE);
	bytes_wipe(&small);
}

static int
set_up(void **state)
{
	(void)state;
	bytes_init(&bytes, 1000);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	bytes_wipe(&bytes);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_escaped_only_where_it_must_be),
	    cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
	    cmocka_unit_test(members_and_values_are_parted_by_commas),
	    cmocka_unit_test(the_first_error_sticks),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
