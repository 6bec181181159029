/* enrolments: handlers. Creating one changes a caseload, so its rosters go. */
#include "services/training/enrolments.h"

#include "services/http/fields.h"
#include "services/http/problem.h"
#include "services/training/actor.h"
#include "services/training/listing.h"

static void
write_enrolment(struct json_out *out, sqlite3_stmt *row)
{
	json_out_member(out, "enrolled_on", sql_text(row, LISTING_REST));
}

static const struct listing enrolments = {
	.member = "enrolments",
	.sql = LISTING_SQL(
	    "SELECT " LISTING_COLUMNS ", t.enrolled_on FROM enrolment t" LISTING_JOINS, ""),
	.write = write_enrolment,
};

enum field { FIELD_PERSON = 0, FIELD_TRAINING, FIELD_BIRTH_DATE, FIELD_MAX };

static const struct http_field fields[FIELD_MAX] = {
	[FIELD_PERSON] = {.name = "person", .min = 8, .max = 8},
	[FIELD_TRAINING] = {.name = "training", .kind = HTTP_FIELD_NUMBER, .min = 1, .max = INT64_MAX},
	[FIELD_BIRTH_DATE] = {.name = "birth_date", .kind = HTTP_FIELD_DATE, .optional = true},
};

void
enrolments_list(struct http_call *call)
{
	listing_answer(call, &enrolments);
}

/*
 * A body may enrol who has come to it: it then knows identifier and birth date.
 * Without the second, enrolling would be a way to read anybody's record.
 */
static enum err
find_newcomer(struct http_call *call, const struct actor *actor, const struct http_values *values,
    int64_t *ret_person)
{
	struct worker *worker = call->worker;
	const char *birth_date = values->of[FIELD_BIRTH_DATE].text;
	sqlite3_stmt *query;
	enum err err;

	if (!actor_is_staff(actor) || birth_date == NULL)
		return actor_find_person(call, actor, values->of[FIELD_PERSON].text, ret_person);
	query = sql_query(worker->sql, "SELECT number FROM person WHERE id = ? AND birth_date = ?");
	sql_bind_text(query, 1, values->of[FIELD_PERSON].text);
	sql_bind_text(query, 2, birth_date);
	err = sql_step(query);
	if (err == ERR_NONE) {
		*ret_person = sql_number(query, 0);
		sql_done(query);
	} else {
		http_not_found(call, "No job seeker has this identifier and this birth date.");
	}
	return err;
}

static enum err
find_training(
    struct http_call *call, const struct actor *actor, int64_t training, int64_t *ret_body)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query = sql_query(worker->sql, "SELECT body FROM training WHERE number = ?");
	int64_t body = 0;

	sql_bind_number(query, 1, training);
	if (sql_step(query) == ERR_NONE) {
		body = sql_number(query, 0);
		sql_done(query);
	}
	if (body == 0 || (actor_is_staff(actor) && body != actor->body)) {
		http_not_found(call, "The training body offers no such training.");
		return ERR_NOT_FOUND;
	}
	*ret_body = body;
	return ERR_NONE;
}

static void
insert(struct http_call *call, const struct actor *actor, int64_t person, int64_t body,
    int64_t training)
{
	struct worker *worker = call->worker;
	struct sql *sql;
	char today[11];
	int64_t number;
	enum err err = service_write_begin(worker->service, &sql);

	if (err == ERR_NONE) {
		sqlite3_stmt *query = sql_query(sql,
		    "INSERT INTO enrolment(person, body, training, enrolled_on, enrolled_by)"
		    " VALUES(?,?,?,?,?) RETURNING number");
		service_today(worker->service, today);
		sql_bind_number(query, 1, person);
		sql_bind_number(query, 2, body);
		sql_bind_number(query, 3, training);
		sql_bind_text(query, 4, today);
		sql_bind_text(query, 5, actor->identity.login);
		err = listing_write_end(call, query, &number);
	}
	if (err == ERR_EXISTS) {
		http_problem(call, 409, "enrolled", "The job seeker is enrolled already",
		    "There is an enrolment in this training.");
		return;
	}
	if (err != ERR_NONE) {
		http_fail(call, err, "enrolment");
		return;
	}
	roster_forget(service_rosters(worker->service), body);
	listing_answer_one(call, &enrolments, number, 201);
}

void
enrolments_create(struct http_call *call)
{
	struct http_values values;
	struct actor actor;
	int64_t person;
	int64_t body;

	if (actor_read(call, &actor) != ERR_NONE)
		return;
	if (actor.profile == PROFILE_JOBSEEKER) {
		http_forbidden(call, "not-staff", "The agency or the training body enrols job seekers.");
		return;
	}
	if (http_fields_read(call, fields, FIELD_MAX, &values) != ERR_NONE)
		return;
	int64_t training = values.of[FIELD_TRAINING].number;
	if (find_training(call, &actor, training, &body) == ERR_NONE &&
	    find_newcomer(call, &actor, &values, &person) == ERR_NONE)
		insert(call, &actor, person, body, training);
	http_fields_free(&values);
}
