#include "gate/stream.h"

#include "gate/answer.h"
#include "gate/decide.h"
#include "gate/hold.h"
#include "gate/orders.h"
#include "gate/release.h"
#include "gate/rules.h"
#include "gate/scan.h"

#define BATCH_MIN ((size_t)256 << 10) /* closed bytes that are worth an entry of their own */
#define UNSENT_MAX ((size_t)256 << 10) /* a client that takes no more slows the upstream down */

/* The client takes more: our blocks first, then whoever was told before. */
static void
writable(ngx_http_request_t *r)
{
	struct gate_request *g = ngx_http_get_module_ctx(r, ngx_http_tourniquet_module);

	if (ngx_http_output_filter(r, NULL) == NGX_ERROR)
		gate_release_cut(g);
	else
		g->stream_writable(r);
}

/* The upstream's own write handler calls the filters only for buffers of its own. */
static void
watch_client(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;

	if (r->upstream == NULL || r->upstream->cleanup == NULL || r->write_event_handler == writable)
		return;
	g->stream_writable = r->write_event_handler;
	r->write_event_handler = writable;
}

static ngx_int_t
sever(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;

	gate_release_forget(g);
	gate_gather_drop(&g->gather);
	if (!r->header_sent)
		return gate_hold_stop(g);
	ngx_log_error(NGX_LOG_WARN, r->connection->log, 0, "tourniquet: route %s: severed: %s", g->route->name,
	    verdict_words(g->reason)->name);
	gate_decide_note(g, DISCLOSURE_SEVERED, g->reason);
	gate_queue_drop(&g->queue, r->pool);
	g->state = GATE_SEVERED;
	r->keepalive = 0;
	return NGX_ERROR;
}

static ngx_int_t
sever_for(struct gate_request *g, enum verdict verdict, enum verdict_reason reason)
{
	g->verdict = verdict;
	g->reason = reason;
	return sever(g);
}

/* `g->stream_ready` bytes are accounted for: let them go. */
static ngx_int_t
pass_on(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;
	ngx_chain_t *out;
	ngx_int_t rc;

	g->entry = ENTRY_NONE;
	if (gate_orders_again(g) < VERDICT_SLOW)
		return sever(g);
	if (!r->header_sent) {
		rc = gate_next_header(r);
		if (rc == NGX_ERROR || rc > NGX_OK)
			return NGX_ERROR;
	}
	if (g->stream_last) {
		g->state = GATE_PASS;
		r->buffered &= 0xf & ~GATE_BUFFERED;
		gate_gather_drop(&g->gather);
		out = gate_queue_take(&g->queue, r->pool);
		return out == NULL ? NGX_ERROR : gate_next_body(r, out);
	}
	out = gate_queue_take_front(&g->queue, r->pool, g->stream_ready);
	if (out == NULL)
		return NGX_ERROR;
	g->stream_base += g->stream_ready;
	rc = gate_next_body(r, out);
	gate_queue_recycle(&g->queue, r->pool, &out);
	return rc;
}

/* How many held bytes can be accounted for now. NGX_ERROR: unreadable. */
static ngx_int_t
closed_bytes(struct gate_request *g, size_t *ret_len)
{
	uint64_t closed;

	g->stream_last = g->queue.complete && g->queue.borrowed == NULL;
	if (g->stream_last) {
		*ret_len = g->queue.own_bytes;
		return gate_gather_finish(g->gather) == ERR_NONE ? NGX_OK : NGX_ERROR;
	}
	closed = gate_gather_closed(g->gather);
	*ret_len = closed > g->stream_base ? (size_t)(closed - g->stream_base) : 0;
	if (*ret_len > g->queue.own_bytes)
		*ret_len = g->queue.own_bytes;
	return NGX_OK;
}

/* Account for what is closed. NGX_OK: something was passed on; NGX_DECLINED: nothing to do until more comes. */
static ngx_int_t
next_batch(struct gate_request *g, bool flush)
{
	size_t len;

	if (closed_bytes(g, &len) != NGX_OK)
		return sever_for(g, VERDICT_REFUSE, REASON_RESPONSE_UNREADABLE);
	if (len == 0 && !g->stream_last && g->queue.own_bytes > 2 * g->hold_limit)
		return sever_for(g, VERDICT_REFUSE, REASON_RESPONSE_TOO_LARGE);
	/* Past the limit no more may be taken in, so that what is closed must leave, little as it is. */
	if (!g->stream_last && (len == 0 || (len < BATCH_MIN && !flush && g->queue.own_bytes <= g->hold_limit)))
		return NGX_DECLINED;
	g->stream_ready = len;
	switch (gate_decide_persons(g, g->gather)) {
	case DECISION_RELEASE:
		return pass_on(g);
	case DECISION_WAIT:
		return NGX_AGAIN;
	default:
		return sever(g);
	}
}

static ngx_int_t
take_in(struct gate_request *g)
{
	ngx_pool_t *pool = g->request->pool;

	if (g->queue.borrowed == NULL || gate_queue_unsent(&g->queue) > UNSENT_MAX ||
	    g->queue.own_bytes > 2 * g->hold_limit)
		return NGX_OK;
	if (gate_hold_feed(g->gather, g->queue.borrowed) != ERR_NONE)
		return NGX_DECLINED;
	return gate_queue_own(&g->queue, pool);
}

static ngx_int_t
step(struct gate_request *g, bool flush)
{
	ngx_int_t rc;

	if (g->entry == ENTRY_FAILED)
		return sever_for(g, VERDICT_UNAVAILABLE, REASON_JOURNAL);
	if (g->entry == ENTRY_DURABLE) {
		rc = pass_on(g);
		if (rc == NGX_ERROR || g->state != GATE_STREAMING)
			return rc;
	}
	do {
		rc = take_in(g);
		if (rc == NGX_DECLINED)
			return sever_for(g, VERDICT_REFUSE, REASON_RESPONSE_UNREADABLE);
		if (rc != NGX_OK || g->entry == ENTRY_PENDING)
			return rc;
		rc = next_batch(g, flush);
	} while (rc == NGX_OK && g->state == GATE_STREAMING);
	return rc;
}

static ngx_int_t
run(struct gate_request *g, bool flush)
{
	ngx_int_t rc = step(g, flush);

	if (g->state != GATE_STREAMING || rc == NGX_ERROR)
		return rc;
	/* Until the end has left, the request must not be thought finished. */
	g->request->buffered |= GATE_BUFFERED;
	watch_client(g);
	return NGX_AGAIN;
}

ngx_int_t
gate_stream_begin(struct gate_request *g)
{
	g->state = GATE_STREAMING;
	if (gate_queue_own(&g->queue, g->request->pool) != NGX_OK)
		return NGX_ERROR;
	return run(g, false);
}

ngx_int_t
gate_stream_body(struct gate_request *g, ngx_chain_t *in)
{
	ngx_http_request_t *r = g->request;
	struct gate_arrival arrival;

	if (r->header_sent) {
		if (gate_hold_flush(g) == NGX_ERROR)
			return NGX_ERROR;
		gate_queue_recycle(&g->queue, r->pool, NULL);
	}
	gate_queue_add(&g->queue, r, in, &arrival);
	if (arrival.unknown)
		return sever_for(g, VERDICT_REFUSE, REASON_RESPONSE_UNREADABLE);
	if (gate_hold_upstream_failed(g, &arrival))
		return sever_for(g, VERDICT_REFUSE, REASON_PLATFORM);
	return run(g, arrival.flush);
}
