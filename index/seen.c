/* seen: who was handed one person. Blocks on the disk; one thread. */
#include "index/index.h"

#include <stdlib.h>

#include "index/io.h"
#include "index/scan.h"

struct sights {
	struct index_sight *list;
	size_t n;
	size_t cap;
	uint64_t since_us;
	uint64_t until_us;
	uint32_t person; /* in the period being looked at */
	const struct segment *segment;
	struct sighting *people; /* room for one event's persons */
};

static enum err
add_sight(struct sights *s, const struct event *event, uint32_t fields)
{
	if (s->n == s->cap) {
		size_t cap = s->cap * 2 + 64;
		struct index_sight *grown = realloc(s->list, cap * sizeof(*grown));

		if (grown == NULL)
			return ERR_NOMEM;
		s->list = grown;
		s->cap = cap;
	}
	s->list[s->n++] = (struct index_sight){
	    .at_us = event->at_us,
	    .session = event->session,
	    .identity = event->identity,
	    .organisation = event->organisation,
	    .fields = fields,
	    .meter = event->meter,
	    .route = event->route,
	};
	return ERR_NONE;
}

/* Persons of an event ascend. */
static enum err
look_at(struct sights *s, const struct event *event, const struct sighting *people)
{
	uint32_t low = 0, high = event->n;

	if (event->at_us < s->since_us || event->at_us >= s->until_us)
		return ERR_NONE;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (people[middle].person < s->person)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == event->n || people[low].person != s->person)
		return ERR_NONE;
	return add_sight(s, event, people[low].fields);
}

static enum err
look_in_bucket(struct sights *s, const struct stream *stream, const struct bucket *bucket)
{
	const uint8_t *at = bucket->events;
	const uint8_t *end = at + bucket->events_len;
	uint64_t start = bucket->hour * INDEX_HOUR_US;
	struct event_base base;
	struct event event;

	if (start + INDEX_HOUR_US <= s->since_us || start >= s->until_us)
		return ERR_NONE;
	enum err err = bucket_verify(bucket);
	bucket_base(bucket, stream, &base);
	while (err == ERR_NONE && at < end) {
		err = event_get(&at, end, &base, &event, s->people);
		if (err == ERR_NONE)
			err = look_at(s, &event, s->people);
	}
	return err;
}

static enum err
look_in_stream(void *context, uint32_t number)
{
	struct sights *s = context;
	struct stream stream;
	struct bucket bucket;

	segment_stream(s->segment, number, &stream);
	enum err err = bucket_start(s->segment, &stream, &bucket);
	while (err == ERR_NONE) {
		err = bucket_next(&bucket);
		if (err == ERR_NOT_FOUND)
			return ERR_NONE;
		if (err == ERR_NONE)
			err = look_in_bucket(s, &stream, &bucket);
	}
	return err;
}

static enum err
look_in_segments(struct sights *s, const struct index *index, uint32_t period)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; i < index->manifest.n_segments && err == ERR_NONE; i++) {
		s->segment = &index->segments[i];
		if (s->segment->period == period && s->segment->last_us >= s->since_us
		    && s->segment->first_us < s->until_us)
			err = segment_streams_of(s->segment, s->person, look_in_stream, s);
	}
	return err;
}

static enum err
look_in_active(struct sights *s, const struct index *index, uint32_t period)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; i < index->active.n && err == ERR_NONE; i++) {
		const struct active_event *e = &index->active.list[i];

		if (e->period == period)
			err = look_at(s, &e->event, index->active.people + e->first);
	}
	return err;
}

static enum err
look_in_period(struct sights *s, struct index *index, struct period *period, const struct name *name,
    const char **why)
{
	enum err err = period_load(index, period, why);

	if (err == ERR_NONE)
		err = names_find(&period->names, name, &s->person);
	if (err != ERR_NONE)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = look_in_segments(s, index, period->period);
	if (err == ERR_NONE)
		err = look_in_active(s, index, period->period);
	if (err == ERR_CORRUPT)
		return because(err, why, "a segment was changed: rebuild the index");
	return err;
}

static int
compare_numbers(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

static int
compare_sight(const void *a, const void *b)
{
	const struct index_sight *left = a, *right = b;
	const int order[] = {
	    compare_numbers(left->at_us, right->at_us),
	    compare_numbers(left->identity, right->identity),
	    compare_numbers(left->organisation, right->organisation),
	    compare_numbers(left->route, right->route),
	    compare_numbers(left->meter, right->meter),
	    compare_numbers(left->session, right->session),
	    compare_numbers(left->fields, right->fields),
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i] != 0)
			return order[i];
	return 0;
}

static enum err
look_everywhere(struct sights *s, struct index *index, const struct index_person *person,
    uint32_t *ret_silent, const char **why)
{
	const struct name name = {person->id, person->id_len, person->space};
	uint32_t silent = 0;

	for (size_t i = 0; i < index->n_periods; i++) {
		struct period *period = &index->periods[i];

		if (period->period < index_period(s->since_us) || period->period > index_period(s->until_us - 1)
		    || scan_persons(period) == 0)
			continue;
		enum err err = look_in_period(s, index, period, &name, why);
		if (err == ERR_EXPIRED)
			silent++;
		else if (err != ERR_NONE)
			return err;
	}
	*ret_silent = silent;
	return ERR_NONE;
}

enum err
index_seen(struct index *index, const struct index_person *person,
    enum err (*sight)(void *context, const struct index_sight *sight), void *context,
    uint32_t *ret_silent, const char **why)
{
	struct sights s = {.since_us = person->since_us, .until_us = person->until_us};
	uint32_t silent = 0;

	if (person->since_us >= person->until_us || person->id_len == 0 || person->id_len > PERSON_ID_MAX)
		return because(ERR_RANGE, why, "the time asked about is empty, or the person has no name");
	suppose(why, "the person could not be looked for");
	s.people = malloc(DISCLOSURE_PERSONS_MAX * sizeof(*s.people));
	enum err err = s.people != NULL ? look_everywhere(&s, index, person, &silent, why) : ERR_NOMEM;
	if (err == ERR_NONE && s.n > 1)
		qsort(s.list, s.n, sizeof(*s.list), compare_sight);
	for (size_t i = 0; i < s.n && err == ERR_NONE; i++)
		err = sight(context, &s.list[i]);
	free(s.list);
	free(s.people);
	if (err == ERR_NONE && ret_silent != NULL)
		*ret_silent = silent;
	return err;
}
