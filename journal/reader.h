/*
 * reader: follow the segments of all workers and give their entries, for the
 * engine and for tools.
 *
 *   journal_reader_open(dirs, &callbacks, &r);
 *   journal_reader_resume(r, &cursor)            for each cursor that was kept
 *   loop (on a timer, or inotify on the directories):
 *           journal_reader_poll(r, &n)           entry() is called n times
 *           make what entry() got durable, together with its cursors
 *           journal_reader_remove_finished(r)    the files are no longer needed
 *
 * Entries of one writer come in the order of their sequence, each once, also
 * where a batch was written twice because a directory failed. Writers are
 * independent of each other.
 *
 * Blocks on the disk for what it reads and never for a writer. One thread.
 */
#ifndef JOURNAL_READER_H
#define JOURNAL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/disclosure.h"
#include "journal/format.h"
#include "journal/seal.h"

struct journal_reader;

/* What a program keeps to go on after this entry when it starts again. */
struct journal_cursor {
	struct journal_position at;
	uint64_t writer;
	uint64_t sequence;
};

struct journal_entry {
	struct journal_cursor cursor;
	uint32_t period;
	struct disclosure disclosure; /* borrows until entry() returns */
};

enum journal_remark_kind {
	JOURNAL_REMARK_TORN = 0, /* the last batch was cut short; its responses never left */
	JOURNAL_REMARK_DAMAGED,  /* a batch that was durable cannot be read */
	JOURNAL_REMARK_MISSING,  /* entries or a whole segment are not there */
	JOURNAL_REMARK_NO_KEY,   /* the period's key is missing or destroyed */
	JOURNAL_REMARK_FOREIGN,  /* a file that is no segment, or of another version */
	JOURNAL_REMARK_MAX
};

/* Each remark is made once per reader and cause. */
struct journal_remark {
	enum journal_remark_kind kind;
	struct journal_position at; /* offset 0: the segment as a whole */
	const char *path;
	const char *words; /* for an operator, to be read behind the path; borrowed */
	/* JOURNAL_REMARK_MISSING, else 0: of this writer, the first sequence that is lost, and the one after the last. */
	uint64_t writer;
	uint64_t first;
	uint64_t next;
};

struct journal_callbacks {
	void *context;
	/* The secret key of a period; ERR_NOT_FOUND or ERR_EXPIRED where there is none (any more). */
	enum err (*key)(void *context, uint32_t period, uint8_t ret_secret[SEAL_KEY_LEN]);
	/* One entry. An error stops the poll, which returns it; the entry comes again. */
	enum err (*entry)(void *context, const struct journal_entry *entry);
	void (*remark)(void *context, const struct journal_remark *remark); /* may be NULL */
};

/* Copies names and callbacks. ERR_NOMEM, ERR_USAGE. The second directory may be NULL. */
MUST_CHECK enum err journal_reader_open(
    const char *const dirs[2], const struct journal_callbacks *callbacks, struct journal_reader **ret_r);
void journal_reader_free(struct journal_reader *r);

/*
 * Entries of this segment up to the cursor, and of this writer up to its
 * sequence, were dealt with. Before the first poll; one cursor per segment is
 * enough, and a cursor whose segment is gone does no harm.
 */
MUST_CHECK enum err journal_reader_resume(struct journal_reader *r, const struct journal_cursor *cursor);

/*
 * Give every complete entry that is new. Never waits. ERR_IO, with errno: a
 * directory or file could not be read, after all that could be was given.
 */
MUST_CHECK enum err journal_reader_poll(struct journal_reader *r, size_t *ret_entries);

/*
 * Remove the segments that are finished and were given to the last entry. Call it
 * when these entries are durable elsewhere; that the last poll failed elsewhere
 * does not matter. Segments with damage or without key stay until
 * journal_segment_remove().
 */
MUST_CHECK enum err journal_reader_remove_finished(struct journal_reader *r, size_t *ret_removed);

/*
 * Remove one segment by directory and name. If it is the last of its worker, its
 * number is first put down as used, which needs room for a small file (ERR_SPACE).
 * ERR_BUSY: its writer lives. ERR_NOT_FOUND, ERR_FORMAT (no such name), ERR_IO.
 */
MUST_CHECK enum err journal_segment_remove(const char *dir, const char *name);

enum journal_segment_state {
	SEGMENT_LIVE = 0, /* its writer holds it */
	SEGMENT_ENDED,    /* ended in order */
	SEGMENT_TORN,     /* its writer died; it ends in zeroes or a torn batch */
	SEGMENT_DAMAGED,  /* damage in the middle or in the header */
	SEGMENT_STATE_MAX
};

const char *journal_segment_state_text(enum journal_segment_state state);

/* What can be said of a segment without any key. */
struct journal_segment {
	const char *path;
	const char *name;
	struct segment_header header; /* zero where it is damaged */
	enum journal_segment_state state;
	uint32_t batches;
	uint64_t entries;
	uint64_t first; /* sequence of the first entry, 0 without entries */
	uint64_t last;
	uint32_t used; /* bytes, header included */
};

/* Call `visit` for each segment of a directory, in order of name. An error of `visit` ends it. */
MUST_CHECK enum err journal_scan_dir(
    const char *dir, enum err (*visit)(void *context, const struct journal_segment *segment), void *context);

#endif
