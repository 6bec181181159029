/*
 * ledger: adding and committing. The order of writing is told in the header;
 * opening is in recover.c, reading in reader.c. Blocks on the disk in
 * ledger_commit() alone.
 */
#include "ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger_state.h"

#define DAY_US UINT64_C(86400000000)
#define FILE_MODE 0640
/* Header, fixed fields, overhead and length prefix of one entry, generously. */
#define ENTRY_FRAME_LEN 256U

void
ledger_path(const struct ledger *ledger, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", ledger->dir, name);
}

/* The most that encoding may take; texts are bounded by what one entry can hold. */
static size_t
room_for(const struct ledger_entry *entry)
{
	size_t persons, parts;

	if (entry->kind != LEDGER_DISCLOSURE)
		return ENTRY_FRAME_LEN + ENTRY_LEN_MAX;
	persons = (size_t)entry->disclosure.n_persons * (6 + PERSON_ID_MAX);
	parts = 2 + persons / (ENTRY_PERSONS_LEN_MAX - PERSON_ID_MAX);
	return persons + parts * ENTRY_FRAME_LEN;
}

/* Append the entry, in as many parts as it takes, each behind its big-endian length. */
static enum err
append_parts(struct ledger *ledger, const struct ledger_entry *entry, const struct entry_seal *seal)
{
	struct bytes *bundle = &ledger->bundle;
	struct entry_cut cut = {0};

	while (!cut.done) {
		size_t at = bundle->len;
		enum err err = bytes_append(bundle, "\0\0", 2);

		if (err == ERR_NONE)
			err = entry_encode(entry, seal, &cut, bundle);
		if (err != ERR_NONE)
			return err;
		size_t len = bundle->len - at - 2;
		bundle->data[at] = (uint8_t)(len >> 8);
		bundle->data[at + 1] = (uint8_t)len;
	}
	return ERR_NONE;
}

/* Hash what stands in the bundle from `at` on. Room is reserved first, so that it cannot fail halfway. */
static enum err
hash_from(struct ledger *ledger, size_t at)
{
	struct reader r;
	const uint8_t *entry;
	size_t len, n = 0;

	reader_init(&r, ledger->bundle.data + at, ledger->bundle.len - at);
	while (reader_left(&r) != 0 && bundle_take(&r, &len) != NULL)
		n++;
	enum err err = bytes_reserve(&ledger->leaves, n * SHA256_LEN);
	if (err != ERR_NONE)
		return err;
	reader_init(&r, ledger->bundle.data + at, ledger->bundle.len - at);
	while (reader_left(&r) != 0 && (entry = bundle_take(&r, &len)) != NULL) {
		struct merkle_hash leaf;

		merkle_leaf(ledger->hasher, entry, len, &leaf);
		merkle_range_append(&ledger->range, ledger->hasher, 0, &leaf);
		memcpy(ledger->leaves.data + ledger->leaves.len, leaf.bytes, SHA256_LEN);
		ledger->leaves.len += SHA256_LEN;
	}
	return ERR_NONE;
}

/*
 * The key of the entry's own month; of the present one where its time lies in
 * a month to come: a clock that ran ahead, or somebody who writes journals and
 * means harm, makes no keys in advance, and no entry is lost for it.
 */
static enum err
find_seal(struct ledger *ledger, const struct ledger_entry *entry, struct entry_seal *ret_seal)
{
	uint64_t at_us = entry->kind == LEDGER_DISCLOSURE ? entry->disclosure.at_us : entry->at_us;
	uint64_t latest_us = clock_now_us(ledger->clock) + DAY_US;
	struct entry_seal seal = {.period = period_of(at_us < latest_us ? at_us : latest_us)};
	enum err err = entry_is_sealed(entry) ? vault_get(ledger->vault, seal.period, &seal.aead) : ERR_NONE;

	if (err == ERR_NONE)
		*ret_seal = seal;
	return err;
}

enum err
ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
	size_t at = ledger->bundle.len;
	struct entry_seal seal;
	enum err err;

	if (ledger->lost)
		return ERR_IO;
	err = positions_check(ledger->positions, &entry->source);
	if (err == ERR_NONE)
		err = find_seal(ledger, entry, &seal);
	if (err != ERR_NONE)
		return err;
	if (at - ledger->pending_at + room_for(entry) > LEDGER_PENDING_MAX)
		return ERR_SPACE;
	err = append_parts(ledger, entry, &seal);
	if (err == ERR_NONE)
		err = hash_from(ledger, at);
	if (err != ERR_NONE) {
		ledger->bundle.len = at;
		return err;
	}
	positions_note(ledger->positions, &entry->source);
	ledger->moved = true;
	return ERR_NONE;
}

enum err
ledger_skip(struct ledger *ledger, const struct ledger_source *source)
{
	enum err err = ledger->lost ? ERR_IO : positions_check(ledger->positions, source);

	if (err != ERR_NONE)
		return err;
	positions_note(ledger->positions, source);
	ledger->moved = true;
	return ERR_NONE;
}

struct ledger_source
ledger_engine_source(const struct ledger *ledger, uint16_t node)
{
	struct ledger_source source = {.node = node, .worker = LEDGER_WORKER_ENGINE};

	for (uint32_t i = 0; i < ledger->positions->n; i++)
		if (ledger_source_same_writer(&ledger->positions->last[i], &source))
			source.sequence = ledger->positions->last[i].sequence;
	source.sequence++;
	return source;
}

static enum err
write_cursor(struct ledger *ledger, const struct merkle_head *next)
{
	struct ledger_state committed = {.head = ledger->head, .positions = ledger->settled};
	struct ledger_state coming = {.head = *next, .positions = ledger->positions};
	char path[PATH_MAX];
	struct bytes data;
	enum err err;

	bytes_init(&data, CURSOR_LEN_MAX);
	err = cursor_format(&committed, &coming, &data);
	if (err == ERR_NONE) {
		ledger_path(ledger, "cursor", path);
		err = file_replace(path, data.data, data.len, FILE_MODE);
	}
	bytes_wipe(&data);
	return err;
}

/* Write all bundles that hold pending entries. `*ret_kept` is where the last, partial one begins. */
static enum err
write_bundles(struct ledger *ledger, size_t *ret_kept)
{
	struct tile_id id = {.level = TILE_ENTRIES, .index = ledger->head.size / TILE_WIDTH};
	const uint8_t *start = ledger->bundle.data;
	struct reader r;
	size_t len;

	reader_init(&r, ledger->bundle.data, ledger->bundle.len);
	while (reader_left(&r) != 0 && bundle_take(&r, &len) != NULL) {
		if (++id.width != TILE_WIDTH)
			continue;
		enum err err = tilestore_write(ledger->store, &id, start, (size_t)(r.at - start));
		if (err != ERR_NONE)
			return err;
		start = r.at;
		id.index++;
		id.width = 0;
	}
	*ret_kept = (size_t)(start - ledger->bundle.data);
	if (id.width == 0)
		return ERR_NONE;
	return tilestore_write(ledger->store, &id, start, (size_t)(r.at - start));
}

/* Everything below tile/, durable when it returns. `work` becomes the edge of the new tree. */
static enum err
write_tiles(struct ledger *ledger, struct edge *work, size_t *ret_kept)
{
	enum err err = write_bundles(ledger, ret_kept);

	for (size_t at = 0; at < ledger->leaves.len && err == ERR_NONE; at += SHA256_LEN) {
		struct merkle_hash leaf;

		memcpy(leaf.bytes, ledger->leaves.data + at, SHA256_LEN);
		err = edge_append(work, ledger->store, ledger->hasher, &leaf);
	}
	if (err == ERR_NONE)
		err = edge_write_partials(work, ledger->store, ledger->head.size);
	if (err == ERR_NONE)
		err = tilestore_sync(ledger->store);
	/* A hash that could not be computed must not be signed. */
	return err == ERR_NONE && hasher_failed(ledger->hasher) ? ERR_CRYPTO : err;
}

static bool
file_is(const char *path, const struct bytes *expected)
{
	struct bytes data;
	bool same;

	bytes_init(&data, NOTE_LEN_MAX + 1);
	same = file_read(path, &data) == ERR_NONE && data.len == expected->len &&
	    memcmp(data.data, expected->data, data.len) == 0;
	bytes_wipe(&data);
	return same;
}

/*
 * The commit itself. Where it fails, the file tells whether the old state
 * still stands; if not even that can be said, the handle is of no more use.
 */
static enum err
replace_checkpoint(struct ledger *ledger, const struct bytes *note)
{
	char path[PATH_MAX];

	ledger_path(ledger, "checkpoint", path);
	enum err err = file_replace(path, note->data, note->len, FILE_MODE);
	if (err == ERR_NONE || file_is(path, &ledger->note))
		return err;
	if (file_is(path, note) && file_sync_dir(ledger->dir) == ERR_NONE)
		return ERR_NONE;
	ledger->lost = true;
	return err;
}

static enum err
commit_tree(struct ledger *ledger, const struct merkle_head *next, struct edge *work, struct bytes *note,
    size_t *ret_kept)
{
	enum err err = write_cursor(ledger, next);

	if (err != ERR_NONE)
		return err;
	err = write_tiles(ledger, work, ret_kept);
	if (err == ERR_NONE)
		err = checkpoint_sign(next, ledger->signer, note);
	if (err == ERR_NONE)
		err = replace_checkpoint(ledger, note);
	/* Best effort: what stays is what the next attempt writes again, and the cursor spans it. */
	if (err != ERR_NONE && !ledger->lost)
		(void)!tilestore_discard(ledger->store, ledger->head.size, next->size);
	return err;
}

/* What was pending is committed now. */
static void
settle(struct ledger *ledger, const struct merkle_head *next, struct edge *work, struct bytes *note, size_t kept)
{
	uint64_t old_size = ledger->head.size;

	ledger->head = *next;
	*ledger->edge = *work;
	bytes_wipe(&ledger->note);
	ledger->note = *note;
	bytes_consume(&ledger->bundle, kept);
	ledger->pending_at = ledger->bundle.len;
	bytes_clear(&ledger->leaves);
	/* Leftovers that cannot be removed do no harm. */
	(void)!tilestore_tidy(ledger->store, old_size, next->size);
}

static enum err
commit_entries(struct ledger *ledger)
{
	struct merkle_head next = {.size = ledger->range.size};
	struct edge *work;
	struct bytes note;
	size_t kept = 0;

	merkle_range_root(&ledger->range, ledger->hasher, &next.root);
	if (hasher_failed(ledger->hasher))
		return ERR_CRYPTO;
	work = malloc(sizeof(*work));
	if (work == NULL)
		return ERR_NOMEM;
	*work = *ledger->edge;
	bytes_init(&note, NOTE_LEN_MAX);
	enum err err = commit_tree(ledger, &next, work, &note, &kept);
	if (err == ERR_NONE)
		settle(ledger, &next, work, &note, kept);
	else
		bytes_wipe(&note);
	free(work);
	return err;
}

enum err
ledger_commit(struct ledger *ledger)
{
	enum err err = ERR_NONE;

	if (ledger->lost)
		return ERR_IO;
	if (!ledger->moved)
		return ERR_NONE;
	if (ledger->range.size != ledger->head.size)
		err = commit_entries(ledger);
	else
		err = write_cursor(ledger, &ledger->head);
	if (err != ERR_NONE)
		return err;
	positions_copy(ledger->settled, ledger->positions);
	ledger->moved = false;
	return ERR_NONE;
}

size_t
ledger_positions(const struct ledger *ledger, struct ledger_source *positions, size_t room)
{
	size_t n = ledger->settled->n < room ? ledger->settled->n : room;

	memcpy(positions, ledger->settled->last, n * sizeof(*positions));
	return ledger->settled->n;
}

enum err
ledger_position(const struct ledger *ledger, uint16_t node, uint16_t worker, struct ledger_source *ret_source)
{
	const struct ledger_source *best = NULL;

	for (uint32_t i = 0; i < ledger->settled->n; i++) {
		const struct ledger_source *s = &ledger->settled->last[i];

		if (s->node != node || s->worker != worker)
			continue;
		if (best == NULL || s->segment > best->segment ||
		    (s->segment == best->segment && s->offset > best->offset))
			best = s;
	}
	if (best == NULL)
		return ERR_NOT_FOUND;
	*ret_source = *best;
	return ERR_NONE;
}

void
ledger_head(const struct ledger *ledger, struct merkle_head *ret_head)
{
	*ret_head = ledger->head;
}

size_t
ledger_pending(const struct ledger *ledger)
{
	return (size_t)(ledger->range.size - ledger->head.size);
}

enum err
ledger_checkpoint(const struct ledger *ledger, struct bytes *out)
{
	return bytes_append(out, ledger->note.data, ledger->note.len);
}
