#include "gate/judge.h"

#include "gate/rules.h"

static const struct meter *
first_meter(const struct gate_request *g)
{
	return &g->rules->rules.meter[g->route->meter[0]];
}

static bool
is_type(const ngx_str_t *type, size_t len, const char *name)
{
	return len == ngx_strlen(name) && ngx_strncasecmp(type->data, gate_bytes(name), len) == 0;
}

/* JSON must be UTF-8 (RFC 8259, section 8.1): nginx puts a charset parameter here. */
static bool
is_utf8(const ngx_http_request_t *r)
{
	const ngx_str_t *charset = &r->headers_out.charset;

	return charset->len == 0 || is_type(charset, charset->len, "utf-8");
}

static bool
type_fits(const struct gate_request *g)
{
	static const char suffix[] = "+json";
	const ngx_http_request_t *r = g->request;
	const ngx_str_t *type = &r->headers_out.content_type;
	const u_char *semicolon = ngx_strlchr(type->data, type->data + type->len, ';');
	size_t len = semicolon == NULL ? type->len : (size_t)(semicolon - type->data);

	while (len > 0 && (type->data[len - 1] == ' ' || type->data[len - 1] == '\t'))
		len--;
	switch (first_meter(g)->kind) {
	case METER_JSON:
		if (!is_utf8(r))
			return false;
		return is_type(type, len, "application/json") ||
		    (len > sizeof(suffix) - 1 && ngx_strncasecmp(type->data + len - (sizeof(suffix) - 1),
		        gate_bytes(suffix), sizeof(suffix) - 1) == 0);
	case METER_CSV:
		return is_type(type, len, "text/csv");
	case METER_HEADER:
		return true; /* the body is not looked at */
	default:
		return false;
	}
}

static const ngx_str_t *
response_header(const ngx_http_request_t *r, const char *name)
{
	size_t len = ngx_strlen(name);

	for (const ngx_list_part_t *part = &r->headers_out.headers.part; part != NULL; part = part->next) {
		const ngx_table_elt_t *h = part->elts;

		for (ngx_uint_t i = 0; i < part->nelts; i++)
			if (h[i].hash != 0 && h[i].key.len == len &&
			    ngx_strncasecmp(h[i].key.data, gate_bytes(name), len) == 0)
				return &h[i].value;
	}
	return NULL;
}

static bool
is_encoded(const ngx_http_request_t *r)
{
	const ngx_str_t *encoding = response_header(r, "content-encoding");

	return encoding != NULL && !is_type(encoding, encoding->len, "identity") && encoding->len != 0;
}

static bool
has_no_body(const ngx_http_request_t *r)
{
	ngx_uint_t status = r->headers_out.status;

	return r->method == NGX_HTTP_HEAD || status == NGX_HTTP_NO_CONTENT || status == 205 ||
	    (status >= NGX_HTTP_SPECIAL_RESPONSE && status < NGX_HTTP_BAD_REQUEST);
}

static void
refuse(struct gate_judgement *j, enum verdict_reason reason)
{
	j->course = COURSE_REFUSE;
	j->reason = reason;
}

void
gate_judge_unreadable(const struct gate_request *g, struct gate_judgement *ret_judgement)
{
	const struct meter *meter = first_meter(g);

	refuse(ret_judgement, REASON_RESPONSE_UNREADABLE);
	if (g->is_error) {
		ret_judgement->course = COURSE_REPLACE;
	} else if (meter->unparsable == UNPARSABLE_WEIGH) {
		ret_judgement->course = COURSE_WEIGH;
		ret_judgement->weight = meter->weight;
	}
}

static void
judge_metered(const struct gate_request *g, struct gate_judgement *j)
{
	const ngx_http_request_t *r = g->request;

	if (first_meter(g)->kind == METER_HEADER && !g->is_error && !has_no_body(r) &&
	    response_header(r, first_meter(g)->header) == NULL)
		gate_judge_unreadable(g, j);
	else if (has_no_body(r))
		j->course = COURSE_BARE;
	else if (g->is_error && first_meter(g)->kind == METER_HEADER)
		j->course = COURSE_REPLACE;
	else if (is_encoded(r) && first_meter(g)->kind != METER_HEADER && !g->is_error)
		refuse(j, REASON_RESPONSE_UNREADABLE);
	else if (type_fits(g) && !is_encoded(r))
		j->course = COURSE_READ;
	else if (first_meter(g)->kind == METER_HEADER)
		j->course = COURSE_READ;
	else
		gate_judge_unreadable(g, j);
}

static void
judge_weighed(const struct gate_request *g, struct gate_judgement *j)
{
	if (has_no_body(g->request))
		j->course = COURSE_BARE;
	else if (g->request->headers_out.status >= NGX_HTTP_INTERNAL_SERVER_ERROR)
		j->course = COURSE_REPLACE;
	else {
		/* Client errors too: their body is the platform's choice. */
		j->course = COURSE_WEIGH;
		j->weight = g->route != NULL ? g->route->weight : g->rules->rules.settings.undeclared_weight;
	}
}

void
gate_judge_header(const struct gate_request *g, struct gate_judgement *ret_judgement)
{
	const ngx_http_request_t *r = g->request;

	ngx_memzero(ret_judgement, sizeof(*ret_judgement));
	if (r->headers_out.status < NGX_HTTP_OK)
		refuse(ret_judgement, REASON_PLATFORM);
	else if (r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT || response_header(r, "content-range") != NULL)
		refuse(ret_judgement, REASON_RANGE);
	else if (g->route != NULL && g->route->treatment == ROUTE_METERED)
		judge_metered(g, ret_judgement);
	else
		judge_weighed(g, ret_judgement);
}
