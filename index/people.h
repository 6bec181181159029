/*
 * people: who is who in one question. Within one period a person is its dense
 * number; across periods the same person has several, and gets one number of
 * the question instead, in the order of period and first sight.
 */
#ifndef INDEX_PEOPLE_H
#define INDEX_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "index/scan.h"
#include "index/set.h"

#define PEOPLE_NONE UINT32_MAX

struct people_period {
	uint32_t period;
	struct set set;    /* its persons that are meant, where they were gathered */
	size_t n;          /* how many */
	uint32_t *numbers; /* dense -> number of the question; NULL: the same */
	uint32_t persons;  /* entries of `numbers` */
};

struct people {
	struct index *index;
	const struct filter *filter;
	struct people_period *periods; /* only those with persons that are meant */
	size_t n_periods;
	struct names names; /* of the question, where there are several periods */
	uint32_t n;         /* numbers are below */
	bool named;
};

/*
 * Find the periods that are meant. The sets are gathered where there are
 * several, or always with `gather`.
 */
MUST_CHECK enum err people_find(struct people *people, struct index *index, const struct filter *filter,
    bool gather, const char **why);

/* Have the names: after this people_name() works. ERR_EXPIRED where a key is gone. */
MUST_CHECK enum err people_names(struct people *people, const char **why);

/* The numbers of a period; of one with nobody who is meant, numbers that are all PEOPLE_NONE. */
const struct people_period *people_period(const struct people *people, uint32_t period);
uint32_t people_number(const struct people_period *period, uint32_t person);

/* The name of a number; false where its namespace is not asked for. */
bool people_name(const struct people *people, uint32_t number, struct name *ret_name);

/* The distinct persons of one period that are meant. */
MUST_CHECK enum err people_gather(struct index *index, const struct filter *filter,
    const struct period *period, struct set *set, size_t *ret_n, const char **why);

void people_wipe(struct people *people);

#endif
