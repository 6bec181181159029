/*
 * queue: the bytes of a response that are held.
 *
 * Bytes are first borrowed: the buffers stay nginx's. As long as they are, the
 * upstream cannot reuse them, so whoever sees that it is stuck calls
 * gate_queue_own(), which copies them into blocks of ours and gives them back.
 * Blocks come from the request's pool and are reused once they were sent.
 */
#ifndef GATE_QUEUE_H
#define GATE_QUEUE_H

#include <stdbool.h>

#include "gate/ngx.h"

struct gate_queue {
	ngx_chain_t *own;      /* blocks, in order, before what is borrowed */
	ngx_chain_t *own_last; /* NULL while `own` is */
	ngx_chain_t *borrowed;
	ngx_chain_t *borrowed_last;
	ngx_chain_t *busy; /* blocks given to the filters behind us, not yet sent */
	ngx_chain_t *free; /* blocks to use again */
	size_t own_bytes;
	size_t borrowed_bytes;
	bool complete; /* the end of the response has come */
};

/* What came with a chain of buffers besides bytes. */
struct gate_arrival {
	bool flush;   /* somebody wants progress */
	bool foreign; /* some of its buffers are not the upstream's: who lends them may stop until he has them back */
	bool unknown; /* a buffer that is not in memory, or out of memory: give up */
};

static inline size_t
gate_queue_bytes(const struct gate_queue *q)
{
	return q->own_bytes + q->borrowed_bytes;
}

/* Borrow what is in `in`. Sets `complete` at the end of the response. */
void gate_queue_add(struct gate_queue *q, const ngx_http_request_t *r, ngx_chain_t *in,
    struct gate_arrival *ret_arrival);

/* Copy what is borrowed and give its buffers back. NGX_OK or NGX_ERROR (out of memory). */
ngx_int_t gate_queue_own(struct gate_queue *q, ngx_pool_t *pool);

/* Everything, as a chain to send; ends with a last buffer if complete. The queue is empty then. NULL: out of memory. */
ngx_chain_t *gate_queue_take(struct gate_queue *q, ngx_pool_t *pool);

/*
 * The first `len` owned bytes, to send. Nothing may be borrowed. What follows
 * them in the same block is moved to another. NULL: out of memory.
 */
ngx_chain_t *gate_queue_take_front(struct gate_queue *q, ngx_pool_t *pool, size_t len);

/* After blocks of ours went to the next filter: reuse those that were sent. `sent` may be NULL. */
void gate_queue_recycle(struct gate_queue *q, ngx_pool_t *pool, ngx_chain_t **sent);

/* Bytes of ours that the client has not taken yet. */
size_t gate_queue_unsent(const struct gate_queue *q);

/* Drop what is held; borrowed buffers are marked as consumed. */
void gate_queue_drop(struct gate_queue *q, ngx_pool_t *pool);

/* Mark all of a chain as consumed; returns its bytes. */
size_t gate_chain_consume(ngx_chain_t *in);

#endif
