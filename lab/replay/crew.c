#include "lab/replay/crew.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define SECOND_US UINT64_C(1000000)
#define TURN_MS 5

static bool
is_over(struct crew *crew)
{
	uint64_t since_us = clock_monotonic_us() - crew->tally.started_us;
	bool done = atomic_load(&crew->may_end) && since_us >= crew->work_s * SECOND_US;

	for (size_t i = 0; i < crew->stage->n_partners; i++)
		done = done && partner_is_done(&crew->works[i]);
	return done || since_us >= crew->limit_s * SECOND_US;
}

static void *
run(void *context)
{
	struct crew *crew = context;
	enum err err = ERR_NONE;

	while (err == ERR_NONE && !is_over(crew)) {
		for (size_t i = 0; i < crew->stage->n_partners && err == ERR_NONE; i++)
			err = partner_move(&crew->works[i]);
		if (err == ERR_NONE)
			err = http_turn(crew->stage->crew_http, TURN_MS);
	}
	crew->lasted_us = clock_monotonic_us() - crew->tally.started_us;
	/* Let what is under way arrive: it is nobody's refusal. */
	while (err == ERR_NONE && http_running(crew->stage->crew_http) > 0)
		err = http_turn(crew->stage->crew_http, TURN_MS);
	crew->err = err;
	return NULL;
}

enum err
crew_start(struct crew *crew, struct stage *stage, unsigned round, unsigned rounds, unsigned work_s, unsigned limit_s)
{
	memset(crew, 0, sizeof(*crew));
	crew->stage = stage;
	crew->work_s = work_s;
	crew->limit_s = limit_s;
	crew->works = calloc(stage->n_partners + 1, sizeof(*crew->works));
	if (crew->works == NULL)
		return ERR_NOMEM;
	crew->tally.started_us = clock_monotonic_us();
	for (size_t i = 0; i < stage->n_partners; i++)
		partner_begin(&crew->works[i], stage, i, &crew->tally, round, rounds, work_s);
	if (pthread_create(&crew->thread, NULL, run, crew) == 0)
		return ERR_NONE;
	free(crew->works);
	return ERR_NOMEM;
}

enum err
crew_wait(struct crew *crew)
{
	atomic_store(&crew->may_end, true);
	(void)pthread_join(crew->thread, NULL);
	free(crew->works);
	return crew->err;
}
