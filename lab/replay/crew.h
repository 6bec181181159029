/*
 * crew: the partners of one strategy at work, on a thread and over connections of their own, so that what the thief's
 * client costs this machine does not look like a platform that is slow.
 */
#ifndef LAB_REPLAY_CREW_H
#define LAB_REPLAY_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "lab/replay/partner.h"

struct crew {
	struct stage *stage;
	struct partner_work *works;
	struct partner_tally tally; /* not to be read before crew_wait() */
	pthread_t thread;
	unsigned work_s;
	unsigned limit_s;
	atomic_bool may_end;
	uint64_t lasted_us;
	enum err err;
};

/* Strategy `round` of `rounds`, at least `work_s` seconds and at most `limit_s`. */
MUST_CHECK enum err crew_start(struct crew *crew, struct stage *stage, unsigned round, unsigned rounds, unsigned work_s,
    unsigned limit_s);

/* The thief has gone: let everybody finish the day's work, and wait for it. */
MUST_CHECK enum err crew_wait(struct crew *crew);

#endif
