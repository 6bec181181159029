/*
 * people: handlers. Lists are slices of a roster; each record is then one look-up
 * by row number, so the depth of a page does not matter.
 */
#include "services/training/people.h"

#include <stdlib.h>
#include <string.h>

#include "services/http/problem.h"
#include "services/training/actor.h"
#include "services/training/person.h"
#include "services/training/roster.h"

#define SIZE_DEFAULT 50
#define SIZE_MOST 200
#define ROW_BYTES 420 /* about what one row of a list takes */
#define CHUNK_BYTES (48 * 1024)

static const char by_number[] = "SELECT " PERSON_COLUMNS " FROM person p WHERE p.number = ?";

struct page {
	uint64_t number; /* from 1 */
	uint64_t size;
};

/* An export on its way. */
struct export {
	struct roster_cache *cache;
	struct roster *roster;
	uint32_t at;
	bool has_head;
};

/* A statement that holds the row of `person`, ERR_NOT_FOUND where it is gone. */
static enum err
read_person(struct sql *sql, int64_t person, sqlite3_stmt **ret_row)
{
	sqlite3_stmt *query = sql_query(sql, by_number);
	enum err err;

	sql_bind_number(query, 1, person);
	err = sql_step(query);
	if (err == ERR_NONE)
		*ret_row = query;
	return err;
}

static void
write_access(struct json_out *out, struct http_call *call, const struct actor *actor)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query = sql_query(worker->sql, "SELECT key, name FROM body WHERE number = ?");

	sql_bind_number(query, 1, actor->body);
	json_out_key(out, "organisation");
	if (actor->body != 0 && sql_step(query) == ERR_NONE) {
		json_out_open(out, '{');
		json_out_member(out, "key", sql_text(query, 0));
		json_out_member(out, "name", sql_text(query, 1));
		json_out_close(out, '}');
		sql_done(query);
	} else {
		json_out_text(out, NULL);
	}
	json_out_member(out, "person",
	    actor->profile == PROFILE_JOBSEEKER ? actor->identity.person : NULL);
	json_out_member(out, "access", actor->open ? "open" : "caseload");
}

void
people_me(struct http_call *call)
{
	struct actor actor;
	struct json_out out;

	if (actor_read(call, &actor) != ERR_NONE)
		return;
	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	json_out_member(&out, "login", actor.identity.login);
	json_out_member(&out, "name",
	    actor.identity.name[0] != '\0' ? actor.identity.name : actor.identity.login);
	json_out_member(&out, "profile", actor_profile_name(actor.profile));
	write_access(&out, call, &actor);
	json_out_close(&out, '}');
	call->reply.status = 200;
	call->reply.type = "application/json";
	if (out.err != ERR_NONE)
		http_fail(call, out.err, "me");
}

static enum err
read_roster(struct http_call *call, struct roster **ret_roster)
{
	struct worker *worker = call->worker;
	const char *query = http_call_query(call, "query");
	struct actor actor;
	enum err err = actor_read(call, &actor);

	if (err != ERR_NONE)
		return err;
	if (actor.profile == PROFILE_JOBSEEKER) {
		http_forbidden(call, "not-staff", "A job seeker sees the own record only.");
		return ERR_DENIED;
	}
	err = roster_get(service_rosters(worker->service), worker->sql, actor_caseload(&actor),
	    query == NULL ? "" : query, ret_roster);
	if (err != ERR_NONE)
		http_fail(call, err, "list of people");
	return err;
}

static enum err
write_people(
    struct json_out *out, struct sql *sql, const struct roster *roster, const struct page *page)
{
	uint64_t first = (page->number - 1) * page->size;
	enum err err = ERR_NONE;

	for (uint64_t i = first; err == ERR_NONE && i < first + page->size && i < roster->count; i++) {
		sqlite3_stmt *row;
		err = read_person(sql, roster->person[i], &row);
		if (err == ERR_NONE) {
			person_write_json(out, row, false);
			sql_done(row);
			err = out->err;
		}
	}
	return err;
}

static void
write_list(struct http_call *call, const struct roster *roster, const struct page *page)
{
	struct worker *worker = call->worker;
	uint64_t pages = (roster->count + page->size - 1) / page->size;
	struct json_out out;
	enum err err;

	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	json_out_key(&out, "people");
	json_out_open(&out, '[');
	err = bytes_reserve(&call->reply.body, ROW_BYTES * page->size);
	if (err == ERR_NONE)
		err = sql_begin_read(worker->sql);
	if (err == ERR_NONE) {
		err = write_people(&out, worker->sql, roster, page);
		sql_end_read(worker->sql);
	}
	json_out_close(&out, ']');
	json_out_member_number(&out, "page", (int64_t)page->number);
	json_out_member_number(&out, "pages", pages == 0 ? 1 : (int64_t)pages);
	json_out_member_number(&out, "total", roster->count);
	json_out_close(&out, '}');
	if (err == ERR_NONE)
		err = out.err;
	if (err != ERR_NONE) {
		http_fail(call, err, "list of people");
		return;
	}
	call->reply.status = 200;
	call->reply.type = "application/json";
}

void
people_list(struct http_call *call)
{
	struct worker *worker = call->worker;
	struct page page = {1, SIZE_DEFAULT};
	struct roster *roster;

	if (http_call_query_number(call, "page", 1, UINT32_MAX, &page.number) != ERR_NONE ||
	    http_call_query_number(call, "size", 1, SIZE_MOST, &page.size) != ERR_NONE ||
	    read_roster(call, &roster) != ERR_NONE)
		return;
	write_list(call, roster, &page);
	roster_release(service_rosters(worker->service), roster);
}

void
people_record(struct http_call *call)
{
	struct worker *worker = call->worker;
	struct actor actor;
	struct json_out out;
	sqlite3_stmt *row;
	int64_t person;
	enum err err;

	if (actor_read(call, &actor) != ERR_NONE ||
	    actor_find_person(call, &actor, call->parts[0], &person) != ERR_NONE)
		return;
	err = read_person(worker->sql, person, &row);
	if (err == ERR_NONE) {
		json_out_init(&out, &call->reply.body);
		person_write_json(&out, row, true);
		sql_done(row);
		err = out.err;
	}
	if (err != ERR_NONE) {
		http_fail(call, err, "record");
		return;
	}
	call->reply.status = 200;
	call->reply.type = "application/json";
}

static enum err
export_next(void *context, void *thread, struct bytes *chunk, bool *ret_end)
{
	struct export *export = context;
	struct worker *worker = thread;
	enum err err = ERR_NONE;

	if (!export->has_head)
		err = person_write_csv_head(chunk);
	export->has_head = true;
	if (err == ERR_NONE)
		err = sql_begin_read(worker->sql);
	if (err != ERR_NONE)
		return err;
	while (err == ERR_NONE && export->at < export->roster->count && chunk->len < CHUNK_BYTES) {
		sqlite3_stmt *row;
		err = read_person(worker->sql, export->roster->person[export->at++], &row);
		if (err == ERR_NONE) {
			err = person_write_csv(chunk, row);
			sql_done(row);
		}
	}
	sql_end_read(worker->sql);
	*ret_end = export->at == export->roster->count;
	return err;
}

static void
export_close(void *context)
{
	struct export *export = context;

	roster_release(export->cache, export->roster);
	free(export);
}

void
people_export(struct http_call *call)
{
	struct worker *worker = call->worker;
	struct export *export;
	struct roster *roster;

	if (read_roster(call, &roster) != ERR_NONE)
		return;
	export = calloc(1, sizeof(*export));
	if (export == NULL) {
		roster_release(service_rosters(worker->service), roster);
		http_fail(call, ERR_NOMEM, "export");
		return;
	}
	export->cache = service_rosters(worker->service);
	export->roster = roster;
	call->reply.stream = (struct http_stream){export_next, export_close, export};
	call->reply.status = 200;
	call->reply.type = "text/csv; charset=utf-8; header=present";
	http_reply_header(call, "Content-Disposition", "attachment; filename=\"people.csv\"");
}
