/*
 * msg: control frames over stream sockets: u32 little-endian length, then one
 * JSON object of at most MSG_MAX bytes (doc/control.md).
 *
 * One `struct msg` is one connection with its buffers. The same functions
 * serve a non-blocking server (msg_receive, msg_send, msg_flush around poll)
 * and a blocking client (msg_wait, msg_call). The only place where project
 * code parses JSON from a control connection: duplicate keys are refused.
 */
#ifndef BASE_MSG_H
#define BASE_MSG_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/err.h"

#define MSG_MAX (16u << 20)
/* A peer that does not read is cut off when this much waits for it. */
#define MSG_BACKLOG_MAX (64u << 20)

struct msg {
	int fd; /* owned: closed by msg_close() */
	struct bytes in;
	struct bytes out;
	bool ended; /* the peer will send no more */
};

/* Take over a connected socket; it is made non-blocking. */
MUST_CHECK enum err msg_open(struct msg *msg, int fd);
void msg_close(struct msg *msg);

/*
 * Read what the socket has, once. ERR_NONE: bytes came. ERR_BUSY: nothing now,
 * or enough is buffered already. ERR_EXPIRED: the peer has gone. ERR_IO.
 */
MUST_CHECK enum err msg_fill(struct msg *msg);

/*
 * Take the next complete frame from the buffer; the caller owns *ret_object.
 * ERR_BUSY: none is complete. ERR_FORMAT: too long, not JSON, or not an
 * object: the connection is of no further use.
 */
MUST_CHECK enum err msg_next(struct msg *msg, json_t **ret_object);

/* Queue a frame (the reference stays the caller's) and write what can be written now. */
MUST_CHECK enum err msg_send(struct msg *msg, const json_t *object);

/* The same for a frame that is JSON text already. ERR_RANGE past MSG_MAX. */
MUST_CHECK enum err msg_send_text(struct msg *msg, const char *text, size_t len);

/* Write on. ERR_NONE: nothing is left. ERR_BUSY: some is left. ERR_EXPIRED, ERR_IO: gone. */
MUST_CHECK enum err msg_flush(struct msg *msg);

size_t msg_backlog(const struct msg *msg);

/* Connect to the socket at `path`. ERR_NOT_FOUND: nobody listens. ERR_DENIED. */
MUST_CHECK enum err msg_connect(struct msg *msg, const char *path);

/* Wait for one frame; `timeout_ms` below 0 waits for ever. ERR_BUSY: time is over. */
MUST_CHECK enum err msg_wait(struct msg *msg, int timeout_ms, json_t **ret_object);

/*
 * Send a request and wait for its last frame (the one with "ok"). Frames with
 * progress or rows go to `each`, which may be NULL. One call at a time.
 */
MUST_CHECK enum err msg_call(struct msg *msg, const json_t *request,
    void (*each)(void *context, const json_t *frame), void *context, json_t **ret_answer);

#endif
