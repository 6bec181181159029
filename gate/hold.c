#include "gate/hold.h"

#include "gate/answer.h"
#include "gate/decide.h"
#include "gate/judge.h"
#include "gate/orders.h"
#include "gate/release.h"
#include "gate/rules.h"
#include "gate/scan.h"
#include "gate/stream.h"

#define HOLD_LIMIT_DEFAULT ((uint64_t)8 << 20)
#define BORROW_MAX ((size_t)256 << 10) /* of the upstream's buffers, before they are copied and given back */
#define DEFER_MAX ((size_t)64 << 10)   /* read in one go at the end; longer ones as they come */
#define DROP_MAX ((size_t)1 << 20)     /* of a response that was answered already, before it is cut off */

static ngx_http_output_header_filter_pt next_header;
static ngx_http_output_body_filter_pt next_body;

ngx_int_t
gate_next_header(ngx_http_request_t *r)
{
	return next_header(r);
}

ngx_int_t
gate_next_body(ngx_http_request_t *r, ngx_chain_t *in)
{
	return next_body(r, in);
}

ngx_int_t
gate_hold_flush(struct gate_request *g)
{
	const ngx_http_request_t *r = g->request;

	if (r->out == NULL && !r->connection->buffered && (r->buffered & ~GATE_BUFFERED) == 0)
		return NGX_OK;
	return next_body(g->request, NULL);
}

enum err
gate_hold_feed(struct gather *gather, const ngx_chain_t *in)
{
	for (; in != NULL; in = in->next) {
		const ngx_buf_t *b = in->buf;
		enum err err;

		if (!ngx_buf_in_memory(b))
			continue;
		err = gate_gather_feed(gather, b->pos, (size_t)(b->last - b->pos));
		if (err != ERR_NONE)
			return err;
	}
	return ERR_NONE;
}

ngx_int_t
gate_hold_stop(struct gate_request *g)
{
	gate_decide_note_stop(g);
	gate_queue_drop(&g->queue, g->request->pool);
	return gate_answer_send(g, g->reason, 0, g->retry_after_s);
}

static ngx_int_t
refuse(struct gate_request *g, enum verdict_reason reason)
{
	g->verdict = VERDICT_REFUSE;
	g->reason = reason;
	return gate_hold_stop(g);
}

/* The status leaves, with words of ours instead of the platform's. */
static ngx_int_t
replace(struct gate_request *g)
{
	gate_queue_drop(&g->queue, g->request->pool);
	return gate_answer_replace(g);
}

bool
gate_hold_upstream_failed(const struct gate_request *g, const struct gate_arrival *arrival)
{
	const ngx_http_upstream_t *u = g->request->upstream;

	return !g->queue.complete && arrival->flush && u != NULL && u->cleanup == NULL && !g->request->cached;
}

static ngx_int_t
release(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;
	ngx_chain_t *out;
	ngx_int_t rc;

	if (gate_orders_again(g) < VERDICT_SLOW)
		return gate_hold_stop(g);
	g->state = GATE_PASS;
	g->entry = ENTRY_NONE;
	r->buffered &= 0xf & ~GATE_BUFFERED;
	rc = next_header(r);
	if (rc == NGX_ERROR || rc > NGX_OK || r->header_only)
		return rc;
	out = gate_queue_take(&g->queue, r->pool);
	if (out == NULL)
		return g->queue.complete ? NGX_ERROR : rc;
	return next_body(r, out);
}

/* Accounted for, or being so, or stopped. */
static ngx_int_t
decided(struct gate_request *g, enum gate_decision decision)
{
	switch (decision) {
	case DECISION_RELEASE:
		return release(g);
	case DECISION_WAIT:
		g->state = GATE_WAITING;
		return NGX_AGAIN;
	default:
		return gate_hold_stop(g);
	}
}

static ngx_int_t
unreadable(struct gate_request *g, const char *why)
{
	struct gate_judgement judgement;

	ngx_log_error(NGX_LOG_WARN, g->request->connection->log, 0, "tourniquet: route %s: unreadable response: %s",
	    g->route->name, why);
	gate_gather_drop(&g->gather);
	gate_judge_unreadable(g, &judgement);
	switch (judgement.course) {
	case COURSE_WEIGH:
		return decided(g, gate_decide_weight(g, judgement.weight));
	case COURSE_REPLACE:
		return replace(g);
	default:
		return refuse(g, judgement.reason);
	}
}

/* The whole response is here. */
static ngx_int_t
finish(struct gate_request *g)
{
	struct gather *gather = g->gather;
	enum gate_decision decision;
	enum err err = ERR_NONE;

	if (gather == NULL) {
		gather = gate_gather_begin(g, true);
		if (gather == NULL)
			return NGX_ERROR;
		err = gate_hold_feed(gather, g->queue.own);
		if (err == ERR_NONE)
			err = gate_hold_feed(gather, g->queue.borrowed);
	}
	if (err == ERR_NONE)
		err = gate_gather_finish(gather);
	if (err != ERR_NONE)
		return unreadable(g, gate_gather_why(gather));
	decision = gate_decide_persons(g, gather);
	gate_gather_drop(&g->gather);
	return decided(g, decision);
}

static ngx_int_t
read_as_it_comes(struct gate_request *g, const ngx_chain_t *in)
{
	enum err err;

	if (g->gather != NULL) {
		err = gate_hold_feed(g->gather, in);
	} else {
		g->gather = gate_gather_begin(g, false);
		if (g->gather == NULL)
			return NGX_ERROR;
		err = gate_hold_feed(g->gather, g->queue.own);
		if (err == ERR_NONE)
			err = gate_hold_feed(g->gather, g->queue.borrowed);
	}
	return err == ERR_NONE ? NGX_OK : NGX_DECLINED;
}

static ngx_int_t
hold(struct gate_request *g, ngx_chain_t *in)
{
	ngx_http_request_t *r = g->request;
	struct gate_arrival arrival;
	ngx_int_t rc;

	gate_queue_add(&g->queue, r, in, &arrival);
	if (arrival.unknown)
		return unreadable(g, "it is not in memory");
	if (gate_hold_upstream_failed(g, &arrival))
		return refuse(g, REASON_PLATFORM);
	if (g->gather != NULL ||
	    (!g->queue.complete && gate_queue_bytes(&g->queue) > ngx_min(DEFER_MAX, g->hold_limit))) {
		rc = read_as_it_comes(g, in);
		if (rc != NGX_OK)
			return rc == NGX_ERROR ? rc : unreadable(g, gate_gather_why(g->gather));
	}
	if (g->queue.complete)
		return finish(g);
	if (gate_queue_bytes(&g->queue) > g->hold_limit)
		return gate_stream_begin(g);
	/* The upstream may go on without these buffers as long as it does not ask for progress. */
	if (in != NULL && !arrival.flush && !arrival.foreign && g->queue.borrowed_bytes <= BORROW_MAX)
		return NGX_OK;
	return gate_queue_own(&g->queue, r->pool);
}

/* What is held is accounted for; more of it may come meanwhile. */
static ngx_int_t
keep(struct gate_request *g, ngx_chain_t *in)
{
	ngx_http_request_t *r = g->request;
	struct gate_arrival arrival;

	gate_queue_add(&g->queue, r, in, &arrival);
	if (arrival.unknown)
		return NGX_ERROR;
	if (!r->header_only && gate_hold_upstream_failed(g, &arrival))
		return refuse(g, REASON_PLATFORM);
	if (g->entry == ENTRY_DURABLE)
		return release(g);
	if (g->entry == ENTRY_FAILED) {
		g->verdict = VERDICT_UNAVAILABLE;
		g->reason = REASON_JOURNAL;
		return gate_hold_stop(g);
	}
	/* Past the limit the upstream has to wait as well. */
	if (!g->queue.complete && g->queue.own_bytes <= g->hold_limit &&
	    gate_queue_own(&g->queue, r->pool) != NGX_OK)
		return NGX_ERROR;
	return NGX_AGAIN;
}

/* After an own answer: what the platform still sends is dropped, up to a point. */
static ngx_int_t
drop(struct gate_request *g, ngx_chain_t *in)
{
	g->dropped += gate_chain_consume(in);
	return g->dropped > DROP_MAX ? NGX_ERROR : gate_hold_flush(g);
}

static ngx_int_t
body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
	struct gate_request *g = ngx_http_get_module_ctx(r, ngx_http_tourniquet_module);

	if (g == NULL)
		return next_body(r, in);
	switch (g->state) {
	case GATE_PASS:
		return next_body(r, in);
	case GATE_HOLDING:
		return hold(g, in);
	case GATE_WAITING:
		return keep(g, in);
	case GATE_STREAMING:
		return gate_stream_body(g, in);
	case GATE_ANSWERED:
		return drop(g, in);
	case GATE_CLOSED: /* nginx's own error page: the header filter saw to that */
		return r->upstream == NULL ? next_body(r, in) : NGX_ERROR;
	default:
		return NGX_ERROR;
	}
}

/* Persons that the platform names in a header of its response. */
static enum gate_decision
account_header(struct gate_request *g, const char **why)
{
	const struct meter *meter = &g->rules->rules.meter[g->route->meter[0]];
	ngx_list_part_t *part = &g->request->headers_out.headers.part;
	struct gather *gather = gate_gather_begin(g, true);

	*why = "out of memory";
	if (gather == NULL)
		return DECISION_STOP;
	*why = NULL;
	for (; part != NULL; part = part->next) {
		ngx_table_elt_t *h = part->elts;

		for (ngx_uint_t i = 0; i < part->nelts; i++) {
			if (h[i].hash == 0 || h[i].key.len != ngx_strlen(meter->header) ||
			    ngx_strncasecmp(h[i].key.data, gate_bytes(meter->header), h[i].key.len) != 0)
				continue;
			/* It was meant for the gate. */
			h[i].hash = 0;
			if (gate_gather_header(gather, h[i].value.data, h[i].value.len) != ERR_NONE)
				*why = "its header of persons is malformed";
		}
	}
	return *why != NULL ? DECISION_STOP : gate_decide_persons(g, gather);
}

static bool
has_header_meter(const struct gate_request *g)
{
	return g->route != NULL && g->route->treatment == ROUTE_METERED &&
	    g->rules->rules.meter[g->route->meter[0]].kind == METER_HEADER;
}

/* The persons are known, or there are none in the body: decide before the body comes. */
static ngx_int_t
decide_now(struct gate_request *g)
{
	enum gate_decision decision = DECISION_RELEASE;
	const char *why = NULL;

	if (has_header_meter(g))
		decision = account_header(g, &why);
	return why != NULL ? unreadable(g, why) : decided(g, decision);
}

/* Without body, or with one that nobody reads and that could hold anything. */
static ngx_int_t
bare(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;

	if (r->method != NGX_HTTP_HEAD && r->headers_out.status != NGX_HTTP_NOT_MODIFIED) {
		ngx_http_clear_content_length(r);
		r->headers_out.content_length_n = 0;
		if (r->headers_out.content_encoding != NULL)
			r->headers_out.content_encoding->hash = 0;
	}
	r->header_only = 1;
	return decide_now(g);
}

static void
count_no_ranges(ngx_http_request_t *r)
{
	ngx_http_clear_accept_ranges(r);
	r->filter_need_in_memory = 1;
}

static ngx_int_t
hold_begin(struct gate_request *g)
{
	const struct meter *meter = &g->rules->rules.meter[g->route->meter[0]];
	const struct rules_settings *settings = &g->rules->rules.settings;

	if (has_header_meter(g))
		return decide_now(g);
	g->hold_limit = meter->max_hold_bytes != 0 ? meter->max_hold_bytes : settings->hold_limit_bytes;
	if (g->hold_limit == 0)
		g->hold_limit = HOLD_LIMIT_DEFAULT;
	g->state = GATE_HOLDING;
	return NGX_OK;
}

static ngx_int_t
begin(struct gate_request *g)
{
	struct gate_judgement judgement;

	g->hold_limit = HOLD_LIMIT_DEFAULT;
	g->is_error = g->request->headers_out.status >= NGX_HTTP_BAD_REQUEST;
	gate_judge_header(g, &judgement);
	count_no_ranges(g->request);
	switch (judgement.course) {
	case COURSE_BARE:
		return bare(g);
	case COURSE_READ:
		return hold_begin(g);
	case COURSE_WEIGH:
		return decided(g, gate_decide_weight(g, judgement.weight));
	case COURSE_REPLACE:
		return replace(g);
	default:
		return refuse(g, judgement.reason);
	}
}

/*
 * A response on a guarded location that nobody judged. nginx's own errors and
 * redirects from before the preaccess phase are such; anything else means that
 * the gate was got around.
 */
static ngx_int_t
lost(ngx_http_request_t *r)
{
	if (r->upstream == NULL && r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE)
		return next_header(r);
	ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0, "tourniquet: a response that was not judged is refused");
	return NGX_ERROR;
}

static ngx_int_t
header_filter(ngx_http_request_t *r)
{
	const struct gate_loc_conf *conf = ngx_http_get_module_loc_conf(r, ngx_http_tourniquet_module);
	struct gate_request *g = ngx_http_get_module_ctx(r, ngx_http_tourniquet_module);
	ngx_int_t rc;

	if (g == NULL)
		return conf->on ? lost(r) : next_header(r);
	switch (g->state) {
	case GATE_PASS:
	case GATE_ANSWERED:
		return next_header(r);
	case GATE_METERED:
	case GATE_WEIGHED:
		rc = begin(g);
		/*
		 * Nothing is needed of the body any more: nginx then lets go of the
		 * upstream, and the request ends when our answer has left.
		 */
		if (g->state == GATE_ANSWERED)
			r->header_only = 1;
		/* The header is kept, or something else was sent; the caller need not know. */
		return rc == NGX_AGAIN ? NGX_OK : rc;
	case GATE_CLOSED:
		return lost(r);
	default:
		return NGX_ERROR;
	}
}

void
gate_filters_install(void)
{
	next_header = ngx_http_top_header_filter;
	ngx_http_top_header_filter = header_filter;
	next_body = ngx_http_top_body_filter;
	ngx_http_top_body_filter = body_filter;
}
