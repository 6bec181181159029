#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "transcript.h"

static struct transcript whole, bytewise;

static struct record_shape
compile(const struct shape_text *text)
{
	struct record_shape shape;
	const char *why = NULL;

	if (shape_compile(&shape, text, &why) != ERR_NONE)
		fail_msg("shape refused: %s", why);
	assert_int_equal(shape_check(&shape), ERR_NONE);
	return shape;
}

static void
expect_bytes(const struct record_shape *shapes, size_t n, const char *doc, size_t len, const char *want)
{
	transcript_json(&whole, shapes, n, doc, len, (struct cut){0});
	transcript_json(&bytewise, shapes, n, doc, len, (struct cut){.most = 1});
	assert_string_equal(whole.text, bytewise.text);
	assert_int_equal(whole.closed, bytewise.closed);
	if (strcmp(whole.text, want) != 0)
		print_message("document: %.*s\n", (int)len, doc);
	assert_string_equal(whole.text, want);
}

static void
expect(const struct shape_text *text, const char *doc, const char *want)
{
	struct record_shape shape = compile(text);

	expect_bytes(&shape, 1, doc, strlen(doc), want);
}

static const struct shape_text people = {.records = {"$.people[*]"}, .n_records = 1, .id = "$.id",
    .fields = {"$.name", "$.contact.email", "$.phones[*].number", "$.tags"}, .n_fields = 4};
static const struct shape_text list = {.records = {"$[*]"}, .n_records = 1, .id = "$.id"};
static const struct shape_text anything = {.records = {"$.none"}, .n_records = 1, .id = "$.id",
    .flags = SHAPE_OPTIONAL};

static void
records_of_a_list_are_reported_with_the_fields_each_one_shows(void **state)
{
	(void)state;
	expect(&people, "{\"people\":[{\"id\":\"P1\",\"name\":\"A\"},{\"name\":\"B\",\"id\":\"P2\","
	    "\"contact\":{\"email\":\"b@mail.example\"}},{\"id\":\"P3\"}]}",
	    "0:P1/1 0:P2/3 0:P3/0 end");
	expect(&people, "{\"people\":[]}", "end");
	expect(&people, "{\"page\":{\"id\":\"X\",\"people\":[{\"id\":\"Y\"}]},\"people\":[{\"id\":\"P1\"}]}",
	    "0:P1/0 end");
}

static void
a_field_that_is_null_or_empty_is_not_shown(void **state)
{
	(void)state;
	expect(&people, "{\"people\":[{\"id\":1,\"name\":null,\"contact\":{\"email\":\"\"},\"tags\":[]},"
	    "{\"id\":2,\"tags\":{}},{\"id\":3,\"name\":0,\"tags\":[null]},{\"id\":4,\"tags\":{\"a\":1}},"
	    "{\"id\":5,\"name\":false,\"contact\":null,\"phones\":[{\"number\":null},{\"number\":\"\"}]},"
	    "{\"id\":6,\"phones\":[{\"number\":null},{\"number\":\"1\"}]}]}",
	    "0:1/0 0:2/0 0:3/9 0:4/8 0:5/1 0:6/4 end");
}

static void
white_space_key_order_and_escapes_change_nothing(void **state)
{
	(void)state;
	expect(&people, " \t\r\n{ \"x\" : 0 ,\n\"people\"\t:\r[ { \"name\" : \"A\" , \"id\" : \"P1\" } ] } \n",
	    "0:P1/1 end");
	expect(&people, "{\"p\\u0065ople\":[{\"\\u0069d\":\"P\\u0031\",\"n\\u0061me\":\"\\u0000\"}]}",
	    "0:P1/1 end");
	expect(&list, "[{\"id\":\"\\u00e9\\u20AC\\ud83d\\ude00\\/\"}]", "0:\u00e9\u20ac\U0001f600//0 end");
	expect(&list, "[{\"id\":\"\u00e9\u20ac\U0001f600\"}]", "0:\u00e9\u20ac\U0001f600/0 end");
}

static void
integers_are_identifiers_and_other_numbers_are_not(void **state)
{
	(void)state;
	expect(&list, "[{\"id\":0},{\"id\":-7},{\"id\":12345678901234567890123}]",
	    "0:0/0 0:-7/0 0:12345678901234567890123/0 end");
	expect(&list, "[{\"id\":1.0}]", "refused: an identifier that is a number but no plain integer");
	expect(&list, "[{\"id\":1e3}]", "refused: an identifier that is a number but no plain integer");
	expect(&list, "[{\"id\":-0}]", "refused: an identifier that is a number but no plain integer");
}

static void
a_record_without_a_usable_identifier_is_refused(void **state)
{
	static const char long_id[] = "[{\"id\":\"12345678901234567890123456789012345678901234567890"
	    "123456789012345\"}]";
	char doc[600];

	(void)state;
	expect(&list, "[{}]", "refused: a record without identifier");
	expect(&list, "[{\"id\":null}]", "refused: a record whose identifier is null");
	expect(&list, "[{\"id\":true}]", "refused: an identifier that is neither string nor integer");
	expect(&list, "[{\"id\":[1]}]", "refused: an identifier that is neither string nor integer");
	expect(&list, "[{\"id\":\"\"}]", "refused: an empty identifier");
	expect(&list, "[{\"id\":\"a\\nb\"}]", "refused: an identifier with a control character");
	expect(&list, long_id, "refused: an identifier that is too long");
	snprintf(doc, sizeof(doc), "[{\"id\":\"%0300d\"}]", 1);
	expect(&list, doc, "refused: an identifier that is too long");
	snprintf(doc, sizeof(doc), "[{\"id\":1%0300d}]", 1);
	expect(&list, doc, "refused: an identifier that is too long");
	snprintf(doc, sizeof(doc), "[{\"id\":1%0300d.5}]", 1);
	expect(&list, doc, "refused: an identifier that is too long");
	snprintf(doc, sizeof(doc), "[{\"id\":1%0100d.%0300d}]", 1, 1);
	expect(&list, doc, "refused: an identifier that is a number but no plain integer");
	expect(&list, "[1]", "refused: a record without identifier");
	expect(&list, "[[]]", "refused: a record without identifier");
	expect(&list, "[null]", "end");
}

static void
records_may_be_the_document_a_member_or_nested_in_another(void **state)
{
	static const struct shape_text one = {.records = {"$"}, .n_records = 1, .id = "$.who.id",
	    .fields = {"$.who"}, .n_fields = 1};
	static const struct shape_text both = {.records = {"$.pupils[*]", "$.pupils[*].parents[*]",
	    "$.teacher"}, .n_records = 3, .id = "$.id", .fields = {"$.name"}, .n_fields = 1};
	static const struct shape_text ids = {.records = {"$.ids[*]"}, .n_records = 1, .id = "$"};

	(void)state;
	expect(&one, "{\"who\":{\"id\":\"P1\"}}", "0:P1/1 end");
	expect(&one, "null", "end");
	expect(&both, "{\"pupils\":[{\"id\":1,\"parents\":[{\"id\":2,\"name\":\"B\"},{\"id\":3}],\"name\":\"A\"},"
	    "{\"id\":4}],\"teacher\":{\"id\":9}}", "0:2/1 0:3/0 0:1/1 0:4/0 0:9/0 end");
	expect(&both, "{\"teacher\":{\"id\":9}}", "0:9/0 end");
	expect(&ids, "{\"ids\":[\"P1\",2,\"P3\"]}", "0:P1/0 0:2/0 0:P3/0 end");
}

static void
the_records_own_key_may_be_the_identifier(void **state)
{
	static const struct shape_text by_key = {.records = {"$.byid.*"}, .n_records = 1, .id = "key",
	    .fields = {"$.name", "$"}, .n_fields = 2, .canon = CANON_UPPER};
	static const struct shape_text bare = {.records = {"$.*"}, .n_records = 1, .id = "key"};
	char doc[600];

	(void)state;
	expect(&by_key, "{\"byid\":{\"p1\":{\"name\":\"A\"},\"\\u00702\":{},\"P3\":\"x\",\"p4\":null}}",
	    "0:P1/3 0:P2/0 0:P3/2 0:P4/0 end");
	expect(&bare, "{\"a\":[{\"b\":1}],\"c\":null,\"d\":1}", "0:a/0 0:c/0 0:d/0 end");
	expect(&bare, "{\"\":1}", "refused: an empty identifier");
	snprintf(doc, sizeof(doc), "{\"%0300d\":1}", 1);
	expect(&bare, doc, "refused: an identifier that is too long");
}

static void
several_shapes_are_followed_at_once(void **state)
{
	static const struct shape_text seekers = {.records = {"$.rows[*].seeker"}, .n_records = 1,
	    .id = "$.id"};
	static const struct shape_text rows = {.records = {"$.rows[*]"}, .n_records = 1, .id = "$.manager.id",
	    .fields = {"$.seeker.id"}, .n_fields = 1};
	static const char doc[] = "{\"rows\":[{\"seeker\":{\"id\":1},\"manager\":{\"id\":\"M\"}}]}";
	struct record_shape shapes[2] = {compile(&seekers), compile(&rows)};

	(void)state;
	expect_bytes(shapes, 2, doc, strlen(doc), "0:1/0 1:M/1 end");
}

static void
a_name_that_comes_twice_on_a_path_is_refused_and_elsewhere_is_not(void **state)
{
	static const char twice[] = "refused: a name that comes twice in one object";
	static const struct shape_text by_key = {.records = {"$.*"}, .n_records = 1, .id = "key"};

	(void)state;
	expect(&people, "{\"people\":[{\"id\":1,\"id\":1}]}", twice);
	expect(&people, "{\"people\":[{\"id\":1,\"\\u0069d\":2}]}", twice);
	expect(&people, "{\"people\":[{\"id\":1,\"name\":null,\"name\":\"x\"}]}", twice);
	expect(&people, "{\"people\":[{\"id\":1,\"contact\":{\"email\":1,\"email\":1}}]}", twice);
	expect(&people, "{\"people\":[],\"people\":[{\"id\":1}]}", twice);
	expect(&people, "{\"a\":1,\"a\":2,\"people\":[{\"id\":1,\"b\":0,\"b\":0}]}", "0:1/0 end");
	expect(&by_key, "{\"P1\":1,\"P1\":2}", "0:P1/0 0:P1/0 end");
}

static void
a_strict_shape_refuses_documents_that_lead_to_no_records(void **state)
{
	static const char lost[] = "refused: an object without the member that leads to the records";
	static const char kind[] = "refused: a value of another kind on the way to the records";
	struct shape_text lax = people;

	(void)state;
	expect(&people, "{\"results\":[{\"id\":1}]}", lost);
	expect(&people, "{}", lost);
	expect(&people, "[{\"id\":1}]", kind);
	expect(&people, "{\"people\":{\"id\":1}}", kind);
	expect(&people, "{\"people\":\"none\"}", kind);
	expect(&people, "{\"people\":null}", "end");
	lax.flags = SHAPE_OPTIONAL;
	expect(&lax, "{\"results\":[{\"id\":1}]}", "end");
	expect(&lax, "[{\"id\":1}]", "end");
	expect(&lax, "{\"people\":{\"id\":1}}", "end");
}

static void
closed_bytes_never_reach_into_an_open_record(void **state)
{
	static const struct shape_text nested = {.records = {"$[*]", "$[*].in[*]"}, .n_records = 2,
	    .id = "$.id"};
	static const char doc[] = "[{\"id\":1,\"in\":[{\"id\":2}]},{\"id\":3}]";
	struct record_shape shape = compile(&nested);
	(void)state;
	expect_bytes(&shape, 1, doc, strlen(doc), "0:2/0 0:1/0 0:3/0 end");
	for (size_t n = 0; n <= strlen(doc); n++) {
		transcript_json(&whole, &shape, 1, doc, n, (struct cut){0});
		assert_int_equal(whole.closed, n < 25 ? 0 : n < 34 ? 25 : 34);
	}
}

static void
what_rfc_8259_forbids_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}",
	    "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[1}", "{\"a\":1]", "1 2",
	    "[]]", "{}x", "01", "-", "-a", "+1", "1.", ".5", "1.e1", "1e", "1e+", "0x1", "--1", "1..2", "1e1.5",
	    "tru", "True", "nul", "nulll", "truee", "NaN", "Infinity", "'a'", "\"", "\"a", "\"\\x\"", "\"\\u12\"",
	    "\"\\u12g4\"", "\"\\", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"",
	    "\"\\ud800x\"", "\"\t\"", "\"\n\"", "\"\x1f\"", "\"\x80\"", "\"\xc0\xaf\"", "\"\xc3\"", "\"\xe0\x80\x80\"",
	    "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xf4\x90\x80\x80\"", "\xef\xbb\xbf{}", "/**/1", "[1]//",
	    "\"\xe2\x82\"", "\v1", "\f1", "1\v"};
	struct record_shape shape = compile(&anything);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		transcript_json(&whole, &shape, 1, bad[i], strlen(bad[i]), (struct cut){0});
		transcript_json(&bytewise, &shape, 1, bad[i], strlen(bad[i]), (struct cut){.most = 1});
		if (whole.err != ERR_FORMAT)
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(whole.text, bytewise.text);
	}
	expect_bytes(&shape, 1, "\"\0\"", 3, "refused: a control character in a string");
	expect_bytes(&shape, 1, "1\0", 2, "refused: something after the end of the document");
}

static void
what_rfc_8259_allows_is_accepted(void **state)
{
	static const char *const good[] = {"0", "-0", "-1", "10", "1.5", "1e5", "1E+5", "1e-05", "0.0", "-0.0e0",
	    "0e1", "true", "false", "null", "\"\"", "\"a\"", "[]", "{}", "[[]]", "[{},[],1,\"\",null]",
	    " [ ] ", "{\"\":{\"\":0}}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\x7f\"", "\"\\ud800\\udc00\"",
	    "\"\\uDBFF\\uDFFF\"", "\"\\uffff\"", "\"\xf4\x8f\xbf\xbf\"", "\"\xed\x9f\xbf\"", "\"\xef\xbf\xbf\"",
	    "\"a very long text without anything special in it, but \\u00e9 here and \xc3\xa9 there\"",
	    "123456789012345678901234567890.123456789e+1234567890"};
	struct record_shape shape = compile(&anything);

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		expect_bytes(&shape, 1, good[i], strlen(good[i]), "end");
}

static void
depth_is_bounded(void **state)
{
	char doc[2 * JSON_DEPTH_DEFAULT + 3];
	struct record_shape shape = compile(&anything);
	size_t n = JSON_DEPTH_DEFAULT;

	(void)state;
	memset(doc, '[', n);
	memset(doc + n, ']', n);
	expect_bytes(&shape, 1, doc, 2 * n, "end");
	memset(doc, '[', n + 1);
	memset(doc + n + 1, ']', n + 1);
	expect_bytes(&shape, 1, doc, 2 * n + 2, "refused: objects and arrays nested too deep");
}

static enum err
refuse_second(void *context, unsigned shape, const struct canon_id *id, uint32_t fields)
{
	(void)shape;
	(void)id;
	(void)fields;
	return ++*(int *)context == 2 ? ERR_DENIED : ERR_NONE;
}

static void
an_error_of_the_sink_stops_the_scan_and_stays(void **state)
{
	static const char doc[] = "[{\"id\":1},{\"id\":2},{\"id\":3}]";
	int calls = 0;
	const struct scan_sink sink = {refuse_second, &calls};
	const struct scan_limits limits = {0};
	struct record_shape shape = compile(&list);
	struct json_scan scan;

	(void)state;
	assert_int_equal(json_scan_init(&scan, &shape, 1, &limits, &sink), ERR_NONE);
	assert_int_equal(json_scan_feed(&scan, doc, strlen(doc)), ERR_DENIED);
	assert_int_equal(json_scan_feed(&scan, "]", 1), ERR_DENIED);
	assert_int_equal(json_scan_finish(&scan), ERR_DENIED);
	assert_int_equal(calls, 2);
	assert_int_equal(json_scan_closed(&scan), 9);
}

static void
a_document_over_the_limit_is_out_of_range(void **state)
{
	const struct scan_sink sink = {refuse_second, NULL};
	const struct scan_limits limits = {.bytes = 4};
	const struct scan_limits deep = {.depth = JSON_DEPTH_MAX + 1};
	struct record_shape shape = compile(&anything);
	struct json_scan scan;

	(void)state;
	assert_int_equal(json_scan_init(&scan, &shape, 1, &limits, &sink), ERR_NONE);
	assert_int_equal(json_scan_feed(&scan, "[1,2]", 5), ERR_RANGE);
	assert_int_equal(json_scan_init(&scan, &shape, 1, &limits, &sink), ERR_NONE);
	assert_int_equal(json_scan_feed(&scan, "[12]", 4), ERR_NONE);
	assert_int_equal(json_scan_finish(&scan), ERR_NONE);
	assert_int_equal(json_scan_init(&scan, &shape, 1, &deep, &sink), ERR_RANGE);
	assert_int_equal(json_scan_init(&scan, &shape, 0, &limits, &sink), ERR_RANGE);
	assert_int_equal(json_scan_init(&scan, &shape, JSON_SHAPES_MAX + 1, &limits, &sink), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_of_a_list_are_reported_with_the_fields_each_one_shows),
	    cmocka_unit_test(a_field_that_is_null_or_empty_is_not_shown),
	    cmocka_unit_test(white_space_key_order_and_escapes_change_nothing),
	    cmocka_unit_test(integers_are_identifiers_and_other_numbers_are_not),
	    cmocka_unit_test(a_record_without_a_usable_identifier_is_refused),
	    cmocka_unit_test(records_may_be_the_document_a_member_or_nested_in_another),
	    cmocka_unit_test(the_records_own_key_may_be_the_identifier),
	    cmocka_unit_test(several_shapes_are_followed_at_once),
	    cmocka_unit_test(a_name_that_comes_twice_on_a_path_is_refused_and_elsewhere_is_not),
	    cmocka_unit_test(a_strict_shape_refuses_documents_that_lead_to_no_records),
	    cmocka_unit_test(closed_bytes_never_reach_into_an_open_record),
	    cmocka_unit_test(what_rfc_8259_forbids_is_refused),
	    cmocka_unit_test(what_rfc_8259_allows_is_accepted),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(an_error_of_the_sink_stops_the_scan_and_stays),
	    cmocka_unit_test(a_document_over_the_limit_is_out_of_range)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
