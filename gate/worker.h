/*
 * worker: what one nginx worker holds open: the two maps, its journal, timers.
 *
 * Nothing here ends the process: a map or a journal that is missing leaves the
 * worker alive and guarded routes closed, and it is tried again every tick.
 */
#ifndef GATE_WORKER_H
#define GATE_WORKER_H

#include "gate/gate.h"

#include "journal/writer.h"

struct gate_worker {
	bool mapped;
	unsigned epoch; /* counts the maps that were opened */
	struct map_state state;
	struct map_budgets budgets;
	struct journal_writer *journal; /* NULL: not open */
	bool journal_down;              /* an entry could not be written; forgotten at the next tick, to try again */
	uint64_t seed;                  /* random; made different for each unnamed charge */
};

extern struct gate_worker gate_worker;

ngx_int_t gate_worker_init(ngx_cycle_t *cycle);
void gate_worker_exit(ngx_cycle_t *cycle);

/* Whether the maps are there, after opening them anew where they were replaced. */
bool gate_worker_maps(void);

/* Something was appended to the journal: kick it at the end of this turn of the event loop. */
void gate_worker_kick(void);

#endif
