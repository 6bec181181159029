/* keeper_index: the index fed from the ledger, and made anew from it when it is damaged. */
#include "base/log.h"
#include "engine/keeper_inside.h"

/* A disk that damages what was just written is not asked to do it again at every round. */
#define RENEW_PAUSE_US (60 * 1000000ULL)

static enum err
index_key(void *context, uint32_t period, uint8_t ret_key[INDEX_KEY_LEN])
{
	struct keeper *keeper = context;
	struct period_key key;
	enum err err = period_key_get(keeper->keys, period, false, &key);

	if (err != ERR_NONE)
		return err;
	err = period_key_derive(&key, PERIOD_LABEL_DICTIONARY, ret_key);
	period_key_wipe(&key);
	return err;
}

static bool
is_damage(enum err err)
{
	return err == ERR_CORRUPT || err == ERR_FORMAT || err == ERR_UNSUPPORTED;
}

static enum err
open_anew(struct keeper *keeper, const char *damage, const char **why)
{
	const struct index_options options = { .key = index_key, .context = keeper };
	enum err err;

	log_warn("the index is made anew from the ledger: %s", damage);
	keeper->renewed_us = clock_monotonic_us();
	index_free(keeper->index);
	keeper->index = NULL;
	err = index_erase(keeper->index_dir, why);
	return err == ERR_NONE ? index_open(keeper->index_dir, &options, &keeper->index, why) : err;
}

enum err
feed_open_index(struct keeper *keeper, const char **why)
{
	const struct index_options options = { .key = index_key, .context = keeper };
	const char *damage = "";
	enum err err;

	if (keeper->index != NULL)
		return ERR_NONE;
	err = index_open(keeper->index_dir, &options, &keeper->index, why);
	damage = *why;
	return is_damage(err) ? open_anew(keeper, damage, why) : err;
}

/*
 * An index that failed: empty and to be fed again where it was damaged, which
 * ERR_NONE says; to be opened again where what is on disk is unknown; else as it was.
 */
static enum err
renew(struct keeper *keeper, enum err err, const char *damage)
{
	const char *why = "";

	if (err == ERR_IO) {
		index_free(keeper->index);
		keeper->index = NULL;
	}
	if (!is_damage(err))
		return err;
	if (keeper->renewed_us != 0 && clock_monotonic_us() < keeper->renewed_us + RENEW_PAUSE_US)
		return err;
	return open_anew(keeper, damage, &why);
}

/* One ledger record; entries that are no disclosure only move the index on. */
static enum err
take_record(struct keeper *keeper, const struct ledger_record *record, const char **why)
{
	const struct disclosure *d = NULL;
	enum err err;

	if (record->entry.kind == LEDGER_DISCLOSURE && record->readable == LEDGER_READABLE)
		d = &record->entry.disclosure;
	err = index_add(keeper->index, record->index, d, why);
	if (err == ERR_EXPIRED)
		err = index_add(keeper->index, record->index, NULL, why);
	return err == ERR_EXISTS ? ERR_NONE : err;
}

/* ERR_NONE with *ret_failed: an error of the index and not of the ledger. */
static enum err
catch_up(struct keeper *keeper, enum err *ret_failed, const char **why)
{
	struct ledger_reader *reader;
	struct ledger_record record;
	enum err err =
	    ledger_reader_open(keeper->ledger_dir, &keeper->signer.verifier, keeper->keys, &reader, why);

	*ret_failed = ERR_NONE;
	if (err != ERR_NONE)
		return err;
	ledger_reader_seek(reader, index_next_entry(keeper->index));
	while (*ret_failed == ERR_NONE && (err = ledger_read(reader, &record)) == ERR_NONE)
		*ret_failed = take_record(keeper, &record, why);
	ledger_reader_free(reader);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err
feed_or_renew(struct keeper *keeper, const char **why)
{
	struct merkle_head head;
	enum err failed;
	enum err err = feed_open_index(keeper, why);

	ledger_head(keeper->ledger, &head);
	while (err == ERR_NONE && index_next_entry(keeper->index) < head.size) {
		err = catch_up(keeper, &failed, why);
		if (err != ERR_NONE || failed == ERR_NONE)
			break;
		err = renew(keeper, failed, *why);
	}
	return err;
}

enum err
feed_index(struct keeper *keeper)
{
	const char *why = "";
	enum err err = feed_or_renew(keeper, &why);

	if (err != ERR_NONE && !keeper->index_failing)
		log_error("the index cannot be fed from the ledger: %s", why[0] != '\0' ? why : err_text(err));
	keeper->index_failing = err != ERR_NONE;
	return err;
}

enum err
keeper_index_failed(struct keeper *keeper, enum err err, const char *why)
{
	err = renew(keeper, err, why);
	return err == ERR_NONE ? feed_index(keeper) : err;
}

enum err
keeper_index(struct keeper *keeper, struct index **ret_index)
{
	const char *why = "";
	enum err err = feed_open_index(keeper, &why);

	*ret_index = keeper->index;
	return err;
}
