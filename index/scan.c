/* scan: walk the streams and unsealed events that match. Blocks on page faults; one thread. */
#include "index/scan.h"

#include <stdlib.h>

#include "index/io.h"
#include "index/sort.h"

#define WHY_CHANGED "a segment was changed: rebuild the index"

struct scan {
	const struct index *index;
	const struct filter *filter;
	const struct scan_sink *sink;
	struct sighting *people; /* room for one event's persons */
	bool by_event; /* conditions that bitmaps do not know */
};

/* ---- the question ---- */

static enum err
numbers_make(struct numbers *numbers, const void *list, size_t n, size_t width)
{
	size_t kept = 0;

	if (n == 0)
		return ERR_NONE;
	numbers->list = malloc(n * sizeof(*numbers->list));
	if (numbers->list == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		switch (width) {
		case 1:
			numbers->list[i] = ((const uint8_t *)list)[i];
			break;
		case 2:
			numbers->list[i] = ((const uint16_t *)list)[i];
			break;
		case 4:
			numbers->list[i] = ((const uint32_t *)list)[i];
			break;
		default:
			numbers->list[i] = ((const uint64_t *)list)[i];
			break;
		}
	}
	enum err err = sort_keys(numbers->list, n);
	for (size_t i = 1; i < n; i++)
		if (numbers->list[i] != numbers->list[kept])
			numbers->list[++kept] = numbers->list[i];
	numbers->n = kept + 1;
	return err;
}

bool
numbers_have(const struct numbers *numbers, uint64_t number)
{
	size_t low = 0, high = numbers->n;

	if (numbers->list == NULL)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (numbers->list[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < numbers->n && numbers->list[low] == number;
}

enum err
filter_make(struct filter *filter, const struct index_query *q, const char **why)
{
	struct filter f = {.fields = q->fields, .since_us = q->since_us, .until_us = q->until_us,
	    .identity_low = 0, .identity_high = UINT32_MAX};
	enum err err;

	if (q->since_us >= q->until_us)
		return because(ERR_RANGE, why, "the time asked about is empty");
	err = numbers_make(&f.identities, q->identities, q->n_identities, 4);
	if (err == ERR_NONE)
		err = numbers_make(&f.organisations, q->organisations, q->n_organisations, 4);
	if (err == ERR_NONE)
		err = numbers_make(&f.sessions, q->sessions, q->n_sessions, 8);
	if (err == ERR_NONE)
		err = numbers_make(&f.meters, q->meters, q->n_meters, 2);
	if (err == ERR_NONE)
		err = numbers_make(&f.routes, q->routes, q->n_routes, 2);
	if (err == ERR_NONE)
		err = numbers_make(&f.spaces, q->spaces, q->n_spaces, 1);
	if (err != ERR_NONE) {
		filter_wipe(&f);
		return because(err, why, "out of memory");
	}
	*filter = f;
	return ERR_NONE;
}

void
filter_wipe(struct filter *filter)
{
	free(filter->identities.list);
	free(filter->organisations.list);
	free(filter->sessions.list);
	free(filter->meters.list);
	free(filter->routes.list);
	free(filter->spaces.list);
	*filter = (struct filter){0};
}

bool
scan_meets(const struct filter *filter, uint32_t period)
{
	return index_period(filter->since_us) <= period && period <= index_period(filter->until_us - 1);
}

uint32_t
scan_persons(const struct period *period)
{
	return period->loaded && period->names.n > period->persons ? period->names.n : period->persons;
}

/* ---- one event ---- */

static enum err
offer_event(struct scan *s, const struct event *event, const struct sighting *people)
{
	const struct filter *f = s->filter;
	struct event narrowed = *event;

	if (event->at_us < f->since_us || event->at_us >= f->until_us
	    || !numbers_have(&f->sessions, event->session) || !numbers_have(&f->routes, event->route)
	    || !numbers_have(&f->meters, event->meter))
		return ERR_NONE;
	if (f->fields == 0)
		return s->sink->event(s->sink->context, event, people);
	narrowed.n = 0;
	for (uint32_t i = 0; i < event->n; i++)
		if ((people[i].fields & f->fields) != 0)
			s->people[narrowed.n++] = people[i];
	if (narrowed.n == 0 && narrowed.weight == 0)
		return ERR_NONE;
	return s->sink->event(s->sink->context, &narrowed, s->people);
}

/* ---- sealed ---- */

static enum err
scan_events(struct scan *s, const struct stream *stream, const struct bucket *bucket)
{
	const uint8_t *at = bucket->events;
	const uint8_t *end = at + bucket->events_len;
	struct event_base base;
	struct event event;
	enum err err = bucket_verify(bucket);

	bucket_base(bucket, stream, &base);
	while (err == ERR_NONE && at < end) {
		err = event_get(&at, end, &base, &event, s->people);
		if (err == ERR_NONE)
			err = offer_event(s, &event, s->people);
	}
	return err;
}

static enum err
scan_bitmaps(struct scan *s, const struct bucket *bucket)
{
	struct bitmap_walk walk;
	struct bucket_bitmap bitmap;
	enum err err = ERR_NONE;

	bitmap_walk_start(bucket, &walk);
	for (uint64_t i = 0; i < bucket->n_bitmaps && err == ERR_NONE; i++) {
		bitmap_walk_next(bucket, &walk, &bitmap);
		if (!numbers_have(&s->filter->meters, bitmap.meter)
		    || (s->filter->fields != 0 && (bitmap.fields & s->filter->fields) == 0))
			continue;
		err = bitmap_verify(&bitmap);
		if (err == ERR_NONE)
			err = s->sink->bitmap(s->sink->context, bitmap.data, bitmap.len);
	}
	return err;
}

static enum err
scan_bucket(struct scan *s, const struct stream *stream, const struct bucket *bucket)
{
	uint64_t start = bucket->hour * INDEX_HOUR_US;
	uint64_t end = start + INDEX_HOUR_US;

	if (end <= s->filter->since_us || start >= s->filter->until_us)
		return ERR_NONE;
	if (s->sink->bitmap != NULL && !s->by_event && bucket->n_bitmaps != 0
	    && start >= s->filter->since_us && end <= s->filter->until_us)
		return scan_bitmaps(s, bucket);
	return scan_events(s, stream, bucket);
}

static enum err
scan_stream(struct scan *s, const struct segment *segment, const struct stream *stream)
{
	struct bucket bucket;

	if (stream->last_us < s->filter->since_us || stream->first_us >= s->filter->until_us)
		return ERR_NONE;
	if (s->sink->weigh != NULL)
		return s->sink->weigh(s->sink->context, stream->identity, stream->n_people);
	enum err err = bucket_start(segment, stream, &bucket);
	while (err == ERR_NONE) {
		err = bucket_next(&bucket);
		if (err == ERR_NONE)
			err = scan_bucket(s, stream, &bucket);
		else if (err == ERR_NOT_FOUND)
			return ERR_NONE;
	}
	return err;
}

static bool
in_pass(const struct filter *filter, uint64_t identity)
{
	return identity >= filter->identity_low && identity <= filter->identity_high;
}

static enum err
scan_identity(struct scan *s, const struct segment *segment, uint32_t identity)
{
	struct stream stream;
	enum err err = ERR_NONE;

	for (uint32_t i = segment_identity(segment, identity); i < segment->n_streams; i++) {
		segment_stream(segment, i, &stream);
		if (stream.identity != identity)
			break;
		if (numbers_have(&s->filter->organisations, stream.organisation))
			err = scan_stream(s, segment, &stream);
		if (err != ERR_NONE)
			break;
	}
	return err;
}

static enum err
scan_organisation(struct scan *s, const struct segment *segment, uint32_t organisation)
{
	struct stream stream;
	enum err err = ERR_NONE;

	for (uint32_t i = segment_organisation(segment, organisation); i < segment->n_streams; i++) {
		segment_stream(segment, segment_organisation_stream(segment, i), &stream);
		if (stream.organisation != organisation)
			break;
		if (in_pass(s->filter, stream.identity))
			err = scan_stream(s, segment, &stream);
		if (err != ERR_NONE)
			break;
	}
	return err;
}

static enum err
scan_everybody(struct scan *s, const struct segment *segment)
{
	struct stream stream;
	enum err err = ERR_NONE;
	uint32_t i = segment_identity(segment, s->filter->identity_low);

	for (; i < segment->n_streams && err == ERR_NONE; i++) {
		segment_stream(segment, i, &stream);
		if (stream.identity > s->filter->identity_high)
			break;
		err = scan_stream(s, segment, &stream);
	}
	return err;
}

static enum err
scan_segment(struct scan *s, const struct segment *segment)
{
	const struct filter *f = s->filter;
	enum err err = ERR_NONE;

	if (f->identities.list != NULL) {
		for (size_t i = 0; i < f->identities.n && err == ERR_NONE; i++)
			if (in_pass(f, f->identities.list[i]))
				err = scan_identity(s, segment, (uint32_t)f->identities.list[i]);
		return err;
	}
	if (f->organisations.list == NULL)
		return scan_everybody(s, segment);
	for (size_t i = 0; i < f->organisations.n && err == ERR_NONE; i++)
		err = scan_organisation(s, segment, (uint32_t)f->organisations.list[i]);
	return err;
}

/* ---- unsealed ---- */

static enum err
offer_active(struct scan *s, const struct active_event *e, uint32_t period)
{
	const struct event *event = &e->event;

	if (e->period != period || !in_pass(s->filter, event->identity)
	    || !numbers_have(&s->filter->identities, event->identity)
	    || !numbers_have(&s->filter->organisations, event->organisation))
		return ERR_NONE;
	if (s->sink->weigh != NULL)
		return s->sink->weigh(s->sink->context, event->identity, event->n);
	return offer_event(s, event, event->n == 0 ? NULL : s->index->active.people + e->first);
}

/* Along the chain of one identity, or else of one organisation. */
static enum err
scan_chain(struct scan *s, const struct heads *heads, uint32_t number, bool by_identity, uint32_t period)
{
	const struct active *active = &s->index->active;
	uint32_t i = heads_get(heads, number);
	enum err err = ERR_NONE;

	while (i != ACTIVE_NONE && err == ERR_NONE) {
		const struct active_event *e = &active->list[i];

		err = offer_active(s, e, period);
		i = by_identity ? e->same_identity : e->same_organisation;
	}
	return err;
}

static enum err
scan_chains(struct scan *s, const struct numbers *numbers, bool by_identity, uint32_t period)
{
	const struct active *active = &s->index->active;
	const struct heads *heads = by_identity ? &active->identities : &active->organisations;
	enum err err = ERR_NONE;

	for (size_t i = 0; i < numbers->n && err == ERR_NONE; i++)
		err = scan_chain(s, heads, (uint32_t)numbers->list[i], by_identity, period);
	return err;
}

static enum err
scan_active(struct scan *s, uint32_t period)
{
	const struct active *active = &s->index->active;
	enum err err = ERR_NONE;

	if (s->filter->identities.list != NULL)
		return scan_chains(s, &s->filter->identities, true, period);
	if (s->filter->organisations.list != NULL)
		return scan_chains(s, &s->filter->organisations, false, period);
	for (size_t i = 0; i < active->n && err == ERR_NONE; i++)
		err = offer_active(s, &active->list[i], period);
	return err;
}

enum err
scan(const struct index *index, const struct filter *filter, uint32_t period,
    const struct scan_sink *sink, const char **why)
{
	struct scan s = {
	    .index = index,
	    .filter = filter,
	    .sink = sink,
	    .people = malloc(DISCLOSURE_PERSONS_MAX * sizeof(*s.people)),
	    .by_event = filter->sessions.list != NULL || filter->routes.list != NULL,
	};
	enum err err = s.people != NULL ? ERR_NONE : ERR_NOMEM;

	for (size_t i = 0; i < index->manifest.n_segments && err == ERR_NONE; i++) {
		const struct segment *segment = &index->segments[i];

		if (segment->period == period && segment->last_us >= filter->since_us
		    && segment->first_us < filter->until_us)
			err = scan_segment(&s, segment);
	}
	if (err == ERR_NONE)
		err = scan_active(&s, period);
	free(s.people);
	if (err == ERR_CORRUPT)
		return because(err, why, WHY_CHANGED);
	return err;
}
