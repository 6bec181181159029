/*
 * edge: the tiles at the right edge of a growing log, one per level, and the
 * writing of tiles as they become full. The caller keeps the order of
 * ledger/ledger.h; nothing that an older checkpoint covers is written here.
 */
#ifndef LEDGER_EDGE_H
#define LEDGER_EDGE_H

#include "base/err.h"
#include "ledger/merkle.h"
#include "ledger/tiles.h"
#include "ledger/tilestore.h"

struct edge {
	uint64_t size;
	uint8_t tiles[TILE_LEVELS_MAX][TILE_LEN]; /* the first tile_level_count() % TILE_WIDTH hashes of each count */
};

/*
 * Read the edge of the tree `head` and the compact range over it. ERR_CORRUPT
 * where the tiles do not give its root, ERR_NOT_FOUND where one is missing.
 */
MUST_CHECK enum err edge_load(struct tilestore *store, struct hasher *hasher, const struct merkle_head *head,
    struct edge *ret_edge, struct merkle_range *ret_range);

/* Add one leaf and write every tile that it fills. */
MUST_CHECK enum err edge_append(struct edge *edge, struct tilestore *store, struct hasher *hasher,
    const struct merkle_hash *leaf);

/* Write the partial tiles that a tree of edge->size has and one of `old_size` had not. */
MUST_CHECK enum err edge_write_partials(const struct edge *edge, struct tilestore *store, uint64_t old_size);

#endif
