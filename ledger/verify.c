/* verify: the walk over a whole ledger. Blocks on the disk. */
#include "ledger/verify.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ledger/verify_state.h"

/* A name found on the disk may hold anything; what is reported is safe to print. */
static void
put_name(char *out, size_t room, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < room && name[i] != '\0'; i++)
		out[i] = name[i] > 0x20 && name[i] < 0x7f ? name[i] : '?';
	out[i] = '\0';
}

void
verify_find(struct verify *verify, enum ledger_severity severity, uint64_t index, const char *file,
    const char *format, ...)
{
	struct ledger_report *report = verify->report;
	va_list args;

	if (severity == LEDGER_BROKEN)
		report->whole = false;
	if (report->n_findings++ >= LEDGER_FINDINGS_MAX)
		return;
	struct ledger_finding *finding = &report->findings[report->n_findings - 1];
	finding->severity = severity;
	finding->index = index;
	put_name(finding->file, sizeof(finding->file), file);
	va_start(args, format);
	(void)vsnprintf(finding->words, sizeof(finding->words), format, args);
	va_end(args);
}

static void
find_in_tile(struct verify *verify, uint64_t index, const struct tile_id *id, const char *words)
{
	char path[TILE_PATH_MAX];

	tile_path(id, path);
	verify_find(verify, LEDGER_BROKEN, index, path, "%s", words);
}

/*
 * Read a tile as the checked tree has it; `*ret_id` names the file that was
 * found. False, with a finding, where it cannot be had.
 */
static bool
read_tile(struct verify *verify, struct tile_id *io_id, struct bytes *out)
{
	uint32_t width = io_id->width;
	enum err err;

	bytes_clear(out);
	err = tilestore_read(verify->store, io_id, out);
	if (err == ERR_NOT_FOUND && width != TILE_WIDTH) {
		/* The log has grown since its checkpoint was read: the front of the full tile is as good. */
		io_id->width = TILE_WIDTH;
		err = tilestore_read(verify->store, io_id, out);
		if (err == ERR_NOT_FOUND)
			io_id->width = width;
	}
	if (err == ERR_NONE)
		return true;
	uint64_t first = io_id->index * TILE_WIDTH << TILE_HEIGHT * (io_id->level == TILE_ENTRIES ? 0 : io_id->level);
	find_in_tile(verify, first, io_id,
	    err == ERR_NOT_FOUND ? "the file is missing" :
	    err == ERR_RANGE     ? "the file is longer than it can be" :
	                           "the file cannot be read");
	return false;
}

/* Hold the tile (level, index) of a tree against its file. `width` hashes count. */
static void
check_tile(struct verify *verify, uint32_t level, uint64_t index, uint32_t width)
{
	struct tile_id id = {.level = level, .index = index, .width = width};
	size_t len = (size_t)width * SHA256_LEN;

	verify->report->tiles_checked++;
	if (!read_tile(verify, &id, &verify->tile))
		return;
	if (verify->tile.len != (size_t)id.width * SHA256_LEN) {
		find_in_tile(verify, LEDGER_NO_INDEX, &id, "the file has the wrong length");
		return;
	}
	for (size_t at = 0; at < len; at += SHA256_LEN) {
		const uint8_t *stated = verify->tile.data + at;

		if (memcmp(stated, verify->entries.tiles[level] + at, SHA256_LEN) == 0 ||
		    memcmp(stated, verify->tiles.tiles[level] + at, SHA256_LEN) == 0)
			continue;
		uint64_t first = (index * TILE_WIDTH + at / SHA256_LEN) << TILE_HEIGHT * level;
		find_in_tile(verify, first, &id, "a hash is not that of the tile below it, which begins at this entry");
		return;
	}
}

/* Both trees get the hash of their finished tile one level up; `done` entries are complete. */
static void
raise_tiles(struct verify *verify, uint64_t done)
{
	struct merkle_hash ours, theirs;

	for (uint32_t level = 0; level + 1 < TILE_LEVELS_MAX; level++) {
		uint64_t count = tile_level_count(done, level);

		if (count % TILE_WIDTH != 0)
			return;
		if (level > 0)
			check_tile(verify, level, count / TILE_WIDTH - 1, TILE_WIDTH);
		tile_hash(verify->hasher, verify->entries.tiles[level], &ours);
		theirs = ours;
		if (memcmp(verify->entries.tiles[level], verify->tiles.tiles[level], TILE_LEN) != 0)
			tile_hash(verify->hasher, verify->tiles.tiles[level], &theirs);
		if (level == 0) {
			merkle_range_append(&verify->entries.range, verify->hasher, TILE_HEIGHT, &ours);
			merkle_range_append(&verify->tiles.range, verify->hasher, TILE_HEIGHT, &theirs);
		}
		size_t at = (size_t)((count / TILE_WIDTH - 1) % TILE_WIDTH) * SHA256_LEN;
		memcpy(verify->entries.tiles[level + 1] + at, ours.bytes, SHA256_LEN);
		memcpy(verify->tiles.tiles[level + 1] + at, theirs.bytes, SHA256_LEN);
	}
}

/* The root over the whole tiles so far and `width` leaves of the next one. */
static void
root_of(struct verify *verify, const struct side *side, uint32_t width, struct merkle_hash *ret_root)
{
	struct merkle_range range = side->range;

	for (uint32_t i = 0; i < width; i++) {
		struct merkle_hash leaf;

		memcpy(leaf.bytes, side->tiles[0] + (size_t)i * SHA256_LEN, SHA256_LEN);
		merkle_range_append(&range, verify->hasher, 0, &leaf);
	}
	merkle_range_root(&range, verify->hasher, ret_root);
}

/* Does the older checkpoint end in this bundle? Then its root is due. */
static void
check_since(struct verify *verify, uint64_t start, uint32_t width)
{
	const struct ledger_report *report = verify->report;
	const struct merkle_head *since = &report->since.head;
	struct merkle_hash ours, theirs;

	if (!report->since_given || since->size > start + width || (since->size <= start && start != 0))
		return;
	root_of(verify, &verify->entries, (uint32_t)(since->size - start), &ours);
	root_of(verify, &verify->tiles, (uint32_t)(since->size - start), &theirs);
	if (!merkle_equal(&ours, &since->root) && !merkle_equal(&theirs, &since->root))
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "checkpoint",
		    "the first %" PRIu64 " entries are not those of the older checkpoint: the log was rewritten or forked",
		    since->size);
}

/* One entry whose bytes could be taken from its bundle. */
static enum err
check_entry(struct verify *verify, const uint8_t *data, size_t len, uint64_t index, const struct tile_id *bundle)
{
	struct ledger_report *report = verify->report;
	struct ledger_entry entry;

	report->entries_checked++;
	if (entry_parse(data, len, &entry) != ERR_NONE) {
		find_in_tile(verify, index, bundle, "the entry does not follow the format of entries");
		return ERR_NONE;
	}
	report->by_kind[entry.kind]++;
	if (report->first_us == 0 || entry.at_us < report->first_us)
		report->first_us = entry.at_us;
	if (entry.at_us > report->last_us)
		report->last_us = entry.at_us;
	return writers_take(verify, &entry, index);
}

/*
 * Hash and check the entries of one bundle. Leaves that cannot be computed are
 * taken from the tile, so that the rest of the log can still be judged.
 */
static enum err
check_bundle(struct verify *verify, uint64_t index, uint32_t width, bool *ret_found)
{
	struct tile_id id = {.level = TILE_ENTRIES, .index = index, .width = width};
	uint8_t *leaves = verify->entries.tiles[0];
	struct reader r;

	memcpy(leaves, verify->tiles.tiles[0], TILE_LEN);
	*ret_found = read_tile(verify, &id, &verify->bundle);
	if (!*ret_found)
		return ERR_NONE;
	reader_init(&r, verify->bundle.data, verify->bundle.len);
	for (uint32_t i = 0; i < width; i++) {
		struct merkle_hash leaf;
		size_t len = 0;
		const uint8_t *entry = bundle_take(&r, &len);

		if (entry == NULL) {
			find_in_tile(verify, index * TILE_WIDTH + i, &id, "the bundle ends before this entry does");
			return ERR_NONE;
		}
		merkle_leaf(verify->hasher, entry, len, &leaf);
		memcpy(leaves + (size_t)i * SHA256_LEN, leaf.bytes, SHA256_LEN);
		enum err err = check_entry(verify, entry, len, index * TILE_WIDTH + i, &id);
		if (err != ERR_NONE)
			return err;
	}
	if (id.width == width && reader_left(&r) != 0)
		find_in_tile(verify, index * TILE_WIDTH + width, &id, "there are bytes behind the last entry");
	return ERR_NONE;
}

/* The hashes that level 0 states; where there are none to be had, the entries speak alone. */
static bool
read_leaves(struct verify *verify, uint64_t index, uint32_t width)
{
	struct tile_id id = {.level = 0, .index = index, .width = width};

	verify->report->tiles_checked++;
	if (!read_tile(verify, &id, &verify->tile))
		return false;
	if (verify->tile.len != (size_t)id.width * SHA256_LEN) {
		find_in_tile(verify, LEDGER_NO_INDEX, &id, "the file has the wrong length");
		return false;
	}
	memcpy(verify->tiles.tiles[0], verify->tile.data, (size_t)width * SHA256_LEN);
	return true;
}

static void
note_disagreements(struct verify *verify, uint64_t index, uint32_t width)
{
	for (size_t i = 0; i < width; i++) {
		size_t at = i * SHA256_LEN;

		if (memcmp(verify->entries.tiles[0] + at, verify->tiles.tiles[0] + at, SHA256_LEN) == 0)
			continue;
		verify->report->whole = false;
		if (verify->n_disagreements < DISAGREEMENTS_MAX)
			verify->disagreements[verify->n_disagreements] =
			    (struct disagreement){.index = index * TILE_WIDTH + i, .tile = index};
		verify->n_disagreements++;
	}
}

/*
 * One bundle and what it completes. ERR_NOT_FOUND where neither entries nor
 * hashes can be had, ERR_EXPIRED where the caller has had enough.
 */
static enum err
check_step(struct verify *verify, uint64_t index, uint32_t width)
{
	bool stated = read_leaves(verify, index, width), found = false;
	uint64_t done = index * TILE_WIDTH + width;
	enum err err;

	if (!stated)
		memset(verify->tiles.tiles[0], 0, TILE_LEN);
	err = check_bundle(verify, index, width, &found);
	if (err == ERR_NONE && !stated && !found)
		err = ERR_NOT_FOUND;
	if (err != ERR_NONE)
		return err;
	if (!stated)
		memcpy(verify->tiles.tiles[0], verify->entries.tiles[0], TILE_LEN);
	note_disagreements(verify, index, width);
	check_since(verify, index * TILE_WIDTH, width);
	raise_tiles(verify, done);
	if (verify->progress != NULL && !verify->progress->told(verify->progress->context, done, verify->head.size))
		return ERR_EXPIRED;
	return ERR_NONE;
}

/* Say of each disagreement which of the two files was changed, as far as the signed root tells. */
static void
judge(struct verify *verify, bool entries_right, bool tiles_right)
{
	size_t n = verify->n_disagreements < DISAGREEMENTS_MAX ? verify->n_disagreements : DISAGREEMENTS_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct disagreement *d = &verify->disagreements[i];
		uint32_t width = tile_width_at(verify->head.size, 0, d->tile);
		struct tile_id bundle = {.level = TILE_ENTRIES, .index = d->tile, .width = width};
		struct tile_id tile = {.level = 0, .index = d->tile, .width = width};

		if (entries_right)
			find_in_tile(verify, d->index, &tile, "the hash of this entry was changed; the entry is as signed");
		else if (tiles_right)
			find_in_tile(verify, d->index, &bundle, "the entry was changed: it is not the one that was signed");
		else
			find_in_tile(verify, d->index, &bundle, "the entry and its hash in the tile of level 0 do not agree");
	}
	if (verify->n_disagreements > n)
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "", "%zu further entries do not agree with their hashes",
		    verify->n_disagreements - n);
}

/* The partial tiles of the upper levels, and the root. */
static void
check_edge(struct verify *verify)
{
	uint64_t size = verify->head.size;
	uint32_t width = (uint32_t)(size % TILE_WIDTH);
	struct merkle_hash ours, theirs;

	for (uint32_t level = 1; level < TILE_LEVELS_MAX; level++) {
		uint64_t count = tile_level_count(size, level);

		if (count % TILE_WIDTH != 0)
			check_tile(verify, level, count / TILE_WIDTH, (uint32_t)(count % TILE_WIDTH));
	}
	root_of(verify, &verify->entries, width, &ours);
	root_of(verify, &verify->tiles, width, &theirs);
	bool entries_right = merkle_equal(&ours, &verify->head.root);
	bool tiles_right = merkle_equal(&theirs, &verify->head.root);
	judge(verify, entries_right, tiles_right);
	if (!entries_right && !tiles_right)
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "checkpoint",
		    "entries and tiles do not give the root that was signed");
	else if (!entries_right)
		verify->report->whole = false;
}

static enum err
check_log(struct verify *verify)
{
	uint64_t size = verify->head.size;
	uint64_t bundles = size / TILE_WIDTH + (size % TILE_WIDTH != 0);

	if (size == 0)
		check_since(verify, 0, 0);
	for (uint64_t i = 0; i < bundles; i++) {
		enum err err = check_step(verify, i, tile_width_at(size, 0, i));

		if (err == ERR_NOT_FOUND) {
			verify_find(verify, LEDGER_BROKEN, i * TILE_WIDTH, "checkpoint",
			    "the log was cut: %" PRIu64 " entries are signed, and from this one on there are none", size);
			return ERR_NONE;
		}
		if (err != ERR_NONE)
			return err;
	}
	check_edge(verify);
	writers_finish(verify);
	return ERR_NONE;
}

static enum err
check_checkpoint(struct verify *verify, const struct note_verifier *verifier)
{
	struct checkpoint checkpoint;
	char path[PATH_MAX];
	struct bytes note;
	enum err err;

	if (snprintf(path, sizeof(path), "%s/checkpoint", verify->dir) >= (int)sizeof(path))
		return ERR_RANGE;
	bytes_init(&note, NOTE_LEN_MAX + 1);
	err = file_read(path, &note);
	if (err != ERR_NONE) {
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "checkpoint", "the checkpoint cannot be read: %s",
		    err_text(err));
	} else {
		err = checkpoint_open((const char *)note.data, note.len, verifier, &checkpoint);
		if (err != ERR_NONE)
			verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "checkpoint",
			    err == ERR_NOT_FOUND ? "the checkpoint was not signed by this key" :
			    err == ERR_DENIED    ? "the checkpoint is that of another log" :
			    err == ERR_CORRUPT   ? "the signature of the checkpoint does not fit: it was changed" :
			                           "the checkpoint does not follow its format");
		else
			verify->report->checkpoint = checkpoint;
	}
	bytes_wipe(&note);
	verify->head = verify->report->checkpoint.head;
	return err;
}

static void
open_since(struct verify *verify, const struct note_verifier *verifier, const struct ledger_text *since)
{
	struct ledger_report *report = verify->report;
	enum err err = checkpoint_open(since->data, since->len, verifier, &report->since);

	if (err != ERR_NONE) {
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "",
		    "the older checkpoint is not one of this log signed by this key");
		return;
	}
	if (report->since.head.size <= verify->head.size) {
		report->since_given = true;
		return;
	}
	verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "checkpoint",
	    "the log was rolled back: it has %" PRIu64 " entries, the older checkpoint states %" PRIu64,
	    verify->head.size, report->since.head.size);
}

static enum err
run(struct verify *verify, const struct note_verifier *verifier, const struct ledger_text *since)
{
	enum err err;

	verify->report->whole = true;
	/* Without a valid checkpoint there is nothing to hold the files against. */
	if (check_checkpoint(verify, verifier) != ERR_NONE)
		return ERR_NONE;
	if (since != NULL)
		open_since(verify, verifier, since);
	err = check_log(verify);
	if (err == ERR_NONE)
		err = verify_other_files(verify);
	if (err == ERR_NONE && hasher_failed(verify->hasher))
		err = ERR_CRYPTO;
	return err;
}

enum err
ledger_verify(const char *dir, const char *verifier_key, const struct ledger_text *since,
    const struct ledger_progress *progress, struct ledger_report *ret_report)
{
	struct note_verifier verifier;
	struct verify *verify;
	enum err err = note_verifier_parse(verifier_key, strlen(verifier_key), &verifier);

	if (err != ERR_NONE)
		return ERR_FORMAT;
	verify = calloc(1, sizeof(*verify));
	if (verify == NULL)
		return ERR_NOMEM;
	memset(ret_report, 0, sizeof(*ret_report));
	verify->dir = dir;
	verify->report = ret_report;
	verify->progress = progress;
	bytes_init(&verify->bundle, BUNDLE_LEN_MAX + 1);
	bytes_init(&verify->tile, TILE_LEN + 1);
	err = tilestore_open(dir, &verify->store);
	if (err == ERR_NONE)
		err = hasher_open(&verify->hasher);
	if (err == ERR_NONE)
		err = writers_open(&verify->writers);
	if (err == ERR_NONE)
		err = run(verify, &verifier, since);
	if (err != ERR_NONE)
		ret_report->whole = false;
	writers_free(verify->writers);
	hasher_free(verify->hasher);
	tilestore_free(verify->store);
	bytes_wipe(&verify->bundle);
	bytes_wipe(&verify->tile);
	free(verify);
	return err;
}
