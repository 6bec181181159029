/* config: the daemon's own reader of the configuration, called offline. */
#include "cli/config.h"

#include <string.h>

#include "engine/config.h"

#define COMPLAINTS_MAX 65536

/* Complaints are lines "file:line: words". */
static json_t *
lines_of(const struct bytes *complaints)
{
	json_t *lines = json_array();
	const char *at = (const char *)complaints->data;
	size_t left = complaints->len;

	while (left > 0) {
		const char *end = memchr(at, '\n', left);
		size_t len = end != NULL ? (size_t)(end - at) : left;

		(void)json_array_append_new(lines, json_stringn(at, len));
		len += end != NULL;
		at += len;
		left -= len;
	}
	return lines;
}

enum cli_exit
cli_config_check(struct cli_call *call)
{
	const char *path = json_string_value(json_object_get(call->request, "file"));
	struct config *config = NULL;
	struct bytes complaints;
	enum err err;

	bytes_init(&complaints, COMPLAINTS_MAX);
	err = config_load(path, &config, &complaints);
	if (call->json) {
		json_t *report = json_pack("{s:s, s:b, s:o}", "file", path, "good", err == ERR_NONE, "complaints",
		    lines_of(&complaints));

		cli_print_object(call, report);
		json_decref(report);
	} else if (err == ERR_NONE) {
		(void)fprintf(call->out, "%s: good\n", path);
	} else if (complaints.len != 0) {
		(void)fwrite(complaints.data, 1, complaints.len, stderr);
	} else {
		cli_complain("%s: %s", path, err_text(err));
	}
	config_free(config);
	bytes_wipe(&complaints);
	return err == ERR_NONE ? CLI_DONE : CLI_NO;
}
