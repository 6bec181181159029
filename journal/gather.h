/*
 * gather: entries in memory, encoded and cut into batches, on their way to the
 * disk. Never blocks; the caller sees to locks. Private to journal/.
 */
#ifndef JOURNAL_GATHER_H
#define JOURNAL_GATHER_H

#include "journal/format.h"

struct gather_batch {
	size_t at; /* in the bytes */
	uint32_t len;
	uint32_t n_entries;
	uint64_t first;
	uint64_t base_us;
};

struct gather {
	struct bytes bytes;
	struct gather_batch *batches;
	size_t n_batches;
	size_t max_batches;
	uint64_t time_us; /* of the last entry */
};

/* Holds entries of up to `limit` bytes together. ERR_NOMEM. */
MUST_CHECK enum err gather_init(struct gather *g, size_t limit);
void gather_wipe(struct gather *g);
void gather_clear(struct gather *g);

/* Add an entry that keeps its bounds. ERR_SPACE past the limit, ERR_NOMEM. */
MUST_CHECK enum err gather_add(struct gather *g, const struct disclosure *d, uint64_t sequence);

#endif
