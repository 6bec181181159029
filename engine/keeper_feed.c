/* keeper_feed: journals to ledger to index. On the keeper's thread, but for opening and closing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "core/verdict.h"
#include "engine/keeper_inside.h"

#define KEY_TEXT_MAX 1024
/* Rounds without end would starve the letters: a flush under load ends after so many. */
#define ROUNDS_MAX 1000

/* The ledger's signing key, made at the first start together with its public half. */
static enum err
open_signer(struct keeper *keeper, const struct config *config, struct bytes *complaints)
{
	char path[PATH_MAX], public_path[PATH_MAX];
	struct bytes text;
	enum err err = config_path(config, "keys/ledger.key", path);

	if (err == ERR_NONE)
		err = config_path(config, "keys/ledger.pub", public_path);
	if (err != ERR_NONE)
		return err;
	bytes_init(&text, KEY_TEXT_MAX);
	err = file_read_secret(path, &text);
	if (err == ERR_NONE)
		err = note_signer_parse((const char *)text.data, text.len, &keeper->signer);
	else if (err == ERR_NOT_FOUND) {
		err = note_signer_generate(config->ledger_origin, &keeper->signer);
		if (err == ERR_NONE)
			err = note_signer_format(&keeper->signer, &text);
		if (err == ERR_NONE)
			err = file_replace(path, text.data, text.len, 0600);
	}
	bytes_clear(&text);
	if (err == ERR_NONE)
		err = note_verifier_format(&keeper->signer.verifier, &text);
	if (err == ERR_NONE && access(public_path, F_OK) != 0)
		err = file_replace(public_path, text.data, text.len, 0644);
	bytes_wipe(&text);
	if (err != ERR_NONE && bytes_printf(complaints, "%s: %s\n", path, err_text(err)) != ERR_NONE)
		return ERR_NOMEM;
	return err;
}

static enum err
journal_key(void *context, uint32_t period, uint8_t ret_secret[SEAL_KEY_LEN])
{
	struct keeper *keeper = context;
	struct period_key key;
	enum err err = period_key_get(keeper->keys, period, false, &key);

	if (err != ERR_NONE)
		return err;
	memcpy(ret_secret, key.secret_key, SEAL_KEY_LEN);
	period_key_wipe(&key);
	return ERR_NONE;
}

static void
note_seen(struct keeper *keeper, const struct disclosure *d)
{
	struct keeper_digest *digest = keeper->digest;

	if (digest == NULL)
		return;
	for (uint32_t i = digest->n_seen; i-- > 0 && digest->n_seen - i <= 8;)
		if (digest->seen[i].session == d->session) {
			digest->seen[i].at_us = d->at_us;
			return;
		}
	if (digest->n_seen < KEEPER_SEEN_MAX)
		digest->seen[digest->n_seen++] = (struct keeper_seen){ d->session, d->at_us };
}

/* Days on which a limit or an order stopped a scope never feed its median. */
static void
note_stopped(struct keeper *keeper, const struct disclosure *d)
{
	struct keeper_digest *digest = keeper->digest;
	bool of_organisation = d->reason == REASON_ORGANISATION_HARD || d->reason == REASON_ORGANISATION_SOFT ||
	    d->reason == REASON_ORGANISATION_PASSED;
	bool of_identity = d->reason == REASON_BUDGET_HARD || d->reason == REASON_BUDGET_SOFT ||
	    d->reason == REASON_BUDGET_OBSERVED || (d->reason >= REASON_ORDER_SLOW && d->reason <= REASON_ORDER_DENY);

	if (digest == NULL || (!of_identity && !of_organisation) || digest->n_stopped == KEEPER_SEEN_MAX)
		return;
	for (uint32_t i = 0; i < digest->n_stopped; i++)
		if (digest->stopped[i].identity == d->identity && (digest->stopped[i].organisation != 0) == of_organisation)
			return;
	digest->stopped[digest->n_stopped++] = (struct keeper_stopped){ of_identity ? d->identity : 0,
		of_organisation ? d->organisation : 0, d->at_us };
}

/* ERR_NONE also for what will never be integrated: it is skipped, and said. */
static enum err
add_or_skip(struct keeper *keeper, struct ledger_entry *entry)
{
	enum err err = ledger_add(keeper->ledger, entry);

	if (err == ERR_SPACE) {
		err = ledger_commit(keeper->ledger);
		if (err == ERR_NONE)
			err = ledger_add(keeper->ledger, entry);
	}
	if (err == ERR_EXISTS)
		return ERR_NONE;
	if (err != ERR_EXPIRED && err != ERR_RANGE)
		return err;
	log_error("an entry of the journal cannot be taken into the ledger: %s",
	    err == ERR_EXPIRED ? "the key of its month was destroyed" : "its time lies in the future");
	err = ledger_skip(keeper->ledger, &entry->source);
	return err == ERR_EXISTS ? ERR_NONE : err;
}

static enum err
take_entry(void *context, const struct journal_entry *from)
{
	struct keeper *keeper = context;
	struct ledger_entry entry = {
		.kind = LEDGER_DISCLOSURE,
		.source = {
			.node = from->cursor.at.node,
			.worker = from->cursor.at.worker,
			.segment = from->cursor.at.segment,
			.offset = from->cursor.at.offset,
			.writer = from->cursor.writer,
			.sequence = from->cursor.sequence,
		},
		.at_us = from->disclosure.at_us,
		.disclosure = from->disclosure,
	};
	enum err err = add_or_skip(keeper, &entry);

	if (err != ERR_NONE)
		return err;
	keeper->round++;
	note_seen(keeper, &from->disclosure);
	if (from->disclosure.kind != DISCLOSURE_HANDED || from->disclosure.reason != REASON_NONE)
		note_stopped(keeper, &from->disclosure);
	return ERR_NONE;
}

enum err
feed_add_own(struct keeper *keeper, struct ledger_entry *entry)
{
	enum err err;

	entry->source = ledger_engine_source(keeper->ledger, keeper->node);
	err = ledger_add(keeper->ledger, entry);
	if (err != ERR_SPACE)
		return err;
	err = ledger_commit(keeper->ledger);
	entry->source = ledger_engine_source(keeper->ledger, keeper->node);
	return err == ERR_NONE ? ledger_add(keeper->ledger, entry) : err;
}

/* What the ledger states: which sequences are lost, or what else is wrong in words. */
static void
state_remark(struct keeper *keeper, const struct journal_remark *remark, const char *words)
{
	struct ledger_entry entry = { .kind = LEDGER_REMARK, .at_us = clock_now_us(keeper->clock) };

	if (remark->kind == JOURNAL_REMARK_MISSING) {
		entry.kind = LEDGER_GAP;
		entry.gap = (struct ledger_gap){
			.from = { remark->at.node, remark->at.worker, remark->at.segment, remark->at.offset, remark->writer,
			    remark->first },
			.to_sequence = remark->next,
			.words = ledger_text_of(words),
		};
	} else {
		entry.remark.topic = ledger_text_of("journal");
		entry.remark.words = ledger_text_of(words);
	}
	if (feed_add_own(keeper, &entry) != ERR_NONE)
		log_error("a remark on the journals is missing in the ledger");
}

/* Anomalies of the journals: to the log, to status, and into the ledger. */
static void
take_remark(void *context, const struct journal_remark *remark)
{
	struct keeper *keeper = context;
	char words[512];

	(void)snprintf(words, sizeof(words), "%s: %s", remark->path, remark->words);
	if (remark->kind == JOURNAL_REMARK_TORN)
		log_info("journal %s", words);
	else
		log_warn("journal %s", words);
	if (keeper->digest != NULL)
		(void)snprintf(keeper->digest->news.words, sizeof(keeper->digest->news.words), "%.150s", words);
	state_remark(keeper, remark, words);
}

static enum err
open_reader(struct keeper *keeper, const struct config *config, struct bytes *complaints)
{
	const struct journal_callbacks callbacks = {
		.context = keeper, .key = journal_key, .entry = take_entry, .remark = take_remark };
	const char *dirs[2] = { keeper->journal_dir[0], NULL };
	struct ledger_source *positions = calloc(LEDGER_SOURCES_MAX, sizeof(*positions));
	size_t n;
	enum err err = ERR_NOMEM;

	if (config_journal_dir(config, 1, keeper->journal_dir[1]))
		dirs[1] = keeper->journal_dir[1];
	if (positions != NULL && config_journal_dir(config, 0, keeper->journal_dir[0]))
		err = journal_reader_open(dirs, &callbacks, &keeper->reader);
	n = err == ERR_NONE ? ledger_positions(keeper->ledger, positions, LEDGER_SOURCES_MAX) : 0;
	for (size_t i = 0; i < n && err == ERR_NONE; i++) {
		struct journal_cursor cursor = {
			.at = { positions[i].node, positions[i].worker, positions[i].segment, positions[i].offset },
			.writer = positions[i].writer,
			.sequence = positions[i].sequence,
		};

		if (positions[i].worker != LEDGER_WORKER_ENGINE)
			err = journal_reader_resume(keeper->reader, &cursor);
	}
	free(positions);
	if (err != ERR_NONE && bytes_printf(complaints, "%s: %s\n", keeper->journal_dir[0], err_text(err)) != ERR_NONE)
		return ERR_NOMEM;
	return err;
}

static enum err
open_ledger(struct keeper *keeper, struct bytes *complaints)
{
	const struct ledger_options options = { .dir = keeper->ledger_dir, .signer = &keeper->signer,
		.keys = keeper->keys, .clock = keeper->clock };
	const char *why = "";
	enum err err = ledger_open(&options, &keeper->ledger, &why);

	if (err != ERR_NONE && bytes_printf(complaints, "%s: %s\n", keeper->ledger_dir,
	    why[0] != '\0' ? why : err_text(err)) != ERR_NONE)
		return ERR_NOMEM;
	return err;
}

static enum err
open_index(struct keeper *keeper, struct bytes *complaints)
{
	const char *why = "";
	enum err err = feed_open_index(keeper, &why);

	if (err != ERR_NONE && bytes_printf(complaints, "%s: %s\n", keeper->index_dir,
	    why[0] != '\0' ? why : err_text(err)) != ERR_NONE)
		return ERR_NOMEM;
	return err;
}

enum err
feed_open(struct keeper *keeper, struct bytes *complaints)
{
	const struct config *config = keeper->engine->config;
	char keys[PATH_MAX];
	enum err err = config_path(config, "ledger", keeper->ledger_dir);

	if (err == ERR_NONE)
		err = config_path(config, "index", keeper->index_dir);
	if (err == ERR_NONE)
		err = config_path(config, "keys", keys);
	if (err == ERR_NONE)
		err = open_signer(keeper, config, complaints);
	if (err == ERR_NONE)
		err = period_keys_open(keys, &keeper->keys);
	if (err == ERR_NONE)
		err = open_ledger(keeper, complaints);
	if (err == ERR_NONE)
		err = open_index(keeper, complaints);
	if (err == ERR_NONE)
		err = open_reader(keeper, config, complaints);
	return err;
}

void
feed_close(struct keeper *keeper)
{
	const char *why;

	if (keeper->ledger != NULL && ledger_commit(keeper->ledger) != ERR_NONE)
		log_warn("the ledger's last entries were not committed: they are integrated again");
	if (keeper->index != NULL && index_flush(keeper->index, &why) != ERR_NONE)
		log_warn("the index was not flushed: it goes on from the ledger");
	journal_reader_free(keeper->reader);
	index_free(keeper->index);
	ledger_free(keeper->ledger);
	period_keys_free(keeper->keys);
	note_signer_wipe(&keeper->signer);
}

/* No error of the round: what was integrated is integrated, only its room is not given back. */
static void
remove_finished(struct keeper *keeper)
{
	size_t removed;
	enum err err = journal_reader_remove_finished(keeper->reader, &removed);

	if (err != ERR_NONE && !keeper->remove_failing)
		log_error("segments that are integrated cannot be removed: %s", err_text(err));
	keeper->remove_failing = err != ERR_NONE;
}

/*
 * Poll, commit, remove, index. An error of the poll is reported after the
 * others have done their part: one directory that is damaged or gone does not
 * hold up the rest, nor let the other one fill up.
 */
enum err
feed_round(struct keeper *keeper, uint64_t *ret_new)
{
	size_t n = 0;
	enum err polled, err;
	int cause;

	keeper->round = 0;
	polled = journal_reader_poll(keeper->reader, &n);
	cause = polled == ERR_NONE ? 0 : errno;
	err = ledger_commit(keeper->ledger);
	if (err == ERR_NONE) {
		remove_finished(keeper);
		err = feed_index(keeper);
	}
	if (err != ERR_NONE)
		return err;
	*ret_new = keeper->round;
	errno = cause;
	return polled;
}

static enum err
flush_index(struct keeper *keeper)
{
	const char *why = "";
	enum err err = index_flush(keeper->index, &why);

	if (err == ERR_NONE)
		return ERR_NONE;
	err = keeper_index_failed(keeper, err, why);
	return err == ERR_NONE ? index_flush(keeper->index, &why) : err;
}

enum err
keeper_integrate(struct keeper *keeper, uint64_t *ret_integrated)
{
	uint64_t all = 0;
	uint64_t n = 1;
	enum err err = ERR_NONE;

	for (int i = 0; i < ROUNDS_MAX && n > 0 && err == ERR_NONE; i++) {
		n = 0;
		err = feed_round(keeper, &n);
		all += n;
	}
	if (err == ERR_NONE)
		err = flush_index(keeper);
	if (err == ERR_NONE)
		*ret_integrated = all;
	return err;
}

/* A damaged index is made anew, and then without the month. */
static void
drop_index(struct keeper *keeper, uint32_t period)
{
	const char *why = "";
	enum err err = feed_open_index(keeper, &why);

	if (err == ERR_NONE)
		err = index_forget(keeper->index, period, &why);
	if (err == ERR_NONE)
		err = index_drop(keeper->index, period, &why);
	if (err != ERR_NONE && keeper_index_failed(keeper, err, why) != ERR_NONE)
		log_warn("the index of %u could not be removed: %s", period, why);
}

enum err
keeper_retire(struct keeper *keeper, uint32_t period, const char *words)
{
	struct ledger_entry entry = { .kind = LEDGER_RETENTION, .at_us = clock_now_us(keeper->clock) };
	struct period_key key;
	enum err err;

	if (period >= period_of(clock_now_us(keeper->clock)))
		return ERR_RANGE;
	/* A signed statement that a key was destroyed is made only of a key that was there. */
	err = period_key_get(keeper->keys, period, false, &key);
	if (err != ERR_NONE)
		return err;
	period_key_wipe(&key);
	entry.retention.event = LEDGER_KEY_DESTROYED;
	entry.retention.period = period;
	entry.retention.words = ledger_text_of(words);
	err = feed_add_own(keeper, &entry);
	if (err == ERR_NONE)
		err = ledger_commit(keeper->ledger);
	if (err == ERR_NONE)
		err = period_key_destroy(keeper->keys, period);
	if (err != ERR_NONE)
		return err;
	log_info("the key of %u was destroyed: %s", period, words);
	drop_index(keeper, period);
	return ERR_NONE;
}
