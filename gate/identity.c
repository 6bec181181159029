/*
 * identity: the list of request headers is made anew, since nginx keeps
 * pointers into the old one and its elements cannot be taken out. Those
 * pointers stay good, so nginx itself still sees what the client sent (it may
 * compress the released response); the platform does not.
 */
#include "gate/identity.h"

#include "gate/session.h"

/*
 * Whether a name begins with `prefix`, as CGI-like platforms fold names:
 * letters and digits are themselves, all else is one character. `name` is
 * lower-case already, and its first letter was compared.
 */
static bool
folded_prefix(const char *prefix, size_t prefix_len, const ngx_table_elt_t *h)
{
	if (h->key.len < prefix_len)
		return false;
	for (size_t i = 1; i < prefix_len; i++) {
		char c = (char)h->lowcase_key[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			c = '-';
		if (c != prefix[i])
			return false;
	}
	return true;
}

#define BEGINS(h, text) folded_prefix(text, sizeof(text) - 1, h)
#define EQUALS(h, text) ((h)->key.len == sizeof(text) - 1 && BEGINS(h, text))

/* Names that are ours to say. */
static bool
is_forged(const ngx_table_elt_t *h)
{
	switch (h->lowcase_key[0]) {
	case 'r':
		return BEGINS(h, "remote-");
	case 'x':
		return BEGINS(h, "x-tourniquet-");
	default:
		return false;
	}
}

/* What makes a platform answer in pieces, compressed, or in another protocol. */
static bool
is_unreadable(const ngx_table_elt_t *h)
{
	switch (h->lowcase_key[0]) {
	case 'a':
		return EQUALS(h, "accept-encoding");
	case 'i':
		return EQUALS(h, "if-range");
	case 'r':
		return EQUALS(h, "range");
	case 't':
		return EQUALS(h, "te");
	case 'u':
		return EQUALS(h, "upgrade");
	default:
		return false;
	}
}

static bool
is_cookie(const ngx_table_elt_t *h)
{
	return h->lowcase_key[0] == 'c' && EQUALS(h, "cookie");
}

/* Our cookie's place in a Cookie header: the pair, with the separator before or after it. */
static bool
find_pair(const ngx_str_t *value, size_t *ret_from, size_t *ret_to)
{
	static const u_char name[] = GATE_COOKIE "=";
	const u_char *end = value->data + value->len, *next;

	for (const u_char *at = value->data; at < end; at = next) {
		const u_char *pair = at;

		next = memchr(at, ';', (size_t)(end - at));
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
			if (is_cookie(&h[i])) {
				if (without_cookie(r->pool, &value) != NGX_OK)
					return NGX_ERROR;
				if (value.len == 0)
					continue;
			}
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
	/* Not nginx's own search, which goes byte by byte: the signed token is long. */
	u_char *stop = memchr(at, '\r', (size_t)(end - at)), *colon;
	ngx_table_elt_t *h;

	if (stop == NULL || stop + 1 >= end || stop[1] != '\n')
		return NULL;
	colon = memchr(at, ':', (size_t)(stop - at));
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
