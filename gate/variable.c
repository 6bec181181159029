/* variable: what log formats and other directives can say of the gate's work. */
#include "gate/gate.h"

enum variable {
	VARIABLE_IDENTITY,
	VARIABLE_SESSION,
	VARIABLE_VERDICT,
	VARIABLE_REASON,
	VARIABLE_PERSONS,
	VARIABLE_ROUTE
};

static ngx_int_t
set_text(ngx_http_variable_value_t *v, const char *text)
{
	v->data = gate_bytes(text);
	v->len = (unsigned)ngx_strlen(text) & 0xfffffff;
	return NGX_OK;
}

static ngx_int_t
set_number(ngx_http_request_t *r, ngx_http_variable_value_t *v, uint64_t number)
{
	v->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
	if (v->data == NULL)
		return NGX_ERROR;
	v->len = (unsigned)(ngx_sprintf(v->data, "%uL", number) - v->data) & 0xfffffff;
	return NGX_OK;
}

static ngx_int_t
get(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
	const struct gate_request *g = gate_request_get(r->main);

	v->valid = 1;
	v->no_cacheable = 1;
	v->not_found = 0;
	if (g == NULL) {
		v->not_found = 1;
		return NGX_OK;
	}
	switch ((enum variable)data) {
	case VARIABLE_IDENTITY:
		return g->has_session ? set_number(r, v, g->who.identity) : set_text(v, "");
	case VARIABLE_SESSION:
		return g->has_session ? set_number(r, v, g->who.session) : set_text(v, "");
	case VARIABLE_VERDICT:
		return set_text(v, verdict_name(g->verdict));
	case VARIABLE_REASON:
		return set_text(v, g->reason == REASON_NONE ? "" : verdict_words(g->reason)->name);
	case VARIABLE_PERSONS:
		return set_number(r, v, g->persons);
	case VARIABLE_ROUTE:
		return set_text(v, g->route_name);
	}
	return NGX_ERROR;
}

ngx_int_t
gate_variables_add(ngx_conf_t *cf)
{
	static struct {
		ngx_str_t name;
		enum variable variable;
	} const all[] = {
		{ ngx_string("tourniquet_identity"), VARIABLE_IDENTITY },
		{ ngx_string("tourniquet_session"), VARIABLE_SESSION },
		{ ngx_string("tourniquet_verdict"), VARIABLE_VERDICT },
		{ ngx_string("tourniquet_reason"), VARIABLE_REASON },
		{ ngx_string("tourniquet_persons"), VARIABLE_PERSONS },
		{ ngx_string("tourniquet_route"), VARIABLE_ROUTE },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ngx_str_t name = all[i].name;
		ngx_http_variable_t *v = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);

		if (v == NULL)
			return NGX_ERROR;
		v->get_handler = get;
		v->data = all[i].variable;
	}
	return NGX_OK;
}
