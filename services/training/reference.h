/*
 * reference: the tables the population is drawn from, compiled in (data/) or
 * enlarged from a folder. Read-only once loaded.
 */
#ifndef SERVICES_TRAINING_REFERENCE_H
#define SERVICES_TRAINING_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "services/training/prng.h"

#define REFERENCE_POSTAL_MAX 24

/* Rows of texts with cumulative weights; a row is drawn in proportion to its own. */
struct reference_list {
	const char **text;
	uint64_t *upto;
	size_t count;
	size_t room;
};

struct reference_commune {
	const char *code;       /* INSEE */
	const char *name;
	unsigned region;        /* INSEE, 1 to 94 */
	const char *postal[REFERENCE_POSTAL_MAX];
	size_t postal_count;
};

struct reference_given {
	const char *name;
	char sex; /* 'f' or 'm' */
	unsigned first_year;
	unsigned last_year;
	uint32_t weight;
};

struct reference_training {
	const char *title;
	unsigned hours;
	unsigned cents_per_hour;
};

struct reference;

/* `dir` may be NULL. *why names the file that is missing or malformed. */
MUST_CHECK enum err reference_load(
    const char *dir, struct reference **ret_reference, const char **why);
void reference_free(struct reference *reference);

const struct reference_commune *reference_commune(const struct reference *r, struct prng *prng);
const char *reference_family_name(const struct reference *r, struct prng *prng);
const char *reference_given_name(
    const struct reference *r, struct prng *prng, char sex, unsigned birth_year);
const char *reference_street(const struct reference *r, struct prng *prng);
const char *reference_body_name(const struct reference *r, size_t at);
/* Steps of 7 visit all fifty built-in trainings before one comes again. */
const struct reference_training *reference_training(const struct reference *r, size_t at);

#endif
