#include "base/conf.h"

#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct block {
	struct block *next;
	max_align_t data[];
};

struct conf {
	config_t config;
	struct block *blocks; /* memory of lists */
};

/* What one reading carries along. */
struct reading {
	struct conf *conf;
	const char *path;
	struct bytes *complaints;
	bool failed;
};

static enum err read_group(struct reading *r, config_setting_t *group, const struct conf_key *keys, void *out);

static void *
take_memory(struct conf *conf, size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (block == NULL)
		return NULL;
	block->next = conf->blocks;
	conf->blocks = block;
	return block->data;
}

static void
complain_list(const char *path, uint32_t line, struct bytes *complaints, const char *format, va_list arguments)
{
	char words[512];

	(void)vsnprintf(words, sizeof(words), format, arguments);
	/* A full buffer has said enough. */
	if (line == 0 && bytes_printf(complaints, "%s: %s\n", path, words) != ERR_NONE)
		return;
	if (line != 0 && bytes_printf(complaints, "%s:%u: %s\n", path, line, words) != ERR_NONE)
		return;
}

void
conf_complain(const char *path, uint32_t line, struct bytes *complaints, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain_list(path, line, complaints, format, arguments);
	va_end(arguments);
}

uint32_t
conf_line(const struct conf *conf, const char *path)
{
	const config_setting_t *at = config_lookup(&conf->config, path);

	return at == NULL ? 0 : (uint32_t)config_setting_source_line(at);
}

static void __attribute__((format(printf, 3, 4)))
complain(struct reading *r, const config_setting_t *at, const char *format, ...)
{
	const char *file = config_setting_source_file(at);
	va_list arguments;

	r->failed = true;
	va_start(arguments, format);
	complain_list(file != NULL ? file : r->path, (uint32_t)config_setting_source_line(at), r->complaints, format,
	    arguments);
	va_end(arguments);
}

static bool
within(struct reading *r, const config_setting_t *at, const struct conf_key *key, double value, const char *of)
{
	if (value >= key->min && (key->max <= 0 || value <= key->max))
		return true;
	if (key->max <= 0)
		complain(r, at, "%s%s must be at least %.10g", of, key->name, key->min);
	else
		complain(r, at, "%s%s must be between %.10g and %.10g", of, key->name, key->min, key->max);
	return false;
}

static void
put_number(const struct conf_key *key, void *out, double value)
{
	uint8_t *place = (uint8_t *)out + key->offset;

	if (key->type == CONF_BOOL)
		*(bool *)(void *)place = value != 0;
	else if (key->type == CONF_REAL)
		*(double *)(void *)place = value;
	else if (key->type == CONF_U64)
		*(uint64_t *)(void *)place = (uint64_t)value;
	else
		*(uint32_t *)(void *)place = (uint32_t)value;
}

static void
read_number(struct reading *r, config_setting_t *at, const struct conf_key *key, void *out)
{
	int type = config_setting_type(at);
	double value;

	if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
		value = (double)config_setting_get_int64(at);
	else if (type == CONFIG_TYPE_FLOAT && key->type == CONF_REAL)
		value = config_setting_get_float(at);
	else {
		complain(r, at, "%s must be a %s", key->name, key->type == CONF_REAL ? "number" : "whole number");
		return;
	}
	if (value < 0 && key->min >= 0)
		complain(r, at, "%s must not be negative", key->name);
	else if (key->type == CONF_U32 && value > UINT32_MAX)
		complain(r, at, "%s is too large", key->name);
	else if (within(r, at, key, value, ""))
		put_number(key, out, value);
}

static void
read_bool(struct reading *r, config_setting_t *at, const struct conf_key *key, void *out)
{
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		complain(r, at, "%s must be true or false", key->name);
	else
		put_number(key, out, config_setting_get_bool(at));
}

static void
read_text(struct reading *r, config_setting_t *at, const struct conf_key *key, void *out)
{
	const char *text = config_setting_get_string(at);

	if (text == NULL)
		complain(r, at, "%s must be a text in quotation marks", key->name);
	else if (within(r, at, key, (double)strlen(text), "the length of "))
		*(const char **)(void *)((uint8_t *)out + key->offset) = text;
}

static enum err
read_texts(struct reading *r, config_setting_t *at, const struct conf_key *key, void *out)
{
	struct conf_texts *texts = (void *)((uint8_t *)out + key->offset);
	int n = config_setting_length(at);

	if (!config_setting_is_array(at) && !config_setting_is_list(at)) {
		complain(r, at, "%s must be a list of texts: [ \"a\", \"b\" ]", key->name);
		return ERR_NONE;
	}
	if (!within(r, at, key, n, "the count of ") || n == 0)
		return ERR_NONE;
	texts->text = take_memory(r->conf, (size_t)n * sizeof(*texts->text));
	if (texts->text == NULL)
		return ERR_NOMEM;
	for (int i = 0; i < n; i++) {
		texts->text[i] = config_setting_get_string_elem(at, i);
		if (texts->text[i] == NULL) {
			complain(r, at, "%s: entry %d is not a text", key->name, i + 1);
			return ERR_NONE;
		}
	}
	texts->n = (size_t)n;
	return ERR_NONE;
}

static void
read_choice(struct reading *r, config_setting_t *at, const struct conf_key *key, void *out)
{
	const char *text = config_setting_get_string(at);
	char all[256] = "";
	size_t len = 0;

	for (unsigned i = 0; text != NULL && key->choices[i] != NULL; i++) {
		if (strcmp(text, key->choices[i]) == 0) {
			put_number(key, out, i);
			return;
		}
	}
	for (unsigned i = 0; key->choices[i] != NULL && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, " \"%s\"", key->choices[i]);
	complain(r, at, "%s must be one of%s", key->name, all);
}

static enum err
read_list(struct reading *r, config_setting_t *at, const struct conf_key *key, void *out)
{
	struct conf_list *list = (void *)((uint8_t *)out + key->offset);
	int n = config_setting_length(at);

	if (!config_setting_is_list(at)) {
		complain(r, at, "%s must be a list of groups: ( { ... }, { ... } )", key->name);
		return ERR_NONE;
	}
	if (!within(r, at, key, n, "the count of ") || n == 0)
		return ERR_NONE;
	list->item = take_memory(r->conf, (size_t)n * key->item_size);
	if (list->item == NULL)
		return ERR_NOMEM;
	list->n = (size_t)n;
	for (int i = 0; i < n; i++) {
		config_setting_t *item = config_setting_get_elem(at, (unsigned)i);
		enum err err = ERR_NONE;

		if (!config_setting_is_group(item))
			complain(r, item, "%s: entry %d is not a group { ... }", key->name, i + 1);
		else
			err = read_group(r, item, key->keys, (uint8_t *)list->item + (size_t)i * key->item_size);
		if (err != ERR_NONE)
			return err;
	}
	return ERR_NONE;
}

static enum err
read_value(struct reading *r, config_setting_t *at, const struct conf_key *key, void *out)
{
	switch (key->type) {
	case CONF_BOOL:
		read_bool(r, at, key, out);
		return ERR_NONE;
	case CONF_U32:
	case CONF_U64:
	case CONF_REAL:
		read_number(r, at, key, out);
		return ERR_NONE;
	case CONF_TEXT:
		read_text(r, at, key, out);
		return ERR_NONE;
	case CONF_TEXTS:
		return read_texts(r, at, key, out);
	case CONF_CHOICE:
		read_choice(r, at, key, out);
		return ERR_NONE;
	case CONF_LIST:
		return read_list(r, at, key, out);
	case CONF_GROUP:
		if (config_setting_is_group(at))
			return read_group(r, at, key->keys, (uint8_t *)out + key->offset);
		complain(r, at, "%s must be a group { ... }", key->name);
		return ERR_NONE;
	case CONF_LINE:
	case CONF_END:
		break;
	}
	return ERR_USAGE;
}

/* What a key has that the file does not name. `group` is where a complaint points. */
static enum err
put_default(struct reading *r, config_setting_t *group, const struct conf_key *key, void *out)
{
	if (key->required) {
		complain(r, group, config_setting_is_root(group) ? "%s is missing" : "%s is missing here", key->name);
		return ERR_NONE;
	}
	switch (key->type) {
	case CONF_TEXT:
		*(const char **)(void *)((uint8_t *)out + key->offset) = key->text;
		return ERR_NONE;
	case CONF_GROUP:
		return read_group(r, NULL, key->keys, (uint8_t *)out + key->offset);
	case CONF_TEXTS:
	case CONF_LIST:
		return ERR_NONE;
	default:
		put_number(key, out, key->number);
		return ERR_NONE;
	}
}

static void
refuse_unknown(struct reading *r, config_setting_t *group, const struct conf_key *keys)
{
	const char *where = config_setting_name(group);

	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *at = config_setting_get_elem(group, (unsigned)i);
		const struct conf_key *key = keys;

		while (key->type != CONF_END &&
		    (key->type == CONF_LINE || strcmp(key->name, config_setting_name(at)) != 0))
			key++;
		if (key->type == CONF_END && where != NULL)
			complain(r, at, "unknown key %s in %s", config_setting_name(at), where);
		else if (key->type == CONF_END)
			complain(r, at, "unknown key %s", config_setting_name(at));
	}
}

/* `group` NULL: the whole group is absent, all keys have their defaults. */
static enum err
read_group(struct reading *r, config_setting_t *group, const struct conf_key *keys, void *out)
{
	config_setting_t *root = config_root_setting(&r->conf->config);

	if (group != NULL)
		refuse_unknown(r, group, keys);
	for (const struct conf_key *key = keys; key->type != CONF_END; key++) {
		config_setting_t *at = NULL;
		enum err err = ERR_NONE;

		if (key->type == CONF_LINE) {
			put_number(key, out, group == NULL ? 0 : config_setting_source_line(group));
			continue;
		}
		if (group != NULL)
			at = config_setting_get_member(group, key->name);
		if (at != NULL)
			err = read_value(r, at, key, out);
		else
			err = put_default(r, group != NULL ? group : root, key, out);
		if (err != ERR_NONE)
			return err;
	}
	return ERR_NONE;
}

/* libconfig says "file I/O error" for all of these. */
static enum err
check_readable(const char *path, struct bytes *complaints)
{
	enum err err;

	if (access(path, R_OK) == 0)
		return ERR_NONE;
	err = errno == ENOENT ? ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_IO;
	if (bytes_printf(complaints, "%s: %s\n", path, strerror(errno)) != ERR_NONE)
		return ERR_NOMEM;
	return err;
}

static enum err
parse(struct conf *conf, const char *path, struct bytes *complaints)
{
	const char *file;

	if (config_read_file(&conf->config, path) == CONFIG_TRUE)
		return ERR_NONE;
	file = config_error_file(&conf->config);
	conf_complain(file != NULL ? file : path, (uint32_t)config_error_line(&conf->config), complaints, "%s",
	    config_error_text(&conf->config));
	return ERR_FORMAT;
}

enum err
conf_read(const char *path, const struct conf_key *keys, void *out, struct conf **ret_conf, struct bytes *complaints)
{
	struct reading r = { .path = path, .complaints = complaints };
	enum err err = check_readable(path, complaints);

	if (err != ERR_NONE)
		return err;
	r.conf = calloc(1, sizeof(*r.conf));
	if (r.conf == NULL)
		return ERR_NOMEM;
	config_init(&r.conf->config);
	err = parse(r.conf, path, complaints);
	if (err == ERR_NONE)
		err = read_group(&r, config_root_setting(&r.conf->config), keys, out);
	if (err == ERR_NONE && r.failed)
		err = ERR_FORMAT;
	if (err != ERR_NONE) {
		conf_free(r.conf);
		return err;
	}
	*ret_conf = r.conf;
	return ERR_NONE;
}

void
conf_free(struct conf *conf)
{
	struct block *next;

	if (conf == NULL)
		return;
	for (struct block *block = conf->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	config_destroy(&conf->config);
	free(conf);
}
