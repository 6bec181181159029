#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "parse/path.h"
#include "parse/shape.h"

static struct json_path path;

static void
expect_refusal(const char *text, enum err err)
{
	struct json_path before;
	const char *why = NULL;

	memset(&path, 0x5a, sizeof(path));
	before = path;
	if (path_compile(&path, text, &why) != err)
		fail_msg("not refused as it should be: %s", text);
	assert_non_null(why);
	assert_memory_equal(&path, &before, sizeof(path));
}

static void
expect_step(size_t i, enum path_step_kind kind, const char *name)
{
	assert_int_equal(path.steps[i].kind, kind);
	assert_int_equal(path.steps[i].len, strlen(name));
	assert_memory_equal(path.names + path.steps[i].at, name, strlen(name));
}

static void
a_path_is_names_and_wildcards(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(path_compile(&path, "$", &why), ERR_NONE);
	assert_int_equal(path.n_steps, 0);
	assert_int_equal(path_compile(&path, "$.a-1.*[*]['it\\'s \\\\ $.*']['']['\u00e9'].\u00e9", &why), ERR_NONE);
	assert_int_equal(path.n_steps, 7);
	expect_step(0, PATH_NAME, "a-1");
	expect_step(1, PATH_ANY_NAME, "");
	expect_step(2, PATH_ANY_INDEX, "");
	expect_step(3, PATH_NAME, "it's \\ $.*");
	expect_step(4, PATH_NAME, "");
	expect_step(5, PATH_NAME, "\u00e9");
	expect_step(6, PATH_NAME, "\u00e9");
}

static void
anything_else_is_refused(void **state)
{
	static const char *const bad[] = {"", "a", ".a", "$a", "$.", "$..a", "$.a.", "$[0]", "$[", "$[*", "$[ * ]",
	    "$['a]", "$['a'", "$['a\\n']", "$['a\\", "$[\"a\"]", "$.a b", "$.a[?(@.b)]", "$.**", "$.a,b", "$ ",
	    "$.\xc3", "$['\xff']"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refusal(bad[i], ERR_FORMAT);
}

static void
sizes_are_bounded(void **state)
{
	char text[400] = "$";
	const char *why;

	(void)state;
	for (size_t i = 0; i < PATH_STEPS_MAX; i++)
		strcat(text, ".a");
	assert_int_equal(path_compile(&path, text, &why), ERR_NONE);
	strcat(text, "[*]");
	expect_refusal(text, ERR_RANGE);
	snprintf(text, sizeof(text), "$.%064d", 1);
	assert_int_equal(path_compile(&path, text, &why), ERR_NONE);
	snprintf(text, sizeof(text), "$.%065d", 1);
	expect_refusal(text, ERR_RANGE);
	snprintf(text, sizeof(text), "$.%063d.%064d.%064d.%064d", 1, 1, 1, 1);
	assert_int_equal(path_compile(&path, text, &why), ERR_NONE);
	snprintf(text, sizeof(text), "$.%064d.%064d.%064d.%064d", 1, 1, 1, 1);
	expect_refusal(text, ERR_RANGE);
}

static const struct shape_text good = {.records = {"$.people[*]"}, .n_records = 1, .id = "$.id",
    .fields = {"$.name"}, .n_fields = 1};

static void
expect_shape(const struct shape_text *text, enum err err)
{
	static struct record_shape shape;
	const char *why = NULL;

	assert_int_equal(shape_compile(&shape, text, &why), err);
	assert_int_equal(why == NULL, err == ERR_NONE);
	if (err == ERR_NONE)
		assert_int_equal(shape_check(&shape), ERR_NONE);
}

static void
a_shape_that_contradicts_itself_is_refused(void **state)
{
	struct shape_text text = good;

	(void)state;
	expect_shape(&text, ERR_NONE);
	text.id = "$.ids[*]";
	expect_shape(&text, ERR_FORMAT);
	text.id = "key";
	expect_shape(&text, ERR_FORMAT);
	text.records[0] = "$";
	expect_shape(&text, ERR_FORMAT);
	text.records[0] = "$.people.*";
	expect_shape(&text, ERR_NONE);
	text.records[0] = "$.people[0]";
	expect_shape(&text, ERR_FORMAT);
	text = good;
	text.fields[0] = "name";
	expect_shape(&text, ERR_FORMAT);
	text = good;
	text.n_records = 0;
	expect_shape(&text, ERR_FORMAT);
	text = good;
	text.canon = CANON_UPPER | CANON_LOWER;
	expect_shape(&text, ERR_FORMAT);
	text = good;
	text.flags = SHAPE_ID_IS_KEY;
	expect_shape(&text, ERR_FORMAT);
}

static void
a_shape_takes_its_most_fields_and_names_but_not_more(void **state)
{
	static char paths[METER_FIELDS_MAX][400];
	struct shape_text text = good;

	(void)state;
	text.n_fields = METER_FIELDS_MAX;
	for (size_t i = 0; i < METER_FIELDS_MAX; i++) {
		snprintf(paths[i], sizeof(paths[i]), "$.contact.field%zu", i);
		text.fields[i] = paths[i];
	}
	expect_shape(&text, ERR_NONE);
	for (size_t i = 0; i < METER_FIELDS_MAX; i++)
		snprintf(paths[i], sizeof(paths[i]), "$.a%zu.b.c.d", i);
	expect_shape(&text, ERR_RANGE);
	for (size_t i = 0; i < METER_FIELDS_MAX; i++)
		snprintf(paths[i], sizeof(paths[i]), "$.a%060zu.b%060zu", i, i);
	expect_shape(&text, ERR_RANGE);
	text.n_fields = METER_FIELDS_MAX + 1;
	expect_shape(&text, ERR_FORMAT);
}

static void
a_damaged_shape_is_found_out(void **state)
{
	static struct record_shape sound, shape;
	const char *why;

	(void)state;
	assert_int_equal(shape_compile(&sound, &good, &why), ERR_NONE);
	shape = sound;
	shape.nodes[shape.way_root].n_edges = SHAPE_FANOUT_MAX + 1;
	assert_int_equal(shape_check(&shape), ERR_CORRUPT);
	shape = sound;
	shape.edges[0].node = shape.way_root; /* a cycle */
	assert_int_equal(shape_check(&shape), ERR_CORRUPT);
	shape = sound;
	shape.edges[0].name_at = SHAPE_NAMES_MAX;
	assert_int_equal(shape_check(&shape), ERR_CORRUPT);
	shape = sound;
	shape.nodes[shape.way_root].any_index = shape.n_nodes;
	assert_int_equal(shape_check(&shape), ERR_CORRUPT);
	shape = sound;
	shape.record_root = shape.n_nodes;
	assert_int_equal(shape_check(&shape), ERR_CORRUPT);
	memset(&shape, 0, sizeof(shape));
	assert_int_equal(shape_check(&shape), ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_path_is_names_and_wildcards),
	    cmocka_unit_test(anything_else_is_refused), cmocka_unit_test(sizes_are_bounded),
	    cmocka_unit_test(a_shape_that_contradicts_itself_is_refused),
	    cmocka_unit_test(a_shape_takes_its_most_fields_and_names_but_not_more),
	    cmocka_unit_test(a_damaged_shape_is_found_out)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
