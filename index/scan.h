/* scan: the events of one period that a question is about, sealed and unsealed. */
#ifndef INDEX_SCAN_H
#define INDEX_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "index/inner.h"

struct numbers {
	uint64_t *list; /* ascending, owned; NULL: any number will do */
	size_t n;
};

/* A question made ready: sorted lists instead of the caller's. */
struct filter {
	struct numbers identities;
	struct numbers organisations;
	struct numbers sessions;
	struct numbers meters;
	struct numbers routes;
	struct numbers spaces;
	uint32_t fields;
	uint64_t since_us;
	uint64_t until_us;
	/* Narrower still, for one pass over part of the identities; both ends included. */
	uint32_t identity_low;
	uint32_t identity_high;
};

/* ERR_RANGE where the time is empty. */
MUST_CHECK enum err filter_make(struct filter *filter, const struct index_query *query, const char **why);
void filter_wipe(struct filter *filter);
bool numbers_have(const struct numbers *numbers, uint64_t number);

struct scan_sink {
	/*
	 * One event with the persons that match. Persons of a sealed bucket that
	 * lies whole within the time are given by bitmap() instead, if there is one.
	 */
	enum err (*event)(void *context, const struct event *event, const struct sighting *people);
	enum err (*bitmap)(void *context, const uint8_t *data, size_t len);
	/* If set, nothing else is called: at most how many sightings an identity has. */
	enum err (*weigh)(void *context, uint32_t identity, uint64_t people);
	void *context;
};

/* Persons are numbers of the dictionary of `period`. */
MUST_CHECK enum err scan(const struct index *index, const struct filter *filter, uint32_t period,
    const struct scan_sink *sink, const char **why);

/* Whether the period and the time of the question meet. */
bool scan_meets(const struct filter *filter, uint32_t period);

/* Every number of a person of this period is below. */
uint32_t scan_persons(const struct period *period);

#endif
