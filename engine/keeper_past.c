/*
 * keeper_past: after an unclean start, the disclosures of the last 31 days out
 * of the ledger, for the budgets. The keeper reads and hashes, the loop inserts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/person.h"
#include "engine/keeper_inside.h"
#include "engine/past.h"

#define PAST_US (31 * INDEX_DAY_US)
/* Entries of several writers are in order only roughly. */
#define SLACK_US INDEX_DAY_US

/* The first entry that may be young enough, by halving. */
static enum err
find_start(struct ledger_reader *reader, uint64_t since_us, uint64_t *ret_start)
{
	struct merkle_head head;
	uint64_t low = 0, high;

	ledger_reader_head(reader, &head);
	high = head.size;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		struct ledger_record record;
		enum err err;

		ledger_reader_seek(reader, middle);
		err = ledger_read(reader, &record);
		if (err != ERR_NONE)
			return err;
		if (record.entry.at_us < since_us)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_start = low;
	return ERR_NONE;
}

/* How many persons left with this entry; named ones, or the weight of what could not be read. */
static uint32_t
persons_of(const struct disclosure *d)
{
	switch (d->kind) {
	case DISCLOSURE_HANDED:
	case DISCLOSURE_OBSERVED:
		return d->n_persons;
	case DISCLOSURE_WEIGHED:
		return d->weight;
	default:
		return 0;
	}
}

/* Person `i` of one entry as the gate's workers hash it. */
static uint64_t
hash_person(const uint8_t *key, const struct ledger_record *record, uint32_t i)
{
	const struct disclosure *d = &record->entry.disclosure;
	const struct ledger_source *source = &record->entry.source;

	if (d->kind == DISCLOSURE_WEIGHED)
		return person_unnamed(source->writer ^ source->sequence * 0x9e3779b97f4a7c15ULL, i);
	return person_hash(key, d->persons[i].space, d->persons[i].id, d->persons[i].id_len);
}

static enum err
flush_part(struct keeper *keeper, struct past_part **part)
{
	enum err err = ERR_NONE;

	if (*part != NULL) {
		err = keeper_send_part(keeper, &(*part)->part, past_open_part);
		if (err != ERR_NONE)
			free(*part);
		*part = NULL;
	}
	return err;
}

/* An event of one entry for its persons from `first` on; *ret_taken of them had room. */
static enum err
take_some(struct keeper *keeper, const uint8_t *key, const struct ledger_record *record, uint32_t first,
    struct past_part **part, uint32_t *ret_taken)
{
	const struct disclosure *d = &record->entry.disclosure;
	uint32_t left = persons_of(d) - first;
	struct past_event *event;
	enum err err = ERR_NONE;

	if (*part != NULL && ((*part)->n_events == PAST_EVENTS_MAX || (*part)->n_persons == PAST_PERSONS_MAX))
		err = flush_part(keeper, part);
	if (err != ERR_NONE)
		return err;
	if (*part == NULL && (*part = calloc(1, sizeof(**part))) == NULL)
		return ERR_NOMEM;
	if (left > PAST_PERSONS_MAX - (*part)->n_persons)
		left = PAST_PERSONS_MAX - (*part)->n_persons;
	event = &(*part)->event[(*part)->n_events++];
	event->identity = d->identity;
	event->organisation = d->organisation;
	event->at_us = d->at_us;
	event->n = left;
	for (uint32_t i = 0; i < left; i++)
		(*part)->person[(*part)->n_persons++] = hash_person(key, record, first + i);
	*ret_taken = left;
	return ERR_NONE;
}

static enum err
take(struct keeper *keeper, const uint8_t *key, const struct ledger_record *record, struct past_part **part)
{
	uint32_t done = 0, taken;
	enum err err = ERR_NONE;

	if (record->entry.kind != LEDGER_DISCLOSURE || record->readable != LEDGER_READABLE)
		return ERR_NONE;
	while (done < persons_of(&record->entry.disclosure) && err == ERR_NONE) {
		err = take_some(keeper, key, record, done, part, &taken);
		if (err == ERR_NONE)
			done += taken;
	}
	return err;
}

enum err
past_replay(struct keeper *keeper)
{
	uint64_t now_us = clock_now_us(keeper->clock);
	const uint8_t *key = map_birth(&keeper->engine->maps.state)->person_key;
	struct past_part *part = NULL;
	struct ledger_reader *reader;
	struct ledger_record record;
	struct merkle_head head;
	const char *why = "";
	uint64_t start = 0;
	enum err err;

	ledger_head(keeper->ledger, &head);
	if (head.size == 0)
		return ERR_NONE;
	err = ledger_reader_open(keeper->ledger_dir, &keeper->signer.verifier, keeper->keys, &reader, &why);
	if (err != ERR_NONE)
		return err;
	if (now_us > PAST_US + SLACK_US)
		err = find_start(reader, now_us - PAST_US - SLACK_US, &start);
	ledger_reader_seek(reader, start);
	while (err == ERR_NONE && (err = ledger_read(reader, &record)) == ERR_NONE)
		err = take(keeper, key, &record, &part);
	if (err == ERR_NOT_FOUND)
		err = flush_part(keeper, &part);
	free(part);
	ledger_reader_free(reader);
	return err;
}
