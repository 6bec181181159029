#include "engine/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/keeper.h"
#include "engine/sessions.h"

#define LOCAL "local"

struct text_field {
	const char *key;
	size_t offset;
	size_t size;
};

#define FIELD(key, member) { key, offsetof(struct store_identity, member), \
	sizeof(((struct store_identity *)NULL)->member) }

static const struct text_field text_fields[] = {
	FIELD("login", login), FIELD("name", name), FIELD("idp", provider), FIELD("subject", subject),
	FIELD("profile", profile), FIELD("territory", territory), FIELD("person", person),
};

/* Texts go to request headers and pages: no control characters, no blanks at the ends. */
static bool
clean(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len == 0 || (text[0] != ' ' && text[len - 1] != ' ');
}

static enum err
read_text(json_t *from, const struct text_field *field, struct store_identity *identity, const char **why)
{
	json_t *value = json_object_get(from, field->key);
	const char *text = json_string_value(value);
	char *out = (char *)identity + field->offset;

	out[0] = '\0';
	if (value == NULL || json_is_null(value))
		return ERR_NONE;
	*why = "login, name, idp, subject, profile, territory and person must be texts";
	if (text == NULL || strlen(text) != json_string_length(value))
		return ERR_USAGE;
	*why = "a text of the identity is too long";
	if (strlen(text) >= field->size)
		return ERR_RANGE;
	*why = "a text of the identity has control characters, or blanks at its ends";
	if (!clean(text))
		return ERR_FORMAT;
	memcpy(out, text, strlen(text) + 1);
	return ERR_NONE;
}

/* 0, which nobody has, where it is none of ours. */
static uint32_t
number_of(const json_t *value)
{
	json_int_t number = json_integer_value(value);

	return number < 0 || number > UINT32_MAX ? 0 : (uint32_t)number;
}

/* By number or key. */
static enum err
read_organisation(struct engine *engine, json_t *from, struct store_identity *identity, const char **why)
{
	json_t *value = json_object_get(from, "organisation");
	struct store_organisation organisation;
	enum err err;

	identity->organisation = 0;
	if (value == NULL || json_is_null(value))
		return ERR_NONE;
	*why = "organisation must be a number or a key";
	if (json_is_integer(value))
		err = store_organisation_get(engine->store, number_of(value), &organisation);
	else if (json_is_string(value))
		err = store_organisation_find(engine->store, json_string_value(value), &organisation);
	else
		return ERR_USAGE;
	if (err == ERR_NOT_FOUND)
		*why = "there is no such organisation";
	if (err == ERR_NONE)
		identity->organisation = organisation.number;
	return err;
}

/* A login, or the number in digits as SCIM has it. */
static enum err
find_creator(struct engine *engine, const char *text, struct store_identity *ret_creator)
{
	enum err err = store_identity_find_login(engine->store, text, ret_creator);
	unsigned long number;
	char *end;

	if (err != ERR_NOT_FOUND)
		return err;
	number = strtoul(text, &end, 10);
	if (*text == '\0' || *end != '\0' || number > UINT32_MAX)
		return ERR_NOT_FOUND;
	return store_identity_get(engine->store, (uint32_t)number, ret_creator);
}

/* How many creators stand before this one, itself included; PEOPLE_GENERATIONS_MAX: that many or more. */
static enum err
count_generations(struct engine *engine, const struct store_identity *creator, unsigned *ret_n)
{
	struct store_identity next = *creator;
	enum err err = ERR_NONE;
	unsigned n = 1;

	for (; n < PEOPLE_GENERATIONS_MAX && next.created_by != 0 && err == ERR_NONE; n++)
		err = store_identity_get(engine->store, next.created_by, &next);
	*ret_n = n;
	return err;
}

static enum err
read_creator(struct engine *engine, json_t *from, struct store_identity *identity, const char **why)
{
	json_t *value = json_object_get(from, "created_by");
	struct store_identity creator;
	unsigned generations = 0;
	enum err err;

	identity->created_by = 0;
	if (value == NULL || json_is_null(value))
		return ERR_NONE;
	*why = "created_by must be a number or a login";
	if (json_is_integer(value))
		err = store_identity_get(engine->store, number_of(value), &creator);
	else if (json_is_string(value))
		err = find_creator(engine, json_string_value(value), &creator);
	else
		return ERR_USAGE;
	if (err == ERR_NOT_FOUND)
		*why = "there is no such creator";
	if (err == ERR_NONE)
		err = count_generations(engine, &creator, &generations);
	if (err != ERR_NONE)
		return err;
	*why = "accounts created one another too many times in a row; an older account must create this one";
	if (generations >= PEOPLE_GENERATIONS_MAX)
		return ERR_RANGE;
	identity->created_by = creator.number;
	return ERR_NONE;
}

static enum err
read_secrets(json_t *from, struct people_new *person, const char **why)
{
	const char *hash = json_string_value(json_object_get(from, "password_hash"));
	json_t *totp = json_object_get(from, "totp");

	*why = "password_hash must be an Argon2id string";
	if (hash != NULL && (strncmp(hash, "$argon2id$", 10) != 0 || strlen(hash) >= sizeof(person->password_hash)))
		return ERR_FORMAT;
	if (hash != NULL)
		memcpy(person->password_hash, hash, strlen(hash) + 1);
	person->has_totp = json_is_true(totp) || json_is_string(totp);
	*why = "totp must be true or 32 letters of base32";
	if (json_is_true(totp))
		return totp_secret_new(person->totp);
	return json_is_string(totp) ? totp_from_base32(json_string_value(totp), person->totp) : ERR_NONE;
}

enum err
people_read(struct engine *engine, json_t *from, struct people_new *ret_person, const char **why)
{
	struct store_identity *identity = &ret_person->identity;
	json_t *created = json_object_get(from, "created_us");
	enum err err = ERR_NONE;

	memset(ret_person, 0, sizeof(*ret_person));
	*why = "an identity is an object";
	if (!json_is_object(from))
		return ERR_USAGE;
	for (size_t i = 0; i < sizeof(text_fields) / sizeof(text_fields[0]) && err == ERR_NONE; i++)
		err = read_text(from, &text_fields[i], identity, why);
	if (err != ERR_NONE)
		return err;
	*why = "login is missing";
	if (identity->login[0] == '\0')
		return ERR_USAGE;
	if (identity->provider[0] == '\0')
		memcpy(identity->provider, LOCAL, sizeof(LOCAL));
	if (identity->subject[0] == '\0')
		memcpy(identity->subject, identity->login, sizeof(identity->subject));
	if (identity->name[0] == '\0')
		memcpy(identity->name, identity->login, sizeof(identity->name));
	identity->created_us = json_is_integer(created) && json_integer_value(created) > 0 ?
	    (uint64_t)json_integer_value(created) : engine_now_us(engine);
	err = read_organisation(engine, from, identity, why);
	if (err == ERR_NONE)
		err = read_creator(engine, from, identity, why);
	return err == ERR_NONE ? read_secrets(from, ret_person, why) : err;
}

enum err
people_add(struct engine *engine, struct people_new *person, const char **why)
{
	/* Inside an import the transaction is open already, and this begin is refused. */
	bool own = store_begin(engine->store) == ERR_NONE;
	enum err err = store_identity_add(engine->store, &person->identity, &person->identity.number);

	*why = err == ERR_EXISTS ? "this login, or this subject of the provider, is taken" :
	    "the store could not be written";
	if (err == ERR_NONE && person->password_hash[0] != '\0')
		err = store_credential_set_password(engine->store, person->identity.number, person->password_hash,
		    engine_now_us(engine));
	if (err == ERR_NONE && person->has_totp)
		err = store_credential_set_totp(engine->store, person->identity.number, person->totp, sizeof(person->totp));
	if (!own)
		return err;
	if (err == ERR_NONE)
		return store_commit(engine->store);
	store_rollback(engine->store);
	return err;
}

/* Sessions end even where the store cannot be written. */
enum err
people_suspend(struct engine *engine, const struct store_identity *identity, bool suspend, const char *author,
    const char *reason, uint32_t *ret_ended)
{
	char words[512];
	struct scope scope;
	enum err ended = ERR_NONE;
	enum err err;

	memset(&scope, 0, sizeof(scope));
	scope.terms = 1u << SCOPE_IDENTITY;
	scope.value[SCOPE_IDENTITY] = identity->number;
	*ret_ended = 0;
	if (suspend)
		ended = sessions_end_scope(engine, &scope, 0, ret_ended);
	err = store_identity_suspend(engine->store, identity->number, suspend ? engine_now_us(engine) : 0);
	(void)snprintf(words, sizeof(words), "%s by %s: %s", suspend ? "suspended" : "resumed",
	    author == NULL ? "the platform" : author, reason == NULL ? "" : reason);
	if (keeper_tell(engine->keeper, "identity", words, identity->number) != ERR_NONE)
		log_error("a suspension is missing in the ledger");
	return err != ERR_NONE ? err : ended;
}

json_t *
people_json(struct engine *engine, const struct store_identity *identity)
{
	struct store_organisation organisation = { .key = "" };

	if (identity->organisation != 0 &&
	    store_organisation_get(engine->store, identity->organisation, &organisation) != ERR_NONE)
		organisation.key[0] = '\0';
	return json_pack("{sI ss ss ss ss ss ss ss sI sI sb sI}", "identity", (json_int_t)identity->number, "login",
	    identity->login, "name", identity->name, "idp", identity->provider, "profile", identity->profile,
	    "organisation", organisation.key, "territory", identity->territory, "person", identity->person, "created_by",
	    (json_int_t)identity->created_by, "created_us", (json_int_t)identity->created_us, "suspended",
	    identity->suspended_us != 0, "suspect_until_us", (json_int_t)identity->suspect_until_us);
}
