/* entries: handlers. An entry follows an accepted quote; attendance is hours a week. */
#include "services/training/entries.h"

#include <stdlib.h>

#include "services/http/fields.h"
#include "services/http/problem.h"
#include "services/training/actor.h"
#include "services/training/listing.h"

static void
write_entry(struct json_out *out, sqlite3_stmt *row)
{
	json_out_member_number(out, "quote", sql_number(row, LISTING_REST));
	json_out_member(out, "starts_on", sql_text(row, LISTING_REST + 1));
	json_out_member(out, "declared_at", sql_text(row, LISTING_REST + 2));
}

static const struct listing entries = {
	.member = "entries",
	.sql = LISTING_SQL("SELECT " LISTING_COLUMNS
	                   ", t.quote, t.starts_on, t.declared_at FROM entry t" LISTING_JOINS, ""),
	.write = write_entry,
};

enum field { FIELD_QUOTE = 0, FIELD_STARTS_ON, FIELD_MAX };

static const struct http_field fields[FIELD_MAX] = {
	[FIELD_QUOTE] = {.name = "quote", .kind = HTTP_FIELD_NUMBER, .min = 1, .max = INT64_MAX},
	[FIELD_STARTS_ON] = {.name = "starts_on", .kind = HTTP_FIELD_DATE},
};

enum week_field { WEEK_FIELD_WEEK = 0, WEEK_FIELD_HOURS, WEEK_FIELD_MAX };

static const struct http_field week_fields[WEEK_FIELD_MAX] = {
	[WEEK_FIELD_WEEK] = {.name = "week", .kind = HTTP_FIELD_DATE},
	[WEEK_FIELD_HOURS] = {.name = "hours", .kind = HTTP_FIELD_NUMBER, .max = 48},
};

void
entries_list(struct http_call *call)
{
	listing_answer(call, &entries);
}

static enum err
insert(struct http_call *call, const struct actor *actor, const struct http_values *values,
    int64_t *ret_number)
{
	static const char text[] =
	    "INSERT INTO entry(quote, person, body, training, starts_on, declared_at, declared_by)"
	    " SELECT number, person, body, training, ?3, ?4, ?5 FROM quote"
	    " WHERE number = ?1 AND body = ?2 AND state = 'accepted' RETURNING number";
	struct worker *worker = call->worker;
	struct sql *sql;
	char now[25];
	enum err err = service_write_begin(worker->service, &sql);

	if (err != ERR_NONE)
		return err;
	sqlite3_stmt *query = sql_query(sql, text);
	service_now(worker->service, now);
	sql_bind_number(query, 1, values->of[FIELD_QUOTE].number);
	sql_bind_number(query, 2, actor->body);
	sql_bind_text(query, 3, values->of[FIELD_STARTS_ON].text);
	sql_bind_text(query, 4, now);
	sql_bind_text(query, 5, actor->identity.login);
	return listing_write_end(call, query, ret_number);
}

void
entries_create(struct http_call *call)
{
	struct http_values values;
	struct actor actor;
	int64_t number;
	enum err err;

	if (actor_read(call, &actor) != ERR_NONE || actor_require_staff(call, &actor) != ERR_NONE ||
	    http_fields_read(call, fields, FIELD_MAX, &values) != ERR_NONE)
		return;
	err = insert(call, &actor, &values, &number);
	http_fields_free(&values);
	if (err == ERR_NOT_FOUND)
		http_not_found(call, "The training body has no such quote that the job seeker accepted.");
	else if (err == ERR_EXISTS)
		http_problem(call, 409, "declared", "The entry is declared already",
		    "There is one entry for each quote.");
	else if (err != ERR_NONE)
		http_fail(call, err, "entry");
	else
		listing_answer_one(call, &entries, number, 201);
}

/* Zeller's congruence for a valid date: true on Mondays. */
static bool
is_monday(const char *date)
{
	int year = atoi(date);
	int month = atoi(date + 5);
	int day = atoi(date + 8);

	if (month < 3) {
		month += 12;
		year--;
	}
	return (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400) % 7 == 2;
}

/* The entry of the path, where it is the actor's to see; else the answer is 404. */
static enum err
find_entry(struct http_call *call, const struct actor *actor, int64_t *ret_number)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query = sql_query(worker->sql, "SELECT body, person FROM entry WHERE number = ?");
	int64_t number;
	enum err err = listing_path_number(call, &number);

	if (err != ERR_NONE)
		return err;
	sql_bind_number(query, 1, number);
	err = sql_step(query);
	if (err == ERR_NONE) {
		bool own = (actor->body == 0 || sql_number(query, 0) == actor->body) &&
		    (actor->person == 0 || sql_number(query, 1) == actor->person);
		sql_done(query);
		err = own ? ERR_NONE : ERR_NOT_FOUND;
	}
	if (err == ERR_NONE)
		*ret_number = number;
	else
		http_not_found(call, "There is no such entry for this account.");
	return err;
}

static void
answer_weeks(struct http_call *call, int64_t entry, unsigned status)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query =
	    sql_query(worker->sql, "SELECT week, hours FROM attendance WHERE entry = ? ORDER BY week");
	struct json_out out;
	enum err err;

	sql_bind_number(query, 1, entry);
	json_out_init(&out, &call->reply.body);
	json_out_open(&out, '{');
	json_out_member_number(&out, "entry", entry);
	json_out_key(&out, "weeks");
	json_out_open(&out, '[');
	while ((err = sql_step(query)) == ERR_NONE) {
		json_out_open(&out, '{');
		json_out_member(&out, "week", sql_text(query, 0));
		json_out_member_number(&out, "hours", sql_number(query, 1));
		json_out_close(&out, '}');
	}
	json_out_close(&out, ']');
	json_out_close(&out, '}');
	if (err != ERR_NOT_FOUND || out.err != ERR_NONE) {
		http_fail(call, out.err != ERR_NONE ? out.err : err, "attendance");
		return;
	}
	call->reply.status = status;
	call->reply.type = "application/json";
}

void
entries_attendance(struct http_call *call)
{
	struct actor actor;
	int64_t entry;

	if (actor_read(call, &actor) == ERR_NONE && find_entry(call, &actor, &entry) == ERR_NONE)
		answer_weeks(call, entry, 200);
}

static enum err
record_week(struct http_call *call, int64_t entry, const struct http_values *values)
{
	static const char text[] = "INSERT INTO attendance(entry, week, hours) VALUES(?,?,?)"
	                           " ON CONFLICT(entry, week) DO UPDATE SET hours = excluded.hours";
	struct worker *worker = call->worker;
	struct sql *sql;
	enum err err = service_write_begin(worker->service, &sql);

	if (err != ERR_NONE)
		return err;
	sqlite3_stmt *query = sql_query(sql, text);
	sql_bind_number(query, 1, entry);
	sql_bind_text(query, 2, values->of[WEEK_FIELD_WEEK].text);
	sql_bind_number(query, 3, values->of[WEEK_FIELD_HOURS].number);
	return service_write_end(worker->service, sql_do(query));
}

void
entries_attendance_record(struct http_call *call)
{
	struct http_values values;
	struct actor actor;
	int64_t entry;
	enum err err;

	if (actor_read(call, &actor) != ERR_NONE || actor_require_staff(call, &actor) != ERR_NONE ||
	    find_entry(call, &actor, &entry) != ERR_NONE ||
	    http_fields_read(call, week_fields, WEEK_FIELD_MAX, &values) != ERR_NONE)
		return;
	if (!is_monday(values.of[WEEK_FIELD_WEEK].text)) {
		http_problem(call, 422, "invalid", "The request holds something that is not possible",
		    "week: must be a Monday.");
	} else {
		err = record_week(call, entry, &values);
		if (err == ERR_NONE)
			answer_weeks(call, entry, 201);
		else
			http_fail(call, err, "attendance");
	}
	http_fields_free(&values);
}
