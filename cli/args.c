/* args: words of a command line into the request, by the verb's table. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cli.h"

#define US UINT64_C(1000000)

static bool
unit_seconds(char unit, json_int_t *ret_s)
{
	static const struct {
		char unit;
		json_int_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == unit) {
			*ret_s = units[i].seconds;
			return true;
		}
	return false;
}

bool
cli_parse_duration(const char *text, json_int_t *ret_s)
{
	char *end = NULL;
	json_int_t seconds = 0;

	errno = 0;
	long long count = strtoll(text, &end, 10);
	if (errno != 0 || end == text || count < 0 || count > 100000000 || *end == '\0' || end[1] != '\0')
		return false;
	if (!unit_seconds(*end, &seconds))
		return false;
	*ret_s = count * seconds;
	return true;
}

bool
cli_parse_time(const char *text, uint64_t now_us, uint64_t *ret_us)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%MZ",
	    "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
	json_int_t ago_s = 0;

	if (strcmp(text, "now") == 0) {
		*ret_us = now_us;
		return true;
	}
	if (text[0] == '-') {
		if (!cli_parse_duration(text + 1, &ago_s) || (uint64_t)ago_s * US > now_us)
			return false;
		*ret_us = now_us - (uint64_t)ago_s * US;
		return true;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm utc = {0};
		const char *end = strptime(text, formats[i], &utc);

		if (end == NULL || *end != '\0')
			continue;
		time_t seconds = timegm(&utc);
		if (seconds < 0)
			return false;
		*ret_us = (uint64_t)seconds * US;
		return true;
	}
	return false;
}

static json_t *
number_value(const char *text)
{
	char *end = NULL;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && value >= 0 ? json_integer(value) : NULL;
}

static json_t *
list_value(const char *text)
{
	json_t *list = json_array();

	while (list != NULL) {
		size_t len = strcspn(text, ",");

		if (len == 0 || json_array_append_new(list, json_stringn(text, len)) != 0) {
			json_decref(list);
			return NULL;
		}
		if (text[len] == '\0')
			return list;
		text += len + 1;
	}
	return NULL;
}

static json_t *
file_value(const char *path)
{
	json_error_t error;
	json_t *value = strcmp(path, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
	                                       : json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (value == NULL)
		cli_complain("%s: line %d: %s", path, error.line, error.text);
	return value;
}

/* The JSON value of one argument, or NULL where the text is none of its kind. */
static json_t *
value_of(enum cli_kind kind, const char *text)
{
	json_int_t seconds = 0;
	uint64_t at_us = 0;

	switch (kind) {
	case CLI_TEXT:
		return json_string(text);
	case CLI_NUMBER:
		return number_value(text);
	case CLI_FLAG:
		return json_true();
	case CLI_DURATION:
		return cli_parse_duration(text, &seconds) ? json_integer(seconds) : NULL;
	case CLI_TIME:
		return cli_parse_time(text, clock_now_us(clock_system()), &at_us) ? json_integer((json_int_t)at_us)
		                                                                  : NULL;
	case CLI_LIST:
		return list_value(text);
	case CLI_FILE_JSON:
		return file_value(text);
	}
	return NULL;
}

static const char *
kind_words(enum cli_kind kind)
{
	static const char *const words[] = {
	    [CLI_TEXT] = "a text in UTF-8",
	    [CLI_NUMBER] = "a number",
	    [CLI_FLAG] = "nothing",
	    [CLI_DURATION] = "a duration such as 30m, 2h or 3d",
	    [CLI_TIME] = "a time such as 2026-01-31T08:00 (UTC), -2h or now",
	    [CLI_LIST] = "words joined by commas",
	    [CLI_FILE_JSON] = "a file with JSON",
	};

	return words[kind];
}

static bool
take(struct cli_call *call, const struct cli_arg *arg, const char *text)
{
	json_t *value;

	if (json_object_get(call->request, arg->key) != NULL) {
		cli_complain("%s was given twice, or beside another that means the same", arg->name);
		return false;
	}
	value = value_of(arg->kind, text);
	if (value != NULL && json_object_set_new(call->request, arg->key, value) == 0)
		return true;
	cli_complain("%s takes %s, not \"%s\"", arg->name, kind_words(arg->kind), text);
	return false;
}

static const struct cli_arg *
find_option(const struct cli_verb *verb, const char *word)
{
	size_t len = strcspn(word, "=");

	for (const struct cli_arg *arg = verb->args; arg != NULL && arg->name != NULL; arg++)
		if (strlen(arg->name) == len && strncmp(arg->name, word, len) == 0)
			return arg;
	return NULL;
}

/* The n-th argument that is a place. */
static const struct cli_arg *
find_place(const struct cli_verb *verb, int n)
{
	for (const struct cli_arg *arg = verb->args; arg != NULL && arg->name != NULL; arg++)
		if (arg->name[0] != '-' && n-- == 0)
			return arg;
	return NULL;
}

/* Options that every verb takes. */
static bool
take_common(struct cli_call *call, const char *word, const char *value, int *ret_taken)
{
	*ret_taken = 1;
	if (strcmp(word, "--json") == 0) {
		call->json = true;
		return true;
	}
	if (strcmp(word, "--socket") == 0 && value != NULL) {
		call->socket_path = value;
		*ret_taken = 2;
		return true;
	}
	return false;
}

/* Take the option at argv[0]; *ret_taken words of it were used. */
static bool
take_option(struct cli_call *call, int argc, char **argv, int *ret_taken)
{
	const struct cli_arg *arg = find_option(call->verb, argv[0]);
	const char *value = strchr(argv[0], '=');

	if (take_common(call, argv[0], argc > 1 ? argv[1] : NULL, ret_taken))
		return true;
	if (arg == NULL) {
		cli_complain("%s is no option of this command", argv[0]);
		return false;
	}
	*ret_taken = 1;
	if (arg->kind == CLI_FLAG)
		return take(call, arg, "");
	if (value != NULL)
		return take(call, arg, value + 1);
	if (argc < 2) {
		cli_complain("%s takes %s", arg->name, kind_words(arg->kind));
		return false;
	}
	*ret_taken = 2;
	return take(call, arg, argv[1]);
}

static bool
all_required_are_there(const struct cli_call *call)
{
	for (const struct cli_arg *arg = call->verb->args; arg != NULL && arg->name != NULL; arg++) {
		if (!arg->required || json_object_get(call->request, arg->key) != NULL)
			continue;
		cli_complain("%s is missing: %s", arg->name, arg->help);
		return false;
	}
	return true;
}

bool
cli_read_args(struct cli_call *call, int argc, char **argv)
{
	int places = 0, taken = 0;

	for (int i = 0; i < argc; i += taken) {
		const struct cli_arg *place;

		if (strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(call, argc - i, argv + i, &taken))
				return false;
			continue;
		}
		taken = 1;
		place = find_place(call->verb, places++);
		if (place == NULL) {
			cli_complain("\"%s\" is one word too many", argv[i]);
			return false;
		}
		if (!take(call, place, argv[i]))
			return false;
	}
	return all_required_are_there(call);
}
