/*
 * identity: the list of request headers is made anew, since nginx keeps
 * pointers into the old one and its elements cannot be taken out. Those
 * pointers stay good, so nginx itself still sees what the client sent (it may
 * compress the released response); the platform does not.
 */
#include "gate/identity.h"

#include "gate/session.h"

/* Beginnings of names that are ours, folded as below. */
static const ngx_str_t ours[] = { ngx_string("remote-"), ngx_string("x-tourniquet-") };

/* What makes a platform answer in pieces, compressed, or in another protocol. */
static const ngx_str_t unreadable[] = {
	ngx_string("accept-encoding"),
	ngx_string("range"),
	ngx_string("if-range"),
	ngx_string("upgrade"),
	ngx_string("te"),
};

/*
 * As CGI-like platforms fold names: letters and digits are themselves, all
 * else is one character. `name` is lower-case already.
 */
static bool
folded_prefix(const ngx_str_t *prefix, const u_char *name, size_t len)
{
	if (len < prefix->len)
		return false;
	for (size_t i = 0; i < prefix->len; i++) {
		u_char c = name[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			c = '-';
		if (c != prefix->data[i])
			return false;
	}
	return true;
}

static bool
is_forged(const ngx_table_elt_t *h)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (folded_prefix(&ours[i], h->lowcase_key, h->key.len))
			return true;
	return false;
}

static bool
is_unreadable(const ngx_table_elt_t *h)
{
	for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++)
		if (h->key.len == unreadable[i].len && folded_prefix(&unreadable[i], h->lowcase_key, h->key.len))
			return true;
	return false;
}

static bool
is_cookie(const ngx_table_elt_t *h)
{
	return h->key.len == sizeof("cookie") - 1 && ngx_memcmp(h->lowcase_key, "cookie", h->key.len) == 0;
}

/* Our cookie's place in a Cookie header: the pair, with the separator before or after it. */
static bool
find_pair(const ngx_str_t *value, size_t *ret_from, size_t *ret_to)
{
	static const u_char name[] = GATE_COOKIE "=";
	const u_char *end = value->data + value->len, *next;

	for (const u_char *at = value->data; at < end; at = next) {
		const u_char *pair = at;

		next = ngx_strlchr(gate_bytes(at), gate_bytes(end), ';');
		next = next == NULL ? end : next + 1;
		while (pair < next && (*pair == ' ' || *pair == '\t'))
			pair++;
		if ((size_t)(next - pair) < sizeof(name) - 1 || ngx_memcmp(pair, name, sizeof(name) - 1) != 0)
			continue;
		*ret_from = (size_t)(at - value->data);
		*ret_to = (size_t)(next - value->data);
		return true;
	}
	return false;
}

/* The cookies without ours; `value->len` is 0 where none is left. */
static ngx_int_t
without_cookie(ngx_pool_t *pool, ngx_str_t *value)
{
	size_t from, to;
	u_char *copy;

	while (find_pair(value, &from, &to)) {
		size_t rest = value->len - to;

		if (from + rest == 0) {
			value->len = 0;
			return NGX_OK;
		}
		copy = ngx_pnalloc(pool, from + rest);
		if (copy == NULL)
			return NGX_ERROR;
		ngx_memcpy(copy, value->data, from);
		ngx_memcpy(copy + from, value->data + to, rest);
		value->data = copy;
		value->len = from + rest;
		/* "a=1; ours=x" leaves "a=1;" */
		while (value->len > 0 && (copy[value->len - 1] == ' ' || copy[value->len - 1] == ';'))
			value->len--;
	}
	return NGX_OK;
}

static ngx_int_t
keep_headers(ngx_http_request_t *r, ngx_list_t *list, bool counted)
{
	for (ngx_list_part_t *part = &r->headers_in.headers.part; part != NULL; part = part->next) {
		ngx_table_elt_t *h = part->elts, *kept;

		for (ngx_uint_t i = 0; i < part->nelts; i++) {
			ngx_str_t value = h[i].value;

			if (is_forged(&h[i]) || (counted && is_unreadable(&h[i])))
				continue;
			if (is_cookie(&h[i]) && (without_cookie(r->pool, &value) != NGX_OK))
				return NGX_ERROR;
			if (is_cookie(&h[i]) && value.len == 0)
				continue;
			kept = ngx_list_push(list);
			if (kept == NULL)
				return NGX_ERROR;
			*kept = h[i];
			kept->value = value;
		}
	}
	return NGX_OK;
}

/* One "Name: value\r\n" of `text`, which lives in the request's pool. Returns what follows; NULL: malformed. */
static u_char *
add_line(ngx_pool_t *pool, ngx_list_t *list, u_char *at, u_char *end)
{
	u_char *stop = ngx_strlchr(at, end, '\r'), *colon;
	ngx_table_elt_t *h;

	if (stop == NULL || stop + 1 >= end || stop[1] != '\n')
		return NULL;
	colon = ngx_strlchr(at, stop, ':');
	if (colon == NULL || colon == at || colon + 1 >= stop || colon[1] != ' ')
		return NULL;
	h = ngx_list_push(list);
	if (h == NULL)
		return NULL;
	h->key.data = at;
	h->key.len = (size_t)(colon - at);
	h->value.data = colon + 2;
	h->value.len = (size_t)(stop - colon) - 2;
	h->lowcase_key = ngx_pnalloc(pool, h->key.len);
	if (h->lowcase_key == NULL)
		return NULL;
	h->hash = ngx_hash_strlow(h->lowcase_key, h->key.data, h->key.len);
	/* FastCGI and its kin expect values that end with a zero. */
	*stop = '\0';
	return stop + 2;
}

static ngx_int_t
add_lines(ngx_http_request_t *r, ngx_list_t *list, const ngx_str_t *lines)
{
	u_char *at, *end;

	if (lines->len == 0)
		return NGX_OK;
	at = ngx_pnalloc(r->pool, lines->len);
	if (at == NULL)
		return NGX_ERROR;
	ngx_memcpy(at, lines->data, lines->len);
	for (end = at + lines->len; at < end;) {
		at = add_line(r->pool, list, at, end);
		if (at == NULL)
			return NGX_ERROR;
	}
	return NGX_OK;
}

ngx_int_t
gate_identity_apply(ngx_http_request_t *r, const ngx_str_t *lines, bool counted)
{
	ngx_list_t list;

	/* nginx made room for 20 as well; one allocation will do nearly always. */
	if (ngx_list_init(&list, r->pool, 24, sizeof(ngx_table_elt_t)) != NGX_OK)
		return NGX_ERROR;
	if (keep_headers(r, &list, counted) != NGX_OK || add_lines(r, &list, lines) != NGX_OK)
		return NGX_ERROR;
	/* A list points into itself: `last` must be told where it lives now. */
	r->headers_in.headers = list;
	if (list.last == &list.part)
		r->headers_in.headers.last = &r->headers_in.headers.part;
	if (counted) {
		r->headers_in.range = NULL;
		r->headers_in.if_range = NULL;
		r->headers_in.upgrade = NULL;
	}
	return NGX_OK;
}
