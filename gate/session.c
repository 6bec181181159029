/*
 * session: from the cookie to the session's record in the state map.
 *
 * The map holds the first half of SHA-256 of the token, so that whoever reads
 * it cannot sign in. SHA256_*() is asked for by name: the one-shot interfaces
 * of OpenSSL 3 fetch the algorithm anew each time, which costs six times as much.
 */
#define OPENSSL_API_COMPAT 0x10100000L
#include "gate/session.h"

#include <openssl/sha.h>

#include "gate/rules.h"
#include "gate/worker.h"
#include "parse/cookie.h"

#define TOKEN_LEN_MAX 128

static struct cookie_found
find_cookie(const ngx_http_request_t *r)
{
	struct cookie_found found = { NULL, 0, 0 };
#if (nginx_version >= 1023000)
	for (const ngx_table_elt_t *h = r->headers_in.cookie; h != NULL; h = h->next)
		cookie_find(&found, GATE_COOKIE, h->value.data, h->value.len);
#else
	ngx_table_elt_t **h = r->headers_in.cookies.elts;

	for (ngx_uint_t i = 0; i < r->headers_in.cookies.nelts; i++)
		cookie_find(&found, GATE_COOKIE, h[i]->value.data, h[i]->value.len);
#endif
	return found;
}

static void
key_of_token(const struct cookie_found *found, uint8_t key[SESSION_KEY_LEN])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;

	(void)SHA256_Init(&sha);
	(void)SHA256_Update(&sha, found->value, found->len);
	(void)SHA256_Final(digest, &sha);
	ngx_memcpy(key, digest, SESSION_KEY_LEN);
}

static enum verdict_reason
judge(struct gate_request *g, const struct session_record *record)
{
	if (record->expires_at_us <= gate_now_us())
		return REASON_SESSION_EXPIRED;
	g->epoch = gate_worker.epoch;
	g->who = record->who;
	g->second_factor_at_us = record->second_factor_at_us;
	g->expires_at_us = record->expires_at_us;
	g->session_flags = record->flags;
	g->n_budgets = record->n_budgets;
	ngx_memcpy(g->budgets, record->budgets, sizeof(g->budgets));
	return REASON_NONE;
}

static enum verdict_reason
reason_of(enum err err)
{
	return err == ERR_NOT_FOUND ? REASON_SESSION_MISSING : REASON_MAP;
}

enum verdict_reason
gate_session_find(struct gate_request *g, ngx_str_t *ret_headers)
{
	static struct session_record record; /* too large for the stack of a callback */
	struct cookie_found found;
	enum verdict_reason reason;
	enum err err;

	/* After an internal redirect the cookie has been taken out of the request already. */
	if (!g->has_session) {
		found = find_cookie(g->request);
		if (found.count > 1)
			return REASON_REQUEST_AMBIGUOUS;
		if (found.count == 0 || found.len == 0 || found.len > TOKEN_LEN_MAX)
			return REASON_SESSION_MISSING;
		key_of_token(&found, g->key);
	}
	err = session_table_find(&gate_worker.state.sessions, g->key, &record);
	if (err != ERR_NONE)
		return reason_of(err);
	reason = judge(g, &record);
	if (reason != REASON_NONE)
		return reason;
	if (record.headers_len > SESSION_HEADERS_MAX)
		return REASON_MAP;
	g->has_session = true;
	ret_headers->data = (u_char *)record.headers;
	ret_headers->len = record.headers_len;
	return REASON_NONE;
}

enum verdict_reason
gate_session_again(struct gate_request *g)
{
	static struct session_record record;
	enum err err = session_table_find_brief(&gate_worker.state.sessions, g->key, &record);

	return err == ERR_NONE ? judge(g, &record) : reason_of(err);
}

bool
gate_session_stepped_up(const struct gate_request *g)
{
	uint64_t valid_us = (uint64_t)g->rules->rules.settings.step_up_valid_s * 1000000;

	return g->second_factor_at_us != 0 && gate_now_us() < g->second_factor_at_us + valid_us;
}
