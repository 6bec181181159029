/*
 * The scanner against a naive reader of whole documents: jansson makes the
 * values, and paths are walked from each place in the plainest way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_json.h"

#define CASES 30000
#define PLACE_MAX 64

/* How the walk came to where it is: member names, NULL for an element. */
struct place {
	const char *steps[PLACE_MAX];
	size_t n;
};

struct naive {
	const struct random_case *test;
	struct place place;
	unsigned inside[RANDOM_SHAPES]; /* open records of each shape */
	bool refused;
	char said[TRANSCRIPT_MAX];
	size_t said_len;
};

static bool
step_fits(const struct json_path *path, size_t i, const char *name)
{
	const struct path_step *step = &path->steps[i];

	if (name == NULL || step->kind == PATH_ANY_INDEX)
		return name == NULL && step->kind == PATH_ANY_INDEX;
	return step->kind == PATH_ANY_NAME ||
	    (strlen(name) == step->len && memcmp(name, path->names + step->at, step->len) == 0);
}

/* Does the place follow the path as far as both go? */
static bool
place_fits(const struct place *place, const struct json_path *path)
{
	if (place->n > path->n_steps)
		return false;
	for (size_t i = 0; i < place->n; i++)
		if (!step_fits(path, i, place->steps[i]))
			return false;
	return true;
}

static bool
is_shown(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
		return false;
	case JSON_STRING:
		return json_string_length(value) != 0;
	case JSON_ARRAY:
		return json_array_size(value) != 0;
	case JSON_OBJECT:
		return json_object_size(value) != 0;
	default:
		return true;
	}
}

/* Is something shown where steps i and on of the path lead? */
static bool
path_shows(json_t *value, const struct json_path *path, size_t i)
{
	const char *name;
	json_t *next;
	size_t n;

	if (i == path->n_steps)
		return is_shown(value);
	if (json_is_object(value)) {
		json_object_foreach(value, name, next)
			if (step_fits(path, i, name) && path_shows(next, path, i + 1))
				return true;
	} else if (json_is_array(value)) {
		json_array_foreach(value, n, next)
			if (step_fits(path, i, NULL) && path_shows(next, path, i + 1))
				return true;
	}
	return false;
}

static bool
read_id(const struct random_shape *shape, json_t *record, const char *key, struct canon_id *ret_id)
{
	const char *why;
	char number[32];
	json_t *id = record;

	if (strcmp(shape->text.id, "key") == 0)
		return canon_make(shape->text.canon, (const uint8_t *)key, strlen(key), ret_id, &why) == ERR_NONE;
	for (size_t i = 0; i < shape->id.n_steps && id != NULL; i++) {
		const struct path_step *step = &shape->id.steps[i];
		char name[PATH_NAME_MAX + 1];

		snprintf(name, sizeof(name), "%.*s", step->len, shape->id.names + step->at);
		id = json_object_get(id, name);
	}
	if (json_is_integer(id)) {
		int n = snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(id));

		return canon_make(shape->text.canon, (uint8_t *)number, (size_t)n, ret_id, &why) == ERR_NONE;
	}
	return json_is_string(id) && canon_make(shape->text.canon, (const uint8_t *)json_string_value(id),
	    json_string_length(id), ret_id, &why) == ERR_NONE;
}

static void
say_record(struct naive *naive, size_t number, json_t *record, const char *key)
{
	const struct random_shape *shape = &naive->test->shapes[number];
	struct canon_id id;
	uint32_t fields = 0;

	if (!read_id(shape, record, key, &id)) {
		naive->refused = true;
		return;
	}
	for (size_t i = 0; i < shape->text.n_fields; i++)
		if (path_shows(record, &shape->fields[i], 0))
			fields |= (uint32_t)1 << i;
	naive->said_len += (size_t)snprintf(naive->said + naive->said_len,
	    TRANSCRIPT_MAX - naive->said_len, "%zu:%.*s/%x ", number, id.len, (char *)id.text, fields);
}

/* Is the value at this place a record of the shape? */
static bool
is_record(const struct naive *naive, const struct random_shape *shape, const json_t *value)
{
	if (json_is_null(value) && strcmp(shape->text.id, "key") != 0)
		return false;
	for (size_t i = 0; i < shape->text.n_records; i++)
		if (shape->ways[i].n_steps == naive->place.n && place_fits(&naive->place, &shape->ways[i]))
			return true;
	return false;
}

static bool
way_goes_on(const struct json_path *way, size_t depth, json_t *value)
{
	const char *name;
	json_t *next;

	if (json_is_array(value))
		return way->steps[depth].kind == PATH_ANY_INDEX;
	if (!json_is_object(value))
		return json_is_null(value);
	if (way->steps[depth].kind == PATH_ANY_NAME)
		return true;
	json_object_foreach(value, name, next)
		if (step_fits(way, depth, name))
			return true;
	return false;
}

/* Strict: where paths lead through this place, one of them must go on. */
static bool
leads_astray(const struct naive *naive, size_t number, json_t *value)
{
	const struct random_shape *shape = &naive->test->shapes[number];
	bool through = false;

	if ((shape->text.flags & SHAPE_OPTIONAL) != 0 || naive->inside[number] != 0)
		return false;
	for (size_t i = 0; i < shape->text.n_records; i++) {
		const struct json_path *way = &shape->ways[i];

		if (!place_fits(&naive->place, way))
			continue;
		if (way->n_steps == naive->place.n || way_goes_on(way, naive->place.n, value))
			return false;
		through = true;
	}
	return through;
}

static void walk(struct naive *naive, json_t *value);

static void
walk_inside(struct naive *naive, json_t *value)
{
	const char *name;
	json_t *next;
	size_t i, n = naive->place.n++;

	if (json_is_object(value)) {
		json_object_foreach(value, name, next) {
			naive->place.steps[n] = name;
			walk(naive, next);
		}
	} else {
		json_array_foreach(value, i, next) {
			naive->place.steps[n] = NULL;
			walk(naive, next);
		}
	}
	naive->place.n--;
}

static void
walk(struct naive *naive, json_t *value)
{
	size_t depth = naive->place.n;
	bool record[RANDOM_SHAPES] = {false};

	for (size_t i = 0; i < naive->test->n_shapes; i++) {
		naive->refused |= leads_astray(naive, i, value);
		record[i] = is_record(naive, &naive->test->shapes[i], value);
		naive->inside[i] += record[i];
	}
	if (json_is_object(value) || json_is_array(value))
		walk_inside(naive, value);
	for (size_t i = 0; i < naive->test->n_shapes; i++) {
		naive->inside[i] -= record[i];
		if (record[i])
			say_record(naive, i, value, depth != 0 ? naive->place.steps[depth - 1] : NULL);
	}
}

static void
show_case(const struct random_case *test)
{
	for (size_t i = 0; i < test->n_shapes; i++) {
		const struct shape_text *text = &test->shapes[i].text;

		print_message("shape %zu: id %s flags %u canon %u; records", i, text->id, text->flags, text->canon);
		for (size_t j = 0; j < text->n_records; j++)
			print_message(" %s", text->records[j]);
		print_message("; fields");
		for (size_t j = 0; j < text->n_fields; j++)
			print_message(" %s", text->fields[j]);
		print_message("\n");
	}
	print_message("document: %.*s\n", (int)test->text.len, (char *)test->text.data);
}

static void
compare(const struct random_case *test, const struct naive *naive, const struct transcript *t)
{
	bool same = naive->refused
	    ? t->err == ERR_FORMAT
	    : t->err == ERR_NONE && t->len == naive->said_len + 3 &&
	        memcmp(t->text, naive->said, naive->said_len) == 0;

	if (same)
		return;
	show_case(test);
	fail_msg("naive: %s%s; scanner: %s", naive->said, naive->refused ? "refused" : "end", t->text);
}

/*
 * What may be released, with one more byte since a number ends before it, names
 * the same persons once more.
 */
static void
check_closed(const struct random_case *test, const struct transcript *t)
{
	static struct transcript prefix;
	size_t n = (size_t)t->closed + (t->closed < test->text.len);

	if (t->closed == 0)
		return;
	transcript_json(&prefix, test->compiled, test->n_shapes, test->text.data, n, (struct cut){0});
	assert_int_equal(prefix.closed, t->closed);
	if (t->err == ERR_NONE)
		assert_memory_equal(prefix.text, t->text, t->len - 3);
}

static void
the_scanner_finds_what_a_naive_reader_finds_however_the_bytes_are_cut(void **state)
{
	static struct transcript whole, cut;
	static struct random_case test;
	static struct naive naive;
	struct dice dice = {.state = 20240613};
	size_t n_accepted = 0, n_persons = 0;

	(void)state;
	bytes_init(&test.text, 1 << 20);
	for (size_t i = 0; i < CASES; i++) {
		json_t *root;

		random_case_roll(&test, &dice);
		root = json_loadb((char *)test.text.data, test.text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(root);
		memset(&naive, 0, offsetof(struct naive, said));
		naive.said[0] = '\0';
		naive.said_len = 0;
		naive.test = &test;
		walk(&naive, root);
		json_decref(root);
		transcript_json(&whole, test.compiled, test.n_shapes, test.text.data, test.text.len, (struct cut){0});
		compare(&test, &naive, &whole);
		transcript_json(&cut, test.compiled, test.n_shapes, test.text.data, test.text.len,
		    (struct cut){.most = 1 + dice_roll(&dice, 40), .dice = i % 2 != 0 ? &dice : NULL});
		assert_string_equal(whole.text, cut.text);
		assert_int_equal(whole.closed, cut.closed);
		check_closed(&test, &whole);
		n_accepted += whole.err == ERR_NONE;
		n_persons += naive.said_len != 0 && whole.err == ERR_NONE;
	}
	print_message("%zu of %d accepted, %zu with persons\n", n_accepted, CASES, n_persons);
	assert_true(n_persons > CASES / 5);
	bytes_wipe(&test.text);
}

/* Bytes changed at random: no reference but that cutting changes nothing. */
static void
damaged_documents_get_one_verdict_however_they_are_cut(void **state)
{
	static struct transcript whole, cut;
	static struct random_case test;
	struct dice dice = {.state = 7};

	(void)state;
	bytes_init(&test.text, 1 << 20);
	for (size_t i = 0; i < CASES; i++) {
		random_case_roll(&test, &dice);
		for (uint32_t n = dice_roll(&dice, 3); n > 0; n--)
			test.text.data[dice_roll(&dice, (uint32_t)test.text.len)] =
			    (uint8_t)("\"\\{}[]:,u0 \xc3\xa9-.e1"[dice_roll(&dice, 17)]);
		transcript_json(&whole, test.compiled, test.n_shapes, test.text.data, test.text.len, (struct cut){0});
		transcript_json(&cut, test.compiled, test.n_shapes, test.text.data, test.text.len,
		    (struct cut){.most = 1 + dice_roll(&dice, 20), .dice = &dice});
		if (strcmp(whole.text, cut.text) != 0)
			show_case(&test);
		assert_string_equal(whole.text, cut.text);
		assert_int_equal(whole.closed, cut.closed);
	}
	bytes_wipe(&test.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_scanner_finds_what_a_naive_reader_finds_however_the_bytes_are_cut),
	    cmocka_unit_test(damaged_documents_get_one_verdict_however_they_are_cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
