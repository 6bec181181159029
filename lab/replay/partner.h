/*
 * partner: a bystander at work: the list of the own trainees, some of their records, a search that is exported. Shows
 * the second factor when it is asked for. A typical day of persons is spread over the strategies of a replay; those of
 * before come up again.
 */
#ifndef LAB_REPLAY_PARTNER_H
#define LAB_REPLAY_PARTNER_H

#include "lab/replay/stage.h"

#define PARTNER_RECORDS 6 /* in one strategy */
#define PARTNER_SECONDS_MAX 1200

/* What all partners of a strategy met. */
struct partner_tally {
	uint64_t requests;
	uint64_t refused;     /* neither served nor asked for the second factor */
	uint64_t stepped_up;  /* times the second factor was shown */
	uint64_t served;
	uint64_t started_us;
	bool up[PARTNER_SECONDS_MAX]; /* somebody was served in that second */
	char first_refusal[160];
};

struct partner_work {
	const struct stage *stage;
	struct stage_partner *partner;
	struct partner_tally *tally;
	char ids[PARTNER_RECORDS][RECEIVED_ID_LEN + 1];
	unsigned n_ids;
	unsigned at;          /* action that is next or under way */
	unsigned actions;
	uint32_t list_size;
	uint64_t next_us;     /* when the next action is due */
	uint64_t wait_us;     /* not before, because no unused code is there */
	uint64_t pause_us;    /* between two actions */
	bool in_flight;
	bool must_step_up;    /* was asked for the second factor */
	bool has_stepped_up;  /* for this action */
};

/* Strategy `round` of `rounds`; the work takes `seconds`. */
void partner_begin(struct partner_work *work, const struct stage *stage, size_t which, struct partner_tally *tally,
    unsigned round, unsigned rounds, unsigned seconds);

/* Start what is due; call it between turns. Reads the list on and on once all is done. */
MUST_CHECK enum err partner_move(struct partner_work *work);

/* Is the day's work done? */
bool partner_is_done(const struct partner_work *work);

#endif
