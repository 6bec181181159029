/*
 * query: persons with fields, times, counts and routes. Blocks on the disk; one thread.
 *
 * Matching events are collected as records, sorted by identity and person, and
 * added up. However large the answer, only so many records are held at once:
 * the question is cut into passes by identity, and where one identity alone (or
 * the merged list) is too large, by ranges of persons.
 */
#include "index/index.h"

#include <stdlib.h>

#include "index/io.h"
#include "index/people.h"
#include "index/sort.h"

struct record {
	uint64_t at_us;
	uint32_t identity;
	uint32_t organisation;
	uint32_t fields;
	uint16_t route;
	uint16_t meter;
};

struct parts {
	struct index_part *list;
	size_t n;
	size_t cap;
};

struct ask {
	struct people people;
	struct filter filter;
	const struct people_period *period; /* being scanned */
	bool merged;
	const struct index_sink *sink;
	struct pair *identities; /* key: identity, value: unused; with its sightings in `weights` */
	uint64_t *weights;
	size_t n_identities;
	size_t cap_identities;
	uint32_t low; /* persons of this pass: low <= number < high */
	uint32_t high;
	bool count_unnamed; /* in this pass */
	struct record *records;
	struct pair *order; /* key: identity and person, value: record */
	size_t n;
	size_t cap;
	struct parts parts;
	uint64_t *seen; /* one bit per number that had a row; NULL where merged */
	struct index_total total;
};

/* ---- how much each identity has ---- */

static enum err
weigh(void *context, uint32_t identity, uint64_t people)
{
	struct ask *ask = context;
	size_t last = ask->n_identities - 1;

	if (ask->n_identities != 0 && ask->identities[last].key == identity) {
		ask->weights[last] += people;
		return ERR_NONE;
	}
	if (ask->n_identities == ask->cap_identities) {
		size_t cap = ask->cap_identities * 2 + 256;
		struct pair *identities = realloc(ask->identities, cap * sizeof(*identities));

		if (identities == NULL)
			return ERR_NOMEM;
		ask->identities = identities;
		uint64_t *weights = realloc(ask->weights, cap * sizeof(*weights));
		if (weights == NULL)
			return ERR_NOMEM;
		ask->weights = weights;
		ask->cap_identities = cap;
	}
	ask->identities[ask->n_identities] = (struct pair){identity, (uint32_t)ask->n_identities};
	ask->weights[ask->n_identities++] = people;
	return ERR_NONE;
}

/* By identity, each once. */
static enum err
tidy_identities(struct ask *ask)
{
	uint64_t *weights = malloc((ask->n_identities + 1) * sizeof(*weights));
	size_t n = 0;

	if (weights == NULL)
		return ERR_NOMEM;
	enum err err = sort_pairs(ask->identities, ask->n_identities);
	for (size_t i = 0; i < ask->n_identities; i++) {
		uint64_t weight = ask->weights[ask->identities[i].value];

		if (n != 0 && ask->identities[n - 1].key == ask->identities[i].key) {
			weights[n - 1] += weight;
			continue;
		}
		ask->identities[n] = ask->identities[i];
		weights[n++] = weight;
	}
	free(ask->weights);
	ask->weights = weights;
	ask->n_identities = n;
	return err;
}

static enum err
weigh_identities(struct ask *ask, const char **why)
{
	const struct scan_sink sink = {.weigh = weigh, .context = ask};
	const struct index *index = ask->people.index;
	enum err err = ERR_NONE;

	for (size_t i = 0; i < index->n_periods && err == ERR_NONE; i++)
		if (scan_meets(&ask->filter, index->periods[i].period))
			err = scan(index, &ask->filter, index->periods[i].period, &sink, why);
	return err == ERR_NONE ? tidy_identities(ask) : err;
}

/* ---- collecting ---- */

static enum err
records_reserve(struct ask *ask, uint32_t more)
{
	if (ask->n + more <= ask->cap)
		return ERR_NONE;
	size_t cap = ask->cap + ask->cap / 2 + more + 4096;
	if (cap > UINT32_MAX)
		return ERR_SPACE;
	struct record *records = realloc(ask->records, cap * sizeof(*records));
	if (records == NULL)
		return ERR_NOMEM;
	ask->records = records;
	struct pair *order = realloc(ask->order, cap * sizeof(*order));
	if (order == NULL)
		return ERR_NOMEM;
	ask->order = order;
	ask->cap = cap;
	return ERR_NONE;
}

static enum err
collect(void *context, const struct event *event, const struct sighting *people)
{
	struct ask *ask = context;
	enum err err = records_reserve(ask, event->n);

	if (err != ERR_NONE)
		return err;
	if (ask->count_unnamed)
		ask->total.unnamed += event->weight;
	for (uint32_t i = 0; i < event->n; i++) {
		uint32_t number = people_number(ask->period, people[i].person);

		if (number < ask->low || number >= ask->high)
			continue;
		uint64_t key = ask->merged ? (uint64_t)number << 32 | event->identity
		    : (uint64_t)event->identity << 32 | number;
		ask->order[ask->n] = (struct pair){key, (uint32_t)ask->n};
		ask->records[ask->n++] = (struct record){event->at_us, event->identity,
		    event->organisation, people[i].fields, event->route, event->meter};
	}
	return ERR_NONE;
}

/* ---- adding up ---- */

static enum err
add_part(struct parts *parts, const struct record *record)
{
	size_t i = 0;

	while (i < parts->n && (parts->list[i].meter != record->meter || parts->list[i].route != record->route))
		i++;
	if (i == parts->cap) {
		size_t cap = parts->cap * 2 + 8;
		struct index_part *grown = realloc(parts->list, cap * sizeof(*grown));

		if (grown == NULL)
			return ERR_NOMEM;
		parts->list = grown;
		parts->cap = cap;
	}
	if (i == parts->n)
		parts->list[parts->n++] = (struct index_part){.meter = record->meter, .route = record->route};
	parts->list[i].fields |= record->fields;
	parts->list[i].count++;
	return ERR_NONE;
}

static int
compare_part(const void *a, const void *b)
{
	const struct index_part *left = a, *right = b;

	if (left->meter != right->meter)
		return left->meter < right->meter ? -1 : 1;
	return (left->route > right->route) - (left->route < right->route);
}

static bool
is_earlier(const struct record *record, const struct index_row *row)
{
	if (record->at_us != row->first_us)
		return record->at_us < row->first_us;
	if (record->identity != row->identity)
		return record->identity < row->identity;
	return record->organisation < row->organisation;
}

/* The number of the person and, where rows are per identity, the identity. */
static uint64_t
row_key(const struct ask *ask, uint64_t key)
{
	return ask->merged ? key >> 32 : key;
}

/* Add up the records from `from` on that make one row; returns where the next begins. */
static enum err
add_up(struct ask *ask, size_t from, struct index_row *row, size_t *ret_next)
{
	size_t i = from;

	ask->parts.n = 0;
	*row = (struct index_row){.first_us = UINT64_MAX, .n_identities = 1};
	for (; i < ask->n && row_key(ask, ask->order[i].key) == row_key(ask, ask->order[from].key); i++) {
		const struct record *record = &ask->records[ask->order[i].value];
		enum err err = add_part(&ask->parts, record);

		if (err != ERR_NONE)
			return err;
		if (i != from && ask->order[i].key != ask->order[i - 1].key)
			row->n_identities++;
		if (is_earlier(record, row)) {
			row->first_us = record->at_us;
			row->identity = record->identity;
			row->organisation = record->organisation;
		}
		if (record->at_us > row->last_us)
			row->last_us = record->at_us;
		row->count++;
	}
	if (ask->parts.n > 1)
		qsort(ask->parts.list, ask->parts.n, sizeof(*ask->parts.list), compare_part);
	row->parts = ask->parts.list;
	row->n_parts = ask->parts.n;
	*ret_next = i;
	return ERR_NONE;
}

static void
count_person(struct ask *ask, uint32_t number)
{
	uint64_t bit = 1ULL << number % 64;

	if (ask->seen != NULL && (ask->seen[number / 64] & bit) != 0)
		return;
	if (ask->seen != NULL)
		ask->seen[number / 64] |= bit;
	ask->total.persons++;
}

static enum err
give_row(struct ask *ask, uint32_t number, struct index_row *row)
{
	struct name name;

	if (!people_name(&ask->people, number, &name))
		return ERR_NONE;
	row->id = name.id;
	row->id_len = name.id_len;
	row->space = name.space;
	count_person(ask, number);
	ask->total.rows++;
	ask->total.disclosures += row->count;
	return ask->sink->row(ask->sink->context, row);
}

static enum err
give_rows(struct ask *ask, const char **why)
{
	struct index_row row;
	enum err err = ask->n != 0 ? people_names(&ask->people, why) : ERR_NONE;

	if (err == ERR_NONE)
		err = sort_pairs(ask->order, ask->n);
	for (size_t i = 0; i < ask->n && err == ERR_NONE;) {
		uint64_t key = row_key(ask, ask->order[i].key);

		err = add_up(ask, i, &row, &i);
		if (err == ERR_NONE)
			err = give_row(ask, (uint32_t)key, &row);
	}
	return err;
}

/* ---- passes ---- */

static enum err
pass(struct ask *ask, uint32_t low, uint32_t high, const char **why)
{
	const struct scan_sink sink = {.event = collect, .context = ask};
	const struct index *index = ask->people.index;
	enum err err = ERR_NONE;

	ask->low = low;
	ask->high = high;
	ask->count_unnamed = low == 0;
	ask->n = 0;
	for (size_t i = 0; i < index->n_periods && err == ERR_NONE; i++) {
		if (!scan_meets(&ask->filter, index->periods[i].period))
			continue;
		ask->period = people_period(&ask->people, index->periods[i].period);
		err = scan(index, &ask->filter, index->periods[i].period, &sink, why);
	}
	return err == ERR_NONE ? give_rows(ask, why) : err;
}

/* All persons of the identities in the filter, at most so many records at a time. */
static enum err
pass_ranges(struct ask *ask, uint64_t records, const char **why)
{
	uint64_t n = ask->people.n;
	uint64_t passes = records / ask->people.index->pass_records + 1;
	uint64_t width = n / passes + 1;
	uint64_t low = 0;
	enum err err;

	/* One pass even where nobody is named: there may be weighed responses. */
	do {
		err = pass(ask, (uint32_t)low, (uint32_t)(low + width < n ? low + width : n), why);
		low += width;
	} while (low < n && err == ERR_NONE);
	return err;
}

static enum err
pass_identities(struct ask *ask, const char **why)
{
	uint64_t limit = ask->people.index->pass_records;
	enum err err = ERR_NONE;

	for (size_t from = 0, to; from < ask->n_identities && err == ERR_NONE; from = to) {
		uint64_t records = ask->weights[from];

		to = from + 1;
		while (to < ask->n_identities && records + ask->weights[to] <= limit)
			records += ask->weights[to++];
		ask->filter.identity_low = (uint32_t)ask->identities[from].key;
		ask->filter.identity_high = (uint32_t)ask->identities[to - 1].key;
		err = pass_ranges(ask, records, why);
	}
	return err;
}

static enum err
pass_all(struct ask *ask, const char **why)
{
	uint64_t records = 0;

	if (!ask->merged) {
		ask->seen = calloc((size_t)ask->people.n / 64 + 1, sizeof(*ask->seen));
		return ask->seen != NULL ? pass_identities(ask, why) : ERR_NOMEM;
	}
	for (size_t i = 0; i < ask->n_identities; i++)
		records += ask->weights[i];
	return pass_ranges(ask, records, why);
}

enum err
index_query(struct index *index, const struct index_query *query, bool merged,
    const struct index_sink *sink, struct index_total *ret_total, const char **why)
{
	struct ask ask = {.merged = merged, .sink = sink};
	enum err err;

	suppose(why, "the list could not be made");
	err = filter_make(&ask.filter, query, why);
	if (err != ERR_NONE)
		return err;
	err = people_find(&ask.people, index, &ask.filter, false, why);
	if (err == ERR_NONE && ask.people.n_periods > 1)
		err = people_names(&ask.people, why);
	if (err == ERR_NONE)
		err = weigh_identities(&ask, why);
	if (err == ERR_NONE)
		err = pass_all(&ask, why);
	people_wipe(&ask.people);
	filter_wipe(&ask.filter);
	free(ask.identities);
	free(ask.weights);
	free(ask.records);
	free(ask.order);
	free(ask.parts.list);
	free(ask.seen);
	if (err == ERR_NONE && ret_total != NULL)
		*ret_total = ask.total;
	return err;
}
