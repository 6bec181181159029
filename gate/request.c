/*
 * request: finds what the gate keeps of a request.
 *
 * nginx forgets module contexts at an internal redirect (error_page, try_files,
 * X-Accel-Redirect, named locations). The cleanup entry does not move, so what
 * was known of the request is found again there.
 */
#include "gate/gate.h"
#include "gate/release.h"
#include "gate/rules.h"
#include "gate/scan.h"

static void
cleanup(void *data)
{
	struct gate_request *g = data;

	/* The journal owns its copy of the entry; nobody waits for it any more. */
	gate_release_forget(g);
	gate_rules_drop(&g->rules);
	gate_gather_drop(&g->gather);
	g->route = NULL;
}

struct gate_request *
gate_request_get(ngx_http_request_t *r)
{
	struct gate_request *g = ngx_http_get_module_ctx(r, ngx_http_tourniquet_module);

	if (g != NULL || r != r->main)
		return g;
	for (const ngx_http_cleanup_t *c = r->cleanup; c != NULL; c = c->next)
		if (c->handler == cleanup)
			return c->data;
	return NULL;
}

struct gate_request *
gate_request_make(ngx_http_request_t *r)
{
	struct gate_request *g = gate_request_get(r);

	if (g == NULL) {
		ngx_http_cleanup_t *c = ngx_http_cleanup_add(r, 0);

		g = ngx_pcalloc(r->pool, sizeof(*g));
		if (c == NULL || g == NULL)
			return NULL;
		g->request = r;
		c->handler = cleanup;
		c->data = g;
	}
	ngx_http_set_ctx(r, g, ngx_http_tourniquet_module);
	return g;
}

void
gate_request_reset(struct gate_request *g)
{
	g->state = GATE_CLOSED;
	g->route = NULL;
	gate_rules_drop(&g->rules);
}
