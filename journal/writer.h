/*
 * writer: the write-ahead journal of one worker of the gate.
 *
 * The caller's thread (one event loop) appends entries to a buffer in memory and
 * kicks at the end of a turn; a commit thread encrypts, writes and syncs what was
 * gathered, while the next batch gathers. What may be released is told by a
 * sequence number. A second thread of low priority prepares segments ahead in
 * both directories.
 *
 * An event loop uses it like this:
 *
 *   journal_append(w, &disclosure, &waiter->sequence);     hold the response
 *   journal_kick(w);                                       at the end of the turn
 *   ... journal_descriptor(w) becomes readable:
 *   journal_collect(w, &progress);
 *   for each waiter, in order of sequence, while sequence <= progress.settled:
 *           sequence <= progress.durable ? release : answer 503
 *
 * No function here waits for a disk except journal_writer_close(). Functions that
 * take a writer belong to the one thread that opened it; journal_status() and
 * journal_stats_get() may be called by any. Open after fork: threads and locks do
 * not survive one.
 *
 * Failing: an error of one directory moves the same batch to a new segment in the
 * other; the file that failed is never written again, and the directory is tried
 * anew with growing pauses (1 s to 30 s) and taken back when a segment could be
 * prepared in it. When neither works, everything that waits fails, and new
 * entries are refused until a segment could be prepared.
 */
#ifndef JOURNAL_WRITER_H
#define JOURNAL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "core/disclosure.h"
#include "journal/format.h"
#include "journal/seal.h"

#define JOURNAL_BUFFER_DEFAULT (32U << 20)

struct journal_writer;

/* Whom segments are sealed to: the public key of a period. */
struct journal_recipient {
	uint32_t period; /* year * 100 + month, UTC; see journal_period() */
	uint8_t key[SEAL_KEY_LEN];
};

/* How a batch is made durable. */
enum journal_sync {
	JOURNAL_SYNC_AUTO = 0,  /* direct where the file system can, else buffered */
	JOURNAL_SYNC_BUFFERED,  /* pwrite, fdatasync */
	JOURNAL_SYNC_DIRECT,    /* O_DIRECT | O_DSYNC, one pwrite */
	JOURNAL_SYNC_MAX
};

/* Copied by journal_writer_open(); zero means the default. */
struct journal_options {
	const char *dirs[2];   /* the second may be NULL */
	uint16_t node;
	uint16_t worker;       /* writers may share it, as at a reload */
	uint32_t segment_size; /* bytes, a multiple of 4096; 16 MiB */
	size_t buffer_limit;   /* bytes of entries that wait for a commit; 32 MiB */
	mode_t mode;           /* of segments; 0640 */
	gid_t group;           /* of segments; 0 leaves it to the directory */
	enum journal_sync sync;
	struct journal_recipient recipient;
};

struct journal_progress {
	uint64_t durable; /* sequences up to here are on the disk */
	uint64_t settled; /* sequences up to here are decided: those above `durable` failed */
};

struct journal_stats {
	uint64_t entries;   /* durable */
	uint64_t batches;   /* durable: one sync each */
	uint64_t bytes;     /* written for them, with padding */
	uint64_t segments;  /* begun */
	uint64_t failovers; /* times that a directory failed under a batch */
	uint64_t given_up;  /* entries that failed in the end */
};

/*
 * Start the threads; segments are prepared behind the caller's back, and entries
 * are taken from now on. ERR_USAGE: no directory, a bad period or size. ERR_NOMEM,
 * ERR_IO: no thread or descriptor. A directory that cannot be used is not an error
 * here: it shows as failed entries and in journal_status().
 */
MUST_CHECK enum err journal_writer_open(const struct journal_options *options, struct journal_writer **ret_w);

/* Commit what waits, end the segment, stop the threads. Blocks on the disk. NULL is fine. */
void journal_writer_close(struct journal_writer *w);

/* The month turned: seal segments to this key from the next one on, which is begun soon. */
void journal_writer_set_recipient(struct journal_writer *w, const struct journal_recipient *recipient);

/*
 * Copy an entry into the open batch. ERR_SPACE: the buffer is full. ERR_IO: the
 * journal is down, or failed and journal_collect() was not called since.
 * ERR_RANGE: outside the bounds of struct disclosure.
 */
MUST_CHECK enum err journal_append(struct journal_writer *w, const struct disclosure *d, uint64_t *ret_sequence);

/* Let what was appended be committed. Cheap when there is nothing new. */
void journal_kick(struct journal_writer *w);

/* An eventfd, non-blocking: readable when there is progress to collect. */
int journal_descriptor(const struct journal_writer *w);

/* Drain the descriptor and say how far things are. */
void journal_collect(struct journal_writer *w, struct journal_progress *ret_progress);

/* The highest durable sequence, without draining anything; 0 before the first. */
uint64_t journal_durable(const struct journal_writer *w);

/*
 * One line for an operator: where it writes, what is prepared, what failed and
 * why. Returns whether entries can be written and nothing is degraded.
 */
bool journal_status(struct journal_writer *w, char *out, size_t size);

void journal_stats_get(struct journal_writer *w, struct journal_stats *ret_stats);

#endif
