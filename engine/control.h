/*
 * control: connections that speak the control protocol, and the calls that
 * are being answered on them (engine/ops.h). Private to engine/.
 */
#ifndef ENGINE_CONTROL_H
#define ENGINE_CONTROL_H

#include "engine/engine.h"
#include "engine/ops.h"

struct keeper_part;
struct mailbox;

MUST_CHECK enum err control_open(struct engine *engine, struct control **ret_control);
/* Ends all connections; calls under way stay and are answered into nothing. */
void control_free(struct control *control);

/* Accept on a listening Unix socket; every connection may what `permit` says. Takes `fd`. */
MUST_CHECK enum err control_listen(struct control *control, int fd);

/* Serve one connected socket. Takes `fd`, also on failure. */
MUST_CHECK enum err control_adopt(struct control *control, int fd, enum op_permit permit);

/* The loop's mailbox: letters are opened with the engine as their owner. */
struct mailbox *control_mailbox(struct control *control);

/*
 * Rows for a call from the loop: text of one JSON array without brackets.
 * Returns how many bytes now wait for the peer; a peer that has gone takes all.
 */
size_t op_rows_text(struct op_call *call, const char *text, size_t len);
/* False when the peer has gone: nobody wants the answer any more. */
bool op_is_wanted(const struct op_call *call);
size_t op_backlog(const struct op_call *call);

/*
 * A part of a long answer was handed to op_rows_text(): tell the keeper when
 * the peer has taken enough of it, or has gone.
 */
void control_part_sent(struct control *control, struct op_call *call, const struct keeper_part *part);
/* Called ten times a second: parts that were waiting for their peers. */
void control_tick(struct control *control);

/* Connections of the control socket and of the web worker, for status. */
void control_counts(const struct control *control, unsigned *ret_operators, unsigned *ret_web);

/* Calls that have not been answered yet. */
unsigned control_calls(const struct control *control);

#endif
