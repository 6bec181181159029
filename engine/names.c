#include "engine/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err
identity_number(struct engine *engine, const char *name, uint64_t *ret_number)
{
	struct store_identity identity;
	char provider[STORE_NAME_TEXT_MAX];
	const char *slash = strchr(name, '/');
	enum err err = store_identity_find_login(engine->store, name, &identity);

	if (err == ERR_NOT_FOUND && slash != NULL && (size_t)(slash - name) < sizeof(provider)) {
		(void)snprintf(provider, sizeof(provider), "%.*s", (int)(slash - name), name);
		err = store_identity_find_subject(engine->store, provider, slash + 1, &identity);
	}
	if (err == ERR_NONE)
		*ret_number = identity.number;
	return err;
}

static enum err
organisation_number(struct engine *engine, const char *name, uint64_t *ret_number)
{
	struct store_organisation organisation;
	enum err err = store_organisation_find(engine->store, name, &organisation);

	if (err == ERR_NONE)
		*ret_number = organisation.number;
	return err;
}

/* ERR_RANGE for a kind that has no names. */
static enum err
name_kind(enum scope_kind kind, enum store_name_kind *ret_kind)
{
	switch (kind) {
	case SCOPE_TERRITORY:
		*ret_kind = STORE_NAME_TERRITORY;
		return ERR_NONE;
	case SCOPE_PROFILE:
		*ret_kind = STORE_NAME_PROFILE;
		return ERR_NONE;
	case SCOPE_IDP:
		*ret_kind = STORE_NAME_PROVIDER;
		return ERR_NONE;
	case SCOPE_ROUTE:
		*ret_kind = STORE_NAME_ROUTE;
		return ERR_NONE;
	default:
		return ERR_RANGE;
	}
}

static enum err
number_of(void *context, enum scope_kind kind, const char *name, uint64_t *ret_number)
{
	struct engine *engine = context;
	enum store_name_kind stored;
	uint32_t number;
	enum err err;

	if (kind == SCOPE_IDENTITY || kind == SCOPE_LINEAGE)
		return identity_number(engine, name, ret_number);
	if (kind == SCOPE_ORGANISATION)
		return organisation_number(engine, name, ret_number);
	if (kind == SCOPE_SESSION) {
		char *end;
		unsigned long long value = strtoull(name, &end, 10);

		if (*end != '\0' || value == 0)
			return ERR_NOT_FOUND;
		*ret_number = value;
		return ERR_NONE;
	}
	if (name_kind(kind, &stored) != ERR_NONE)
		return ERR_NOT_FOUND;
	err = store_name_find(engine->store, stored, name, &number);
	if (err == ERR_NONE)
		*ret_number = number;
	return err;
}

static enum err
name_of(void *context, enum scope_kind kind, uint64_t number, char out[SCOPE_VALUE_MAX])
{
	struct engine *engine = context;
	struct store_identity identity;
	struct store_organisation organisation;
	enum store_name_kind stored;
	char text[STORE_NAME_TEXT_MAX];
	enum err err = ERR_NOT_FOUND;

	if (kind == SCOPE_IDENTITY || kind == SCOPE_LINEAGE) {
		err = store_identity_get(engine->store, (uint32_t)number, &identity);
		if (err == ERR_NONE)
			(void)snprintf(out, SCOPE_VALUE_MAX, "%s", identity.login);
	} else if (kind == SCOPE_ORGANISATION) {
		err = store_organisation_get(engine->store, (uint32_t)number, &organisation);
		if (err == ERR_NONE)
			(void)snprintf(out, SCOPE_VALUE_MAX, "%s", organisation.key);
	} else if (name_kind(kind, &stored) == ERR_NONE) {
		err = store_name_text(engine->store, stored, (uint32_t)number, text);
		if (err == ERR_NONE)
			(void)snprintf(out, SCOPE_VALUE_MAX, "%s", text);
	}
	return err;
}

struct scope_names
names_of(struct engine *engine)
{
	return (struct scope_names){ .number = number_of, .name = name_of, .context = engine };
}

bool
names_op_scope(struct engine *engine, struct op_call *call, const char *key, struct scope *ret_scope)
{
	struct scope_names names = names_of(engine);
	struct scope_text parsed;
	const char *why = "";
	const char *text;
	enum err err;

	if (!op_text(call, key, SCOPE_TEXT_MAX - 1, &text))
		return false;
	err = scope_parse(text, strlen(text), &parsed, &why);
	if (err == ERR_NONE)
		err = scope_resolve(&parsed, &names, ret_scope, &why);
	if (err != ERR_NONE)
		op_refuse(call, err, "%s: %s", key, why);
	return err == ERR_NONE;
}

bool
names_op_identity(struct engine *engine, struct op_call *call, const char *key, struct store_identity *ret_identity)
{
	json_t *value = json_object_get(op_request(call), key);
	const char *text = json_string_value(value);
	uint64_t number = 0;
	enum err err = ERR_NONE;

	if (json_is_integer(value)) {
		if (!op_number(call, key, UINT32_MAX, &number))
			return false;
	} else {
		if (!op_text(call, key, STORE_LOGIN_MAX + STORE_NAME_TEXT_MAX, &text))
			return false;
		if (text[0] == '#')
			number = strtoull(text + 1, NULL, 10);
		else
			err = identity_number(engine, text, &number);
	}
	if (err == ERR_NONE)
		err = store_identity_get(engine->store, (uint32_t)number, ret_identity);
	if (err == ERR_NOT_FOUND)
		op_refuse(call, err, "there is no such identity");
	else if (err != ERR_NONE)
		op_refuse(call, err, "the store could not be read");
	return err == ERR_NONE;
}

bool
names_op_organisation(struct engine *engine, struct op_call *call, const char *key,
    struct store_organisation *ret_organisation)
{
	json_t *value = json_object_get(op_request(call), key);
	const char *text;
	uint64_t number;
	enum err err;

	if (json_is_integer(value)) {
		if (!op_number(call, key, UINT32_MAX, &number))
			return false;
		err = store_organisation_get(engine->store, (uint32_t)number, ret_organisation);
	} else {
		if (!op_text(call, key, STORE_LOGIN_MAX - 1, &text))
			return false;
		err = store_organisation_find(engine->store, text, ret_organisation);
	}
	if (err == ERR_NOT_FOUND)
		op_refuse(call, err, "there is no such organisation");
	else if (err != ERR_NONE)
		op_refuse(call, err, "the store could not be read");
	return err == ERR_NONE;
}

void
names_filter(const struct scope *scope, struct store_filter *ret_filter)
{
	*ret_filter = (struct store_filter){
		.identity = (uint32_t)scope->value[SCOPE_IDENTITY],
		.creator = (uint32_t)scope->value[SCOPE_LINEAGE],
		.organisation = (uint32_t)scope->value[SCOPE_ORGANISATION],
		.territory = (uint32_t)scope->value[SCOPE_TERRITORY],
		.profile = (uint32_t)scope->value[SCOPE_PROFILE],
		.provider = (uint32_t)scope->value[SCOPE_IDP],
	};
}

enum err
names_reach(struct engine *engine, const struct scope *scope, uint64_t *ret_identities, uint64_t *ret_organisations)
{
	struct store_filter filter;

	names_filter(scope, &filter);
	return store_identity_count(engine->store, &filter, ret_identities, ret_organisations);
}
