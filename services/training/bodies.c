/* bodies: handlers; reads on the thread's connection, a new body on the writer. */
#include "services/training/bodies.h"

#include <string.h>

#include "services/http/fields.h"
#include "services/http/json_out.h"
#include "services/http/problem.h"
#include "services/sql/sql.h"
#include "services/training/actor.h"

enum field {
	FIELD_KEY = 0,
	FIELD_NAME,
	FIELD_SIRET,
	FIELD_POSTAL_CODE,
	FIELD_CITY,
	FIELD_MAX
};

static const struct http_field fields[FIELD_MAX] = {
	[FIELD_KEY] = {.name = "key", .min = 3, .max = 40},
	[FIELD_NAME] = {.name = "name", .min = 1, .max = 120},
	[FIELD_SIRET] = {.name = "siret", .min = 14, .max = 14},
	[FIELD_POSTAL_CODE] = {.name = "postal_code", .min = 5, .max = 5},
	[FIELD_CITY] = {.name = "city", .min = 1, .max = 80},
};

static void
write_body(struct json_out *out, sqlite3_stmt *row)
{
	static const char *const names[] = {"key", "name", "siret", "postal_code", "city"};

	for (int i = 0; i < 5; i++)
		json_out_member(out, names[i], sql_text(row, i));
}

static void
write_training(struct json_out *out, sqlite3_stmt *row)
{
	json_out_member_number(out, "number", sql_number(row, 0));
	json_out_member(out, "title", sql_text(row, 1));
	json_out_member_number(out, "hours", sql_number(row, 2));
	json_out_member_number(out, "price_cents", sql_number(row, 3));
	json_out_member(out, "body", sql_text(row, 4));
}

static void
write_all(struct http_call *call, sqlite3_stmt *query, const char *member,
    void (*write)(struct json_out *out, sqlite3_stmt *row))
{
	struct json_out out;
	enum err err;

	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	json_out_key(&out, member);
	json_out_open(&out, '[');
	while ((err = sql_step(query)) == ERR_NONE) {
		json_out_open(&out, '{');
		write(&out, query);
		json_out_close(&out, '}');
	}
	json_out_close(&out, ']');
	json_out_close(&out, '}');
	if (err != ERR_NOT_FOUND || out.err != ERR_NONE) {
		http_fail(call, out.err != ERR_NONE ? out.err : err, member);
		return;
	}
	call->reply.status = 200;
	call->reply.type = "application/json";
}

void
bodies_list(struct http_call *call)
{
	struct worker *worker = call->worker;
	struct actor actor;

	if (actor_read(call, &actor) != ERR_NONE)
		return;
	write_all(call,
	    sql_query(worker->sql, "SELECT key, name, siret, postal_code, city FROM body ORDER BY number"),
	    "bodies", write_body);
}

void
bodies_trainings(struct http_call *call)
{
	static const char sql[] =
	    "SELECT t.number, t.title, t.hours, t.price_cents, b.key FROM body b"
	    " JOIN training t ON t.body = b.number WHERE b.key = ? ORDER BY t.number";
	struct worker *worker = call->worker;
	const char *key = http_call_query(call, "body");
	struct actor actor;
	sqlite3_stmt *query;

	if (actor_read(call, &actor) != ERR_NONE)
		return;
	if (key == NULL && actor_is_staff(&actor))
		key = actor.identity.organisation;
	if (key == NULL) {
		http_bad_request(call, "body is missing: the key of a training body.");
		return;
	}
	query = sql_query(worker->sql, sql);
	sql_bind_text(query, 1, key);
	write_all(call, query, "trainings", write_training);
}

static bool
consists_of(const char *text, const char *letters)
{
	return strspn(text, letters) == strlen(text);
}

static enum err
insert(struct http_call *call, const struct http_values *values)
{
	struct worker *worker = call->worker;
	struct sql *sql;
	enum err err = service_write_begin(worker->service, &sql);

	if (err != ERR_NONE)
		return err;
	sqlite3_stmt *query =
	    sql_query(sql, "INSERT INTO body(key, name, siret, postal_code, city) VALUES(?,?,?,?,?)");
	for (int i = 0; i < FIELD_MAX; i++)
		sql_bind_text(query, i + 1, values->of[i].text);
	return service_write_end(worker->service, sql_do(query));
}

static void
answer_created(struct http_call *call, const struct http_values *values)
{
	struct json_out out;

	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	for (int i = 0; i < FIELD_MAX; i++)
		json_out_member(&out, fields[i].name, values->of[i].text);
	json_out_close(&out, '}');
	call->reply.status = 201;
	call->reply.type = "application/json";
	if (out.err != ERR_NONE)
		http_fail(call, out.err, "body");
}

void
bodies_create(struct http_call *call)
{
	struct http_values values;
	struct actor actor;
	enum err err;

	if (actor_read(call, &actor) != ERR_NONE)
		return;
	if (actor.profile != PROFILE_AGENT) {
		http_forbidden(call, "not-agent", "Only the employment service registers training bodies.");
		return;
	}
	if (http_fields_read(call, fields, FIELD_MAX, &values) != ERR_NONE)
		return;
	if (!consists_of(values.of[FIELD_KEY].text, "abcdefghijklmnopqrstuvwxyz0123456789-") ||
	    !consists_of(values.of[FIELD_SIRET].text, "0123456789") ||
	    !consists_of(values.of[FIELD_POSTAL_CODE].text, "0123456789")) {
		http_problem(call, 422, "invalid", "The request holds something that is not possible",
		    "key: small letters, digits and hyphens; siret and postal_code: digits.");
	} else {
		err = insert(call, &values);
		if (err == ERR_NONE)
			answer_created(call, &values);
		else if (err == ERR_EXISTS)
			http_problem(call, 409, "key-taken", "The key is taken", "Choose another key.");
		else
			http_fail(call, err, "body");
	}
	http_fields_free(&values);
}
