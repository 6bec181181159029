/*
 * model: the index as a list that is walked from end to end, to hold the real
 * one against; and random disclosures to feed both.
 */
#ifndef TESTS_INDEX_MODEL_H
#define TESTS_INDEX_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/index.h"

#define MODEL_ROUTES 4
#define MODEL_METERS 3
#define MODEL_PARTS (MODEL_ROUTES * MODEL_METERS)
#define MODEL_SPACES 3

/* One person in one disclosure, or a weight without a person. */
struct fact {
	uint64_t at_us;
	uint64_t session;
	uint32_t identity;
	uint32_t organisation;
	uint32_t person;
	uint32_t fields;
	uint32_t weight;
	uint16_t route;
	uint16_t meter;
	bool named;
};

struct model {
	struct fact *facts;
	size_t n;
	size_t cap;
};

/* A row, complete, so that rows compare with memcmp. */
struct model_row {
	uint32_t identity;
	uint32_t person;
	uint32_t organisation;
	uint32_t n_identities;
	uint64_t first_us;
	uint64_t last_us;
	uint64_t count;
	uint64_t n_parts;
	struct index_part parts[MODEL_PARTS];
};

struct model_rows {
	struct model_row *list;
	size_t n;
	size_t cap;
};

/* Random numbers that a seed decides. */
struct dice {
	uint64_t state;
};
uint64_t dice_next(struct dice *dice);
uint32_t dice_below(struct dice *dice, uint32_t n);

/* The identifier of a person; `id` has room for PERSON_ID_MAX. */
void model_person(uint32_t person, uint8_t *id, struct person_ref *ret_person);
uint32_t model_person_number(const uint8_t *id, size_t len);
uint8_t model_space(uint32_t person);

/* What a random stream is like. */
struct stream_of_chance {
	struct dice dice;
	uint64_t now_us;
	uint64_t step_us; /* mean time between disclosures */
	uint32_t persons;
	uint32_t identities;
	uint32_t organisations;
	bool bursts; /* some disclosures of thousands of persons of one kind */
	bool wild;   /* more different fields than a bucket has bitmaps for */
};

struct chance {
	struct disclosure disclosure;
	struct person_ref persons[DISCLOSURE_PERSONS_MAX];
	uint8_t ids[DISCLOSURE_PERSONS_MAX][PERSON_ID_MAX];
};

/* The next random disclosure; borrowed from `chance`. */
const struct disclosure *chance_next(struct stream_of_chance *stream, struct chance *chance);

void model_add(struct model *model, const struct disclosure *disclosure);
void model_wipe(struct model *model);

/* Rows by identity and person (merged: by person), and the sums. */
void model_query(const struct model *model, const struct index_query *query, bool merged,
    struct model_rows *rows, struct index_total *total);
void rows_wipe(struct model_rows *rows);

/* Take a row of the index into `rows` (context). */
enum err rows_take(void *context, const struct index_row *row);
void rows_sort(struct model_rows *rows);

/* A random question; borrows `space`. */
struct question {
	uint32_t identities[4];
	uint32_t organisations[2];
	uint64_t sessions[3];
	uint16_t meters[2];
	uint16_t routes[2];
	uint8_t spaces[2];
	struct index_query query;
};
void question_make(struct question *question, struct stream_of_chance *stream, uint64_t from_us,
    uint64_t to_us);

#endif
