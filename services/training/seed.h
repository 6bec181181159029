/*
 * seed: writes a whole invented population into a new database file.
 */
#ifndef SERVICES_TRAINING_SEED_H
#define SERVICES_TRAINING_SEED_H

#include <stdint.h>

#include "base/err.h"

#define SEED_BODIES_MAX 999

struct reference;

struct seed_options {
	const char *database;
	uint64_t people;
	unsigned bodies;
	uint64_t seed;
	const struct reference *reference;
	/* Called every few thousand people and once at the end; may be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *progress_context;
};

/*
 * Fills `database`.new and renames it when everything is on the disk, so that a
 * crash leaves no half population. ERR_EXISTS where `database` is there already.
 * *why says what failed.
 */
MUST_CHECK enum err seed_run(const struct seed_options *options, const char **why);

#endif
