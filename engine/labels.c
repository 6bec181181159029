#include "engine/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rules_build.h"

#define CACHE_MAX 8192u
#define LABEL_MAX 320u

/* Direct-mapped: a label that is looked up again and again stays. */
struct label {
	uint64_t key; /* 0: free */
	uint16_t len;
	char text[LABEL_MAX];
};

struct labels {
	struct engine *engine;
	struct label cache[CACHE_MAX];
};

enum label_kind { LABEL_SPACE = 1, LABEL_IDENTITY, LABEL_ROUTE, LABEL_METER };

enum err
labels_open(struct engine *engine, struct labels **ret_labels)
{
	struct labels *labels = calloc(1, sizeof(*labels));

	if (labels == NULL)
		return ERR_NOMEM;
	labels->engine = engine;
	*ret_labels = labels;
	return ERR_NONE;
}

void
labels_free(struct labels *labels)
{
	free(labels);
}

/* `text` as a JSON text with its quotation marks. */
static enum err
append_quoted(struct bytes *out, const char *text, size_t len)
{
	enum err err = bytes_append(out, "\"", 1);
	size_t from = 0;

	for (size_t i = 0; i < len && err == ERR_NONE; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		err = bytes_append(out, text + from, i - from);
		if (err == ERR_NONE)
			err = bytes_printf(out, "\\u%04x", c);
		from = i + 1;
	}
	if (err == ERR_NONE)
		err = bytes_append(out, text + from, len - from);
	return err == ERR_NONE ? bytes_append(out, "\"", 1) : err;
}

static void
name_of(struct labels *labels, enum label_kind kind, uint32_t number, char out[STORE_LOGIN_MAX])
{
	static const enum store_name_kind kinds[] = { [LABEL_SPACE] = STORE_NAME_SPACE, [LABEL_ROUTE] = STORE_NAME_ROUTE,
		[LABEL_METER] = STORE_NAME_METER };
	struct store_identity identity;
	char name[STORE_NAME_TEXT_MAX];
	enum err err;

	(void)snprintf(out, STORE_LOGIN_MAX, "#%u", number);
	if (kind == LABEL_IDENTITY) {
		if (store_identity_get(labels->engine->store, number, &identity) == ERR_NONE)
			memcpy(out, identity.login, STORE_LOGIN_MAX);
		return;
	}
	err = store_name_text(labels->engine->store, kinds[kind], number, name);
	if (err == ERR_NONE)
		(void)snprintf(out, STORE_LOGIN_MAX, "%s", name);
}

/* The quoted name, from the cache. */
static enum err
append_label(struct labels *labels, enum label_kind kind, uint32_t number, struct bytes *out)
{
	uint64_t key = (uint64_t)kind << 32 | number;
	struct label *label = &labels->cache[(key * 0x9e3779b97f4a7c15ULL >> 40) % CACHE_MAX];
	char name[STORE_LOGIN_MAX];
	struct bytes quoted;
	enum err err;

	if (label->key == key)
		return bytes_append(out, label->text, label->len);
	name_of(labels, kind, number, name);
	bytes_init(&quoted, 8 * LABEL_MAX);
	err = append_quoted(&quoted, name, strlen(name));
	if (err == ERR_NONE && quoted.len <= LABEL_MAX) {
		label->key = key;
		label->len = (uint16_t)quoted.len;
		memcpy(label->text, quoted.data, quoted.len);
	}
	if (err == ERR_NONE)
		err = bytes_append(out, quoted.data, quoted.len);
	bytes_wipe(&quoted);
	return err;
}

enum err
labels_append_person(struct labels *labels, uint8_t space, const uint8_t *id, uint8_t id_len, struct bytes *out)
{
	enum err err = bytes_append_text(out, "\"space\":");

	if (err == ERR_NONE)
		err = append_label(labels, LABEL_SPACE, space, out);
	if (err == ERR_NONE)
		err = bytes_append_text(out, ",\"person\":");
	return err == ERR_NONE ? append_quoted(out, (const char *)id, id_len) : err;
}

enum err
labels_append_identity(struct labels *labels, uint32_t identity, struct bytes *out)
{
	enum err err = bytes_printf(out, ",\"identity\":%u,\"login\":", identity);

	return err == ERR_NONE ? append_label(labels, LABEL_IDENTITY, identity, out) : err;
}

/* The meter as configured now, whose fields are named as ever; NULL where it no longer is. */
static const struct config_meter *
meter_of(const struct labels *labels, uint16_t number)
{
	const struct config_meter *meters = labels->engine->config->meters.item;
	const struct rules *rules = labels->engine->rules;

	for (uint32_t i = 0; i < rules->n_meters; i++)
		if (rules->meter[i].number == number)
			return &meters[i];
	return NULL;
}

static enum err
append_fields(const struct labels *labels, uint16_t number, uint32_t fields, struct bytes *out)
{
	const struct config_meter *meter = meter_of(labels, number);
	enum err err = bytes_append_text(out, ",\"fields\":[");
	bool first = true;

	for (size_t i = 0; i < METER_FIELDS_MAX && err == ERR_NONE; i++) {
		char name[RULES_NAME_MAX];

		if ((fields & 1u << i) == 0)
			continue;
		if (meter != NULL && i < meter->fields.n)
			rules_field_name(meter, i, name);
		else if (store_field_name(labels->engine->store, number, (uint32_t)i, name) != ERR_NONE)
			(void)snprintf(name, sizeof(name), "field-%zu", i);
		if (!first)
			err = bytes_append(out, ",", 1);
		first = false;
		if (err == ERR_NONE)
			err = append_quoted(out, name, strlen(name));
	}
	return err == ERR_NONE ? bytes_append(out, "]", 1) : err;
}

enum err
labels_append_place(struct labels *labels, uint16_t route, uint16_t meter, uint32_t fields, struct bytes *out)
{
	enum err err = bytes_append_text(out, ",\"route\":");

	if (err == ERR_NONE)
		err = append_label(labels, LABEL_ROUTE, route, out);
	if (err == ERR_NONE)
		err = bytes_append_text(out, ",\"meter\":");
	if (err == ERR_NONE)
		err = append_label(labels, LABEL_METER, meter, out);
	return err == ERR_NONE ? append_fields(labels, meter, fields, out) : err;
}
