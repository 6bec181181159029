/* config_keys: every key of the configuration in words, from the table that the daemon reads it by. */
#include "cli/config.h"

#include <stdio.h>
#include <string.h>

#include "engine/config.h"

#define PATH_ROOM 128
#define WORDS_ROOM 192

static void
choice_words(const struct conf_key *key, char out[WORDS_ROOM])
{
	size_t len = (size_t)snprintf(out, WORDS_ROOM, "one of");

	for (size_t i = 0; key->choices[i] != NULL && len < WORDS_ROOM; i++)
		len += (size_t)snprintf(out + len, WORDS_ROOM - len, "%s %s", i == 0 ? "" : ",", key->choices[i]);
}

/* "1 to 8", "up to 8", "from 1": `max` 0 is none. */
static void
bounds_words(const struct conf_key *key, char out[WORDS_ROOM])
{
	if (key->max <= 0)
		(void)snprintf(out, WORDS_ROOM, "from %.10g", key->min);
	else if (key->min > 0)
		(void)snprintf(out, WORDS_ROOM, "%.10g to %.10g", key->min, key->max);
	else
		(void)snprintf(out, WORDS_ROOM, "up to %.10g", key->max);
}

static void
value_words(const struct conf_key *key, char out[WORDS_ROOM])
{
	char bounds[WORDS_ROOM];

	bounds_words(key, bounds);
	switch (key->type) {
	case CONF_BOOL:
		(void)snprintf(out, WORDS_ROOM, "true or false");
		break;
	case CONF_U32:
	case CONF_U64:
	case CONF_REAL:
		(void)snprintf(out, WORDS_ROOM, "number %.180s", bounds);
		break;
	case CONF_TEXT:
		(void)snprintf(out, WORDS_ROOM, "text of %.170s bytes", bounds);
		break;
	case CONF_TEXTS:
		(void)snprintf(out, WORDS_ROOM, "%.180s texts", bounds);
		break;
	case CONF_CHOICE:
		choice_words(key, out);
		break;
	case CONF_LIST:
		(void)snprintf(out, WORDS_ROOM, "list of %.170s groups", bounds);
		break;
	default:
		(void)snprintf(out, WORDS_ROOM, "group");
	}
}

static void
default_words(const struct conf_key *key, char out[WORDS_ROOM])
{
	const char *words = "none";

	if (key->required)
		words = "required";
	else if (key->type == CONF_BOOL)
		words = key->number > 0 ? "true" : "false";
	else if (key->type == CONF_CHOICE)
		words = key->choices[(size_t)key->number];
	(void)snprintf(out, WORDS_ROOM, "%s", words);
	if (key->required)
		return;
	if (key->type == CONF_U32 || key->type == CONF_U64 || key->type == CONF_REAL)
		(void)snprintf(out, WORDS_ROOM, "%.10g", key->number);
	else if (key->type == CONF_TEXT && key->text != NULL)
		(void)snprintf(out, WORDS_ROOM, "\"%s\"", key->text);
}

/* `rows` gets the keys of a table and of all tables inside, which are few levels deep. */
static void
add_keys(json_t *rows, const struct conf_key *keys, const char *prefix)
{
	char path[PATH_ROOM], value[WORDS_ROOM], standard[WORDS_ROOM];

	for (const struct conf_key *key = keys; key->type != CONF_END; key++) {
		if (key->type == CONF_LINE)
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", prefix, key->name);
		value_words(key, value);
		default_words(key, standard);
		(void)json_array_append_new(
		    rows, json_pack("{s:s, s:s, s:s}", "key", path, "value", value, "default", standard));
		if (key->type != CONF_GROUP && key->type != CONF_LIST)
			continue;
		(void)strncat(path, key->type == CONF_LIST ? "[]." : ".", sizeof(path) - strlen(path) - 1);
		add_keys(rows, key->keys, path);
	}
}

enum cli_exit
cli_config_keys(struct cli_call *call)
{
	json_t *rows = json_array();

	if (rows == NULL) {
		cli_complain("out of memory");
		return CLI_FAILED;
	}
	add_keys(rows, config_keys, "");
	cli_print_rows(call, rows, "key value default");
	json_decref(rows);
	return CLI_DONE;
}
