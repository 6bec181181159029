/*
 * positions: the last record seen of each writer of journals, and the file
 * `cursor` that keeps them beside the checkpoint. The table is pure; the
 * writer used last stands first, and when it is full the one that was silent
 * longest goes (never the engine's own).
 *
 * The bytes of `cursor`, integers little-endian:
 *   8 bytes "TQCURS1\n"
 *   twice, first the committed state, then the one about to be committed:
 *     u64 tree size, 32 bytes root, u32 number of writers, and per writer
 *     u16 node, u16 worker, u32 segment, u32 offset, u64 writer, u64 sequence
 *   u32 CRC-32C of all that
 */
#ifndef LEDGER_POSITIONS_H
#define LEDGER_POSITIONS_H

#include "base/bytes.h"
#include "base/err.h"
#include "ledger/entry.h"
#include "ledger/ledger.h"

struct positions {
	uint32_t n;
	struct ledger_source last[LEDGER_SOURCES_MAX];
};

/* ERR_EXISTS unless the sequence lies behind the last one of its writer; then nothing changes. */
MUST_CHECK enum err positions_check(const struct positions *positions, const struct ledger_source *source);
/* Note what positions_check() let pass. */
void positions_note(struct positions *positions, const struct ledger_source *source);
void positions_copy(struct positions *to, const struct positions *from);

struct ledger_state {
	struct merkle_head head;
	const struct positions *positions;
};

MUST_CHECK enum err cursor_format(const struct ledger_state *committed, const struct ledger_state *next,
    struct bytes *out);

/* A parsed cursor; large, allocate it. */
struct cursor {
	struct merkle_head heads[2]; /* committed, next */
	struct positions positions[2];
};

/* No commit has more: what is pending is bounded, and each entry has a header. */
#define LEDGER_COMMIT_ENTRIES_MAX (LEDGER_PENDING_MAX / ENTRY_HEADER_LEN)

/*
 * ERR_FORMAT, ERR_CORRUPT (checksum). The sizes are plausible afterwards, so
 * that a forged cursor cannot send anyone looking for left-overs for ever.
 */
MUST_CHECK enum err cursor_parse(const uint8_t *data, size_t len, struct cursor *ret_cursor);

#define CURSOR_LEN_MAX (256U * 1024)

#endif
