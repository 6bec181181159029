/*
 * decide: accounts for what is about to leave: charges the budgets, then
 * appends the journal entries. What was charged is never given back, also
 * where the entry cannot be written afterwards.
 */
#ifndef GATE_DECIDE_H
#define GATE_DECIDE_H

#include "gate/gate.h"

enum gate_decision {
	DECISION_STOP = 0, /* `g->verdict`, `g->reason`, `g->retry_after_s` say why */
	DECISION_RELEASE,  /* nothing to account for */
	DECISION_WAIT      /* entries were appended; `g` is among those that wait */
};

/* All persons in `gather`, which is cleared where they were accounted for. */
MUST_CHECK enum gate_decision gate_decide_persons(struct gate_request *g, struct gather *gather);

/* `weight` unnamed persons. */
MUST_CHECK enum gate_decision gate_decide_weight(struct gate_request *g, uint32_t weight);

/*
 * An entry that nobody waits for: a refusal, a step-up, an observation. The
 * same one of the same session is written once a second, so that whoever is
 * refused cannot fill the disk. Lost where the journal is down.
 */
void gate_decide_note(const struct gate_request *g, enum disclosure_kind kind, enum verdict_reason reason);

/* The note that goes with a verdict that stops `g`. */
void gate_decide_note_stop(const struct gate_request *g);

#endif
