/* op_organisation: schools, training bodies, agencies. */
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/ops.h"

/* One member of the object into `out`; empty where absent. */
static enum err
read_text(json_t *from, const char *key, char *out, size_t size)
{
	json_t *value = json_object_get(from, key);
	const char *text = json_string_value(value);

	out[0] = '\0';
	if (value == NULL || json_is_null(value))
		return ERR_NONE;
	if (text == NULL || strlen(text) != json_string_length(value))
		return ERR_USAGE;
	if (strlen(text) >= size)
		return ERR_RANGE;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return ERR_FORMAT;
	memcpy(out, text, strlen(text) + 1);
	return ERR_NONE;
}

static enum err
add(struct engine *engine, json_t *from, uint32_t *ret_number, const char **why)
{
	struct store_organisation o;
	enum err err = read_text(from, "organisation", o.key, sizeof(o.key));

	memset(&o.number, 0, sizeof(o.number));
	*why = "organisation, name, territory and kind must be texts of moderate length without control characters";
	if (err == ERR_NONE)
		err = read_text(from, "name", o.name, sizeof(o.name));
	if (err == ERR_NONE)
		err = read_text(from, "territory", o.territory, sizeof(o.territory));
	if (err == ERR_NONE)
		err = read_text(from, "kind", o.kind, sizeof(o.kind));
	if (err != ERR_NONE)
		return err;
	*why = "organisation is missing";
	if (o.key[0] == '\0')
		return ERR_USAGE;
	if (o.name[0] == '\0')
		memcpy(o.name, o.key, sizeof(o.name));
	err = store_organisation_add(engine->store, &o, ret_number);
	*why = err == ERR_EXISTS ? "this key is taken" : "the store could not be written";
	return err;
}

static void
run_add(struct engine *engine, struct op_call *call)
{
	const char *why = "";
	uint32_t number;
	enum err err = add(engine, op_request(call), &number, &why);

	if (err != ERR_NONE)
		op_refuse(call, err, "%s", why);
	else
		op_answer(call, json_pack("{sI}", "organisation", (json_int_t)number));
}

static void
run_import(struct engine *engine, struct op_call *call)
{
	json_t *list = json_object_get(op_request(call), "organisations");
	json_t *numbers = json_array();
	const char *why = "organisations must be a list";
	json_t *item;
	size_t i = 0;
	uint32_t number;
	enum err err = json_is_array(list) ? store_begin(engine->store) : ERR_USAGE;

	if (err == ERR_NONE)
		json_array_foreach(list, i, item) {
			err = add(engine, item, &number, &why);
			if (err == ERR_NONE && json_array_append_new(numbers, json_integer(number)) != 0)
				err = ERR_NOMEM;
			if (err != ERR_NONE)
				break;
		}
	if (err == ERR_NONE)
		err = store_commit(engine->store);
	if (err != ERR_NONE) {
		store_rollback(engine->store);
		json_decref(numbers);
		op_refuse(call, err, "entry %zu: %s", i, why);
		return;
	}
	op_answer(call, json_pack("{sI so}", "added", (json_int_t)json_array_size(list), "numbers", numbers));
}

static bool
list_one(void *context, const struct store_organisation *o)
{
	struct op_listing *listing = context;

	return op_listing_put(listing, json_pack("{sI ss ss ss ss sI}", "organisation", (json_int_t)o->number, "key",
	    o->key, "name", o->name, "territory", o->territory, "kind", o->kind, "identities", (json_int_t)o->n_identities));
}

static void
run_list(struct engine *engine, struct op_call *call)
{
	struct op_listing listing;
	bool read;

	op_listing_begin(&listing, call);
	read = store_organisation_each(engine->store, list_one, &listing) == ERR_NONE;
	op_listing_end(&listing, read ? ERR_NONE : ERR_IO);
}

const struct op ops_organisation[] = {
	{ "organisation.add", OP_OPERATOR, "organisation name territory kind", run_add },
	{ "organisation.import", OP_OPERATOR, "organisations", run_import },
	{ "organisation.list", OP_OPERATOR, "", run_list },
	{ 0 },
};
