/* actor: reads the identity and two small look-ups on the thread's connection. */
#include "services/training/actor.h"

#include <string.h>

#include "services/http/problem.h"
#include "services/sql/sql.h"
#include "services/training/fold.h"

static const char *const profiles[PROFILE_MAX] = {
	[PROFILE_AGENT] = "agent",
	[PROFILE_PARTNER] = "partner",
	[PROFILE_MANAGER] = "manager",
	[PROFILE_JOBSEEKER] = "jobseeker",
};

const char *
actor_profile_name(enum profile profile)
{
	return profiles[profile];
}

bool
actor_is_staff(const struct actor *actor)
{
	return actor->profile == PROFILE_PARTNER || actor->profile == PROFILE_MANAGER;
}

int64_t
actor_caseload(const struct actor *actor)
{
	return actor_is_staff(actor) && !actor->open ? actor->body : 0;
}

static enum err
find_number(struct http_call *call, const char *sql, const char *key, int64_t *ret_number)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query = sql_query(worker->sql, sql);
	enum err err;

	sql_bind_text(query, 1, key);
	err = sql_step(query);
	if (err == ERR_NONE) {
		*ret_number = sql_number(query, 0);
		sql_done(query);
	}
	return err;
}

static enum err
refuse(struct http_call *call, enum err err, const char *name, const char *detail)
{
	if (err == ERR_NOT_FOUND)
		http_forbidden(call, name, detail);
	else
		http_fail(call, err, name);
	return ERR_DENIED;
}

static enum err
read_belonging(struct http_call *call, struct actor *actor)
{
	enum err err = ERR_NONE;

	if (actor_is_staff(actor)) {
		err = find_number(call, "SELECT number FROM body WHERE key = ?",
		    actor->identity.organisation, &actor->body);
		if (err != ERR_NONE)
			return refuse(call, err, "unknown-organisation",
			    "The account belongs to no training body that is known here.");
	} else if (actor->profile == PROFILE_JOBSEEKER) {
		err = find_number(call, "SELECT number FROM person WHERE id = ?",
		    actor->identity.person, &actor->person);
		if (err != ERR_NONE)
			return refuse(call, err, "unknown-person",
			    "The account belongs to no job seeker who is known here.");
	}
	return ERR_NONE;
}

enum err
actor_read(struct http_call *call, struct actor *ret_actor)
{
	struct worker *worker = call->worker;
	struct actor actor = {.profile = PROFILE_MAX};
	enum err err = http_identity_read(call, &actor.identity);

	if (err != ERR_NONE)
		return err;
	actor.open = service_options(worker->service)->open;
	for (enum profile i = 0; i < PROFILE_MAX; i++)
		if (strcmp(actor.identity.profile, profiles[i]) == 0)
			actor.profile = i;
	if (actor.profile == PROFILE_MAX) {
		http_forbidden(call, "unknown-profile", "The account's profile is not known here.");
		return ERR_DENIED;
	}
	err = read_belonging(call, &actor);
	if (err != ERR_NONE)
		return err;
	*ret_actor = actor;
	return ERR_NONE;
}

enum err
actor_require_staff(struct http_call *call, const struct actor *actor)
{
	if (actor_is_staff(actor))
		return ERR_NONE;
	http_forbidden(call, "not-staff", "Only the staff of a training body may do this.");
	return ERR_DENIED;
}

static bool
is_enrolled(struct http_call *call, int64_t body, int64_t person)
{
	struct worker *worker = call->worker;
	sqlite3_stmt *query =
	    sql_query(worker->sql, "SELECT 1 FROM enrolment WHERE body = ? AND person = ?");

	sql_bind_number(query, 1, body);
	sql_bind_number(query, 2, person);
	if (sql_step(query) != ERR_NONE)
		return false;
	sql_done(query);
	return true;
}

enum err
actor_find_person(
    struct http_call *call, const struct actor *actor, const char *id, int64_t *ret_person)
{
	int64_t caseload = actor_caseload(actor);
	int64_t person = 0;
	enum err err = ERR_NOT_FOUND;

	if (fold_is_identifier(id))
		err = find_number(call, "SELECT number FROM person WHERE id = ?", id, &person);
	if (err != ERR_NONE && err != ERR_NOT_FOUND) {
		http_fail(call, err, "person");
		return err;
	}
	if (err == ERR_NONE && actor->profile == PROFILE_JOBSEEKER && person != actor->person)
		err = ERR_NOT_FOUND;
	if (err == ERR_NONE && caseload != 0 && !is_enrolled(call, caseload, person))
		err = ERR_NOT_FOUND;
	if (err != ERR_NONE) {
		http_not_found(call, "No such job seeker is followed by this account.");
		return err;
	}
	*ret_person = person;
	return ERR_NONE;
}
