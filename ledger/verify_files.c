/* verify_files: the files that the tree itself does not need. Blocks on the disk. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ledger/positions.h"
#include "ledger/verify_state.h"

/* How many entries stand in a bundle, or hashes in a tile; UINT32_MAX where it does not come out even. */
static uint32_t
count_in(const struct bytes *data, uint32_t level)
{
	struct reader r;
	size_t len;
	uint32_t n = 0;

	if (level != TILE_ENTRIES)
		return data->len % SHA256_LEN == 0 ? (uint32_t)(data->len / SHA256_LEN) : UINT32_MAX;
	reader_init(&r, data->data, data->len);
	while (reader_left(&r) != 0 && bundle_take(&r, &len) != NULL)
		n++;
	return r.bad ? UINT32_MAX : n;
}

/*
 * An older, narrower partial tile: it must be the front of the one that the
 * tree was checked with. What disappears meanwhile was removed by a log at work.
 */
static enum err
check_older(struct verify *verify, const struct tile_id *id, const char *path)
{
	struct bytes *older = &verify->tile, *current = &verify->bundle;
	uint32_t width;

	bytes_clear(older);
	bytes_clear(current);
	/* The buffer for tiles is too small for bundles, so it grows for a while. */
	older->limit = BUNDLE_LEN_MAX + 1;
	enum err err = tilestore_read(verify->store, id, older);
	if (err == ERR_NONE)
		err = tilestore_read_at(verify->store, verify->head.size, id->level, id->index, current, &width);
	if (err == ERR_NOT_FOUND)
		return ERR_NONE;
	if (err == ERR_NOMEM)
		return err;
	if (err != ERR_NONE || older->len > current->len || memcmp(older->data, current->data, older->len) != 0 ||
	    count_in(older, id->level) != id->width)
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, path,
		    "this older partial tile is not the front of the one that was signed");
	return ERR_NONE;
}

static enum err
check_file(void *context, const char *path)
{
	struct verify *verify = context;
	struct tile_id id;

	if (tile_parse_path(path, &id) != ERR_NONE) {
		verify_find(verify, LEDGER_REMARKED, LEDGER_NO_INDEX, path, "this file is no part of a log");
		return ERR_NONE;
	}
	uint32_t width = tile_width_at(verify->head.size, id.level, id.index);
	if (id.width == width)
		return ERR_NONE;
	if (id.width < width)
		return check_older(verify, &id, path);
	verify_find(verify, LEDGER_REMARKED, LEDGER_NO_INDEX, path,
	    "stands beyond the checkpoint: left by a crash, written meanwhile, or the log was rolled back");
	return ERR_NONE;
}

static bool
heads_equal(const struct merkle_head *a, const struct merkle_head *b)
{
	return a->size == b->size && merkle_equal(&a->root, &b->root);
}

/* The cursor is no part of the log and may be missing; a later one beside an earlier checkpoint is worth a word. */
static enum err
check_cursor(struct verify *verify)
{
	struct cursor *cursor = malloc(sizeof(*cursor));
	char path[PATH_MAX];
	struct bytes data;
	enum err err = ERR_RANGE;

	if (cursor == NULL)
		return ERR_NOMEM;
	bytes_init(&data, CURSOR_LEN_MAX);
	if (snprintf(path, sizeof(path), "%s/cursor", verify->dir) < (int)sizeof(path))
		err = file_read(path, &data);
	if (err == ERR_NONE)
		err = cursor_parse(data.data, data.len, cursor);
	if (err == ERR_FORMAT || err == ERR_CORRUPT || err == ERR_RANGE)
		verify_find(verify, LEDGER_REMARKED, LEDGER_NO_INDEX, "cursor",
		    "damaged: the next start will find the positions of the journals from the entries");
	else if (err == ERR_NONE && !heads_equal(&cursor->heads[0], &verify->head) &&
	    !heads_equal(&cursor->heads[1], &verify->head))
		verify_find(verify, LEDGER_REMARKED, LEDGER_NO_INDEX, "cursor",
		    "states a log of %" PRIu64 " entries: copied at another moment, or one of the two was put back",
		    cursor->heads[1].size);
	bytes_wipe(&data);
	free(cursor);
	return ERR_NONE;
}

enum err
verify_other_files(struct verify *verify)
{
	enum err err = tilestore_walk(verify->store, check_file, verify);

	/* A directory that went away during the walk is a log at work. */
	if (err == ERR_NOT_FOUND)
		err = ERR_NONE;
	if (err != ERR_NONE && err != ERR_NOMEM) {
		verify_find(verify, LEDGER_BROKEN, LEDGER_NO_INDEX, "tile", "a directory cannot be read: %s", err_text(err));
		err = ERR_NONE;
	}
	return err == ERR_NONE ? check_cursor(verify) : err;
}
