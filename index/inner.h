/* inner: what the files of index/ share and nobody else sees. */
#ifndef INDEX_INNER_H
#define INDEX_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "index/active.h"
#include "index/index.h"
#include "index/manifest.h"
#include "index/names.h"
#include "index/names_file.h"
#include "index/segment.h"
#include "index/tail.h"

/* One period that has persons. */
struct period {
	uint32_t period;
	uint32_t persons; /* that events on disk refer to: the dictionary must have them */
	bool loaded;      /* names and file are open */
	uint64_t used;    /* turn of its last use, for eviction */
	struct names names;
	struct names_file file;
};

struct index {
	char *dir;
	int dir_fd;
	int lock_fd;
	struct index_options options;
	struct manifest manifest;
	struct segment *segments; /* as many as the manifest lists, in its order */
	struct tail tail;
	struct active active;
	struct period *periods; /* ascending */
	size_t n_periods;
	uint64_t next_entry;
	size_t flushed;          /* events of `active` that are in the tail */
	uint64_t turn;
	bool broken;             /* what is on disk is unknown: only opening anew helps */
	struct sighting *people; /* room for one event's persons */
	uint64_t pass_records;   /* how much of an answer is held at once, see query.c */
};

/* The period, or NULL. Borrowed until the next period_make(). */
struct period *period_find(struct index *index, uint32_t period);
MUST_CHECK enum err period_make(struct index *index, uint32_t period, struct period **ret_period);

/*
 * Have the names of a period in memory. Others that have nothing to write are
 * let go so that few are in memory at once: a borrowed name lives until the
 * next load. ERR_EXPIRED where its key is gone.
 */
MUST_CHECK enum err period_load(struct index *index, struct period *period, const char **why);
void period_unload(struct period *period);
void period_remove(struct index *index, uint32_t period);

static inline bool
period_dirty(const struct period *period)
{
	return period->loaded && period->names.n > period->file.n;
}

#endif
