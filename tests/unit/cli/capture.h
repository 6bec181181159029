/* capture: what a verb prints, and JSON from text with ' for ". */
#ifndef TESTS_CLI_CAPTURE_H
#define TESTS_CLI_CAPTURE_H

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static char *captured;
static size_t captured_len;

/* A call that prints to memory. */
static inline void
capture_begin(struct cli_call *call)
{
	memset(call, 0, sizeof(*call));
	call->out = open_memstream(&captured, &captured_len);
	call->request = json_object();
}

/* What was printed; free with capture_end(). */
static inline const char *
capture_text(struct cli_call *call)
{
	(void)fflush(call->out);
	return captured;
}

static inline void
capture_end(struct cli_call *call)
{
	(void)fclose(call->out);
	json_decref(call->request);
	free(captured);
	captured = NULL;
}

static inline json_t *
json_of(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	for (char *at = copy; (at = strchr(at, '\'')) != NULL;)
		*at = '"';
	value = json_loads(copy, JSON_DECODE_ANY, NULL);
	free(copy);
	return value;
}

#endif
