#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/person.h"
#include "core/verdict.h"
#include "world.h"

/* Aumasson and Bernstein: appendix A, and the first vectors of the reference implementation. */
static void
siphash_gives_the_published_values(void **state)
{
	static const uint64_t expected[] = {
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7,
		0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
	};
	uint8_t key[PERSON_KEY_LEN], message[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = message[i] = i;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_true(person_siphash(key, message, i) == expected[i]);
	assert_true(person_siphash(key, message, 15) == 0xa129ca6149be45e5);
}

static void
namespace_and_identifier_both_count(void **state)
{
	const uint8_t key[PERSON_KEY_LEN] = {9};
	const uint8_t id[] = "P1P1";

	(void)state;
	assert_true(person_hash(key, 1, id, 2) == person_hash(key, 1, id + 2, 2));
	assert_true(person_hash(key, 1, id, 2) != person_hash(key, 2, id, 2));
	assert_true(person_hash(key, 1, id, 2) != person_hash(key, 1, id, 4));
}

static void
unnamed_persons_of_a_charge_differ_and_are_never_nobody(void **state)
{
	static uint64_t persons[4096];
	const uint64_t seeds[] = {0, 1, UINT64_MAX, UINT64_MAX - 2000};

	(void)state;
	for (size_t s = 0; s < sizeof(seeds) / sizeof(seeds[0]); s++) {
		for (uint32_t i = 0; i < 4096; i++)
			persons[i] = person_unnamed(seeds[s], i);
		assert_int_equal(person_sort_unique(persons, 4096), 4096);
	}
}

static void
sorting_drops_repetitions_and_zeroes(void **state)
{
	static uint64_t persons[5000];
	uint64_t random = 2;

	(void)state;
	for (size_t n = 0; n < 5000; n = n < 80 ? n + 1 : n * 2 + 1) {
		uint64_t seen[300] = {0};
		size_t distinct = 0;

		for (size_t i = 0; i < n; i++) {
			persons[i] = world_random(&random) % 300;
			distinct += persons[i] != 0 && seen[persons[i]]++ == 0;
		}
		assert_int_equal(person_sort_unique(persons, n), distinct);
		for (size_t i = 0; i < distinct; i++)
			assert_true(persons[i] != 0 && (i == 0 || persons[i - 1] < persons[i]));
	}
}

static void
every_reason_has_its_words_in_both_languages(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_MAX; i++) {
		const struct verdict_words *w = verdict_words((enum verdict_reason)i);

		assert_true(i == REASON_MAP || w != verdict_words(REASON_MAP));
		assert_non_null(w->operator);
		for (int l = 0; l < LANGUAGE_MAX; l++) {
			assert_true(w->title[l][0] != '\0');
			/* Who is stopped is told why and what to do. */
			assert_true(w->status == 0 || (w->text[l][0] != '\0' && w->next[l][0] != '\0'));
		}
		assert_true(w->status == 0 || (w->status >= 400 && w->status <= 599));
		if (i != REASON_NONE) {
			assert_memory_equal(w->type, "urn:tourniquet:problem:", 23);
			assert_string_equal(w->type + 23, w->name);
		}
	}
	assert_ptr_equal(verdict_words((enum verdict_reason)9999), verdict_words(REASON_MAP));
	assert_string_equal(verdict_name((enum verdict)99), "unavailable");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(siphash_gives_the_published_values),
	    cmocka_unit_test(namespace_and_identifier_both_count),
	    cmocka_unit_test(unnamed_persons_of_a_charge_differ_and_are_never_nobody),
	    cmocka_unit_test(sorting_drops_repetitions_and_zeroes),
	    cmocka_unit_test(every_reason_has_its_words_in_both_languages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
