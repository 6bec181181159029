#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "index/bitmap.h"
#include "index/event.h"
#include "index/heads.h"
#include "index/names.h"
#include "index/set.h"
#include "index/sort.h"
#include "model.h"

static void
sorts_are_stable_and_ascending(void **state)
{
	enum { N = 20000 };
	struct pair *pairs = malloc(N * sizeof(*pairs));
	uint64_t *keys = malloc(N * sizeof(*keys));
	struct dice dice = {5};

	(void)state;
	assert_non_null(pairs);
	assert_non_null(keys);
	for (unsigned shift = 0; shift < 64; shift += 9) {
		for (uint32_t i = 0; i < N; i++) {
			keys[i] = dice_next(&dice) >> shift << shift / 2;
			pairs[i] = (struct pair){keys[i], i};
		}
		assert_int_equal(sort_pairs(pairs, N), ERR_NONE);
		assert_int_equal(sort_keys(keys, N), ERR_NONE);
		for (uint32_t i = 1; i < N; i++) {
			assert_true(pairs[i].key == keys[i] && keys[i - 1] <= keys[i]);
			assert_true(pairs[i - 1].key < pairs[i].key || pairs[i - 1].value < pairs[i].value);
		}
	}
	free(pairs);
	free(keys);
}

static void
a_person_keeps_the_number_of_first_sight(void **state)
{
	enum { N = 60000 };
	struct names names, plain;
	uint8_t id[PERSON_ID_MAX];
	struct person_ref ref;
	struct name name;
	uint32_t number;

	(void)state;
	assert_int_equal(names_init(&names), ERR_NONE);
	assert_int_equal(names_init(&plain), ERR_NONE);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < N; i++) {
			model_person(i, id, &ref);
			name = (struct name){ref.id, ref.id_len, ref.space};
			assert_int_equal(names_intern(&names, &name, &number), ERR_NONE);
			assert_int_equal(number, i);
			if (round == 0)
				assert_int_equal(names_append(&plain, &name), ERR_NONE);
		}
	}
	assert_int_equal(names.n, N);
	for (uint32_t i = 0; i < N; i += 997) {
		model_person(i, id, &ref);
		names_get(&plain, i, &name);
		assert_int_equal(name.id_len, ref.id_len);
		assert_int_equal(name.space, ref.space);
		assert_memory_equal(name.id, ref.id, ref.id_len);
		/* With a hash and without. */
		name.id = id;
		assert_int_equal(names_find(&names, &name, &number), ERR_NONE);
		assert_int_equal(number, i);
		assert_int_equal(names_find(&plain, &name, &number), ERR_NONE);
		assert_int_equal(number, i);
	}
	model_person(N, id, &ref);
	name = (struct name){ref.id, ref.id_len, ref.space};
	assert_int_equal(names_find(&names, &name, &number), ERR_NOT_FOUND);
	assert_int_equal(names_find(&plain, &name, &number), ERR_NOT_FOUND);
	names_wipe(&names);
	names_wipe(&plain);
}

static void
names_that_lie_as_in_a_file_are_appended_whole_or_not_at_all(void **state)
{
	/* Namespace, length, identifier. */
	static const uint8_t good[] = {1, 2, 'P', '1', 2, 1, 'x', 1, 3, 'a', 'b', 'c'};
	struct names names;
	struct name name;

	(void)state;
	assert_int_equal(names_init(&names), ERR_NONE);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(names_append_all(&names, good, sizeof(good), 3), ERR_NONE);
	assert_int_equal(names_append_all(&names, good, sizeof(good), 2), ERR_CORRUPT);
	assert_int_equal(names_append_all(&names, good, sizeof(good), 4), ERR_CORRUPT);
	assert_int_equal(names_append_all(&names, good, sizeof(good) - 1, 3), ERR_CORRUPT);
	assert_int_equal(names_append_all(&names, good, 5, 2), ERR_CORRUPT);
	assert_int_equal(names.n, 120);
	names_get(&names, 3 * 33 + 2, &name);
	assert_int_equal(name.space, 1);
	assert_int_equal(name.id_len, 3);
	assert_memory_equal(name.id, "abc", 3);
	names_wipe(&names);
}

static uint32_t
random_event(struct dice *dice, struct event *event, struct sighting *people)
{
	uint32_t person = 0;
	uint32_t n = dice_below(dice, 4) == 0 ? dice_below(dice, DISCLOSURE_PERSONS_MAX + 1) : dice_below(dice, 3);
	uint32_t same = dice_below(dice, 2);

	*event = (struct event){.at_us = dice_next(dice) >> dice_below(dice, 64), .session = dice_next(dice),
	    .identity = dice_below(dice, 3), .organisation = dice_below(dice, UINT32_MAX),
	    .weight = dice_below(dice, 2) * dice_below(dice, UINT32_MAX), .n = n,
	    .route = (uint16_t)dice_next(dice), .meter = (uint16_t)dice_below(dice, 3)};
	for (uint32_t i = 0; i < n; i++) {
		person += 1 + dice_below(dice, 1U << dice_below(dice, 19));
		people[i] = (struct sighting){person, same != 0 ? 7 : (uint32_t)dice_next(dice)};
	}
	return n;
}

static void
events_go_through_bytes_unchanged(void **state)
{
	enum { N = 300 };
	struct sighting *people = malloc(2 * DISCLOSURE_PERSONS_MAX * sizeof(*people));
	struct sighting *read = people + DISCLOSURE_PERSONS_MAX;
	struct event_base out = {0}, in = {0};
	struct event event, got;
	struct bytes b;

	(void)state;
	assert_non_null(people);
	bytes_init(&b, 1U << 30);
	struct dice dice = {8};
	for (int i = 0; i < N; i++) {
		(void)random_event(&dice, &event, people);
		assert_int_equal(event_put(&b, &out, &event, people), ERR_NONE);
	}
	const uint8_t *at = b.data, *end = b.data + b.len;
	dice = (struct dice){8};
	for (int i = 0; i < N; i++) {
		uint32_t n = random_event(&dice, &event, people);

		assert_int_equal(event_get(&at, end, &in, &got, read), ERR_NONE);
		assert_memory_equal(&got, &event, offsetof(struct event, meter) + sizeof(event.meter));
		assert_memory_equal(read, people, n * sizeof(*people));
	}
	assert_ptr_equal(at, end);
	assert_int_equal(event_get(&at, end, &in, &got, read), ERR_CORRUPT);
	bytes_wipe(&b);
	free(people);
}

static void
bytes_that_are_no_event_are_refused_within_bounds(void **state)
{
	struct sighting *people = malloc(DISCLOSURE_PERSONS_MAX * sizeof(*people));
	struct dice dice = {9};
	struct event event;

	(void)state;
	assert_non_null(people);
	for (int i = 0; i < 20000; i++) {
		struct event_base base = {0};
		size_t len = dice_below(&dice, 60);
		uint8_t *bytes = malloc(len + 1);

		assert_non_null(bytes);
		for (size_t k = 0; k < len; k++)
			bytes[k] = (uint8_t)(dice_next(&dice) >> dice_below(&dice, 60));
		const uint8_t *at = bytes, *end = bytes + len;
		while (at < end && event_get(&at, end, &base, &event, people) == ERR_NONE)
			assert_true(at <= end && event.n <= DISCLOSURE_PERSONS_MAX);
		free(bytes);
	}
	free(people);
}

static void
a_set_counts_each_once_short_or_long(void **state)
{
	static const size_t sizes[] = {0, 1, 500, 70000, 400000};
	struct dice dice = {3};

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		uint8_t *seen = calloc(100000, 1);
		struct set set;
		uint32_t person;
		size_t expected = 0, at = 0;

		assert_non_null(seen);
		set_init(&set, 100000);
		for (size_t i = 0; i < sizes[s]; i++) {
			person = dice_below(&dice, 100000);
			expected += seen[person] == 0 ? 1 : 0;
			seen[person] = 1;
			assert_int_equal(set_add(&set, &person, 1), ERR_NONE);
		}
		person = 100000;
		assert_int_equal(set_add(&set, &person, 1), ERR_CORRUPT);
		assert_int_equal(set_finish(&set), expected);
		for (uint32_t i = 0; i < 100000; i++) {
			if (seen[i] == 0)
				continue;
			assert_int_equal(set_next(&set, &at, &person), ERR_NONE);
			assert_int_equal(person, i);
		}
		assert_int_equal(set_next(&set, &at, &person), ERR_NOT_FOUND);
		set_wipe(&set);
		free(seen);
	}
}

static void
bitmaps_unite_to_ascending_values(void **state)
{
	uint32_t values[1000], *united;
	struct bitmap *bitmap = NULL;
	struct bytes b;
	uint32_t len;
	size_t n;

	(void)state;
	bytes_init(&b, 1U << 20);
	for (uint32_t step = 3; step <= 5; step += 2) {
		for (uint32_t i = 0; i < 1000; i++)
			values[i] = i * step * 1000;
		bytes_clear(&b);
		assert_int_equal(bitmap_put(&b, values, 1000, &len), ERR_NONE);
		assert_int_equal(len, b.len);
		assert_int_equal(bitmap_or(&bitmap, b.data, b.len), ERR_NONE);
	}
	assert_int_equal(bitmap_values(bitmap, &united, &n), ERR_NONE);
	/* 1000 multiples of 3 and 1000 of 5, of which those of 15 below 3000 are shared. */
	assert_int_equal(n, 1000 + 1000 - 200);
	for (size_t i = 1; i < n; i++)
		assert_true(united[i - 1] < united[i]);
	free(united);
	bitmap_free(bitmap);
	bitmap = NULL;
	assert_int_equal(bitmap_or(&bitmap, b.data, b.len / 2), ERR_CORRUPT);
	assert_int_equal(bitmap_values(NULL, &united, &n), ERR_NONE);
	assert_int_equal(n, 0);
	bytes_wipe(&b);
}

static void
heads_remember_the_last_value(void **state)
{
	struct heads heads = {0};

	(void)state;
	assert_int_equal(heads_get(&heads, 1), HEADS_NONE);
	for (uint32_t i = 0; i < 50000; i++) {
		assert_int_equal(heads_reserve(&heads), ERR_NONE);
		heads_set(&heads, i % 20000 * 7, i);
	}
	for (uint32_t i = 0; i < 20000; i++)
		assert_int_equal(heads_get(&heads, i * 7), i < 10000 ? 40000 + i : 20000 + i);
	assert_int_equal(heads_get(&heads, 3), HEADS_NONE);
	heads_wipe(&heads);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sorts_are_stable_and_ascending),
	    cmocka_unit_test(a_person_keeps_the_number_of_first_sight),
	    cmocka_unit_test(names_that_lie_as_in_a_file_are_appended_whole_or_not_at_all),
	    cmocka_unit_test(events_go_through_bytes_unchanged),
	    cmocka_unit_test(bytes_that_are_no_event_are_refused_within_bounds),
	    cmocka_unit_test(a_set_counts_each_once_short_or_long),
	    cmocka_unit_test(bitmaps_unite_to_ascending_values),
	    cmocka_unit_test(heads_remember_the_last_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
