/* judge: from the header of a response to what may become of it. Pure, save that it reads nginx's structures. */
#ifndef GATE_JUDGE_H
#define GATE_JUDGE_H

#include "gate/gate.h"

enum gate_course {
	COURSE_REFUSE = 0, /* with a reason */
	COURSE_BARE,       /* no body, or one that is dropped; the header may leave once it is accounted for */
	COURSE_READ,       /* hold, read, account for the persons */
	COURSE_WEIGH,      /* cannot be read: account for a weight, as declared */
	COURSE_REPLACE     /* an error: its status may leave, its body not */
};

struct gate_judgement {
	enum gate_course course;
	enum verdict_reason reason; /* COURSE_REFUSE */
	uint32_t weight;            /* COURSE_WEIGH */
};

/*
 * The response to a metered or weighed request. What cannot carry a record has
 * no body: HEAD, 204, 304, and redirects, whose body nobody reads. Error
 * responses of a type that the meter can read are read; of others only the
 * status leaves.
 */
void gate_judge_header(const struct gate_request *g, struct gate_judgement *ret_judgement);

/* What becomes of a response whose body turned out to be unreadable. */
void gate_judge_unreadable(const struct gate_request *g, struct gate_judgement *ret_judgement);

#endif
