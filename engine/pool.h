/*
 * pool: two threads for work that takes long and needs nothing of the engine:
 * password hashing. Private to engine/; used through op_defer().
 */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include "engine/mailbox.h"

#define POOL_THREADS 2

struct pool;

/* One piece of work; embedded in the caller's memory. `work` runs on a thread, then `letter` is posted. */
struct pool_job {
	struct pool_job *next;
	struct letter letter;
	void (*work)(struct pool_job *job);
};

MUST_CHECK enum err pool_open(struct mailbox *box, unsigned jobs_max, struct pool **ret_pool);
/* Finishes what was taken; the letters are in the box afterwards. */
void pool_free(struct pool *pool);
/* ERR_BUSY: `jobs_max` wait already. */
MUST_CHECK enum err pool_take(struct pool *pool, struct pool_job *job);

#endif
