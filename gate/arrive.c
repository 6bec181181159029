/*
 * arrive: a request comes in. Runs in the preaccess phase, which `satisfy any`
 * cannot skip, in every location, also after internal redirects and for
 * subrequests: whatever location answers in the end has been judged here.
 */
#include "gate/answer.h"
#include "gate/decide.h"
#include "gate/identity.h"
#include "gate/orders.h"
#include "gate/rules.h"
#include "gate/session.h"
#include "gate/worker.h"

static ngx_int_t
stop(struct gate_request *g, enum verdict verdict, enum verdict_reason reason)
{
	ngx_http_request_t *r = g->request;
	ngx_int_t rc;

	g->verdict = verdict;
	g->reason = reason;
	gate_decide_note_stop(g);
	rc = ngx_http_discard_request_body(r);
	if (rc != NGX_OK)
		return rc;
	rc = gate_answer_send(g, reason, 0, 0);
	ngx_http_finalize_request(r, rc);
	return NGX_DONE;
}

/* Whether the path means one thing only, to nginx, to us and to the platform. */
static bool
path_is_plain(const ngx_http_request_t *r)
{
	const ngx_str_t *uri = &r->unparsed_uri;
	const u_char *end = uri->data + uri->len, *query;

	/* A path that nginx or its configuration has written itself. */
	if (r->internal)
		return true;
	if (ngx_strlchr(uri->data, gate_bytes(end), '#') != NULL)
		return false;
	query = ngx_strlchr(uri->data, gate_bytes(end), '?');
	return parse_path_is_plain(uri->data, (size_t)((query == NULL ? end : query) - uri->data), NULL);
}

static ngx_int_t
out_of_memory(void)
{
	return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

static void
delay_over(ngx_http_request_t *r)
{
	ngx_event_t *wev = r->connection->write;

	if (wev->delayed) {
		if (ngx_handle_write_event(wev, 0) != NGX_OK)
			ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
		return;
	}
	if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
		ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
		return;
	}
	r->read_event_handler = ngx_http_block_reading;
	r->write_event_handler = ngx_http_core_run_phases;
	ngx_http_core_run_phases(r);
}

/* A slow order: come back to this phase later. All is asked again then, save the delay. */
static ngx_int_t
delay(struct gate_request *g, uint32_t ms)
{
	ngx_http_request_t *r = g->request;

	g->delayed = true;
	gate_decide_note(g, DISCLOSURE_OBSERVED, REASON_ORDER_SLOW);
	if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK)
		return NGX_HTTP_INTERNAL_SERVER_ERROR;
	r->read_event_handler = ngx_http_test_reading;
	r->write_event_handler = delay_over;
	r->connection->write->delayed = 1;
	ngx_add_timer(r->connection->write, ms);
	return NGX_AGAIN;
}

/* Decide by route what becomes of the response, and prepare the request for the platform. */
static ngx_int_t
admit(struct gate_request *g, const ngx_str_t *lines)
{
	const struct rules_settings *settings = &g->rules->rules.settings;
	bool counted = g->route == NULL || g->route->treatment != ROUTE_EXEMPT;

	if (g->route == NULL && settings->undeclared != UNDECLARED_WEIGH)
		return stop(g, VERDICT_REFUSE, REASON_ROUTE_UNDECLARED);
	if (counted && !map_is_open(&gate_worker.state))
		return stop(g, VERDICT_UNAVAILABLE, REASON_NOT_OPEN);
	/* Now, rather than after the platform has done what the request asks for. */
	if (counted && (gate_worker.journal == NULL || gate_worker.journal_down))
		return stop(g, VERDICT_UNAVAILABLE, REASON_JOURNAL);
	if (gate_identity_apply(g->request, lines, counted) != NGX_OK)
		return out_of_memory();
	g->verdict = VERDICT_ALLOW;
	if (g->observed != 0) {
		g->reason = REASON_ORDER_OBSERVE;
		if (!counted)
			gate_decide_note(g, DISCLOSURE_OBSERVED, REASON_ORDER_OBSERVE);
	}
	if (!counted)
		g->state = GATE_PASS;
	else if (g->route != NULL && g->route->treatment == ROUTE_METERED)
		g->state = GATE_METERED;
	else
		g->state = GATE_WEIGHED;
	g->metered = g->metered || counted;
	return NGX_DECLINED;
}

static ngx_int_t
judge_session(struct gate_request *g, const ngx_str_t *lines)
{
	enum verdict verdict;
	uint32_t slow_ms;

	verdict = gate_orders_ask(g, &slow_ms);
	if (verdict < VERDICT_SLOW)
		return stop(g, verdict, g->reason);
	if (verdict == VERDICT_SLOW && !g->delayed)
		return delay(g, slow_ms);
	if (g->route != NULL && (g->route->flags & ROUTE_SECOND_FACTOR) && !gate_session_stepped_up(g))
		return stop(g, VERDICT_STEP_UP, REASON_ROUTE_LEVEL);
	return admit(g, lines);
}

static ngx_int_t
judge(struct gate_request *g)
{
	ngx_http_request_t *r = g->request;
	ngx_str_t lines = ngx_null_string;
	enum verdict_reason reason;

	gate_request_reset(g);
	if (!gate_worker_maps())
		return stop(g, VERDICT_UNAVAILABLE, REASON_MAP);
	g->rules = gate_rules_take(&gate_worker.state.rules, r->connection->log);
	if (g->rules == NULL)
		return stop(g, VERDICT_UNAVAILABLE, REASON_MAP);
	if (!path_is_plain(r))
		return stop(g, VERDICT_REFUSE, REASON_REQUEST_AMBIGUOUS);
	g->route = rules_match(&g->rules->rules, rules_method_bit(r->method_name.data, r->method_name.len),
	    r->uri.data, r->uri.len);
	if (g->route != NULL)
		ngx_memcpy(g->route_name, g->route->name, sizeof(g->route_name));
	g->capability = g->route != NULL ? g->route->capabilities : CAPABILITY_ALL;
	reason = gate_session_find(g, &lines);
	if (reason == REASON_NONE)
		return judge_session(g, &lines);
	if (reason == REASON_MAP)
		return stop(g, VERDICT_UNAVAILABLE, reason);
	if (reason != REASON_REQUEST_AMBIGUOUS && g->route != NULL && g->route->treatment == ROUTE_EXEMPT &&
	    (g->route->flags & ROUTE_PUBLIC))
		return admit(g, &lines);
	return stop(g, VERDICT_REFUSE, reason);
}

/*
 * A subrequest's response becomes part of another one, after that one was
 * read. So only what is exempt may be asked for.
 */
static ngx_int_t
judge_subrequest(ngx_http_request_t *r)
{
	const struct gate_request *parent = gate_request_get(r->main);
	struct gate_request *g;
	const struct route *route;

	if (parent == NULL || parent->rules == NULL || parent->state == GATE_CLOSED)
		return NGX_HTTP_FORBIDDEN;
	route = rules_match(&parent->rules->rules, rules_method_bit(r->method_name.data, r->method_name.len),
	    r->uri.data, r->uri.len);
	if (route == NULL || route->treatment != ROUTE_EXEMPT || (!parent->has_session && !(route->flags & ROUTE_PUBLIC)))
		return NGX_HTTP_FORBIDDEN;
	/* It inherits the main request's headers, as they were made for the platform. */
	g = ngx_pcalloc(r->pool, sizeof(*g));
	if (g == NULL)
		return out_of_memory();
	g->request = r;
	g->state = GATE_PASS;
	g->verdict = VERDICT_ALLOW;
	ngx_http_set_ctx(r, g, ngx_http_tourniquet_module);
	return NGX_DECLINED;
}

/* A counted response must not turn into another one of the platform's choice, in a location without the gate. */
static bool
is_accelerated(const struct gate_request *g)
{
	const ngx_http_upstream_t *u = g->request->upstream;

	return g->metered && u != NULL && u->headers_in.x_accel_redirect != NULL;
}

ngx_int_t
gate_arrive(ngx_http_request_t *r)
{
	const struct gate_loc_conf *conf = ngx_http_get_module_loc_conf(r, ngx_http_tourniquet_module);
	struct gate_request *g;

	if (!conf->on && !r->internal)
		return NGX_DECLINED;
	if (r != r->main)
		return conf->on ? judge_subrequest(r) : NGX_DECLINED;
	g = conf->on ? gate_request_make(r) : gate_request_get(r);
	if (g == NULL)
		return conf->on ? out_of_memory() : NGX_DECLINED;
	ngx_http_set_ctx(r, g, ngx_http_tourniquet_module);
	if (is_accelerated(g))
		return stop(g, VERDICT_UNAVAILABLE, REASON_PLATFORM);
	if (conf->on)
		return judge(g);
	g->state = GATE_PASS;
	return NGX_DECLINED;
}
