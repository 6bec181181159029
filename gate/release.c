#include "gate/release.h"

static ngx_queue_t waiting;

void
gate_release_init(void)
{
	ngx_queue_init(&waiting);
}

void
gate_release_wait(struct gate_request *g)
{
	ngx_queue_insert_tail(&waiting, &g->waiting);
	g->linked = true;
	g->entry = ENTRY_PENDING;
	g->request->buffered |= GATE_BUFFERED;
}

void
gate_release_forget(struct gate_request *g)
{
	if (!g->linked)
		return;
	ngx_queue_remove(&g->waiting);
	g->linked = false;
}

static bool
upstream_is_active(const ngx_http_request_t *r)
{
	return r->upstream != NULL && r->upstream->cleanup != NULL;
}

void
gate_release_cut(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;

	if (!upstream_is_active(r)) {
		ngx_http_finalize_request(r, NGX_ERROR);
		return;
	}
	if (g->stream_writable != NULL)
		r->write_event_handler = g->stream_writable;
	if (r->upstream->buffering)
		r->upstream->pipe->downstream_error = 1;
	else
		r->upstream->error = 1;
	r->write_event_handler(r);
}

/*
 * Let nginx call our body filter again, from where it would go on if the
 * client had become writable.
 */
static void
resume(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;
	ngx_connection_t *c = r->connection;

	ngx_http_set_log_request(c->log, r);
	/*
	 * While the upstream still sends, its handler calls the filters only when it
	 * has something for them.
	 */
	if (upstream_is_active(r) && ngx_http_output_filter(r, NULL) == NGX_ERROR)
		gate_release_cut(g);
	else
		r->write_event_handler(r);
	ngx_http_run_posted_requests(c);
}

/*
 * A request that is resumed may end others (streams of one HTTP/2 connection),
 * which then leave `ready` by themselves.
 */
void
gate_release_settle(uint64_t durable, uint64_t settled)
{
	ngx_queue_t ready, *first;
	struct gate_request *g;

	ngx_queue_init(&ready);
	while (!ngx_queue_empty(&waiting)) {
		first = ngx_queue_head(&waiting);
		g = ngx_queue_data(first, struct gate_request, waiting);
		if (g->sequence > settled)
			break;
		ngx_queue_remove(first);
		ngx_queue_insert_tail(&ready, first);
		g->entry = g->sequence <= durable ? ENTRY_DURABLE : ENTRY_FAILED;
	}
	while (!ngx_queue_empty(&ready)) {
		first = ngx_queue_head(&ready);
		g = ngx_queue_data(first, struct gate_request, waiting);
		gate_release_forget(g);
		resume(g);
	}
}
