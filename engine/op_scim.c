/* op_scim: accounts that platforms create; who created them is their lineage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/ops.h"
#include "engine/people.h"
#include "signin/password.h"

#define TOKEN_MAX 256

/* The platform's token against the file's, in a time that tells nothing; refuses the call. */
static bool
authorised(struct engine *engine, struct op_call *call)
{
	const char *file = engine->config->scim_token_file;
	const char *bearer;
	struct bytes token;
	bool same = false;

	if (!op_text(call, "bearer", TOKEN_MAX, &bearer))
		return false;
	bytes_init(&token, TOKEN_MAX + 2);
	if (file != NULL && file_read_secret(file, &token) == ERR_NONE) {
		while (token.len > 0 && (token.data[token.len - 1] == '\n' || token.data[token.len - 1] == ' '))
			token.len--;
		same = token.len >= 16 && token.len == strlen(bearer) && bytes_equal_secret(token.data, bearer, token.len);
	}
	bytes_wipe(&token);
	if (!same)
		op_refuse(call, ERR_DENIED, "the token is not the one of scim_token_file");
	return same;
}

static json_t *
user_json(const struct store_identity *identity)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "%u", identity->number);
	return json_pack("{s{ss ss ss ss sb sI}}", "user", "id", id, "userName", identity->login,
	    "displayName", identity->name, "externalId", identity->subject, "active", identity->suspended_us == 0,
	    "created_us", (json_int_t)identity->created_us);
}

/* SCIM's names (RFC 7643 section 4.1) to ours. A new reference, or NULL with *why. */
static json_t *
translate(json_t *user, const char **why)
{
	static const struct {
		const char *from;
		const char *to;
	} names[] = { { "userName", "login" }, { "displayName", "name" }, { "profile", "profile" },
		{ "organisation", "organisation" }, { "territory", "territory" }, { "person", "person" },
		{ "manager", "created_by" } };
	json_t *ours = json_object();
	const char *key;
	json_t *value;

	json_object_foreach(user, key, value) {
		bool known = strcmp(key, "externalId") == 0 || strcmp(key, "active") == 0 || strcmp(key, "password") == 0;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcmp(key, names[i].from) == 0)
				known = json_object_set(ours, names[i].to, value) == 0;
		if (!known) {
			*why = "user has a member that is not known here";
			json_decref(ours);
			return NULL;
		}
	}
	return ours;
}

/* An account on its way through the pool, where its first password is hashed. */
struct creation {
	struct people_new person;
	char password[PASSWORD_LEN_MAX + 1];
	enum err err;
};

static void
creation_free(struct creation *job)
{
	bytes_zero(job, sizeof(*job));
	free(job);
}

/* On a pool thread. */
static void
create_work(void *context)
{
	struct creation *job = context;

	job->err = password_hash(job->password, strlen(job->password), &password_cost_default, job->person.password_hash);
}

static void
create_done(struct engine *engine, struct op_call *call, void *context)
{
	struct creation *job = context;
	const char *why = "the password could not be hashed";
	enum err err = job->err;

	if (err == ERR_NONE)
		err = people_add(engine, &job->person, &why);
	if (err == ERR_NONE) {
		log_info("account %u was created by the platform", job->person.identity.number);
		op_answer(call, user_json(&job->person.identity));
	} else
		op_refuse(call, err, "%s", why);
	creation_free(job);
}

/* Read the first password, which may be absent: the account then cannot sign in with one. */
static enum err
read_password(json_t *user, struct creation *job, const char **why)
{
	json_t *value = json_object_get(user, "password");
	const char *text = json_string_value(value);
	enum err err;

	if (value == NULL || json_is_null(value))
		return ERR_NONE;
	*why = "password must be a text";
	if (text == NULL || strlen(text) != json_string_length(value))
		return ERR_USAGE;
	err = password_check_choice(text, strlen(text), job->person.identity.login, why);
	if (err == ERR_NONE)
		memcpy(job->password, text, strlen(text) + 1);
	return err;
}

static enum err
read_user(struct engine *engine, json_t *user, struct creation *job, const char **why)
{
	json_t *ours = NULL;
	enum err err = ERR_USAGE;

	*why = "user must be an object";
	if (json_is_object(user))
		ours = translate(user, why);
	if (ours != NULL)
		err = people_read(engine, ours, &job->person, why);
	json_decref(ours);
	if (err == ERR_NONE && json_is_false(json_object_get(user, "active")))
		job->person.identity.suspended_us = engine_now_us(engine);
	return err == ERR_NONE ? read_password(user, job, why) : err;
}

static void
run_create(struct engine *engine, struct op_call *call)
{
	struct creation *job;
	const char *why = "";
	enum err err;

	if (!authorised(engine, call))
		return;
	job = calloc(1, sizeof(*job));
	if (job == NULL) {
		op_refuse(call, ERR_NOMEM, "no memory");
		return;
	}
	err = read_user(engine, json_object_get(op_request(call), "user"), job, &why);
	if (err != ERR_NONE) {
		op_refuse(call, err, "%s", why);
		creation_free(job);
	} else if (job->password[0] == '\0')
		create_done(engine, call, job);
	else if (!op_defer(engine, call, create_work, create_done, job))
		creation_free(job);
}

/* The identity of `user_id`, a text of digits as SCIM has it; refuses the call. */
static bool
find(struct engine *engine, struct op_call *call, struct store_identity *identity)
{
	const char *id;
	char *end;
	unsigned long number;

	if (!authorised(engine, call) || !op_text(call, "user_id", 10, &id))
		return false;
	number = strtoul(id, &end, 10);
	if (*end == '\0' && number <= UINT32_MAX &&
	    store_identity_get(engine->store, (uint32_t)number, identity) == ERR_NONE)
		return true;
	op_refuse(call, ERR_NOT_FOUND, "there is no such user");
	return false;
}

static void
run_show(struct engine *engine, struct op_call *call)
{
	struct store_identity identity;

	if (find(engine, call, &identity))
		op_answer(call, user_json(&identity));
}

static void
run_active(struct engine *engine, struct op_call *call)
{
	struct store_identity identity;
	uint32_t ended;
	bool active;

	if (!find(engine, call, &identity) || !op_bool_optional(call, "active", &active))
		return;
	if (people_suspend(engine, &identity, !active, NULL, "SCIM", &ended) != ERR_NONE) {
		op_refuse(call, ERR_IO, "that could not be stored");
		return;
	}
	identity.suspended_us = active ? 0 : engine_now_us(engine);
	op_answer(call, user_json(&identity));
}

const struct op ops_scim[] = {
	{ "scim.create", OP_WEB, "bearer user", run_create },
	{ "scim.show", OP_WEB, "bearer user_id", run_show },
	{ "scim.active", OP_WEB, "bearer user_id active", run_active },
	{ 0 },
};
