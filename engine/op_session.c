/* op_session: who is signed in, for operators and for oneself. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "engine/names.h"
#include "engine/ops.h"
#include "engine/sessions.h"
#include "engine/tokens.h"

#define TOKEN_MAX 64
#define LIST_DEFAULT 1000u
#define ROWS_AT_ONCE 200u

/* The session of `token`, or the call is refused. */
static bool
own_session(struct engine *engine, struct op_call *call, struct session_entry **ret_entry)
{
	const char *token;

	if (!op_text(call, "token", TOKEN_MAX, &token))
		return false;
	if (sessions_find_token(engine, token, ret_entry) == ERR_NONE)
		return true;
	op_refuse(call, ERR_NOT_FOUND, "there is no such session");
	return false;
}

static json_t *
amr_list(uint32_t amr)
{
	json_t *list = json_array();
	static const char *const names[] = { "pwd", "otp", "hwk", "fed" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((amr & 1u << i) != 0 && json_array_append_new(list, json_string(names[i])) != 0)
			break;
	return list;
}

static void
organisation_key(struct engine *engine, uint32_t number, char out[STORE_LOGIN_MAX])
{
	struct store_organisation organisation;

	out[0] = '\0';
	if (number != 0 && store_organisation_get(engine->store, number, &organisation) == ERR_NONE)
		(void)snprintf(out, STORE_LOGIN_MAX, "%s", organisation.key);
}

static void
run_whoami(struct engine *engine, struct op_call *call)
{
	char organisation[STORE_LOGIN_MAX];
	struct store_credential credential;
	struct store_identity identity;
	struct session_entry *entry;
	bool has_totp = false;

	if (!own_session(engine, call, &entry))
		return;
	if (store_identity_get(engine->store, entry->who.identity, &identity) != ERR_NONE) {
		op_refuse(call, ERR_NOT_FOUND, "there is no such identity");
		return;
	}
	if (store_credential_get(engine->store, identity.number, &credential) == ERR_NONE)
		has_totp = credential.totp_secret_len > 0;
	bytes_zero(&credential, sizeof(credential));
	organisation_key(engine, identity.organisation, organisation);
	sessions_seen(engine, entry->number, engine_now_us(engine));
	op_answer(call, json_pack("{sI sI ss ss ss ss ss so sI sI sI sb}", "session", (json_int_t)entry->number, "identity",
	    (json_int_t)identity.number, "login", identity.login, "name", identity.name, "profile", identity.profile,
	    "organisation", organisation, "person", identity.person, "amr", amr_list(entry->amr), "created_us",
	    (json_int_t)entry->created_us, "ends_us", (json_int_t)entry->ends_us, "stepped_up_us",
	    (json_int_t)entry->stepped_up_us, "has_totp", has_totp));
}

static void
run_end(struct engine *engine, struct op_call *call)
{
	struct session_entry *entry;
	uint64_t number;

	if (!own_session(engine, call, &entry))
		return;
	number = entry->number;
	if (sessions_end(engine, entry) != ERR_NONE) {
		op_refuse(call, ERR_IO, "the session has ended; that could not be stored");
		return;
	}
	op_answer(call, json_pack("{sI}", "session", (json_int_t)number));
}

static json_t *
own_row(struct engine *engine, const struct session_entry *entry, uint64_t current)
{
	struct store_session stored;

	if (store_session_get(engine->store, entry->number, &stored) != ERR_NONE)
		return NULL;
	return json_pack("{sI sb sI sI sI ss ss so sI}", "session", (json_int_t)entry->number, "current",
	    entry->number == current, "created_us", (json_int_t)entry->created_us, "last_seen_us",
	    (json_int_t)entry->seen_us, "stepped_up_us", (json_int_t)entry->stepped_up_us, "address", stored.address,
	    "user_agent", stored.agent, "amr", amr_list(entry->amr), "ends_us", (json_int_t)entry->ends_us);
}

struct listing {
	struct engine *engine;
	struct op_call *call;
	const struct session_entry *own; /* NULL: the operator's list */
	const struct scope *scope;
	json_t *rows;
	uint64_t limit;
	uint64_t n;
};

static bool
list_own(void *context, const struct session_entry *entry)
{
	struct listing *listing = context;
	json_t *row;

	if (entry->who.identity != listing->own->who.identity)
		return true;
	row = own_row(listing->engine, entry, listing->own->number);
	return row == NULL || json_array_append_new(listing->rows, row) == 0;
}

static void
run_my_sessions(struct engine *engine, struct op_call *call)
{
	struct listing listing = { .engine = engine };
	struct session_entry *entry;

	if (!own_session(engine, call, &entry))
		return;
	listing.own = entry;
	listing.rows = json_array();
	sessions_each(engine, list_own, &listing);
	op_answer(call, json_pack("{so}", "sessions", listing.rows));
}

static void
run_my_revoke(struct engine *engine, struct op_call *call)
{
	struct session_entry *own, *other;
	struct scope scope;
	uint32_t n = 0;
	uint64_t number;
	bool others;

	if (!own_session(engine, call, &own) || !op_bool_optional(call, "others", &others))
		return;
	memset(&scope, 0, sizeof(scope));
	if (others) {
		scope.terms = 1u << SCOPE_IDENTITY;
		scope.value[SCOPE_IDENTITY] = own->who.identity;
		if (sessions_end_scope(engine, &scope, own->number, &n) != ERR_NONE) {
			op_refuse(call, ERR_IO, "the sessions have ended; that could not be stored");
			return;
		}
	} else {
		if (!op_number(call, "session", UINT64_MAX >> 1, &number))
			return;
		if (sessions_find(engine, number, &other) != ERR_NONE || other->who.identity != own->who.identity) {
			op_refuse(call, ERR_NOT_FOUND, "there is no such session of yours");
			return;
		}
		n = 1;
		if (sessions_end(engine, other) != ERR_NONE) {
			op_refuse(call, ERR_IO, "the session has ended; that could not be stored");
			return;
		}
	}
	op_answer(call, json_pack("{sI}", "revoked", (json_int_t)n));
}

static json_t *
operator_row(struct engine *engine, const struct session_entry *entry)
{
	char organisation[STORE_LOGIN_MAX];
	struct store_identity identity;
	struct store_session stored;

	if (store_session_get(engine->store, entry->number, &stored) != ERR_NONE ||
	    store_identity_get(engine->store, entry->who.identity, &identity) != ERR_NONE)
		return NULL;
	organisation_key(engine, identity.organisation, organisation);
	return json_pack("{sI sI ss ss ss sI sI sI sI so ss ss}", "session", (json_int_t)entry->number, "identity",
	    (json_int_t)identity.number, "login", identity.login, "organisation", organisation, "idp", identity.provider,
	    "created_us", (json_int_t)entry->created_us, "last_seen_us", (json_int_t)entry->seen_us, "stepped_up_us",
	    (json_int_t)entry->stepped_up_us, "ends_us", (json_int_t)entry->ends_us, "amr", amr_list(entry->amr),
	    "address", stored.address, "user_agent", stored.agent);
}

static bool
list_any(void *context, const struct session_entry *entry)
{
	struct listing *listing = context;
	json_t *row;

	if (!scope_match(listing->scope, &entry->who, CAPABILITY_ALL, (uint32_t)listing->scope->value[SCOPE_ROUTE]))
		return true;
	row = operator_row(listing->engine, entry);
	if (row != NULL && json_array_append_new(listing->rows, row) != 0)
		return false;
	if (json_array_size(listing->rows) == ROWS_AT_ONCE) {
		op_rows(listing->call, listing->rows);
		listing->rows = json_array();
	}
	return ++listing->n < listing->limit;
}

static void
run_list(struct engine *engine, struct op_call *call)
{
	struct listing listing = { .engine = engine, .call = call };
	struct scope scope;

	memset(&scope, 0, sizeof(scope));
	if (!op_number_optional(call, "limit", UINT32_MAX, &listing.limit))
		return;
	if (op_has(call, "scope") && !names_op_scope(engine, call, "scope", &scope))
		return;
	if (listing.limit == 0)
		listing.limit = LIST_DEFAULT;
	listing.scope = &scope;
	listing.rows = json_array();
	sessions_each(engine, list_any, &listing);
	op_rows(call, listing.rows);
	op_answer(call, json_pack("{sI sI}", "rows_sent", (json_int_t)listing.n, "sessions",
	    (json_int_t)sessions_count(engine->sessions)));
}

static void
run_revoke(struct engine *engine, struct op_call *call)
{
	struct session_entry *entry;
	struct scope scope;
	uint64_t number;
	uint32_t n = 1;
	enum err err;

	if (op_has(call, "session") == op_has(call, "scope")) {
		op_refuse(call, ERR_USAGE, "name either a session or a scope");
		return;
	}
	if (op_has(call, "scope")) {
		if (!names_op_scope(engine, call, "scope", &scope))
			return;
		err = sessions_end_scope(engine, &scope, 0, &n);
	} else {
		if (!op_number(call, "session", UINT64_MAX >> 1, &number))
			return;
		err = sessions_find(engine, number, &entry);
		if (err == ERR_NONE)
			err = sessions_end(engine, entry);
	}
	if (err == ERR_NOT_FOUND)
		op_refuse(call, err, "there is no such session");
	else if (err != ERR_NONE)
		op_refuse(call, err, "%u sessions have ended; that could not be stored", n);
	else
		op_answer(call, json_pack("{sI}", "revoked", (json_int_t)n));
}

static void
run_jwks(struct engine *engine, struct op_call *call)
{
	op_answer(call, json_pack("{so}", "jwks", tokens_jwks(engine->tokens)));
}

const struct op ops_session[] = {
	{ "session.whoami", OP_WEB, "token", run_whoami },
	{ "session.end", OP_WEB, "token", run_end },
	{ "my.sessions", OP_WEB, "token", run_my_sessions },
	{ "my.revoke", OP_WEB, "token session others", run_my_revoke },
	{ "jwks", OP_WEB | OP_OPERATOR, "", run_jwks },
	{ "session.list", OP_OPERATOR, "scope limit", run_list },
	{ "session.revoke", OP_OPERATOR, "session scope author", run_revoke },
	{ 0 },
};
