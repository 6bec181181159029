#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "services/training/fold.h"
#include "services/training/population.h"

static struct reference *reference;

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, 9);
}

static void
identifiers_are_unique_and_well_formed(void **state)
{
	enum { COUNT = 200000 };
	struct population p = {.seed = 7, .reference = reference};
	char(*ids)[9] = calloc(COUNT, sizeof(*ids));

	(void)state;
	assert_non_null(ids);
	/* Around the block of 10^7, where digits come again and the letter must differ. */
	for (uint64_t i = 0; i < COUNT; i++)
		population_identifier(&p, i % 2 == 0 ? i / 2 : 10000000 + i / 2, ids[i]);
	qsort(ids, COUNT, sizeof(*ids), compare);
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(fold_is_identifier(ids[i]));
		assert_true(i == 0 || memcmp(ids[i], ids[i - 1], 9) != 0);
	}
	free(ids);
}

static void
the_same_seed_makes_the_same_person_and_another_seed_another(void **state)
{
	struct population p = {.seed = 1, .reference = reference};
	struct population_person a = {0};
	struct population_person b = {0};

	(void)state;
	population_person(&p, 1234, &a);
	population_person(&p, 1, &b);
	population_person(&p, 1234, &b);
	assert_string_equal(a.id, b.id);
	assert_string_equal(a.email, b.email);
	assert_string_equal(a.street, b.street);
	p.seed = 2;
	population_person(&p, 1234, &b);
	assert_string_not_equal(a.id, b.id);
}

static bool
is_fictional_telephone(const char *number)
{
	static const char *const ranges[] = {"01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49",
	    "06 39 98"};

	for (size_t i = 0; i < 6; i++)
		if (strncmp(number, ranges[i], 8) == 0 && strlen(number) == 14)
			return true;
	return false;
}

static void
nobody_in_the_population_can_be_reached(void **state)
{
	struct population p = {.seed = 3, .reference = reference};
	struct population_person person;

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		population_person(&p, i, &person);
		const char *dot = strrchr(person.email, '.');
		assert_true(person.email[0] == '\0' || strcmp(dot, ".example") == 0);
		assert_true(person.telephone[0] == '\0' || is_fictional_telephone(person.telephone));
	}
}

static void
minors_and_only_they_have_a_guardian(void **state)
{
	struct population p = {.seed = 3, .reference = reference};
	struct population_person person;
	size_t minors = 0;

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		population_person(&p, i, &person);
		bool minor = atoi(person.birth_date) > POPULATION_YEAR - 18;
		minors += minor ? 1 : 0;
		assert_int_equal(person.guardian_name[0] != '\0', minor);
	}
	assert_in_range(minors, 20, 100);
}

/* The check of a SIREN (Luhn over nine digits), written again on purpose. */
static bool
siren_is_valid(const char *siret)
{
	static const int twice[] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
	int sum = 0;

	for (int i = 0; i < 9; i++)
		sum += i % 2 == 1 ? twice[siret[i] - '0'] : siret[i] - '0';
	return sum % 10 == 0;
}

static void
no_training_body_has_a_number_that_could_exist(void **state)
{
	struct population p = {.seed = 3, .reference = reference};
	struct population_body body;

	(void)state;
	assert_true(siren_is_valid("732829320"));
	for (size_t i = 0; i < 900; i++) {
		population_body(&p, i, &body);
		assert_int_equal(strlen(body.siret), 14);
		assert_false(siren_is_valid(body.siret));
	}
}

static int
load(void **state)
{
	const char *why;

	(void)state;
	return reference_load(NULL, &reference, &why) != ERR_NONE;
}

static int
unload(void **state)
{
	(void)state;
	reference_free(reference);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(identifiers_are_unique_and_well_formed),
	    cmocka_unit_test(the_same_seed_makes_the_same_person_and_another_seed_another),
	    cmocka_unit_test(nobody_in_the_population_can_be_reached),
	    cmocka_unit_test(minors_and_only_they_have_a_guardian),
	    cmocka_unit_test(no_training_body_has_a_number_that_could_exist),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
