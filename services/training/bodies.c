/* bodies: handlers; reads on the thread's connection. */
#include "services/training/bodies.h"

#include "services/http/json_out.h"
#include "services/http/problem.h"
#include "services/sql/sql.h"
#include "services/training/actor.h"

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
