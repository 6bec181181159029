/*
 * control: calls to the daemon for the laboratory's tools: one connection, one call at a time, and the words of the
 * last refusal. Blocks.
 */
#ifndef LAB_CONTROL_H
#define LAB_CONTROL_H

#include <jansson.h>

#include "base/err.h"
#include "base/msg.h"

struct control {
	struct msg msg;
	char why[256]; /* after a failure: what to tell a person */
};

/* Connect to the control socket at `path`. On failure only control->why is usable. */
MUST_CHECK enum err control_open(struct control *control, const char *path);
void control_close(struct control *control);

/*
 * Call `op` with `request` (reference taken). Rows that come before the last frame are gathered in the answer's
 * member "rows", an array that is always there. ERR_DENIED: the daemon refused.
 */
MUST_CHECK enum err control_call(struct control *control, const char *op, json_t *request, json_t **ret_answer);

/* The same where the answer itself does not matter. */
MUST_CHECK enum err control_do(struct control *control, const char *op, json_t *request);

#endif
