/* touched: `tourniquet touched`. Rows stay in memory: 340,000 of them take some 300 MB. */
#include "cli/touched.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

#define COLUMNS "space person login route meter fields first_us last_us"

/* RFC 4180: quoted where it must be. */
static void
print_csv_text(FILE *out, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		(void)fputs(text, out);
		return;
	}
	(void)fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void
print_csv_text_of(FILE *out, const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	print_csv_text(out, text != NULL ? text : "");
	(void)fputc(',', out);
}

static void
print_csv_row(FILE *out, const json_t *row)
{
	static const char *const texts[] = {"space", "person", "login", "route", "meter"};
	static const char *const times[] = {"first_us", "last_us"};
	const json_t *fields = json_object_get(row, "fields");
	char at[25];
	size_t i;
	json_t *field;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		print_csv_text_of(out, row, texts[i]);
	json_array_foreach(fields, i, field) {
		(void)fprintf(out, "%s%s", i != 0 ? " " : "", json_string_value(field));
	}
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		clock_format((uint64_t)json_integer_value(json_object_get(row, times[i])), at);
		(void)fprintf(out, ",%s", at);
	}
	(void)fputs("\r\n", out);
}

static void
print_csv(FILE *out, const json_t *rows)
{
	size_t i;
	json_t *row;

	(void)fputs("space,person,login,route,meter,fields,first,last\r\n", out);
	json_array_foreach(rows, i, row) {
		print_csv_row(out, row);
	}
}

enum cli_exit
cli_touched(struct cli_call *call)
{
	bool csv = json_object_get(call->request, "csv") != NULL;
	bool count_only = json_object_get(call->request, "count_only") != NULL;
	json_t *answer = NULL, *rows;
	enum cli_exit status;

	(void)json_object_del(call->request, "csv");
	if (csv && call->json) {
		cli_complain("--csv and --json exclude each other");
		return CLI_USAGE;
	}
	status = cli_ask(call, "touched", json_incref(call->request), &answer);
	if (status != CLI_DONE)
		return status;
	/* The daemon's last frame counts the rows; nobody at all is an empty list to whoever reads it. */
	if (!json_is_array(json_object_get(answer, "rows")))
		(void)json_object_set_new(answer, "rows", json_array());
	if (count_only)
		(void)json_object_del(answer, "rows");
	rows = json_object_get(answer, "rows");
	if (csv) {
		print_csv(call->out, rows);
	} else if (count_only || call->json) {
		(void)json_object_del(answer, "ok");
		/* A program gets the totals beside the rows, so that it can check them. */
		cli_print_object(call, answer);
	} else {
		cli_print_rows(call, rows, COLUMNS);
		(void)fprintf(call->out, "%" JSON_INTEGER_FORMAT " persons\n",
		    json_integer_value(json_object_get(answer, "persons")));
	}
	json_decref(answer);
	return CLI_DONE;
}
