#include "engine/fields.h"

#include <string.h>

#include "engine/rules_build.h"
#include "store/name.h"

/* ERR_FORMAT where a place of the meter has another name. */
static enum err
check_meter(struct store *store, const struct config *config, const struct config_meter *meter, uint32_t number,
    struct bytes *complaints)
{
	for (uint32_t i = 0; i < meter->fields.n; i++) {
		char name[RULES_NAME_MAX], stored[STORE_NAME_TEXT_MAX];
		enum err err = store_field_name(store, number, i, stored);

		if (err == ERR_NOT_FOUND)
			return ERR_NONE;
		if (err != ERR_NONE)
			return err;
		rules_field_name(meter, i, name);
		if (strcmp(name, stored) == 0)
			continue;
		conf_complain(config->file, meter->line, complaints,
		    "meter %s: its field %u was \"%s\" and is \"%s\" now, so past disclosures would be listed with wrong "
		    "fields: append new fields to the end of the list, or give the meter a new name",
		    meter->name, i + 1, stored, name);
		return ERR_FORMAT;
	}
	return ERR_NONE;
}

static enum err
remember_meter(struct store *store, const struct config_meter *meter, uint32_t number)
{
	enum err err = ERR_NONE;

	for (uint32_t i = 0; i < meter->fields.n && err == ERR_NONE; i++) {
		char name[RULES_NAME_MAX], stored[STORE_NAME_TEXT_MAX];

		err = store_field_name(store, number, i, stored);
		if (err != ERR_NOT_FOUND)
			continue;
		rules_field_name(meter, i, name);
		err = store_field_put(store, number, i, name);
	}
	return err;
}

static enum err
remember_all(struct store *store, const struct config *config, const struct rules *rules)
{
	const struct config_meter *meters = config->meters.item;
	enum err err = store_begin(store);

	for (uint32_t i = 0; i < rules->n_meters && err == ERR_NONE; i++)
		err = remember_meter(store, &meters[i], rules->meter[i].number);
	if (err == ERR_NONE)
		return store_commit(store);
	store_rollback(store);
	return err;
}

enum err
fields_remember(struct store *store, const struct config *config, const struct rules *rules, struct bytes *complaints)
{
	const struct config_meter *meters = config->meters.item;
	enum err result = ERR_NONE;

	for (uint32_t i = 0; i < rules->n_meters; i++) {
		enum err err = check_meter(store, config, &meters[i], rules->meter[i].number, complaints);

		if (err != ERR_NONE)
			result = err;
		if (err != ERR_NONE && err != ERR_FORMAT)
			return err;
	}
	return result == ERR_NONE ? remember_all(store, config, rules) : result;
}
