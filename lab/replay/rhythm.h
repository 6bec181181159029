/*
 * rhythm: how many distinct persons a partner handles from day to day.
 *
 * Learned from a public log of "who handled whom when": lines reviewerId,vendorId,rating,date ("2006-04-07 17:08"),
 * read as person, organisation, -, minute; packed with xz or plain. The organisations with the most lines become
 * bodies. Each is looked at over the 90 days that end when three quarters of its work was done, in its midst. An
 * organisation shares its persons between RHYTHM_STAFF colleagues, by the person's number; `own` counts those of the
 * first.
 *
 * Without the log a model of it: log-normal daily counts with the parameters that the 40 largest organisations of that
 * log have in those windows.
 */
#ifndef LAB_REPLAY_RHYTHM_H
#define LAB_REPLAY_RHYTHM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RHYTHM_DAYS 90
#define RHYTHM_STAFF 2

struct rhythm_body {
	uint32_t all[RHYTHM_DAYS]; /* distinct persons i + 1 days ago; 0: no work */
	uint32_t own[RHYTHM_DAYS];
	uint32_t typical;          /* median of the days of `own` with work */
};

struct rhythm {
	struct rhythm_body *bodies; /* the busiest first */
	size_t count;
};

/* At most `bodies` of the log at `path`; *why says what is wrong. */
MUST_CHECK enum err rhythm_read(const char *path, size_t bodies, struct rhythm *ret_rhythm, const char **why);
/* The model; the same `seed` gives the same. */
MUST_CHECK enum err rhythm_invent(size_t bodies, uint64_t seed, struct rhythm *ret_rhythm);
void rhythm_wipe(struct rhythm *rhythm);

#endif
