/*
 * recover: opening a ledger, whatever state a crash left it in. The rules are
 * told in ledger/ledger.h. What cannot be explained by a crash is refused and
 * nothing is removed: it may be evidence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger_state.h"

static enum err
refuse(enum err err, const char *words, const char **why)
{
	if (why != NULL)
		*why = words;
	return err;
}

static enum err
take_lock(struct ledger *ledger, const char **why)
{
	char path[PATH_MAX];

	ledger_path(ledger, "lock", path);
	ledger->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (ledger->lock < 0)
		return refuse(errno == ENOSPC ? ERR_SPACE : ERR_IO, "the ledger's lock file cannot be opened", why);
	if (flock(ledger->lock, LOCK_EX | LOCK_NB) == 0)
		return ERR_NONE;
	return refuse(errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO, "another process has the ledger open", why);
}

/* An absent checkpoint is that of the empty tree; then `note` stays empty. */
static enum err
read_checkpoint(struct ledger *ledger, const char **why)
{
	struct checkpoint checkpoint;
	struct merkle_range empty;
	char path[PATH_MAX];
	enum err err;

	ledger_path(ledger, "checkpoint", path);
	err = file_read(path, &ledger->note);
	if (err == ERR_NOT_FOUND) {
		merkle_range_init(&empty);
		ledger->head.size = 0;
		merkle_range_root(&empty, ledger->hasher, &ledger->head.root);
		return ERR_NONE;
	}
	if (err != ERR_NONE)
		return refuse(err, "the checkpoint cannot be read", why);
	err = checkpoint_open(
	    (const char *)ledger->note.data, ledger->note.len, &ledger->signer->verifier, &checkpoint);
	if (err == ERR_NOT_FOUND || err == ERR_DENIED)
		return refuse(ERR_DENIED, "the checkpoint is that of another log or was signed by another key", why);
	if (err != ERR_NONE)
		return refuse(ERR_CORRUPT, "the checkpoint was damaged or changed", why);
	ledger->head = checkpoint.head;
	return ERR_NONE;
}

static bool
heads_equal(const struct merkle_head *a, const struct merkle_head *b)
{
	return a->size == b->size && merkle_equal(&a->root, &b->root);
}

/* ERR_NOT_FOUND where the cursor is of no use: then the log itself must tell. */
static enum err
use_cursor(struct ledger *ledger, const struct cursor *cursor, const char **why)
{
	if (heads_equal(&ledger->head, &cursor->heads[1])) {
		positions_copy(ledger->settled, &cursor->positions[1]);
		(void)!tilestore_tidy(ledger->store, cursor->heads[0].size, ledger->head.size);
		return ERR_NONE;
	}
	if (heads_equal(&ledger->head, &cursor->heads[0])) {
		positions_copy(ledger->settled, &cursor->positions[0]);
		enum err err = tilestore_discard(ledger->store, ledger->head.size, cursor->heads[1].size);
		return err == ERR_NONE ? err : refuse(err, "left-overs of a crash cannot be removed", why);
	}
	if (ledger->head.size > cursor->heads[1].size)
		return ERR_NOT_FOUND;
	return refuse(ERR_CORRUPT, "the checkpoint is not the one last committed: an older or other state was put back",
	    why);
}

static enum err
read_cursor(struct ledger *ledger, const char **why)
{
	struct cursor *cursor = malloc(sizeof(*cursor));
	char path[PATH_MAX];
	struct bytes data;
	enum err err;

	if (cursor == NULL)
		return ERR_NOMEM;
	bytes_init(&data, CURSOR_LEN_MAX);
	ledger_path(ledger, "cursor", path);
	err = file_read(path, &data);
	if (err == ERR_NONE)
		err = cursor_parse(data.data, data.len, cursor);
	if (err == ERR_NONE)
		err = use_cursor(ledger, cursor, why);
	else if (err == ERR_FORMAT || err == ERR_CORRUPT || err == ERR_RANGE)
		err = ERR_NOT_FOUND;
	else if (err != ERR_NOT_FOUND)
		err = refuse(err, "the cursor cannot be read", why);
	bytes_wipe(&data);
	free(cursor);
	return err;
}

static enum err
refuse_beyond(void *context, const char *path)
{
	const uint64_t *size = context;
	struct tile_id id;

	/* Foreign files are the verifier's business. */
	if (tile_parse_path(path, &id) != ERR_NONE)
		return ERR_NONE;
	return id.index * TILE_WIDTH + id.width > tile_level_count(*size, id.level) ? ERR_CORRUPT : ERR_NONE;
}

/* Without a cursor: no left-overs may stand, and the entries tell how far the journals were read. */
static enum err
scan_log(struct ledger *ledger, const char **why)
{
	struct ledger_reader *reader;
	struct ledger_record record;
	enum err err = tilestore_walk(ledger->store, refuse_beyond, &ledger->head.size);

	if (err == ERR_CORRUPT)
		return refuse(err, "there is no cursor, and files stand beyond the checkpoint: left for inspection", why);
	if (err != ERR_NONE || ledger->head.size == 0)
		return err;
	err = ledger_reader_open(ledger->dir, &ledger->signer->verifier, NULL, &reader, why);
	if (err != ERR_NONE)
		return err;
	while ((err = ledger_read(reader, &record)) == ERR_NONE)
		if (positions_check(ledger->settled, &record.entry.source) == ERR_NONE)
			positions_note(ledger->settled, &record.entry.source);
	ledger_reader_free(reader);
	if (err != ERR_NOT_FOUND)
		return refuse(err, "there is no cursor, and the entries cannot be read", why);
	return ERR_NONE;
}

/* The entries of the partial bundle are needed again when it grows; they must be those that the tile names. */
static enum err
load_bundle(struct ledger *ledger)
{
	uint32_t width = (uint32_t)(ledger->head.size % TILE_WIDTH), n = 0;
	const uint8_t *entry;
	struct reader r;
	size_t len;
	enum err err;

	if (width == 0)
		return ERR_NONE;
	err = tilestore_read_at(
	    ledger->store, ledger->head.size, TILE_ENTRIES, ledger->head.size / TILE_WIDTH, &ledger->bundle, &width);
	if (err != ERR_NONE)
		return err;
	reader_init(&r, ledger->bundle.data, ledger->bundle.len);
	for (; n < width && (entry = bundle_take(&r, &len)) != NULL; n++) {
		struct merkle_hash leaf;

		merkle_leaf(ledger->hasher, entry, len, &leaf);
		if (memcmp(leaf.bytes, ledger->edge->tiles[0] + (size_t)n * SHA256_LEN, SHA256_LEN) != 0)
			return ERR_CORRUPT;
	}
	if (n < width)
		return ERR_CORRUPT;
	ledger->bundle.len = (size_t)(r.at - ledger->bundle.data);
	ledger->pending_at = ledger->bundle.len;
	return ERR_NONE;
}

static enum err
recover(struct ledger *ledger, const char **why)
{
	enum err err = read_checkpoint(ledger, why);

	if (err == ERR_NONE)
		err = read_cursor(ledger, why);
	if (err == ERR_NOT_FOUND)
		err = scan_log(ledger, why);
	if (err != ERR_NONE)
		return err;
	positions_copy(ledger->positions, ledger->settled);
	err = edge_load(ledger->store, ledger->hasher, &ledger->head, ledger->edge, &ledger->range);
	if (err == ERR_NOT_FOUND || err == ERR_CORRUPT)
		return refuse(ERR_CORRUPT, "the tiles at the end of the log are missing or not those that were signed", why);
	if (err == ERR_NONE)
		err = load_bundle(ledger);
	if (err == ERR_NOT_FOUND || err == ERR_CORRUPT || err == ERR_RANGE)
		return refuse(ERR_CORRUPT, "the entries at the end of the log are missing or not those that were signed", why);
	return err;
}

/* A log has a signed checkpoint from its first moment on, so that an emptied one is no fresh one. */
static enum err
begin(struct ledger *ledger)
{
	char path[PATH_MAX];
	enum err err;

	if (ledger->note.len != 0)
		return ERR_NONE;
	err = checkpoint_sign(&ledger->head, ledger->signer, &ledger->note);
	if (err != ERR_NONE)
		return err;
	ledger_path(ledger, "checkpoint", path);
	return file_replace(path, ledger->note.data, ledger->note.len, 0640);
}

static enum err
prepare(struct ledger *ledger, const struct ledger_options *options)
{
	enum err err = ERR_RANGE;

	ledger->signer = options->signer;
	ledger->clock = options->clock;
	bytes_init(&ledger->note, NOTE_LEN_MAX + 1);
	bytes_init(&ledger->bundle, LEDGER_PENDING_MAX + BUNDLE_LEN_MAX + 1);
	bytes_init(&ledger->leaves, LEDGER_PENDING_MAX);
	merkle_range_init(&ledger->range);
	if (snprintf(ledger->dir, sizeof(ledger->dir), "%s", options->dir) < (int)sizeof(ledger->dir))
		err = file_make_dir(options->dir, 0750);
	ledger->edge = calloc(1, sizeof(*ledger->edge));
	ledger->settled = calloc(1, sizeof(*ledger->settled));
	ledger->positions = calloc(1, sizeof(*ledger->positions));
	if (err == ERR_NONE && (ledger->edge == NULL || ledger->settled == NULL || ledger->positions == NULL))
		err = ERR_NOMEM;
	if (err == ERR_NONE)
		err = hasher_open(&ledger->hasher);
	if (err == ERR_NONE)
		err = vault_open(options->keys, true, &ledger->vault);
	if (err == ERR_NONE)
		err = tilestore_open(options->dir, &ledger->store);
	return err;
}

enum err
ledger_open(const struct ledger_options *options, struct ledger **ret_ledger, const char **why)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	enum err err;

	if (ledger == NULL)
		return refuse(ERR_NOMEM, "out of memory", why);
	ledger->lock = -1;
	err = prepare(ledger, options);
	if (err != ERR_NONE)
		err = refuse(err, "the ledger's directory cannot be used", why);
	if (err == ERR_NONE)
		err = take_lock(ledger, why);
	if (err == ERR_NONE) {
		(void)refuse(ERR_NONE, "the ledger cannot be read", why);
		err = recover(ledger, why);
	}
	if (err == ERR_NONE) {
		(void)refuse(ERR_NONE, "the first checkpoint cannot be written", why);
		err = begin(ledger);
	}
	if (err != ERR_NONE) {
		ledger_free(ledger);
		return err;
	}
	*ret_ledger = ledger;
	return ERR_NONE;
}

void
ledger_free(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	tilestore_free(ledger->store);
	vault_free(ledger->vault);
	hasher_free(ledger->hasher);
	bytes_wipe(&ledger->note);
	bytes_wipe(&ledger->bundle);
	bytes_wipe(&ledger->leaves);
	free(ledger->edge);
	free(ledger->settled);
	free(ledger->positions);
	if (ledger->lock >= 0)
		close(ledger->lock);
	free(ledger);
}
