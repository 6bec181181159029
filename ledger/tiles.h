/*
 * tiles: names and contents of the files of a tiled log, C2SP tlog-tiles
 * (https://c2sp.org/tlog-tiles). No I/O.
 *
 *   tile/<L>/<N>[.p/<W>]        W or 256 hashes of 32 bytes: the complete
 *                               subtrees of 256^L leaves from N*256 on
 *   tile/entries/<N>[.p/<W>]    W or 256 entries from N*256 on, each a
 *                               big-endian u16 length and that many bytes
 *
 * N is written in groups of three digits, all but the last with an "x" in
 * front and a directory each: 1234067 is x001/x234/067.
 */
#ifndef LEDGER_TILES_H
#define LEDGER_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/codec.h"
#include "base/err.h"
#include "ledger/merkle.h"

#define TILE_WIDTH 256U
#define TILE_HEIGHT 8U /* levels of the tree in one level of tiles */
#define TILE_LEVELS_MAX 8U
#define TILE_LEN (TILE_WIDTH * SHA256_LEN)
#define TILE_PATH_MAX 64

/* The "level" of entry bundles. */
#define TILE_ENTRIES UINT32_MAX

#define ENTRY_LEN_MAX 65535U
#define BUNDLE_LEN_MAX (TILE_WIDTH * (2U + ENTRY_LEN_MAX))

struct tile_id {
	uint32_t level; /* 0..TILE_LEVELS_MAX-1, or TILE_ENTRIES */
	uint32_t width; /* 1..TILE_WIDTH; less than TILE_WIDTH is a partial tile */
	uint64_t index;
};

/* The path inside the log, terminated. */
void tile_path(const struct tile_id *id, char out[TILE_PATH_MAX]);
/* Exactly the one spelling of a path is accepted; ERR_FORMAT. */
MUST_CHECK enum err tile_parse_path(const char *path, struct tile_id *ret_id);

/* How many hashes stand at `level` in a tree of `size` entries: floor(size / 256^level), or size for entries. */
uint64_t tile_level_count(uint64_t size, uint32_t level);
/* Width of the tile (level, index) in a tree of `size` entries, 0 where it does not exist. */
uint32_t tile_width_at(uint64_t size, uint32_t level, uint64_t index);

/* Takes one entry out of a bundle; NULL and r->bad at a torn one. */
const uint8_t *bundle_take(struct reader *r, size_t *ret_len);

/* Hash of the complete tile: the root over its 256 hashes. */
void tile_hash(struct hasher *hasher, const uint8_t tile[TILE_LEN], struct merkle_hash *ret_hash);

#endif
