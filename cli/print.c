/* print: rows and objects for people (aligned columns, UTC times) and for programs (JSON). */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

#define COLUMNS_MAX 16
#define CELL_MAX 256
#define NAME_MAX_LEN 40

void
cli_complain(const char *format, ...)
{
	va_list args;

	(void)fputs("tourniquet: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

void
cli_progress(const char *what, double done, double of)
{
	if (!isatty(STDERR_FILENO) || of <= 0)
		return;
	(void)fprintf(stderr, "\r%s: %3.0f %%%s", what != NULL ? what : "working", 100 * done / of,
	    done >= of ? "\n" : "");
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

size_t
cli_unsafe_len(const char *text)
{
	unsigned char first = (unsigned char)text[0], second, third;

	if (first < 0x20 || first == 0x7f)
		return 1;
	second = (unsigned char)text[1];
	/* U+0080 to U+009F, among them the one-character form of ESC [ */
	if (first == 0xc2 && second >= 0x80 && second < 0xa0)
		return 2;
	if (first != 0xe2 || second == '\0')
		return 0;
	/* U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: they turn the direction of a line round */
	third = (unsigned char)text[2];
	if (second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae)))
		return 3;
	return second == 0x81 && third >= 0xa6 && third <= 0xa9 ? 3 : 0;
}

/* Texts come from people's input: what a terminal would obey is shown as a dot. */
static void
copy_printable(char *cell, const char *text)
{
	size_t n = 0;

	while (*text != '\0' && n < CELL_MAX - 1) {
		size_t len = cli_unsafe_len(text);

		cell[n++] = len != 0 ? '.' : *text;
		text += len != 0 ? len : 1;
	}
	cell[n] = '\0';
}

/* Texts joined; of objects only how many there are. */
static void
join_list(char *cell, const json_t *list)
{
	size_t i, len = 0;
	json_t *item;

	cell[0] = '\0';
	if (json_is_object(json_array_get(list, 0)))
		(void)snprintf(cell, CELL_MAX, "%zu", json_array_size(list));
	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);

		if (text != NULL && len + strlen(text) + 2 < CELL_MAX)
			len += (size_t)snprintf(cell + len, CELL_MAX - len, "%s%s", i != 0 ? "," : "", text);
	}
	copy_printable(cell, cell);
}

/* The value as a person reads it; `key` tells its unit. */
static void
format_value(char cell[CELL_MAX], const char *key, const json_t *value)
{
	char at[25];

	if (json_is_integer(value) && ends_with(key, "_us")) {
		if (json_integer_value(value) == 0) {
			(void)snprintf(cell, CELL_MAX, "-");
			return;
		}
		clock_format((uint64_t)json_integer_value(value), at);
		/* To the second: people do not read milliseconds. */
		(void)snprintf(cell, CELL_MAX, "%.10s %.8s", at, at + 11);
	} else if (json_is_string(value)) {
		copy_printable(cell, json_string_value(value));
	} else if (json_is_array(value)) {
		join_list(cell, value);
	} else if (json_is_boolean(value)) {
		(void)snprintf(cell, CELL_MAX, "%s", json_is_true(value) ? "yes" : "no");
	} else if (value == NULL || json_is_null(value)) {
		(void)snprintf(cell, CELL_MAX, "-");
	} else {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		copy_printable(cell, text != NULL ? text : "");
		free(text);
	}
}

/* Characters, not bytes: names have accents. */
static int
width_of(const char *text)
{
	int width = 0;

	for (; *text != '\0'; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void
heading_of(char heading[NAME_MAX_LEN], const char *key)
{
	size_t len = strlen(key);

	if (ends_with(key, "_us"))
		len -= 3;
	if (len >= NAME_MAX_LEN)
		len = NAME_MAX_LEN - 1;
	for (size_t i = 0; i < len; i++)
		heading[i] = key[i] == '_' ? ' ' : key[i];
	heading[len] = '\0';
}

struct layout {
	size_t n;
	char key[COLUMNS_MAX][NAME_MAX_LEN];
	int width[COLUMNS_MAX];
};

static void
lay_out(struct layout *layout, const json_t *rows, const char *columns)
{
	char heading[NAME_MAX_LEN], cell[CELL_MAX];
	size_t i;
	json_t *row;

	layout->n = 0;
	while (*columns != '\0' && layout->n < COLUMNS_MAX) {
		size_t len = strcspn(columns, " ");

		(void)snprintf(layout->key[layout->n], NAME_MAX_LEN, "%.*s", (int)len, columns);
		heading_of(heading, layout->key[layout->n]);
		layout->width[layout->n++] = width_of(heading);
		columns += len + (columns[len] == ' ');
	}
	json_array_foreach(rows, i, row) {
		for (size_t c = 0; c < layout->n; c++) {
			format_value(cell, layout->key[c], json_object_get(row, layout->key[c]));
			if (width_of(cell) > layout->width[c])
				layout->width[c] = width_of(cell);
		}
	}
}

static void
print_cell(const struct cli_call *call, const struct layout *layout, size_t column, const char *text)
{
	bool last = column + 1 == layout->n;

	(void)fputs(text, call->out);
	if (last)
		(void)fputc('\n', call->out);
	else
		(void)fprintf(call->out, "%*s", layout->width[column] - width_of(text) + 2, "");
}

static void
print_json(const struct cli_call *call, const json_t *value)
{
	(void)json_dumpf(value, call->out, JSON_INDENT(2) | JSON_ENCODE_ANY);
	(void)fputc('\n', call->out);
}

void
cli_print_rows(const struct cli_call *call, const json_t *rows, const char *columns)
{
	struct layout layout;
	char text[CELL_MAX];
	size_t i;
	json_t *row;

	if (call->json) {
		print_json(call, rows);
		return;
	}
	if (json_array_size(rows) == 0) {
		(void)fputs("none\n", call->out);
		return;
	}
	lay_out(&layout, rows, columns);
	for (size_t c = 0; c < layout.n; c++) {
		heading_of(text, layout.key[c]);
		print_cell(call, &layout, c, text);
	}
	json_array_foreach(rows, i, row) {
		for (size_t c = 0; c < layout.n; c++) {
			format_value(text, layout.key[c], json_object_get(row, layout.key[c]));
			print_cell(call, &layout, c, text);
		}
	}
}

/* A list of objects inside an object: a table of its own, with the members of its first row. */
static void
print_table(const struct cli_call *call, const char *heading, const json_t *rows)
{
	char columns[COLUMNS_MAX * NAME_MAX_LEN] = "";
	const char *key;
	json_t *value;

	json_object_foreach(json_array_get(rows, 0), key, value) {
		(void)value;
		(void)strncat(columns, columns[0] != '\0' ? " " : "", sizeof(columns) - strlen(columns) - 1);
		(void)strncat(columns, key, sizeof(columns) - strlen(columns) - 1);
	}
	(void)fprintf(call->out, "\n%s\n", heading);
	cli_print_rows(call, rows, columns);
}

static void
print_members(const struct cli_call *call, json_t *object, const char *indent)
{
	char heading[NAME_MAX_LEN], cell[CELL_MAX];
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		heading_of(heading, key);
		if (json_is_object(value)) {
			(void)fprintf(call->out, "%s%s\n", indent, heading);
			print_members(call, value, "  ");
			continue;
		}
		if (json_is_object(json_array_get(value, 0))) {
			print_table(call, heading, value);
			continue;
		}
		/* Texts of several lines, such as a checkpoint, stand as they are. */
		if (json_is_string(value) && strchr(json_string_value(value), '\n') != NULL) {
			(void)fprintf(call->out, "%s%s\n%s\n", indent, heading, json_string_value(value));
			continue;
		}
		format_value(cell, key, value);
		(void)fprintf(call->out, "%s%-18s %s\n", indent, heading, cell);
	}
}

void
cli_print_object(const struct cli_call *call, json_t *object)
{
	if (call->json)
		print_json(call, object);
	else
		print_members(call, object, "");
}
