/*
 * accounts: handlers. Creating one is a job: it asks another service. The row is
 * written as `pending` first and becomes `active` when the sign-in knows the
 * account; a row left pending by a crash is taken over by the next attempt.
 */
#include "services/training/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "services/http/fields.h"
#include "services/http/json_out.h"
#include "services/http/problem.h"
#include "services/sql/sql.h"
#include "services/training/actor.h"

enum field {
	FIELD_LOGIN = 0,
	FIELD_GIVEN_NAME,
	FIELD_FAMILY_NAME,
	FIELD_EMAIL,
	FIELD_ROLE,
	FIELD_PASSWORD,
	FIELD_MAX
};

static const struct http_field fields[FIELD_MAX] = {
	[FIELD_LOGIN] = {.name = "login", .min = 3, .max = 63},
	[FIELD_GIVEN_NAME] = {.name = "given_name", .min = 1, .max = 60},
	[FIELD_FAMILY_NAME] = {.name = "family_name", .min = 1, .max = 60},
	[FIELD_EMAIL] = {.name = "email", .min = 3, .max = 120},
	[FIELD_ROLE] = {.name = "role", .min = 1, .max = 16},
	[FIELD_PASSWORD] = {.name = "password", .min = 12, .max = 128},
};

/* What the job needs, in its own memory: the call's headers are gone by then. */
struct creation {
	struct service *service;
	struct http_values values;
	int64_t body;
	char organisation[64];
	char created_by[64];
	char created_at[25];
	char name[128];
};

bool
accounts_login_is_valid(const char *login)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(login);

	return len >= 3 && len <= 63 && strspn(login, letters) == len && strchr("._-", login[0]) == NULL;
}

static enum err
require_manager(struct http_call *call, struct actor *ret_actor)
{
	enum err err = actor_read(call, ret_actor);

	if (err == ERR_NONE && ret_actor->profile != PROFILE_MANAGER) {
		http_forbidden(call, "not-manager", "Only the account manager of a training body does this.");
		return ERR_DENIED;
	}
	return err;
}

void
accounts_list(struct http_call *call)
{
	static const char sql[] = "SELECT login, name, email, role, state, created_at, created_by"
	                          " FROM account WHERE body = ? ORDER BY number";
	static const char *const names[] = {"login", "name", "email", "role", "state", "created_at",
	    "created_by"};
	struct worker *worker = call->worker;
	struct actor actor;
	struct json_out out;
	enum err err;

	if (require_manager(call, &actor) != ERR_NONE)
		return;
	sqlite3_stmt *query = sql_query(worker->sql, sql);
	sql_bind_number(query, 1, actor.body);
	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	json_out_key(&out, "accounts");
	json_out_open(&out, '[');
	while ((err = sql_step(query)) == ERR_NONE) {
		json_out_open(&out, '{');
		for (int i = 0; i < 7; i++)
			json_out_member(&out, names[i], sql_text(query, i));
		json_out_close(&out, '}');
	}
	json_out_close(&out, ']');
	json_out_close(&out, '}');
	if (err != ERR_NOT_FOUND || out.err != ERR_NONE) {
		http_fail(call, out.err != ERR_NONE ? out.err : err, "accounts");
		return;
	}
	call->reply.status = 200;
	call->reply.type = "application/json";
}

/* ERR_EXISTS where the login is taken by an account that is not pending here. */
static enum err
write_pending(const struct creation *creation)
{
	static const char text[] =
	    "INSERT INTO account(login, body, name, email, role, state, created_at, created_by)"
	    " VALUES(?1,?2,?3,?4,?5,'pending',?6,?7) ON CONFLICT(login) DO UPDATE SET"
	    " name = ?3, email = ?4, role = ?5, created_at = ?6, created_by = ?7"
	    " WHERE state = 'pending' AND body = ?2 RETURNING number";
	const struct http_value *value = creation->values.of;
	struct sql *sql;
	enum err err = service_write_begin(creation->service, &sql);

	if (err != ERR_NONE)
		return err;
	sqlite3_stmt *query = sql_query(sql, text);
	sql_bind_text(query, 1, value[FIELD_LOGIN].text);
	sql_bind_number(query, 2, creation->body);
	sql_bind_text(query, 3, creation->name);
	sql_bind_text(query, 4, value[FIELD_EMAIL].text);
	sql_bind_text(query, 5, value[FIELD_ROLE].text);
	sql_bind_text(query, 6, creation->created_at);
	sql_bind_text(query, 7, creation->created_by);
	err = sql_step(query);
	if (err == ERR_NOT_FOUND)
		err = ERR_EXISTS;
	else if (err == ERR_NONE)
		err = sql_do(query);
	return service_write_end(creation->service, err);
}

static enum err
settle(const struct creation *creation, bool created)
{
	struct sql *sql;
	enum err err = service_write_begin(creation->service, &sql);

	if (err != ERR_NONE)
		return err;
	sqlite3_stmt *query = created
	    ? sql_query(sql, "UPDATE account SET state = 'active' WHERE login = ?")
	    : sql_query(sql, "DELETE FROM account WHERE login = ? AND state = 'pending'");
	sql_bind_text(query, 1, creation->values.of[FIELD_LOGIN].text);
	return service_write_end(creation->service, sql_do(query));
}

static enum err
tell_sign_in(const struct creation *creation, char detail[SCIM_DETAIL_MAX])
{
	const struct http_value *value = creation->values.of;
	struct scim_user user = {
	    .login = value[FIELD_LOGIN].text,
	    .given_name = value[FIELD_GIVEN_NAME].text,
	    .family_name = value[FIELD_FAMILY_NAME].text,
	    .email = value[FIELD_EMAIL].text,
	    .role = value[FIELD_ROLE].text,
	    .password = value[FIELD_PASSWORD].text,
	    .organisation = creation->organisation,
	    .created_by = creation->created_by,
	};

	return scim_create(&service_options(creation->service)->scim, &user, detail);
}

static void
answer_created(struct http_call *call, const struct creation *creation)
{
	struct json_out out;

	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	json_out_member(&out, "login", creation->values.of[FIELD_LOGIN].text);
	json_out_member(&out, "name", creation->name);
	json_out_member(&out, "email", creation->values.of[FIELD_EMAIL].text);
	json_out_member(&out, "role", creation->values.of[FIELD_ROLE].text);
	json_out_member(&out, "state", "active");
	json_out_member(&out, "created_at", creation->created_at);
	json_out_member(&out, "created_by", creation->created_by);
	json_out_close(&out, '}');
	call->reply.status = 201;
	call->reply.type = "application/json";
	if (out.err != ERR_NONE)
		http_fail(call, out.err, "account");
}

static void
answer_refused(struct http_call *call, enum err err, const char *detail)
{
	if (err == ERR_EXISTS)
		http_problem(call, 409, "login-taken", "The login is taken", "Choose another login.");
	else if (err == ERR_USAGE)
		http_problem(call, 422, "invalid", "The sign-in service refuses the account",
		    detail[0] == '\0' ? "It gives no reason." : detail);
	else
		http_problem(call, 502, "sign-in-unreachable", "The account was not created",
		    "The sign-in service does not answer as it should. Nothing was changed; try again later.");
}

static void
create(struct http_call *call)
{
	struct creation *creation = call->job_context;
	char detail[SCIM_DETAIL_MAX] = "";
	enum err err = write_pending(creation);

	if (err == ERR_NONE) {
		err = tell_sign_in(creation, detail);
		enum err settled = settle(creation, err == ERR_NONE);
		if (settled != ERR_NONE)
			err = settled;
	}
	if (err == ERR_NONE)
		answer_created(call, creation);
	else
		answer_refused(call, err, detail);
	http_fields_free(&creation->values);
	free(creation);
}

static const char *
refusal(const struct http_values *values)
{
	const char *role = values->of[FIELD_ROLE].text;
	const char *email = values->of[FIELD_EMAIL].text;

	if (!accounts_login_is_valid(values->of[FIELD_LOGIN].text))
		return "login: small letters, digits, dots, hyphens and underscores only.";
	if (strcmp(role, "partner") != 0 && strcmp(role, "manager") != 0)
		return "role: must be partner or manager.";
	if (strchr(email, '@') == NULL || strpbrk(email, " \r\n\t") != NULL)
		return "email: must be a mail address.";
	return NULL;
}

static void
start(struct http_call *call, const struct actor *actor, const struct http_values *values)
{
	struct worker *worker = call->worker;
	struct creation *creation = calloc(1, sizeof(*creation));
	struct http_values owned = *values;

	if (creation == NULL) {
		http_fields_free(&owned);
		http_fail(call, ERR_NOMEM, "account");
		return;
	}
	creation->service = worker->service;
	creation->values = owned;
	creation->body = actor->body;
	(void)snprintf(creation->organisation, sizeof(creation->organisation), "%s",
	    actor->identity.organisation);
	(void)snprintf(creation->created_by, sizeof(creation->created_by), "%s", actor->identity.login);
	(void)snprintf(creation->name, sizeof(creation->name), "%s %s",
	    values->of[FIELD_GIVEN_NAME].text, values->of[FIELD_FAMILY_NAME].text);
	service_now(worker->service, creation->created_at);
	http_defer(call, create, creation);
}

void
accounts_create(struct http_call *call)
{
	struct worker *worker = call->worker;
	struct http_values values;
	struct actor actor;
	const char *wrong;

	if (require_manager(call, &actor) != ERR_NONE)
		return;
	if (service_options(worker->service)->scim.socket_path == NULL) {
		http_problem(call, 503, "no-sign-in", "Accounts cannot be created here",
		    "This service is not connected to a sign-in service.");
		return;
	}
	if (http_fields_read(call, fields, FIELD_MAX, &values) != ERR_NONE)
		return;
	wrong = refusal(&values);
	if (wrong == NULL) {
		start(call, &actor, &values);
		return;
	}
	http_problem(call, 422, "invalid", "The request holds something that is not possible", wrong);
	http_fields_free(&values);
}
