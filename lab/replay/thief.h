/*
 * thief: one strategy against one front, request by request.
 *
 * A strategy is a ladder of ways to ask, from greedy to modest: pages of 200 down to one person, the whole export down
 * to a search for one identifier. Where a way is refused the next one goes on, as a thief who wants most would. The
 * thief gives up when the last way was refused THIEF_PATIENCE times in a row and nothing new came, when everything was
 * read, or when its time is over. What failed (no answer, 5xx) is asked again: that is no refusal.
 */
#ifndef LAB_REPLAY_THIEF_H
#define LAB_REPLAY_THIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/http.h"
#include "lab/replay/received.h"
#include "lab/replay/replay.h"
#include "lab/replay/stage.h"

#define THIEF_PATIENCE 20
#define THIEF_AT_ONCE_MAX 1000
#define THIEF_TRIES 8 /* of a request that fails */

struct thief;

/* One request under way. */
struct thief_attempt {
	struct thief *thief;
	struct thief_attempt *next; /* among the free ones */
	size_t rung;
	size_t item;
	unsigned tries;
};

struct thief {
	const struct stage *stage;
	const struct stage_victim *victim;
	const char *origin;
	enum replay_strategy strategy;
	uint64_t until_us;          /* gives up then */

	size_t rung;                /* of the ladder */
	size_t next;                /* item of the rung */
	size_t lowest_refused;      /* first person that was refused on this rung */
	unsigned refused_in_a_row;
	bool stepping_down;
	bool ended;
	unsigned in_flight;
	struct thief_attempt attempts[THIEF_AT_ONCE_MAX];
	struct thief_attempt *free;
	struct thief_attempt *again; /* to be asked once more */

	struct received received;
	uint64_t requests;
	uint64_t refused;
	uint64_t asked_step_up;     /* of the refused ones: the second factor was asked for */
	uint64_t failed;            /* requests that a front or the network could not serve; they are asked again */
	uint64_t torn;              /* responses that stopped in the middle */
	uint64_t started_us;        /* clock_monotonic_us() */
	uint64_t ended_us;
	uint64_t stopped_us;        /* first refusal after which nothing new came; 0: none */
};

void thief_init(struct thief *thief, const struct stage *stage, enum replay_strategy strategy, const char *origin,
    unsigned time_s);
void thief_wipe(struct thief *thief);

/* Keep the requests in flight; call it between turns until thief->ended. */
MUST_CHECK enum err thief_move(struct thief *thief);

#endif
