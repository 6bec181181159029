/* verify_state: what a check under way holds; shared by the verify_*.c files alone. */
#ifndef LEDGER_VERIFY_STATE_H
#define LEDGER_VERIFY_STATE_H

#include "ledger/tilestore.h"
#include "ledger/verify.h"

/*
 * The tree is computed twice: from the entries, and from the hashes that the
 * tiles of level 0 state. Where all is well they are the same and the second
 * costs nothing. Where they differ, the one that leads to the signed root
 * tells whether the entries or the tiles were changed.
 */
struct side {
	uint8_t tiles[TILE_LEVELS_MAX][TILE_LEN];
	struct merkle_range range; /* of whole tiles: its smallest subtrees have TILE_WIDTH leaves */
};

/* An entry that does not hash to what its tile states. */
struct disagreement {
	uint64_t index;
	uint64_t tile;
};

#define DISAGREEMENTS_MAX 128

struct writers; /* verify_sources.c */

struct verify {
	const char *dir;
	struct tilestore *store;
	struct hasher *hasher;
	struct ledger_report *report;
	const struct ledger_progress *progress;
	struct merkle_head head;
	struct side entries;
	struct side tiles;
	struct bytes bundle;
	struct bytes tile;
	struct writers *writers;
	size_t n_disagreements;
	struct disagreement disagreements[DISAGREEMENTS_MAX];
};

void verify_find(struct verify *verify, enum ledger_severity severity, uint64_t index, const char *file,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The sources of the entries and what they state. */
MUST_CHECK enum err writers_open(struct writers **ret_writers);
void writers_free(struct writers *writers);
/* Take one entry in order of the log. ERR_NOMEM alone. */
MUST_CHECK enum err writers_take(struct verify *verify, const struct ledger_entry *entry, uint64_t index);
void writers_finish(struct verify *verify);

/* Every other file: older partial tiles, what stands beyond the checkpoint, foreign ones, the cursor. */
MUST_CHECK enum err verify_other_files(struct verify *verify);

#endif
