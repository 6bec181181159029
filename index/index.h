/*
 * index: who saw whom.
 *
 * Fed with disclosures in the order of the ledger, it answers "whom was this
 * scope handed, with which fields, when", "who was handed this person" and "how
 * many distinct persons a day". It owns one directory and holds nothing that
 * the ledger does not hold: index_erase() and feeding the ledger again gives an
 * index that answers the same, byte for byte.
 *
 * Persons are numbered densely per period, a calendar month in UTC written
 * yyyymm. Only the dictionary of a period knows which person a number is; it is
 * encrypted under the key that the caller gives for that period. Without the
 * key the index still counts within one period, and names nobody.
 *
 * One thread at a time; blocks on the disk. One writer per directory (a lock is
 * held); readers may open the same directory with `read_only`.
 *
 * The files and their bytes are described in names_file.h (dictionary), tail.h
 * (append-only log of what is not yet sealed), segment.h (sealed, sorted,
 * immutable) and manifest.h (which of them count).
 *
 * `why` points at a static sentence for an operator when the result is not
 * ERR_NONE; it may be NULL. Anywhere: ERR_NOMEM, ERR_IO, ERR_SPACE, and
 * ERR_CORRUPT where a file was changed or cut: the index has to be rebuilt.
 */
#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/disclosure.h"

#define INDEX_KEY_LEN 32

/* One day and one hour in microseconds; days are counted from 1970-01-01 UTC. */
#define INDEX_DAY_US 86400000000ULL
#define INDEX_HOUR_US 3600000000ULL

/* Times from here on (year 10000) are ERR_RANGE. */
#define INDEX_TIME_END_US 253402300800000000ULL

struct index;

struct index_options {
	/*
	 * Gives the 32-byte key of a period, for instance 202601. ERR_EXPIRED
	 * where it was destroyed; any other error is handed on. Asked when the
	 * names of the period are first needed, not for each call.
	 */
	enum err (*key)(void *context, uint32_t period, uint8_t ret_key[INDEX_KEY_LEN]);
	void *context;
	uint32_t seal_events; /* seal the log after so many persons; 0: 2^20 */
	bool read_only;       /* look, change nothing; index_add and the like are ERR_DENIED */
};

/*
 * Open or create the index in `dir`. A log torn by a crash is cut; what was cut
 * is asked for again through index_next_entry(). ERR_BUSY where another process
 * writes, ERR_NOT_FOUND for a reader where there is no index.
 */
MUST_CHECK enum err index_open(const char *dir, const struct index_options *options,
    struct index **ret_index, const char **why);

/* Frees without flushing: what was not flushed is asked for again next time. */
void index_free(struct index *index);

/* Remove every file of the index in `dir` (not the folder), to feed it anew. ERR_BUSY. */
MUST_CHECK enum err index_erase(const char *dir, const char **why);

/* The lowest ledger entry that was not taken yet: continue from here. */
uint64_t index_next_entry(const struct index *index);

/*
 * Take one disclosure, which is entry number `entry` of the ledger. Numbers may
 * be skipped, never go back: ERR_EXISTS below index_next_entry(), nothing
 * changes. NULL takes an entry that is no disclosure. Kinds HANDED and OBSERVED
 * count their persons, WEIGHED its weight; the other kinds say that nobody left
 * and only move on. A person named twice in one disclosure counts once, with
 * the fields of both. ERR_EXPIRED where the key of its period is gone. After an
 * error the entry has not been taken.
 */
MUST_CHECK enum err index_add(struct index *index, uint64_t entry,
    const struct disclosure *disclosure, const char **why);

/* Make durable what was added; by itself this happens before sealing only. */
MUST_CHECK enum err index_flush(struct index *index, const char **why);

/* Turn the log into a sealed segment now. Called by itself after `seal_events`. */
MUST_CHECK enum err index_seal(struct index *index, const char **why);

/*
 * Which disclosures are meant: all conditions hold; an empty list is no
 * condition. The lists need no order and are borrowed for the call.
 */
struct index_query {
	const uint32_t *identities;
	size_t n_identities;
	const uint32_t *organisations;
	size_t n_organisations;
	const uint64_t *sessions;
	size_t n_sessions;
	const uint16_t *meters;
	size_t n_meters;
	const uint16_t *routes;
	size_t n_routes;
	const uint8_t *spaces; /* namespaces of persons; with them index_count() needs the keys */
	size_t n_spaces;
	uint32_t fields;   /* at least one of these was shown; 0: no condition */
	uint64_t since_us; /* from here on */
	uint64_t until_us; /* before this; since_us >= until_us is ERR_RANGE */
};

/* What was shown through one route and meter: the fields or'ed, how many times. */
struct index_part {
	uint16_t meter;
	uint16_t route;
	uint32_t fields;
	uint64_t count;
};

/* One person as handed to one identity, or to all of the query (merged). */
struct index_row {
	const uint8_t *id; /* canonical identifier, not terminated; borrowed for the call */
	uint8_t id_len;
	uint8_t space;
	/* Of the first disclosure; the lowest number where several share its time. */
	uint32_t identity;
	uint32_t organisation;
	uint32_t n_identities; /* 1 unless merged */
	uint64_t first_us;
	uint64_t last_us;
	uint64_t count;                 /* disclosures */
	const struct index_part *parts; /* by meter, then route */
	size_t n_parts;
};

struct index_total {
	uint64_t persons;     /* distinct */
	uint64_t rows;        /* calls of the row function; 0 from index_count() */
	uint64_t disclosures; /* index_query() only: of named persons */
	uint64_t unnamed;     /* index_query() only: weight of responses that could not be parsed */
};

/* Anything but ERR_NONE ends the listing and is handed on. */
struct index_sink {
	enum err (*row)(void *context, const struct index_row *row);
	void *context;
};

/*
 * The list with fields, times, counts, routes and identities. Rows come once
 * per identity and person, by identity, or once per person where `merged`; among them persons
 * come in the order in which the index first saw them. ERR_EXPIRED, before
 * any row, where disclosures are meant whose period has lost its key.
 */
MUST_CHECK enum err index_query(struct index *index, const struct index_query *query, bool merged,
    const struct index_sink *sink, struct index_total *ret_total, const char **why);

/*
 * The persons alone, each once; in the rows only id, id_len and space are set.
 * Answers from the bitmaps. Errors as index_query().
 */
MUST_CHECK enum err index_list(struct index *index, const struct index_query *query,
    const struct index_sink *sink, struct index_total *ret_total, const char **why);

/*
 * How many distinct persons. Needs no key where the disclosures meant lie in
 * one period; otherwise as index_list().
 */
MUST_CHECK enum err index_count(struct index *index, const struct index_query *query,
    struct index_total *ret_total, const char **why);

/* One time that somebody was handed a person. */
struct index_sight {
	uint64_t at_us;
	uint64_t session;
	uint32_t identity;
	uint32_t organisation;
	uint32_t fields;
	uint16_t meter;
	uint16_t route;
};

struct index_person {
	const uint8_t *id;
	uint8_t id_len;
	uint8_t space;
	uint64_t since_us;
	uint64_t until_us;
};

/*
 * Who was handed this person, by time, then identity, organisation, route,
 * meter, session, fields. Periods whose key is gone are left out and counted in
 * `ret_silent`, so that a page can say that its list begins later. A person
 * never seen gets no call.
 */
MUST_CHECK enum err index_seen(struct index *index, const struct index_person *person,
    enum err (*sight)(void *context, const struct index_sight *sight), void *context,
    uint32_t *ret_silent, const char **why);

enum index_scope {
	INDEX_PLATFORM = 0, /* everybody; the number is ignored */
	INDEX_IDENTITY,
	INDEX_ORGANISATION,
	INDEX_SCOPE_MAX
};

/*
 * Distinct persons per day, from `first_day` on: what budgets learn from.
 * Needs no key. `ret_counts` holds `n_days` numbers (at most 3,660).
 */
MUST_CHECK enum err index_daily(struct index *index, enum index_scope scope, uint32_t number,
    uint32_t first_day, uint32_t n_days, uint32_t *ret_counts, const char **why);

/*
 * Forget the names and the key of a period that are in memory (flushing first);
 * they are asked for again when needed. Called when the key has been destroyed.
 */
MUST_CHECK enum err index_forget(struct index *index, uint32_t period, const char **why);

/*
 * Remove the files of a period (retention). Its disclosures in the log, if any,
 * are sealed first and go too.
 */
MUST_CHECK enum err index_drop(struct index *index, uint32_t period, const char **why);

/* Read everything and hold it against its checksums, and the names against their key. */
MUST_CHECK enum err index_check(struct index *index, const char **why);

/* yyyymm of a time, for instance 202601. */
uint32_t index_period(uint64_t at_us);

#endif
