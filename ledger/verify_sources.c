/*
 * verify_sources: do the sequences of each writer increase, are parts whole,
 * and what does the log state about what it lacks? Pure but for memory.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/verify_state.h"

/* More writers than any log has; then the check says that it cannot follow. */
#define WRITERS_MAX (1U << 22)
#define WRITERS_FIRST 64U

struct writer {
	bool used;
	bool seen; /* an entry of its own, not only a gap statement */
	bool more; /* the last entry announced another part */
	uint8_t part;
	struct ledger_source last;
	uint64_t skipped;
	uint64_t stated;
};

struct writers {
	size_t n;
	size_t cap; /* a power of two, at least twice n */
	struct writer *table;
	bool overflow;
};

enum err
writers_open(struct writers **ret_writers)
{
	struct writers *writers = calloc(1, sizeof(*writers));

	if (writers == NULL)
		return ERR_NOMEM;
	writers->cap = WRITERS_FIRST;
	writers->table = calloc(writers->cap, sizeof(*writers->table));
	if (writers->table == NULL) {
		free(writers);
		return ERR_NOMEM;
	}
	*ret_writers = writers;
	return ERR_NONE;
}

void
writers_free(struct writers *writers)
{
	if (writers == NULL)
		return;
	free(writers->table);
	free(writers);
}

/* Writers are named by random numbers; multiplying spreads those that are not. */
static size_t
slot_of(const struct writers *writers, const struct ledger_source *source)
{
	uint64_t h = source->writer ^ (uint64_t)source->node << 32 ^ (uint64_t)source->worker << 48;

	h *= UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(h >> 32) & (writers->cap - 1);
	while (writers->table[i].used && !ledger_source_same_writer(&writers->table[i].last, source))
		i = (i + 1) & (writers->cap - 1);
	return i;
}

static enum err
grow(struct writers *writers)
{
	struct writers larger = {.cap = writers->cap * 2};

	larger.table = calloc(larger.cap, sizeof(*larger.table));
	if (larger.table == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < writers->cap; i++)
		if (writers->table[i].used)
			larger.table[slot_of(&larger, &writers->table[i].last)] = writers->table[i];
	free(writers->table);
	writers->table = larger.table;
	writers->cap = larger.cap;
	return ERR_NONE;
}

/* NULL with ERR_NONE where there are too many to follow. */
static enum err
find_writer(struct writers *writers, const struct ledger_source *source, struct writer **ret_writer)
{
	struct writer *writer = &writers->table[slot_of(writers, source)];

	*ret_writer = writer;
	if (writer->used)
		return ERR_NONE;
	if (writers->n == WRITERS_MAX) {
		writers->overflow = true;
		*ret_writer = NULL;
		return ERR_NONE;
	}
	if (2 * (writers->n + 1) > writers->cap) {
		enum err err = grow(writers);

		if (err != ERR_NONE)
			return err;
		writer = &writers->table[slot_of(writers, source)];
	}
	*writer = (struct writer){.used = true, .last = *source};
	writers->n++;
	*ret_writer = writer;
	return ERR_NONE;
}

static void
check_order(struct verify *verify, struct writer *writer, const struct ledger_entry *entry, uint64_t index)
{
	uint64_t sequence = entry->source.sequence, last = writer->last.sequence;
	bool follows = writer->seen && writer->more && sequence == last && entry->part == writer->part + 1;

	if (!follows && writer->seen && writer->more)
		verify_find(verify, LEDGER_BROKEN, index, "",
		    "the parts of a large disclosure before this entry are not whole");
	else if (!follows && entry->part != 0)
		verify_find(verify, LEDGER_BROKEN, index, "",
		    "this entry is a later part of a disclosure whose first is missing");
	else if (!follows && writer->seen && sequence <= last)
		verify_find(verify, LEDGER_BROKEN, index, "",
		    "sequence %" PRIu64 " of its journal comes after %" PRIu64 ": an entry was repeated or put in", sequence,
		    last);
	if (writer->seen && sequence > last)
		writer->skipped += sequence - last - 1;
	writer->seen = true;
	writer->more = entry->more;
	writer->part = entry->part;
	writer->last = entry->source;
}

/* As much of the text as fits, in whole characters. */
static void
put_words(char *out, size_t room, const struct ledger_text *text)
{
	size_t len = text->len < room - 1 ? text->len : room - 1;

	while (len > 0 && len < text->len && ((uint8_t)text->data[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, text->data, len);
	out[len] = '\0';
}

static void
keep_statement(struct ledger_report *report, const struct ledger_entry *entry, uint64_t index)
{
	struct ledger_statement *statement;
	const struct ledger_text *words;

	if (report->n_statements++ >= LEDGER_STATEMENTS_MAX)
		return;
	statement = &report->statements[report->n_statements - 1];
	statement->index = index;
	statement->at_us = entry->at_us;
	statement->kind = entry->kind;
	if (entry->kind == LEDGER_RETENTION) {
		statement->retention.event = entry->retention.event;
		statement->retention.period = entry->retention.period;
		words = &entry->retention.words;
	} else {
		statement->gap.from = entry->gap.from;
		statement->gap.to_sequence = entry->gap.to_sequence;
		words = &entry->gap.words;
	}
	put_words(statement->words, sizeof(statement->words), words);
}

enum err
writers_take(struct verify *verify, const struct ledger_entry *entry, uint64_t index)
{
	struct writer *writer;
	enum err err = find_writer(verify->writers, &entry->source, &writer);

	if (err == ERR_NONE && writer != NULL)
		check_order(verify, writer, entry, index);
	if (entry->kind == LEDGER_RETENTION || entry->kind == LEDGER_GAP)
		keep_statement(verify->report, entry, index);
	if (err != ERR_NONE || entry->kind != LEDGER_GAP)
		return err;
	err = find_writer(verify->writers, &entry->gap.from, &writer);
	if (err == ERR_NONE && writer != NULL)
		writer->stated += entry->gap.to_sequence - entry->gap.from.sequence;
	return err;
}

void
writers_finish(struct verify *verify)
{
	const struct writers *writers = verify->writers;

	for (size_t i = 0; i < writers->cap; i++) {
		const struct writer *writer = &writers->table[i];

		if (!writer->used)
			continue;
		verify->report->writers += writer->seen;
		if (writer->skipped > writer->stated)
			verify->report->sequences_unstated += writer->skipped - writer->stated;
		if (writer->more)
			verify_find(verify, LEDGER_BROKEN, verify->head.size - 1, "",
			    "the log ends in the middle of a disclosure");
	}
	if (writers->overflow)
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "", "there are too many journals to follow");
}
