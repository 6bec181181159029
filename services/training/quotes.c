/* quotes: handlers. Each change is one statement that names the state it leaves. */
#include "services/training/quotes.h"

#include "services/http/fields.h"
#include "services/http/problem.h"
#include "services/training/actor.h"
#include "services/training/listing.h"

static void
write_quote(struct json_out *out, sqlite3_stmt *row)
{
	json_out_member_number(out, "hours", sql_number(row, LISTING_REST));
	json_out_member_number(out, "amount_cents", sql_number(row, LISTING_REST + 1));
	json_out_member(out, "starts_on", sql_text(row, LISTING_REST + 2));
	json_out_member(out, "state", sql_text(row, LISTING_REST + 3));
	json_out_member(out, "created_at", sql_text(row, LISTING_REST + 4));
	json_out_member(out, "sent_at", sql_text(row, LISTING_REST + 5));
	json_out_member(out, "answered_at", sql_text(row, LISTING_REST + 6));
	json_out_key(out, "entry");
	if (sql_is_null(row, LISTING_REST + 7))
		json_out_text(out, NULL);
	else
		json_out_number(out, sql_number(row, LISTING_REST + 7));
}

static const struct listing quotes = {
	.member = "quotes",
	.sql = LISTING_SQL("SELECT " LISTING_COLUMNS
	                   ", t.hours, t.amount_cents, t.starts_on, t.state, t.created_at, t.sent_at,"
	                   " t.answered_at, e.number FROM quote t" LISTING_JOINS
	                   " LEFT JOIN entry e ON e.quote = t.number",
	    " AND t.state <> 'draft'"),
	.write = write_quote,
};

enum field { FIELD_ENROLMENT = 0, FIELD_HOURS, FIELD_AMOUNT, FIELD_STARTS_ON, FIELD_SEND, FIELD_MAX };

static const struct http_field fields[FIELD_MAX] = {
	[FIELD_ENROLMENT] = {.name = "enrolment", .kind = HTTP_FIELD_NUMBER, .min = 1, .max = INT64_MAX},
	[FIELD_HOURS] = {.name = "hours", .kind = HTTP_FIELD_NUMBER, .min = 1, .max = 5000},
	[FIELD_AMOUNT] = {.name = "amount_cents", .kind = HTTP_FIELD_NUMBER, .max = 100000000},
	[FIELD_STARTS_ON] = {.name = "starts_on", .kind = HTTP_FIELD_DATE},
	[FIELD_SEND] = {.name = "send", .kind = HTTP_FIELD_BOOL, .optional = true},
};

void
quotes_list(struct http_call *call)
{
	listing_answer(call, &quotes);
}

static enum err
insert(struct http_call *call, const struct actor *actor, const struct http_values *values,
    int64_t *ret_number)
{
	static const char text[] =
	    "INSERT INTO quote(enrolment, person, body, training, hours, amount_cents, starts_on, state,"
	    " created_at, created_by, sent_at) SELECT number, person, body, training, ?3, ?4, ?5,"
	    " iif(?6, 'sent', 'draft'), ?7, ?8, iif(?6, ?7, NULL) FROM enrolment"
	    " WHERE number = ?1 AND body = ?2 RETURNING number";
	struct worker *worker = call->worker;
	struct sql *sql;
	char now[25];
	enum err err = service_write_begin(worker->service, &sql);

	if (err != ERR_NONE)
		return err;
	sqlite3_stmt *query = sql_query(sql, text);
	service_now(worker->service, now);
	sql_bind_number(query, 1, values->of[FIELD_ENROLMENT].number);
	sql_bind_number(query, 2, actor->body);
	sql_bind_number(query, 3, values->of[FIELD_HOURS].number);
	sql_bind_number(query, 4, values->of[FIELD_AMOUNT].number);
	sql_bind_text(query, 5, values->of[FIELD_STARTS_ON].text);
	sql_bind_number(query, 6, values->of[FIELD_SEND].flag ? 1 : 0);
	sql_bind_text(query, 7, now);
	sql_bind_text(query, 8, actor->identity.login);
	return listing_write_end(call, query, ret_number);
}

void
quotes_create(struct http_call *call)
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
		http_not_found(call, "The training body has no such enrolment.");
	else if (err != ERR_NONE)
		http_fail(call, err, "quote");
	else
		listing_answer_one(call, &quotes, number, 201);
}

/* A change of state: ?1 the quote, ?2 whose it is, ?3 now. */
struct change {
	const char *update;
	const char *exists; /* whether it is theirs at all, in whatever state */
	const char *refusal;
};

static const struct change send = {
	"UPDATE quote SET state = 'sent', sent_at = ?3"
	" WHERE number = ?1 AND body = ?2 AND state = 'draft' RETURNING number",
	"SELECT 1 FROM quote WHERE number = ?1 AND body = ?2",
	"Only a draft can be sent.",
};

static const struct change accept = {
	"UPDATE quote SET state = 'accepted', answered_at = ?3"
	" WHERE number = ?1 AND person = ?2 AND state = 'sent' RETURNING number",
	"SELECT 1 FROM quote WHERE number = ?1 AND person = ?2 AND state <> 'draft'",
	"This quote has been answered already.",
};

static const struct change refuse = {
	"UPDATE quote SET state = 'refused', answered_at = ?3"
	" WHERE number = ?1 AND person = ?2 AND state = 'sent' RETURNING number",
	"SELECT 1 FROM quote WHERE number = ?1 AND person = ?2 AND state <> 'draft'",
	"This quote has been answered already.",
};

static enum err
apply(struct http_call *call, const struct change *change, int64_t number, int64_t owner)
{
	struct worker *worker = call->worker;
	struct sql *sql;
	char now[25];
	enum err err = service_write_begin(worker->service, &sql);

	if (err != ERR_NONE)
		return err;
	sqlite3_stmt *query = sql_query(sql, change->update);
	service_now(worker->service, now);
	sql_bind_number(query, 1, number);
	sql_bind_number(query, 2, owner);
	sql_bind_text(query, 3, now);
	return listing_write_end(call, query, &number);
}

static bool
is_theirs(struct http_call *call, const struct change *change, int64_t number, int64_t owner)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query = sql_query(worker->sql, change->exists);

	sql_bind_number(query, 1, number);
	sql_bind_number(query, 2, owner);
	if (sql_step(query) != ERR_NONE)
		return false;
	sql_done(query);
	return true;
}

static void
change_state(struct http_call *call, const struct change *change, int64_t owner)
{
	int64_t number;
	enum err err;

	if (listing_path_number(call, &number) != ERR_NONE)
		return;
	err = apply(call, change, number, owner);
	if (err == ERR_NONE)
		listing_answer_one(call, &quotes, number, 200);
	else if (err != ERR_NOT_FOUND)
		http_fail(call, err, "quote");
	else if (is_theirs(call, change, number, owner))
		http_problem(call, 409, "state", "The quote is past that step", change->refusal);
	else
		http_not_found(call, "There is no such quote for this account.");
}

void
quotes_send(struct http_call *call)
{
	struct actor actor;

	if (actor_read(call, &actor) == ERR_NONE && actor_require_staff(call, &actor) == ERR_NONE)
		change_state(call, &send, actor.body);
}

static void
answer_quote(struct http_call *call, const struct change *change)
{
	struct actor actor;

	if (actor_read(call, &actor) != ERR_NONE)
		return;
	if (actor.profile != PROFILE_JOBSEEKER)
		http_forbidden(call, "not-job-seeker", "Only the job seeker answers a quote.");
	else
		change_state(call, change, actor.person);
}

void
quotes_accept(struct http_call *call)
{
	answer_quote(call, &accept);
}

void
quotes_refuse(struct http_call *call)
{
	answer_quote(call, &refuse);
}
