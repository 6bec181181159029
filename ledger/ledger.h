/*
 * ledger: append entries, commit them, read them back.
 *
 * A ledger is a directory:
 *   checkpoint   the signed head (C2SP tlog-checkpoint); replaced atomically
 *   tile/...     hash tiles and entry bundles (C2SP tlog-tiles), written once
 *   cursor       journal positions, see below; no part of the log
 *   lock         held by the one process that appends; no part of the log
 *
 * One commit makes all entries added since the last one durable and signed:
 *   1. `cursor` is replaced. It carries two states: the committed one (size,
 *      root, journal positions) and the one that is about to be.
 *   2. New bundles and tiles are written and synced, with their directories.
 *      Only files that no committed checkpoint covers are written.
 *   3. `checkpoint` is replaced. This rename is the commit.
 *   4. Partial tiles whose full tile now stands are removed.
 *
 * After a crash ledger_open() reads the checkpoint and takes from the cursor
 * the state with just that size and root, so entries and positions move
 * together: exactly once. Files that step 2 left beyond the checkpoint lie
 * between the two sizes of the cursor and are removed. Where the cursor is
 * missing or damaged, the positions are found again from the entries'
 * sources; then a record that was only skipped (ledger_skip) may be read from
 * the journal again. What no crash can leave is refused (ERR_CORRUPT) and
 * nothing is removed: a checkpoint that is older than the cursor or differs
 * from it, and files beyond the checkpoint without a cursor.
 *
 * A failed commit (full disk, I/O error) changes nothing that was committed;
 * the entries stay pending and ledger_commit() may be called again.
 *
 * Blocks on the disk. A handle belongs to one thread.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "ledger/entry.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/period.h"

/*
 * Most writers of journals whose positions are remembered. Each start of a
 * worker is a new writer; past this number the one that was silent longest is
 * forgotten, whose segments are long gone.
 */
#define LEDGER_SOURCES_MAX 1024U
/* Pending bytes; past them ledger_add() says ERR_SPACE and wants a commit. */
#define LEDGER_PENDING_MAX (64U * 1024 * 1024)

struct ledger;

struct ledger_options {
	const char *dir;                  /* made, with its parents, if missing */
	const struct note_signer *signer; /* its name is the origin; borrowed */
	struct period_keys *keys;         /* borrowed */
	const struct clock *clock;        /* borrowed */
};

/*
 * Open for appending, or begin with an empty tree. ERR_BUSY where another
 * process has it open; ERR_CORRUPT or ERR_DENIED where the checkpoint does
 * not fit key or tiles, with `*why` in words.
 */
MUST_CHECK enum err ledger_open(const struct ledger_options *options, struct ledger **ret_ledger, const char **why);

/* Pending entries are dropped: their journal position was not moved either. */
void ledger_free(struct ledger *ledger);

/*
 * Add one entry to the pending ones. Its sequence must lie behind the last one
 * of its writer, else ERR_EXISTS: it is in the ledger already and the caller
 * goes on. ERR_SPACE: commit first, then add it again. ERR_EXPIRED: the key of
 * its period was destroyed. ERR_RANGE: a text or an identifier too long. Nothing
 * is added on failure. A time in a month to come is kept as it is, and sealed
 * with the key of the present month.
 */
MUST_CHECK enum err ledger_add(struct ledger *ledger, const struct ledger_entry *entry);

/*
 * Move a writer's position over a record that gives no entry. Takes effect
 * with the next commit. ERR_EXISTS as above.
 */
MUST_CHECK enum err ledger_skip(struct ledger *ledger, const struct ledger_source *source);

/* The next source of the engine itself on `node`, for orders, definitions, statements. */
struct ledger_source ledger_engine_source(const struct ledger *ledger, uint16_t node);

/* Durable and signed when it returns ERR_NONE. Does nothing where nothing is pending. */
MUST_CHECK enum err ledger_commit(struct ledger *ledger);

/*
 * The last record integrated or skipped of each writer, as of the last commit:
 * journal_reader_resume() wants these after a start. Up to `room` are written;
 * returns how many there are (LEDGER_SOURCES_MAX at most).
 */
size_t ledger_positions(const struct ledger *ledger, struct ledger_source *positions, size_t room);

/*
 * The last record of one journal (node, worker) that was committed, whatever
 * the writer: the one with the highest segment and offset. ERR_NOT_FOUND where there is none.
 */
MUST_CHECK enum err ledger_position(const struct ledger *ledger, uint16_t node, uint16_t worker,
    struct ledger_source *ret_source);

/* Committed state. */
void ledger_head(const struct ledger *ledger, struct merkle_head *ret_head);
size_t ledger_pending(const struct ledger *ledger); /* entries not yet committed */
/* Append the signed note of the last checkpoint. */
MUST_CHECK enum err ledger_checkpoint(const struct ledger *ledger, struct bytes *out);

/*
 * Reading. A reader sees the checkpoint as it was when the reader was opened;
 * it may run beside the one who appends, in another process too. It does not
 * check hashes (that is ledger/verify.h); sealed bytes are authenticated.
 */
struct ledger_reader;

/* `verifier` checks the checkpoint; `keys` opens sealed bytes and may be NULL. Both borrowed. */
MUST_CHECK enum err ledger_reader_open(const char *dir, const struct note_verifier *verifier,
    struct period_keys *keys, struct ledger_reader **ret_reader, const char **why);
void ledger_reader_free(struct ledger_reader *reader);
void ledger_reader_head(const struct ledger_reader *reader, struct merkle_head *ret_head);

/* The next ledger_read() gives the entry `index`. */
void ledger_reader_seek(struct ledger_reader *reader, uint64_t index);

enum ledger_readable {
	LEDGER_READABLE = 0,  /* nothing was sealed, or it was opened */
	LEDGER_NO_KEY,        /* there is no key, or no keys were given: sealed parts are absent */
	LEDGER_KEY_GONE,      /* the key was destroyed: sealed parts are absent for good */
	LEDGER_READABLE_MAX
};

struct ledger_record {
	uint64_t index;
	enum ledger_readable readable;
	struct ledger_entry entry; /* valid until the next call */
};

/* ERR_NOT_FOUND after the last entry; ERR_CORRUPT or ERR_FORMAT for damage, at the index that was to be read. */
MUST_CHECK enum err ledger_read(struct ledger_reader *reader, struct ledger_record *ret_record);

/* That the entry at `index` stands in the log of ledger_reader_head(): RFC 9162 inclusion. */
MUST_CHECK enum err ledger_reader_prove(struct ledger_reader *reader, uint64_t index, struct merkle_proof *ret_proof);
/* That the log of ledger_reader_head() goes on where one of `old_size` entries stood: RFC 9162 consistency. */
MUST_CHECK enum err ledger_reader_prove_since(struct ledger_reader *reader, uint64_t old_size,
    struct merkle_proof *ret_proof);

#endif
