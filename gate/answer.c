#include "gate/answer.h"

#include "gate/release.h"
#include "gate/rules.h"
#include "gate/scan.h"

#define BODY_MAX 6144
#define RETRY_UNAVAILABLE_S 5

static const ngx_str_t *
request_header(const ngx_http_request_t *r, const char *name)
{
	size_t len = ngx_strlen(name);

	for (const ngx_list_part_t *part = &r->headers_in.headers.part; part != NULL; part = part->next) {
		const ngx_table_elt_t *h = part->elts;

		for (ngx_uint_t i = 0; i < part->nelts; i++)
			if (h[i].key.len == len && ngx_memcmp(h[i].lowcase_key, name, len) == 0)
				return &h[i].value;
	}
	return NULL;
}

bool
gate_answer_is_page(const struct gate_request *g)
{
	static const u_char html[] = "text/html";
	const ngx_str_t *accept;

	if (g->request->method != NGX_HTTP_GET || (g->has_session && (g->session_flags & SESSION_API)) ||
	    (g->route != NULL && (g->route->flags & ROUTE_API)))
		return false;
	accept = request_header(g->request, "accept");
	return accept != NULL &&
	    ngx_strlcasestrn(accept->data, accept->data + accept->len, gate_bytes(html), sizeof(html) - 2);
}

/* The first language of the client that we speak. Quality values are not weighed: browsers sort by them. */
static enum verdict_language
language_of(const ngx_http_request_t *r)
{
	const ngx_str_t *accept = request_header(r, "accept-language");
	const u_char *at, *end;

	if (accept == NULL)
		return LANGUAGE_ENGLISH;
	end = accept->data + accept->len;
	for (at = accept->data; at + 1 < end; at++) {
		if (at != accept->data && at[-1] != ',' && at[-1] != ' ')
			continue;
		if (ngx_strncasecmp(gate_bytes(at), gate_bytes("fr"), 2) == 0)
			return LANGUAGE_FRENCH;
		if (ngx_strncasecmp(gate_bytes(at), gate_bytes("en"), 2) == 0)
			return LANGUAGE_ENGLISH;
	}
	return LANGUAGE_ENGLISH;
}

static ngx_int_t
add_header(ngx_http_request_t *r, const char *name, const ngx_str_t *value)
{
	ngx_table_elt_t *h = ngx_list_push(&r->headers_out.headers);

	if (h == NULL)
		return NGX_ERROR;
	ngx_memzero(h, sizeof(*h));
	h->hash = 1;
	h->key.data = gate_bytes(name);
	h->key.len = ngx_strlen(name);
	h->value = *value;
	return NGX_OK;
}

static ngx_int_t
add_header_printed(ngx_http_request_t *r, const char *name, const char *format, uint32_t n)
{
	ngx_str_t value;

	value.data = ngx_pnalloc(r->pool, 256);
	if (value.data == NULL)
		return NGX_ERROR;
	value.len = (size_t)(ngx_snprintf(value.data, 256, format, n) - value.data);
	return add_header(r, name, &value);
}

static u_char *
put_text(u_char *at, u_char *end, const char *text)
{
	return ngx_slprintf(at, end, "%s", text);
}

/* A JSON string with its quotes. */
static u_char *
put_json(u_char *at, u_char *end, const char *text)
{
	at = put_text(at, end, "\"");
	for (const u_char *c = (const u_char *)text; *c != '\0' && at < end; c++) {
		if (*c == '"' || *c == '\\')
			at = ngx_slprintf(at, end, "\\%c", *c);
		else if (*c < 0x20)
			at = ngx_slprintf(at, end, "\\u%04xd", (int)*c);
		else
			*at++ = *c;
	}
	return put_text(at, end, "\"");
}

static u_char *
put_html(u_char *at, u_char *end, const char *text)
{
	size_t len = ngx_strlen(text);
	size_t more = (size_t)ngx_escape_html(NULL, gate_bytes(text), len);

	if ((size_t)(end - at) < len + more)
		return at;
	return (u_char *)ngx_escape_html(at, gate_bytes(text), len);
}

struct words {
	const struct verdict_words *words;
	enum verdict_language language;
	ngx_uint_t status;
	uint32_t retry_after_s;
	const char *brand;
	const char *support;
};

static u_char *
put_problem(u_char *at, u_char *end, const struct words *w)
{
	at = put_text(at, end, "{\"type\":");
	at = put_json(at, end, w->words->type);
	at = put_text(at, end, ",\"title\":");
	at = put_json(at, end, w->words->title[w->language]);
	at = ngx_slprintf(at, end, ",\"status\":%ui,\"detail\":", w->status);
	at = put_json(at, end, w->words->text[w->language]);
	at = put_text(at, end, ",\"next\":");
	at = put_json(at, end, w->words->next[w->language]);
	if (w->support[0] != '\0') {
		at = put_text(at, end, ",\"support\":");
		at = put_json(at, end, w->support);
	}
	if (w->retry_after_s != 0)
		at = ngx_slprintf(at, end, ",\"retry_after\":%uD", w->retry_after_s);
	at = put_text(at, end, ",\"reason\":");
	at = put_json(at, end, w->words->name);
	return put_text(at, end, "}\n");
}

static u_char *
put_page(u_char *at, u_char *end, const struct words *w)
{
	at = put_text(at, end, "<!doctype html><html lang=");
	at = put_text(at, end, w->language == LANGUAGE_FRENCH ? "fr" : "en");
	at = put_text(at, end, "><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>");
	at = put_html(at, end, w->words->title[w->language]);
	at = put_text(at, end, "</title><style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;"
	    "padding:0 1rem}small{opacity:.7}</style><main><small>");
	at = put_html(at, end, w->brand);
	at = put_text(at, end, "</small><h1>");
	at = put_html(at, end, w->words->title[w->language]);
	at = put_text(at, end, "</h1><p>");
	at = put_html(at, end, w->words->text[w->language]);
	at = put_text(at, end, "<p><strong>");
	at = put_html(at, end, w->words->next[w->language]);
	at = put_text(at, end, "</strong><p>");
	at = put_html(at, end, w->support);
	at = put_text(at, end, "<p><small>");
	at = put_html(at, end, w->words->name);
	return put_text(at, end, "</small></main></html>\n");
}

static ngx_buf_t *
body_make(struct gate_request *g, const struct words *w, bool page)
{
	ngx_buf_t *b = ngx_create_temp_buf(g->request->pool, BODY_MAX);

	if (b == NULL)
		return NULL;
	b->last = page ? put_page(b->last, b->end, w) : put_problem(b->last, b->end, w);
	b->last_buf = 1;
	b->last_in_chain = 1;
	return b;
}

/* "PATH?next=<what was asked for>" */
static ngx_int_t
add_location(ngx_http_request_t *r, const char *path)
{
	const ngx_str_t *uri = &r->unparsed_uri;
	uintptr_t more = ngx_escape_uri(NULL, uri->data, uri->len, NGX_ESCAPE_URI_COMPONENT);
	size_t path_len = ngx_strlen(path);
	ngx_str_t value;
	u_char *at;

	value.data = ngx_pnalloc(r->pool, path_len + sizeof("?next=") + uri->len + 2 * more);
	if (value.data == NULL)
		return NGX_ERROR;
	at = ngx_cpymem(value.data, path, path_len);
	at = ngx_cpymem(at, "?next=", sizeof("?next=") - 1);
	at = (u_char *)ngx_escape_uri(at, uri->data, uri->len, NGX_ESCAPE_URI_COMPONENT);
	value.len = (size_t)(at - value.data);
	/* Not headers_out.location: nginx would put a host and a port before it. */
	return add_header(r, "Location", &value);
}

static const char *
redirect_of(const struct gate_request *g, enum verdict_reason reason)
{
	const struct rules_settings *settings;

	if (g->rules == NULL || !gate_answer_is_page(g))
		return NULL;
	settings = &g->rules->rules.settings;
	if (reason == REASON_SESSION_MISSING || reason == REASON_SESSION_EXPIRED)
		return settings->sign_in_path[0] == '/' ? settings->sign_in_path : NULL;
	if (g->verdict == VERDICT_STEP_UP)
		return settings->step_up_path[0] == '/' ? settings->step_up_path : NULL;
	return NULL;
}

static ngx_int_t
add_headers(struct gate_request *g, const struct words *w, const char *redirect)
{
	static const ngx_str_t no_store = ngx_string("no-store");
	static const ngx_str_t policy = ngx_string("default-src 'none'; style-src 'unsafe-inline'; "
	    "frame-ancestors 'none'");
	static const ngx_str_t realm = ngx_string("Bearer realm=\"tourniquet\"");
	ngx_http_request_t *r = g->request;

	if (add_header(r, "Cache-Control", &no_store) != NGX_OK ||
	    add_header(r, "Content-Security-Policy", &policy) != NGX_OK)
		return NGX_ERROR;
	if (redirect != NULL)
		return add_location(r, redirect);
	if (w->retry_after_s != 0 && add_header_printed(r, "Retry-After", "%uD", w->retry_after_s) != NGX_OK)
		return NGX_ERROR;
	/* A replaced 401 of the platform has its own challenge. */
	if (w->status != NGX_HTTP_UNAUTHORIZED || g->reason == REASON_PLATFORM)
		return NGX_OK;
	if (g->verdict != VERDICT_STEP_UP)
		return add_header(r, "WWW-Authenticate", &realm);
	/* RFC 9470, section 3. */
	return add_header_printed(r, "WWW-Authenticate", "Bearer error=\"insufficient_user_authentication\", "
	    "error_description=\"a second factor is needed now\", max_age=\"%uD\"",
	    g->rules->rules.settings.step_up_valid_s);
}

static ngx_int_t
head_make(struct gate_request *g, const struct words *w, bool page)
{
	static const ngx_str_t html = ngx_string("text/html; charset=utf-8");
	static const ngx_str_t problem = ngx_string("application/problem+json");
	ngx_http_request_t *r = g->request;
	const char *redirect = redirect_of(g, g->reason);

	r->err_status = 0;
	r->allow_ranges = 0;
	r->headers_out.status = redirect != NULL ? NGX_HTTP_MOVED_TEMPORARILY : w->status;
	r->headers_out.content_type = page ? html : problem;
	r->headers_out.content_type_len = r->headers_out.content_type.len;
	return add_headers(g, w, redirect);
}

/* Headers of an error response that stay when its body is replaced. */
static bool
is_kept(const ngx_table_elt_t *h)
{
	static const ngx_str_t kept[] = {
		ngx_string("www-authenticate"), ngx_string("retry-after"), ngx_string("allow"), ngx_string("set-cookie"),
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (h->hash != 0 && h->key.len == kept[i].len &&
		    ngx_strncasecmp(h->key.data, kept[i].data, kept[i].len) == 0)
			return true;
	return false;
}

/* nginx's list of response headers is cleared by moving its end; what is kept goes to a list of its own first. */
static ngx_int_t
clean_header_except_kept(ngx_http_request_t *r)
{
	ngx_table_elt_t *fresh;
	ngx_list_t list;

	if (ngx_list_init(&list, r->pool, 8, sizeof(ngx_table_elt_t)) != NGX_OK)
		return NGX_ERROR;
	for (ngx_list_part_t *part = &r->headers_out.headers.part; part != NULL; part = part->next) {
		ngx_table_elt_t *h = part->elts;

		for (ngx_uint_t i = 0; i < part->nelts; i++) {
			if (!is_kept(&h[i]))
				continue;
			fresh = ngx_list_push(&list);
			if (fresh == NULL)
				return NGX_ERROR;
			*fresh = h[i];
		}
	}
	ngx_http_clean_header(r);
	r->headers_out.headers = list;
	if (list.last == &list.part)
		r->headers_out.headers.last = &r->headers_out.headers.part;
	return NGX_OK;
}

static ngx_int_t
send_words(struct gate_request *g, struct words *w)
{
	ngx_http_request_t *r = g->request;
	bool page = gate_answer_is_page(g);
	ngx_chain_t out = { NULL, NULL };
	ngx_int_t rc;

	gate_release_forget(g);
	gate_gather_drop(&g->gather);
	g->state = GATE_ANSWERED;
	r->buffered &= 0xf & ~GATE_BUFFERED;
	out.buf = body_make(g, w, page);
	if (out.buf == NULL || head_make(g, w, page) != NGX_OK)
		return NGX_ERROR;
	r->headers_out.content_length_n = out.buf->last - out.buf->pos;
	rc = gate_next_header(r);
	if (rc == NGX_ERROR || rc > NGX_OK || r->header_only)
		return rc;
	return gate_next_body(r, &out);
}

static void
words_init(const struct gate_request *g, struct words *w)
{
	w->words = verdict_words(g->reason);
	w->language = language_of(g->request);
	w->brand = "";
	w->support = "";
	if (g->rules != NULL) {
		w->brand = g->rules->rules.settings.brand;
		w->support = g->rules->rules.settings.support;
	}
}

ngx_int_t
gate_answer_send(struct gate_request *g, enum verdict_reason reason, ngx_uint_t status, uint32_t retry_after_s)
{
	struct words w = { .status = status, .retry_after_s = retry_after_s };

	g->reason = reason;
	words_init(g, &w);
	if (g->verdict == VERDICT_UNAVAILABLE && retry_after_s == 0)
		w.retry_after_s = RETRY_UNAVAILABLE_S;
	if (w.status == 0)
		w.status = w.words->status != 0 ? (ngx_uint_t)w.words->status : NGX_HTTP_INTERNAL_SERVER_ERROR;
	ngx_http_clean_header(g->request);
	return send_words(g, &w);
}

ngx_int_t
gate_answer_replace(struct gate_request *g)
{
	struct words w = { .status = g->request->headers_out.status };

	/* nginx has codes of its own beyond what may be sent. */
	if (w.status >= NGX_HTTP_NGINX_CODES && w.status < NGX_HTTP_INTERNAL_SERVER_ERROR)
		w.status = NGX_HTTP_BAD_REQUEST;
	g->reason = REASON_PLATFORM;
	words_init(g, &w);
	if (clean_header_except_kept(g->request) != NGX_OK)
		return NGX_ERROR;
	return send_words(g, &w);
}
