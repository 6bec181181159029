/* index: taking disclosures, flushing and sealing. Blocks on the disk; one thread. */
#include "index/index.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index/inner.h"
#include "index/io.h"

/* A log of nothing but entry numbers is sealed, that is begun anew, at this size. */
#define TAIL_SEAL_BYTES (64ULL << 20)

#define WHY_BROKEN "a write to the index failed half way: open it again"

uint64_t
index_next_entry(const struct index *index)
{
	return index->next_entry;
}

static enum err
may_write(const struct index *index, const char **why)
{
	if (index->options.read_only)
		return because(ERR_DENIED, why, "the index is open for reading");
	return index->broken ? because(ERR_IO, why, WHY_BROKEN) : ERR_NONE;
}

static bool
kind_counts(const struct disclosure *disclosure)
{
	return disclosure != NULL && (disclosure->kind == DISCLOSURE_HANDED
	    || disclosure->kind == DISCLOSURE_OBSERVED || disclosure->kind == DISCLOSURE_WEIGHED);
}

static enum err
validate(const struct disclosure *disclosure, const char **why)
{
	if (disclosure->at_us >= INDEX_TIME_END_US || disclosure->n_persons > DISCLOSURE_PERSONS_MAX)
		return because(ERR_RANGE, why, "a disclosure has an impossible time or too many persons");
	for (uint32_t i = 0; i < disclosure->n_persons; i++)
		if (disclosure->persons[i].id_len == 0 || disclosure->persons[i].id_len > PERSON_ID_MAX)
			return because(ERR_RANGE, why, "a disclosure names a person by nothing or by too much");
	return ERR_NONE;
}

static int
compare_person(const void *a, const void *b)
{
	uint32_t left = ((const struct sighting *)a)->person;
	uint32_t right = ((const struct sighting *)b)->person;

	return (left > right) - (left < right);
}

/* Ascending, each person once with the fields of all. */
static uint32_t
tidy_people(struct sighting *people, uint32_t n)
{
	uint32_t kept = 0;
	bool ascending = true;

	if (n == 0)
		return 0;
	for (uint32_t i = 1; i < n; i++)
		ascending = ascending && people[i - 1].person < people[i].person;
	if (ascending)
		return n;
	qsort(people, n, sizeof(*people), compare_person);
	for (uint32_t i = 1; i < n; i++) {
		if (people[i].person == people[kept].person)
			people[kept].fields |= people[i].fields;
		else
			people[++kept] = people[i];
	}
	return kept + 1;
}

static enum err
intern_people(struct index *index, struct names *names, const struct disclosure *disclosure)
{
	for (uint32_t i = 0; i < disclosure->n_persons; i++) {
		const struct person_ref *person = &disclosure->persons[i];

		names_prefetch(names, &(struct name){person->id, person->id_len, person->space});
	}
	for (uint32_t i = 0; i < disclosure->n_persons; i++) {
		const struct person_ref *person = &disclosure->persons[i];
		struct name name = {person->id, person->id_len, person->space};
		enum err err = names_intern(names, &name, &index->people[i].person);

		if (err != ERR_NONE)
			return err;
		index->people[i].fields = person->fields;
	}
	return ERR_NONE;
}

static enum err
take(struct index *index, const struct disclosure *disclosure, const char **why)
{
	struct event event = {
	    .at_us = disclosure->at_us,
	    .session = disclosure->session,
	    .identity = disclosure->identity,
	    .organisation = disclosure->organisation,
	    .weight = disclosure->kind == DISCLOSURE_WEIGHED ? disclosure->weight : 0,
	    .route = disclosure->route,
	    .meter = disclosure->meter,
	};
	struct period *period;
	enum err err = validate(disclosure, why);

	if (err != ERR_NONE)
		return err;
	if (disclosure->kind == DISCLOSURE_WEIGHED ? event.weight == 0 : disclosure->n_persons == 0)
		return ERR_NONE;
	err = period_make(index, index_period(event.at_us), &period);
	if (err != ERR_NONE)
		return err;
	if (disclosure->kind == DISCLOSURE_WEIGHED)
		return active_add(&index->active, &event, period->period, index->people);
	err = period_load(index, period, why);
	if (err == ERR_NONE)
		err = intern_people(index, &period->names, disclosure);
	if (err != ERR_NONE)
		return err;
	event.n = tidy_people(index->people, disclosure->n_persons);
	return active_add(&index->active, &event, period->period, index->people);
}

static bool
is_full(const struct index *index)
{
	return index->active.n_people >= index->options.seal_events
	    || index->active.n >= index->options.seal_events || index->tail.end >= TAIL_SEAL_BYTES;
}

enum err
index_add(struct index *index, uint64_t entry, const struct disclosure *disclosure, const char **why)
{
	enum err err;

	suppose(why, "the index could not take a disclosure");
	err = may_write(index, why);
	if (err != ERR_NONE)
		return err;
	if (entry < index->next_entry)
		return because(ERR_EXISTS, why, "this entry of the ledger was taken already");
	if (entry == UINT64_MAX)
		return because(ERR_RANGE, why, "the ledger has no such entry");
	/* Before taking, so that an error leaves the entry untaken. */
	if (is_full(index))
		err = index_seal(index, why);
	if (err == ERR_NONE && kind_counts(disclosure))
		err = take(index, disclosure, why);
	if (err == ERR_NONE)
		index->next_entry = entry + 1;
	return err;
}

static enum err
flush_names(struct index *index)
{
	for (size_t i = 0; i < index->n_periods; i++) {
		struct period *period = &index->periods[i];
		enum err err = period_dirty(period)
		    ? names_file_append(&period->file, &period->names) : ERR_NONE;

		if (err != ERR_NONE)
			return err;
	}
	return ERR_NONE;
}

/* Persons that the dictionary of a period has for good. */
static uint32_t
durable_persons(const struct period *period)
{
	return period->loaded ? period->file.n : period->persons;
}

static enum err
put_frame(const struct index *index, struct bytes *out)
{
	struct event_base base = {0};
	enum err err = varint_put(out, index->n_periods);

	for (size_t i = 0; i < index->n_periods && err == ERR_NONE; i++) {
		err = varint_put(out, index->periods[i].period);
		if (err == ERR_NONE)
			err = varint_put(out, durable_persons(&index->periods[i]));
	}
	for (size_t i = index->flushed; i < index->active.n && err == ERR_NONE; i++) {
		const struct active_event *e = &index->active.list[i];

		/* Where there are no persons there is no list to point into. */
		err = event_put(out, &base, &e->event, e->event.n == 0 ? NULL : index->active.people + e->first);
	}
	return err;
}

enum err
index_flush(struct index *index, const char **why)
{
	struct bytes frame;
	enum err err = may_write(index, why);

	if (err != ERR_NONE || index->next_entry == index->tail.next_entry)
		return err;
	err = flush_names(index);
	if (err != ERR_NONE)
		return because(err, why, "a dictionary of the index could not be written");
	bytes_init(&frame, UINT32_MAX);
	err = put_frame(index, &frame);
	if (err == ERR_NONE)
		err = tail_append(&index->tail, index->next_entry, &frame);
	bytes_wipe(&frame);
	if (err != ERR_NONE)
		return because(err, why, "the log of the index could not be written");
	index->flushed = index->active.n;
	for (size_t i = 0; i < index->n_periods; i++)
		index->periods[i].persons = durable_persons(&index->periods[i]);
	return ERR_NONE;
}

enum err
index_forget(struct index *index, uint32_t period, const char **why)
{
	struct period *gone = period_find(index, period);

	if (gone == NULL || !gone->loaded)
		return ERR_NONE;
	if (period_dirty(gone)) {
		enum err err = index_flush(index, why);

		if (err != ERR_NONE)
			return err;
	}
	period_unload(gone);
	return ERR_NONE;
}
