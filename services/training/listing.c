/* listing: see the header. Reads on the thread's connection. */
#include "services/training/listing.h"

#include <stdlib.h>

#include "services/http/problem.h"
#include "services/training/actor.h"
#include "services/training/person.h"

#define SIZE_MAX_ROWS 200

static void
write_row(const struct listing *listing, struct json_out *out, sqlite3_stmt *row)
{
	json_out_open(out, '{');
	json_out_member_number(out, "number", sql_number(row, 0));
	json_out_key(out, "person");
	person_write_mention(out, row, 1);
	json_out_key(out, "body");
	json_out_open(out, '{');
	json_out_member(out, "key", sql_text(row, 4));
	json_out_member(out, "name", sql_text(row, 5));
	json_out_close(out, '}');
	json_out_key(out, "training");
	json_out_open(out, '{');
	json_out_member_number(out, "number", sql_number(row, 6));
	json_out_member(out, "title", sql_text(row, 7));
	json_out_close(out, '}');
	listing->write(out, row);
	json_out_close(out, '}');
}

/* Who may see what: the scope and its two keys. */
static enum err
choose_scope(struct http_call *call, const struct actor *actor, enum listing_scope *ret_scope,
    int64_t *ret_person)
{
	const char *id = http_call_query(call, "person");
	int64_t person = actor->person;
	enum err err = ERR_NONE;

	if (id != NULL)
		err = actor_find_person(call, actor, id, &person);
	if (err != ERR_NONE)
		return err;
	*ret_person = person;
	if (actor->profile == PROFILE_JOBSEEKER)
		*ret_scope = LISTING_OWN;
	else if (actor_is_staff(actor))
		*ret_scope = person != 0 ? LISTING_BODY_PERSON : LISTING_BODY;
	else
		*ret_scope = person != 0 ? LISTING_PERSON : LISTING_ALL;
	return ERR_NONE;
}

static void
write_page(
    struct http_call *call, const struct listing *listing, sqlite3_stmt *query, uint64_t size)
{
	struct json_out out;
	int64_t last = 0;
	uint64_t count = 0;
	enum err err;

	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	json_out_key(&out, listing->member);
	json_out_open(&out, '[');
	while ((err = sql_step(query)) == ERR_NONE) {
		last = sql_number(query, 0);
		count++;
		write_row(listing, &out, query);
	}
	json_out_close(&out, ']');
	json_out_key(&out, "next");
	if (count == size)
		json_out_number(&out, last);
	else
		json_out_text(&out, NULL);
	json_out_close(&out, '}');
	if (err != ERR_NOT_FOUND || out.err != ERR_NONE) {
		http_fail(call, out.err != ERR_NONE ? out.err : err, listing->member);
		return;
	}
	call->reply.status = 200;
	call->reply.type = "application/json";
}

void
listing_answer(struct http_call *call, const struct listing *listing)
{
	struct worker *worker = call->worker;
	uint64_t before = INT64_MAX;
	uint64_t size = 50;
	enum listing_scope scope;
	struct actor actor;
	int64_t person;

	if (actor_read(call, &actor) != ERR_NONE ||
	    http_call_query_number(call, "before", 1, INT64_MAX, &before) != ERR_NONE ||
	    http_call_query_number(call, "size", 1, SIZE_MAX_ROWS, &size) != ERR_NONE ||
	    choose_scope(call, &actor, &scope, &person) != ERR_NONE)
		return;
	sqlite3_stmt *query = sql_query(worker->sql, listing->sql[scope]);
	if (actor_is_staff(&actor))
		sql_bind_number(query, 1, actor.body);
	sql_bind_number(query, 2, (int64_t)before);
	if (person != 0)
		sql_bind_number(query, 3, person);
	sql_bind_number(query, 4, (int64_t)size);
	write_page(call, listing, query, size);
}

void
listing_answer_one(
    struct http_call *call, const struct listing *listing, int64_t number, unsigned status)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query = sql_query(worker->sql, listing->sql[LISTING_ONE]);
	struct json_out out;
	enum err err;

	sql_bind_number(query, 2, number);
	err = sql_step(query);
	if (err == ERR_NONE) {
		json_out_init(&out, &call->reply.body);
		write_row(listing, &out, query);
		sql_done(query);
		err = out.err;
	}
	if (err != ERR_NONE) {
		http_fail(call, err, listing->member);
		return;
	}
	call->reply.status = status;
	call->reply.type = "application/json";
}

enum err
listing_path_number(struct http_call *call, int64_t *ret_number)
{
	const char *text = call->parts[0];
	char *end;
	long long number = strtoll(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number <= 0 || number == INT64_MAX) {
		http_not_found(call, "The number in the address is none.");
		return ERR_NOT_FOUND;
	}
	*ret_number = number;
	return ERR_NONE;
}

enum err
listing_write_end(struct http_call *call, sqlite3_stmt *query, int64_t *ret_number)
{
	struct worker *worker = call->worker;
	enum err err = sql_step(query);
	int64_t number = 0;

	if (err == ERR_NONE) {
		number = sql_number(query, 0);
		/* RETURNING gives its row before the statement is through; see it through. */
		err = sql_do(query);
	}
	err = service_write_end(worker->service, err);
	if (err == ERR_NONE)
		*ret_number = number;
	return err;
}
