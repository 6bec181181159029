/* list: persons alone, and how many, in all and by day. Blocks on the disk; one thread. */
#include "index/index.h"

#include <stdlib.h>

#include "index/io.h"
#include "index/people.h"

#define DAYS_MAX 3660

static enum err
list_number(const struct people *people, uint32_t number, const struct index_sink *sink,
    struct index_total *total)
{
	struct name name;

	if (!people_name(people, number, &name))
		return ERR_NONE;
	total->persons++;
	if (sink == NULL)
		return ERR_NONE;
	total->rows++;
	return sink->row(sink->context,
	    &(struct index_row){.id = name.id, .id_len = name.id_len, .space = name.space});
}

static enum err
list_set(const struct people *people, const struct index_sink *sink, struct index_total *total)
{
	const struct set *set = &people->periods[0].set;
	const struct period *period = period_find(people->index, people->periods[0].period);
	uint32_t person;
	size_t at = 0;
	enum err err = ERR_NONE;

	while (err == ERR_NONE && set_next(set, &at, &person) == ERR_NONE)
		err = person < period->names.n ? list_number(people, person, sink, total) : ERR_CORRUPT;
	return err;
}

static enum err
list_all(struct people *people, const struct index_sink *sink, struct index_total *total, const char **why)
{
	enum err err = people_names(people, why);

	if (err != ERR_NONE || people->n_periods == 0)
		return err;
	if (people->n_periods == 1)
		return list_set(people, sink, total);
	for (uint32_t i = 0; i < people->n && err == ERR_NONE; i++)
		err = list_number(people, i, sink, total);
	return err;
}

/* Within one period and whatever the namespace, numbers are enough. */
static bool
counts_without_names(const struct people *people, const struct index_sink *sink)
{
	return sink == NULL && people->n_periods <= 1 && people->filter->spaces.list == NULL;
}

static enum err
list(struct index *index, const struct index_query *query, const struct index_sink *sink,
    struct index_total *ret_total, const char **why)
{
	struct index_total total = {0};
	struct filter filter;
	struct people people;
	enum err err = filter_make(&filter, query, why);

	if (err != ERR_NONE)
		return err;
	err = people_find(&people, index, &filter, true, why);
	if (err == ERR_NONE && counts_without_names(&people, sink))
		total.persons = people.n_periods == 0 ? 0 : people.periods[0].n;
	else if (err == ERR_NONE)
		err = list_all(&people, sink, &total, why);
	people_wipe(&people);
	filter_wipe(&filter);
	if (err == ERR_NONE && ret_total != NULL)
		*ret_total = total;
	return err;
}

enum err
index_list(struct index *index, const struct index_query *query, const struct index_sink *sink,
    struct index_total *ret_total, const char **why)
{
	suppose(why, "the list could not be made");
	return list(index, query, sink, ret_total, why);
}

enum err
index_count(struct index *index, const struct index_query *query, struct index_total *ret_total,
    const char **why)
{
	suppose(why, "the persons could not be counted");
	return list(index, query, NULL, ret_total, why);
}

static enum err
count_day(struct index *index, struct filter *filter, uint64_t day, uint32_t *ret_count, const char **why)
{
	const struct period *period;
	struct set set;
	size_t n = 0;

	filter->since_us = day * INDEX_DAY_US;
	filter->until_us = filter->since_us + INDEX_DAY_US;
	period = period_find(index, index_period(filter->since_us));
	if (period != NULL) {
		enum err err = people_gather(index, filter, period, &set, &n, why);

		if (err != ERR_NONE)
			return err;
		set_wipe(&set);
	}
	*ret_count = (uint32_t)n;
	return ERR_NONE;
}

enum err
index_daily(struct index *index, enum index_scope scope, uint32_t number, uint32_t first_day,
    uint32_t n_days, uint32_t *ret_counts, const char **why)
{
	struct index_query query = {.until_us = UINT64_MAX};
	struct filter filter = {0};

	if (n_days > DAYS_MAX || (first_day + (uint64_t)n_days) * INDEX_DAY_US > INDEX_TIME_END_US
	    || scope < INDEX_PLATFORM || scope >= INDEX_SCOPE_MAX)
		return because(ERR_RANGE, why, "there are no such days or no such scope");
	if (scope == INDEX_IDENTITY)
		query = (struct index_query){.identities = &number, .n_identities = 1, .until_us = UINT64_MAX};
	else if (scope == INDEX_ORGANISATION)
		query = (struct index_query){.organisations = &number, .n_organisations = 1,
		    .until_us = UINT64_MAX};
	suppose(why, "the days could not be counted");
	enum err err = filter_make(&filter, &query, why);
	uint32_t *counts = calloc((size_t)n_days + 1, sizeof(*counts));
	if (err == ERR_NONE && counts == NULL)
		err = ERR_NOMEM;
	for (uint32_t i = 0; i < n_days && err == ERR_NONE; i++)
		err = count_day(index, &filter, first_day + (uint64_t)i, &counts[i], why);
	for (uint32_t i = 0; i < n_days && err == ERR_NONE; i++)
		ret_counts[i] = counts[i];
	free(counts);
	filter_wipe(&filter);
	return err;
}
