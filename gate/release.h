/*
 * release: the responses that wait for the journal, in the order of their
 * entries, and what happens when it has decided about them.
 */
#ifndef GATE_RELEASE_H
#define GATE_RELEASE_H

#include "gate/gate.h"

void gate_release_init(void);

/* `g` waits for its entry `g->sequence`, which is the latest one appended. */
void gate_release_wait(struct gate_request *g);
/* It waits no longer: its request ends. */
void gate_release_forget(struct gate_request *g);

/*
 * Cut the request off from outside its upstream's handlers. While the upstream
 * is active it must be made to finalize the request itself: its cleanup would
 * free the request in the middle of nginx's own list of cleanups.
 */
void gate_release_cut(struct gate_request *g);

/* The journal decided about all entries up to `settled`; those up to `durable` are on the disk. */
void gate_release_settle(uint64_t durable, uint64_t settled);

#endif
