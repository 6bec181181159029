/* reader: entries and proofs out of a ledger's files. Blocks on the disk. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"
#include "ledger/tilestore.h"
#include "ledger/vault.h"

struct ledger_reader {
	struct tilestore *store;
	struct hasher *hasher;
	struct vault *vault;
	struct merkle_head head;
	struct entry_room room;

	uint64_t next;        /* index that ledger_read() gives */
	struct bytes bundle;  /* the bundle that holds it, once loaded */
	uint64_t loaded;      /* index of that bundle, or NOTHING_LOADED */
	uint64_t at;          /* index of the entry that `cursor` stands before */
	struct reader cursor;

	struct bytes tile; /* the last tile that a proof asked for */
};

#define NOTHING_LOADED UINT64_MAX

static enum err
open_checkpoint(const char *dir, const struct note_verifier *verifier, struct merkle_head *ret_head,
    const char **why)
{
	struct checkpoint checkpoint;
	char path[PATH_MAX];
	struct bytes note;
	enum err err;

	if (snprintf(path, sizeof(path), "%s/checkpoint", dir) >= (int)sizeof(path))
		return ERR_RANGE;
	bytes_init(&note, NOTE_LEN_MAX + 1);
	err = file_read(path, &note);
	if (err == ERR_NONE)
		err = checkpoint_open((const char *)note.data, note.len, verifier, &checkpoint);
	else if (why != NULL)
		*why = "there is no checkpoint that can be read";
	if (err == ERR_NONE)
		*ret_head = checkpoint.head;
	else if (note.len != 0 && why != NULL)
		*why = "the checkpoint does not fit this key, or it was changed";
	bytes_wipe(&note);
	return err;
}

enum err
ledger_reader_open(const char *dir, const struct note_verifier *verifier, struct period_keys *keys,
    struct ledger_reader **ret_reader, const char **why)
{
	struct ledger_reader *reader = calloc(1, sizeof(*reader));
	enum err err;

	if (why != NULL)
		*why = "the ledger cannot be opened for reading";
	if (reader == NULL)
		return ERR_NOMEM;
	reader->loaded = NOTHING_LOADED;
	bytes_init(&reader->bundle, BUNDLE_LEN_MAX + 1);
	bytes_init(&reader->tile, TILE_LEN + 1);
	err = entry_room_init(&reader->room);
	if (err == ERR_NONE)
		err = tilestore_open(dir, &reader->store);
	if (err == ERR_NONE)
		err = hasher_open(&reader->hasher);
	if (err == ERR_NONE)
		err = vault_open(keys, false, &reader->vault);
	if (err == ERR_NONE)
		err = open_checkpoint(dir, verifier, &reader->head, why);
	if (err != ERR_NONE) {
		ledger_reader_free(reader);
		return err;
	}
	*ret_reader = reader;
	return ERR_NONE;
}

void
ledger_reader_free(struct ledger_reader *reader)
{
	if (reader == NULL)
		return;
	tilestore_free(reader->store);
	hasher_free(reader->hasher);
	vault_free(reader->vault);
	entry_room_wipe(&reader->room);
	bytes_wipe(&reader->bundle);
	bytes_wipe(&reader->tile);
	free(reader);
}

void
ledger_reader_head(const struct ledger_reader *reader, struct merkle_head *ret_head)
{
	*ret_head = reader->head;
}

void
ledger_reader_seek(struct ledger_reader *reader, uint64_t index)
{
	reader->next = index;
}

static enum err
load_bundle(struct ledger_reader *reader, uint64_t index)
{
	uint32_t width;
	enum err err;

	reader->loaded = NOTHING_LOADED;
	bytes_clear(&reader->bundle);
	err = tilestore_read_at(reader->store, reader->head.size, TILE_ENTRIES, index, &reader->bundle, &width);
	if (err == ERR_NOT_FOUND || err == ERR_RANGE)
		return ERR_CORRUPT;
	if (err != ERR_NONE)
		return err;
	reader->loaded = index;
	return ERR_NONE;
}

/* The bytes of the entry `next`. */
static enum err
take_entry(struct ledger_reader *reader, const uint8_t **ret_entry, size_t *ret_len)
{
	const uint8_t *entry = NULL;
	uint64_t bundle = reader->next / TILE_WIDTH;

	if (reader->loaded != bundle) {
		enum err err = load_bundle(reader, bundle);

		if (err != ERR_NONE)
			return err;
		reader->at = UINT64_MAX;
	}
	/* Backwards, or the first time: from the front of the bundle. */
	if (reader->at > reader->next) {
		reader_init(&reader->cursor, reader->bundle.data, reader->bundle.len);
		reader->at = bundle * TILE_WIDTH;
	}
	for (; reader->at <= reader->next; reader->at++) {
		entry = bundle_take(&reader->cursor, ret_len);
		if (entry == NULL) {
			reader->loaded = NOTHING_LOADED;
			return ERR_FORMAT;
		}
	}
	*ret_entry = entry;
	return ERR_NONE;
}

static enum err
open_sealed(struct ledger_reader *reader, struct ledger_record *record)
{
	struct aead *aead;
	enum err err;

	record->readable = LEDGER_READABLE;
	if (record->entry.period == 0)
		return ERR_NONE;
	err = vault_get(reader->vault, record->entry.period, &aead);
	if (err == ERR_NONE)
		return entry_unseal(&record->entry, aead, &reader->room);
	if (err != ERR_EXPIRED && err != ERR_NOT_FOUND)
		return err;
	record->readable = err == ERR_EXPIRED ? LEDGER_KEY_GONE : LEDGER_NO_KEY;
	return ERR_NONE;
}

enum err
ledger_read(struct ledger_reader *reader, struct ledger_record *ret_record)
{
	struct ledger_record record = {.index = reader->next};
	const uint8_t *data;
	size_t len = 0;
	enum err err;

	if (reader->next >= reader->head.size)
		return ERR_NOT_FOUND;
	err = take_entry(reader, &data, &len);
	if (err == ERR_NONE)
		err = entry_parse(data, len, &record.entry);
	if (err == ERR_NONE)
		err = open_sealed(reader, &record);
	/* The end of the log has this code to itself. */
	if (err == ERR_NOT_FOUND)
		err = ERR_CORRUPT;
	if (err != ERR_NONE)
		return err;
	reader->next++;
	*ret_record = record;
	return ERR_NONE;
}

/* A node of the tree from the one tile that holds its leaves, or the nodes just below them. */
static enum err
node_from_tiles(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	struct ledger_reader *reader = context;
	uint32_t tile_level = level / TILE_HEIGHT, width = 0;
	unsigned inner = level % TILE_HEIGHT;
	uint64_t first = index << inner;
	struct merkle_range range;
	enum err err;

	bytes_clear(&reader->tile);
	err = tilestore_read_at(
	    reader->store, reader->head.size, tile_level, first / TILE_WIDTH, &reader->tile, &width);
	if (err != ERR_NONE)
		return err == ERR_NOT_FOUND || err == ERR_RANGE ? ERR_CORRUPT : err;
	uint32_t from = (uint32_t)(first % TILE_WIDTH), n = 1U << inner;
	if (from + n > width || reader->tile.len < (size_t)width * SHA256_LEN)
		return ERR_CORRUPT;
	merkle_range_init(&range);
	for (uint32_t i = from; i < from + n; i++) {
		struct merkle_hash hash;

		memcpy(hash.bytes, reader->tile.data + (size_t)i * SHA256_LEN, SHA256_LEN);
		merkle_range_append(&range, reader->hasher, 0, &hash);
	}
	merkle_range_root(&range, reader->hasher, ret_hash);
	return ERR_NONE;
}

enum err
ledger_reader_prove(struct ledger_reader *reader, uint64_t index, struct merkle_proof *ret_proof)
{
	struct merkle_source source = {.node = node_from_tiles, .context = reader, .hasher = reader->hasher};
	struct merkle_proof proof;
	enum err err = merkle_prove_inclusion(&source, index, reader->head.size, &proof);

	if (err == ERR_NONE && hasher_failed(reader->hasher))
		err = ERR_CRYPTO;
	if (err == ERR_NONE)
		*ret_proof = proof;
	return err;
}

enum err
ledger_reader_prove_since(struct ledger_reader *reader, uint64_t old_size, struct merkle_proof *ret_proof)
{
	struct merkle_source source = {.node = node_from_tiles, .context = reader, .hasher = reader->hasher};
	struct merkle_proof proof;
	enum err err = merkle_prove_consistency(&source, old_size, reader->head.size, &proof);

	if (err == ERR_NONE && hasher_failed(reader->hasher))
		err = ERR_CRYPTO;
	if (err == ERR_NONE)
		*ret_proof = proof;
	return err;
}
