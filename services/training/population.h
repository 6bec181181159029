/*
 * population: invents job seekers and training bodies, one at a time.
 *
 * The same seed and reference give the same person for the same index, however
 * many are asked for and in whatever order. Pure: no I/O, clock or heap.
 */
#ifndef SERVICES_TRAINING_POPULATION_H
#define SERVICES_TRAINING_POPULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/training/prng.h"
#include "services/training/reference.h"

/* Identifiers are seven digits and a letter that only disambiguates: 26 x 10^7. */
#define POPULATION_MAX UINT64_C(100000000)

/* The day the population is seen from; ages are counted back from its year. */
#define POPULATION_YEAR 2026

/* What a stream of random numbers is for; streams of one index do not overlap. */
enum population_purpose {
	POPULATION_PERSON = 0,
	POPULATION_BODY,
	POPULATION_PATH, /* enrolments, quotes, entries of a person */
	POPULATION_PURPOSE_MAX
};

struct population {
	uint64_t seed;
	const struct reference *reference;
};

struct population_person {
	char id[9];
	const char *family_name;
	const char *given_name;
	char birth_date[11];
	char street[80];
	const char *postal_code;
	const char *city;
	const char *city_code;
	char email[96];     /* "" where there is none */
	char telephone[16]; /* likewise */
	const char *status;
	char category[2];
	char registered_on[11];
	char guardian_name[80]; /* "" for adults */
	char guardian_email[96];
};

struct population_body {
	char key[16]; /* "body-001" */
	char name[96];
	char siret[15];
	const char *postal_code;
	const char *city;
};

/* One account of a body; `at` 0 is its manager. */
struct population_account {
	char login[64];
	char name[80];
	char email[96];
	const char *role;
};

void population_identifier(const struct population *p, uint64_t index, char out[9]);
void population_person(
    const struct population *p, uint64_t index, struct population_person *ret_person);
void population_body(const struct population *p, size_t index, struct population_body *ret_body);
void population_account(
    const struct population *p, size_t body, size_t at, struct population_account *ret_account);

#endif
