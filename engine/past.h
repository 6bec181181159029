/* past: disclosures of the past on their way into the budgets. Private to engine/. */
#ifndef ENGINE_PAST_H
#define ENGINE_PAST_H

#include "engine/keeper.h"

#define PAST_EVENTS_MAX 512
#define PAST_PERSONS_MAX 8192

struct past_event {
	uint32_t identity;
	uint32_t organisation;
	uint64_t at_us;
	uint32_t n; /* of the persons that follow those of the event before */
};

struct past_part {
	struct keeper_part part;
	uint32_t n_events;
	uint32_t n_persons;
	struct past_event event[PAST_EVENTS_MAX];
	uint64_t person[PAST_PERSONS_MAX];
};

/* On the loop: insert, and free the part. The maps are not open. */
void past_open_part(void *engine, struct letter *letter);

/* Before the first part: forget what adopted budgets hold. */
void past_clear(struct engine *engine);

#endif
