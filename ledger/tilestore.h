/*
 * tilestore: the files of a tiled log in a directory. Blocks on the disk; one
 * thread per handle. Paths come from ledger/tiles.h and nowhere else.
 */
#ifndef LEDGER_TILESTORE_H
#define LEDGER_TILESTORE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "ledger/tiles.h"

struct tilestore;

/* ERR_NOT_FOUND where there is no such directory. */
MUST_CHECK enum err tilestore_open(const char *dir, struct tilestore **ret_store);
void tilestore_free(struct tilestore *store);

/* Append the whole file to `out`; ERR_RANGE past its limit, ERR_NOT_FOUND, ERR_FORMAT for what is no regular file. */
MUST_CHECK enum err tilestore_read(struct tilestore *store, const struct tile_id *id, struct bytes *out);

/*
 * The same of the tile (level, index) as a tree of `size` entries has it.
 * Where the partial one is gone because the log grew, the front of the full
 * one is as good; it is read whole and `*ret_width` says how much of it counts.
 */
MUST_CHECK enum err tilestore_read_at(struct tilestore *store, uint64_t size, uint32_t level, uint64_t index,
    struct bytes *out, uint32_t *ret_width);

/*
 * Write one file, with its directories. All that was written is durable, names
 * included, once tilestore_sync() has returned ERR_NONE. For files that no
 * checkpoint covers yet: what stands there is replaced.
 */
MUST_CHECK enum err tilestore_write(struct tilestore *store, const struct tile_id *id, const void *data, size_t len);
MUST_CHECK enum err tilestore_sync(struct tilestore *store);

/* Remove what stands beyond a tree of `keep` entries, up to one of `most`. */
MUST_CHECK enum err tilestore_discard(struct tilestore *store, uint64_t keep, uint64_t most);

/* Remove the partial tiles of those that became full between the two sizes. */
MUST_CHECK enum err tilestore_tidy(struct tilestore *store, uint64_t old_size, uint64_t size);

/*
 * Call `seen` for each file below tile/ (path inside the log), in no
 * particular order. What it returns ends the walk unless it is ERR_NONE.
 */
MUST_CHECK enum err tilestore_walk(struct tilestore *store, enum err (*seen)(void *context, const char *path),
    void *context);

#endif
