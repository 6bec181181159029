/*
 * walk: a segment file from the reading side, batch by batch, without keys:
 * where its batches are, whether they are whole, whether its writer lives, and
 * what its end means. Blocks on the disk, never for a writer. Private to journal/.
 */
#ifndef JOURNAL_WALK_H
#define JOURNAL_WALK_H

#include "journal/format.h"

struct walk {
	int fd;
	struct segment_header header;
	uint32_t size;   /* of the file, no more than the header says */
	uint32_t at;     /* where the next batch is expected */
	uint32_t number; /* its number */
	bool alone;      /* the writer is gone, what is there is all */
	bool torn;       /* something stands behind the last whole batch */
	bool cut;        /* the file is shorter than it was made */
	uint8_t *block;  /* the batch last read */
	size_t cap;
};

enum walk_step {
	WALK_BATCH = 0, /* a whole batch; walk_pass() moves behind it */
	WALK_END,       /* the end mark */
	WALK_WAIT,      /* nothing whole yet, and the writer lives */
	WALK_OVER,      /* the writer died; see `torn` */
	WALK_DAMAGED,   /* bytes from `at` on are damaged; the walk stands behind them */
	WALK_ERROR      /* the file could not be read; errno says why */
};

/*
 * Open by directory and name. ERR_NOT_FOUND: gone meanwhile. ERR_FORMAT,
 * ERR_UNSUPPORTED, ERR_CORRUPT: the header (also: it is not that of the name).
 */
MUST_CHECK enum err walk_open(struct walk *w, const char *dir, const char *name);
void walk_close(struct walk *w);

/*
 * Look at what stands at w->at. For WALK_BATCH and WALK_END `ret_h` is filled in
 * and w->block holds the bytes. For WALK_DAMAGED `ret_h` is the batch behind the
 * damage, where the walk now stands.
 */
enum walk_step walk_look(struct walk *w, struct batch_header *ret_h);
void walk_pass(struct walk *w, const struct batch_header *h);

/* The segments of a directory, sorted by node, worker and number; to be freed. ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err walk_list(const char *dir, struct journal_position **ret_list, size_t *ret_n);

/* Order of node, worker, segment; for qsort(3) too. */
int walk_compare(const void *a, const void *b);

#endif
