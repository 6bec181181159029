/* op_identity: identities and organisations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "engine/names.h"
#include "engine/ops.h"
#include "engine/password_job.h"
#include "engine/people.h"
#include "engine/scopes.h"
#include "engine/sessions.h"
#include "signin/password.h"
#include "signin/totp.h"

#define LIST_DEFAULT 1000u
#define SECOND_US 1000000ULL
#define SUSPECT_MAX_S (366u * 86400)

/* Secret and URI of a second factor, into an answer. */
static enum err
put_totp(struct engine *engine, const char *login, const uint8_t *secret, json_t *answer)
{
	struct bytes text, uri;
	enum err err;

	bytes_init(&text, 256);
	bytes_init(&uri, 1024);
	err = totp_append_base32(&text, secret);
	if (err == ERR_NONE)
		err = totp_append_uri(&uri, engine->config->service.name, login, secret);
	if (err == ERR_NONE &&
	    (json_object_set_new(answer, "totp_secret", json_stringn((const char *)text.data, text.len)) != 0 ||
	    json_object_set_new(answer, "totp_uri", json_stringn((const char *)uri.data, uri.len)) != 0))
		err = ERR_NOMEM;
	bytes_wipe(&text);
	bytes_wipe(&uri);
	return err;
}

static void
run_add(struct engine *engine, struct op_call *call)
{
	struct people_new person;
	const char *password;
	const char *why = "";
	json_t *answer;
	enum err err;

	if (!op_text_optional(call, "password", PASSWORD_LEN_MAX, &password))
		return;
	err = people_read(engine, op_request(call), &person, &why);
	if (err == ERR_NONE && password != NULL)
		err = password_check_choice(password, strlen(password), person.identity.login, &why);
	if (err == ERR_NONE)
		err = people_add(engine, &person, &why);
	answer = json_pack("{sI}", "identity", (json_int_t)person.identity.number);
	if (err == ERR_NONE && person.has_totp)
		err = put_totp(engine, person.identity.login, person.totp, answer);
	if (err != ERR_NONE) {
		json_decref(answer);
		op_refuse(call, err, "%s", why[0] != '\0' ? why : err_text(err));
	} else if (password != NULL)
		password_job_start(engine, call, person.identity.number, password, answer);
	else
		op_answer(call, answer);
	bytes_zero(&person, sizeof(person));
}

/* One that is misspelt would be lost without a word: a creator, for example, whose budget is to be shared. */
static bool
members_are_known(json_t *item)
{
	static const char *const known[] = { "login", "name", "idp", "subject", "profile", "organisation", "territory",
		"person", "created_by", "created_us", "password_hash", "totp" };
	const char *key;
	json_t *value;

	json_object_foreach(item, key, value) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found = found || strcmp(key, known[i]) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* All of a list or none; *ret_at is the place of the one that failed. */
static enum err
import_all(struct engine *engine, json_t *list, json_t *numbers, size_t *ret_at, const char **why)
{
	struct people_new person;
	json_t *item;
	size_t i;
	enum err err = store_begin(engine->store);

	*why = "the store could not be written";
	if (err != ERR_NONE)
		return err;
	json_array_foreach(list, i, item) {
		*ret_at = i;
		*why = "an identity has a member that is not known here";
		err = members_are_known(item) ? people_read(engine, item, &person, why) : ERR_USAGE;
		if (err == ERR_NONE)
			err = people_add(engine, &person, why);
		if (err == ERR_NONE && json_array_append_new(numbers, json_integer(person.identity.number)) != 0)
			err = ERR_NOMEM;
		if (err != ERR_NONE)
			break;
	}
	bytes_zero(&person, sizeof(person));
	if (err == ERR_NONE) {
		*why = "the store could not be written";
		err = store_commit(engine->store);
	} else
		store_rollback(engine->store);
	return err;
}

static void
run_import(struct engine *engine, struct op_call *call)
{
	json_t *list = json_object_get(op_request(call), "identities");
	json_t *numbers;
	const char *why = "";
	size_t at = 0;
	enum err err;

	if (!json_is_array(list)) {
		op_refuse(call, ERR_USAGE, "identities must be a list");
		return;
	}
	numbers = json_array();
	err = import_all(engine, list, numbers, &at, &why);
	if (err != ERR_NONE) {
		json_decref(numbers);
		op_refuse(call, err, "entry %zu: %s", at, why);
		return;
	}
	op_answer(call, json_pack("{sI so}", "added", (json_int_t)json_array_size(list), "numbers", numbers));
}

struct listing {
	struct op_listing base;
	struct engine *engine;
};

static bool
list_identity(void *context, const struct store_identity *identity)
{
	struct listing *listing = context;

	return op_listing_put(&listing->base, people_json(listing->engine, identity));
}

static void
run_list(struct engine *engine, struct op_call *call)
{
	struct listing listing = { .engine = engine };
	struct store_filter filter = { .limit = 0 };
	struct store_organisation organisation;
	const char *profile;
	uint64_t after, limit;

	if (!op_text_optional(call, "profile", STORE_NAME_TEXT_MAX - 1, &profile) ||
	    !op_text_optional(call, "query", 100, &filter.query) ||
	    !op_bool_optional(call, "suspended", &filter.suspended_only) ||
	    !op_number_optional(call, "after", UINT32_MAX, &after) ||
	    !op_number_optional(call, "limit", UINT32_MAX, &limit))
		return;
	if (op_has(call, "organisation")) {
		if (!names_op_organisation(engine, call, "organisation", &organisation))
			return;
		filter.organisation = organisation.number;
	}
	filter.after = (uint32_t)after;
	filter.limit = limit == 0 ? LIST_DEFAULT : (uint32_t)limit;
	/* A profile that nobody has matches nobody. */
	if (profile != NULL && store_name_find(engine->store, STORE_NAME_PROFILE, profile, &filter.profile) != ERR_NONE)
		filter.profile = UINT32_MAX;
	op_listing_begin(&listing.base, call);
	op_listing_end(&listing.base, store_identity_each(engine->store, &filter, list_identity, &listing));
}

struct tally {
	uint32_t identity;
	uint32_t sessions;
};

static bool
tally_session(void *context, const struct session_entry *entry)
{
	struct tally *tally = context;

	tally->sessions += entry->who.identity == tally->identity;
	return true;
}

static void
run_show(struct engine *engine, struct op_call *call)
{
	struct store_credential credential;
	struct store_identity identity;
	struct store_filter filter = { .limit = 0 };
	struct tally tally = { .sessions = 0 };
	uint64_t line = 1, organisations;
	json_t *shown;

	if (!names_op_identity(engine, call, "identity", &identity))
		return;
	filter.creator = identity.number;
	if (store_credential_get(engine->store, identity.number, &credential) != ERR_NONE ||
	    store_identity_count(engine->store, &filter, &line, &organisations) != ERR_NONE) {
		op_refuse(call, ERR_IO, "the store could not be read");
		return;
	}
	tally.identity = identity.number;
	sessions_each(engine, tally_session, &tally);
	shown = people_json(engine, &identity);
	if (shown == NULL || json_object_update_new(shown, json_pack("{sb sb sI sI}", "has_password",
	    credential.argon2[0] != '\0', "has_totp", credential.totp_secret_len > 0, "sessions",
	    (json_int_t)tally.sessions, "created", (json_int_t)line - 1)) != 0)
		op_refuse(call, ERR_NOMEM, "no memory");
	else
		op_answer(call, json_pack("{sO}", "identity", shown));
	json_decref(shown);
	bytes_zero(&credential, sizeof(credential));
}

static void
run_suspend(struct engine *engine, struct op_call *call)
{
	struct store_identity identity;
	const char *reason, *author;
	uint32_t ended = 0;
	enum err err;

	if (!names_op_identity(engine, call, "identity", &identity) ||
	    !op_text_optional(call, "reason", STORE_REASON_MAX - 1, &reason) ||
	    !op_text_optional(call, "author", STORE_TEXT_MAX - 1, &author))
		return;
	err = people_suspend(engine, &identity, true, author, reason, &ended);
	if (err != ERR_NONE)
		op_refuse(call, err, "the sessions have ended; the suspension could not be stored");
	else
		op_answer(call, json_pack("{sI sI}", "identity", (json_int_t)identity.number, "revoked", (json_int_t)ended));
}

static void
run_resume(struct engine *engine, struct op_call *call)
{
	struct store_identity identity;
	const char *author;
	uint32_t ended;
	enum err err;

	if (!names_op_identity(engine, call, "identity", &identity) ||
	    !op_text_optional(call, "author", STORE_TEXT_MAX - 1, &author))
		return;
	err = people_suspend(engine, &identity, false, author, "resumed", &ended);
	if (err != ERR_NONE)
		op_refuse(call, err, "that could not be stored");
	else
		op_answer(call, json_pack("{sI}", "identity", (json_int_t)identity.number));
}

static void
run_suspect(struct engine *engine, struct op_call *call)
{
	struct store_identity identity;
	uint64_t for_s, until_us;

	if (!names_op_identity(engine, call, "identity", &identity) || !op_number(call, "for_s", SUSPECT_MAX_S, &for_s))
		return;
	until_us = for_s == 0 ? 0 : engine_now_us(engine) + for_s * SECOND_US;
	if (store_identity_suspect(engine->store, identity.number, until_us) != ERR_NONE) {
		op_refuse(call, ERR_IO, "that could not be stored");
		return;
	}
	sessions_refresh_identity(engine, identity.number);
	op_answer(call, json_pack("{sI sI}", "identity", (json_int_t)identity.number, "suspect_until_us",
	    (json_int_t)until_us));
}

static void
run_set_password(struct engine *engine, struct op_call *call)
{
	struct store_identity identity;
	const char *password, *hash;
	const char *why = "";
	enum err err = ERR_NONE;

	if (!names_op_identity(engine, call, "identity", &identity) ||
	    !op_text_optional(call, "password", PASSWORD_LEN_MAX, &password) ||
	    !op_text_optional(call, "password_hash", PASSWORD_HASH_MAX - 1, &hash))
		return;
	if ((password == NULL) == (hash == NULL)) {
		op_refuse(call, ERR_USAGE, "name either password or password_hash");
		return;
	}
	if (password != NULL)
		err = password_check_choice(password, strlen(password), identity.login, &why);
	if (err != ERR_NONE) {
		op_refuse(call, err, "%s", why);
		return;
	}
	if (password != NULL) {
		password_job_start(engine, call, identity.number, password,
		    json_pack("{sI}", "identity", (json_int_t)identity.number));
		return;
	}
	if (strncmp(hash, "$argon2id$", 10) != 0) {
		op_refuse(call, ERR_FORMAT, "password_hash must be an Argon2id string");
		return;
	}
	password_job_store(engine, call, identity.number, hash, json_pack("{sI}", "identity", (json_int_t)identity.number));
}

static void
run_set_totp(struct engine *engine, struct op_call *call)
{
	struct store_identity identity;
	uint8_t secret[TOTP_SECRET_LEN];
	const char *text;
	json_t *answer;
	bool away;
	enum err err = ERR_NONE;

	if (!names_op_identity(engine, call, "identity", &identity) || !op_bool_optional(call, "remove", &away) ||
	    !op_text_optional(call, "secret", 64, &text))
		return;
	if (!away)
		err = text != NULL ? totp_from_base32(text, secret) : totp_secret_new(secret);
	if (err == ERR_NONE)
		err = store_credential_set_totp(engine->store, identity.number, secret, away ? 0 : sizeof(secret));
	answer = json_pack("{sI}", "identity", (json_int_t)identity.number);
	if (err == ERR_NONE && !away)
		err = put_totp(engine, identity.login, secret, answer);
	bytes_zero(secret, sizeof(secret));
	if (err == ERR_NONE)
		op_answer(call, answer);
	else {
		json_decref(answer);
		op_refuse(call, err, "%s",
		    err == ERR_FORMAT ? "secret must be 32 letters of base32" : "that could not be stored");
	}
}

const struct op ops_identity[] = {
	{ "identity.add", OP_OPERATOR,
	    "login name idp subject profile organisation territory person created_by created_us password password_hash"
	    " totp",
	    run_add },
	{ "identity.import", OP_OPERATOR, "identities", run_import },
	{ "identity.list", OP_OPERATOR, "organisation profile suspended query after limit", run_list },
	{ "identity.show", OP_OPERATOR, "identity", run_show },
	{ "identity.suspend", OP_OPERATOR, "identity reason author", run_suspend },
	{ "identity.resume", OP_OPERATOR, "identity author", run_resume },
	{ "identity.suspect", OP_OPERATOR, "identity for_s", run_suspect },
	{ "identity.set_password", OP_OPERATOR, "identity password password_hash", run_set_password },
	{ "identity.set_totp", OP_OPERATOR, "identity secret remove", run_set_totp },
	{ 0 },
};
