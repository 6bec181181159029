/*
 * budget_history: counts distinct persons per (scope, day) of a CSV log by sorting. Takes 16 bytes of memory for each
 * line and scope.
 */
#include "cli/budget_history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define DAY_US (UINT64_C(86400) * 1000000)
#define NAMES_MAX (1u << 20)
#define ROWS_PER_CALL 20000
#define COLUMNS 4

enum { COLUMN_TIME, COLUMN_IDENTITY, COLUMN_ORGANISATION, COLUMN_PERSON };

/* One person handled by one scope on one day. */
struct handled {
	uint32_t scope; /* place in `names` */
	uint32_t day;   /* since 1970 */
	uint64_t person; /* 64-bit hash; two persons of a scope and day share one with negligible chance */
};

struct history {
	struct handled *handled;
	size_t n, cap;
	char **names; /* "identity\0..." or "organisation\0...": kind, then name after its NUL */
	uint32_t n_names, cap_names;
	uint32_t *slots; /* open addressing over names: place + 1 */
	uint64_t line;
};

/* FNV-1a, for a table and a count in one process's memory; nothing hostile gains by a collision here. */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

#define HASH_START UINT64_C(14695981039346656037)

static bool
same_name(const char *stored, const char *kind, const char *name)
{
	return strcmp(stored, kind) == 0 && strcmp(stored + strlen(stored) + 1, name) == 0;
}

static char *
copy_name(const char *kind, const char *name)
{
	size_t kind_len = strlen(kind) + 1, name_len = strlen(name) + 1;
	char *stored = malloc(kind_len + name_len);

	if (stored == NULL)
		return NULL;
	memcpy(stored, kind, kind_len);
	memcpy(stored + kind_len, name, name_len);
	return stored;
}

/* The number of a scope, given to it at first sight; false when there is no room. */
static bool
scope_of(struct history *h, const char *kind, const char *name, uint32_t *ret_scope)
{
	uint64_t at = hash_text(hash_text(HASH_START, kind) * 31, name);

	for (;; at++) {
		uint32_t *slot = &h->slots[at % (2 * NAMES_MAX)];

		if (*slot == 0) {
			if (h->n_names == NAMES_MAX)
				return false;
			h->names[h->n_names] = copy_name(kind, name);
			if (h->names[h->n_names] == NULL)
				return false;
			*ret_scope = h->n_names++;
			*slot = *ret_scope + 1;
			return true;
		}
		if (same_name(h->names[*slot - 1], kind, name)) {
			*ret_scope = *slot - 1;
			return true;
		}
	}
}

static bool
add(struct history *h, const char *kind, const char *name, uint32_t day, uint64_t person)
{
	uint32_t scope = 0;

	if (name[0] == '\0')
		return true;
	if (!scope_of(h, kind, name, &scope))
		return false;
	if (h->n == h->cap) {
		size_t cap = h->cap != 0 ? 2 * h->cap : 65536;
		struct handled *grown = realloc(h->handled, cap * sizeof(*grown));

		if (grown == NULL)
			return false;
		h->handled = grown;
		h->cap = cap;
	}
	h->handled[h->n++] = (struct handled){scope, day, person};
	return true;
}

/* Split at commas, in place; quoting is refused, since identifiers need none. */
static bool
split(char *line, char *column[COLUMNS])
{
	line[strcspn(line, "\r\n")] = '\0';
	if (strchr(line, '"') != NULL)
		return false;
	for (int i = 0; i < COLUMNS; i++) {
		column[i] = line;
		line = strchr(line, ',');
		if (line == NULL)
			return i == COLUMNS - 1;
		*line++ = '\0';
	}
	return false;
}

static enum cli_exit
take_line(struct history *h, const char *path, char *line)
{
	char *column[COLUMNS];
	uint64_t at_us = 0, person;

	h->line++;
	if (!split(line, column)) {
		cli_complain("%s: line %" PRIu64 ": not time,identity,organisation,person", path, h->line);
		return CLI_NO;
	}
	if (h->line == 1 && strcmp(column[COLUMN_TIME], "time") == 0)
		return CLI_DONE;
	/* Logs write a blank where ISO 8601 has a T. */
	if (strlen(column[COLUMN_TIME]) > 10 && column[COLUMN_TIME][10] == ' ')
		column[COLUMN_TIME][10] = 'T';
	if (!cli_parse_time(column[COLUMN_TIME], UINT64_MAX, &at_us) || column[COLUMN_PERSON][0] == '\0') {
		cli_complain("%s: line %" PRIu64 ": no time such as 2026-01-31T08:00, or no person", path, h->line);
		return CLI_NO;
	}
	person = hash_text(HASH_START, column[COLUMN_PERSON]);
	if (add(h, "identity", column[COLUMN_IDENTITY], (uint32_t)(at_us / DAY_US), person) &&
	    add(h, "organisation", column[COLUMN_ORGANISATION], (uint32_t)(at_us / DAY_US), person))
		return CLI_DONE;
	cli_complain("%s: line %" PRIu64 ": out of memory, or more than %u scopes", path, h->line, NAMES_MAX);
	return CLI_FAILED;
}

static int
compare(const void *a, const void *b)
{
	const struct handled *x = a, *y = b;

	if (x->scope != y->scope)
		return x->scope < y->scope ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (x->person > y->person) - (x->person < y->person);
}

static json_t *
row_of(const struct history *h, const struct handled *first, uint64_t distinct)
{
	const char *kind = h->names[first->scope];
	const char *name = kind + strlen(kind) + 1;
	char day[25];

	clock_format(first->day * DAY_US, day);
	day[10] = '\0';
	return json_pack("{s:s, s:s, s:I}", kind, name, "day", day, "distinct", (json_int_t)distinct);
}

static enum cli_exit
send_rows(struct cli_call *call, json_t *rows, uint64_t *added)
{
	json_t *answer = NULL;
	enum cli_exit status = cli_ask(call, "budget.history", json_pack("{s:O}", "rows", rows), &answer);

	if (status == CLI_DONE)
		*added += (uint64_t)json_integer_value(json_object_get(answer, "added"));
	json_decref(answer);
	json_array_clear(rows);
	return status;
}

/* Sorted, each run of one (scope, day) is a row with the number of its distinct persons. */
static enum cli_exit
send_all(struct cli_call *call, struct history *h, uint64_t *added)
{
	json_t *rows = json_array();
	enum cli_exit status = CLI_DONE;

	if (h->n != 0)
		qsort(h->handled, h->n, sizeof(*h->handled), compare);
	for (size_t i = 0, next; i < h->n && status == CLI_DONE; i = next) {
		const struct handled *first = &h->handled[i];
		uint64_t distinct = 1;

		for (next = i + 1; next < h->n; next++) {
			const struct handled *at = &h->handled[next];

			if (at->scope != first->scope || at->day != first->day)
				break;
			distinct += at->person != h->handled[next - 1].person;
		}
		(void)json_array_append_new(rows, row_of(h, first, distinct));
		cli_progress("sending daily counts", (double)next, (double)h->n);
		if (json_array_size(rows) == ROWS_PER_CALL || next == h->n)
			status = send_rows(call, rows, added);
	}
	json_decref(rows);
	return status;
}

static enum cli_exit
read_all(struct history *h, const char *path, FILE *in)
{
	enum cli_exit status = CLI_DONE;
	char *line = NULL;
	size_t cap = 0;

	while (status == CLI_DONE && getline(&line, &cap, in) >= 0)
		status = take_line(h, path, line);
	if (status == CLI_DONE && ferror(in)) {
		cli_complain("%s: cannot be read to its end", path);
		status = CLI_FAILED;
	}
	free(line);
	return status;
}

static void
wipe(struct history *h)
{
	for (uint32_t i = 0; i < h->n_names; i++)
		free(h->names[i]);
	free(h->names);
	free(h->slots);
	free(h->handled);
}

enum cli_exit
cli_budget_history(struct cli_call *call)
{
	const char *path = json_string_value(json_object_get(call->request, "file"));
	struct history h = {.names = calloc(NAMES_MAX, sizeof(char *)), .slots = calloc(2 * NAMES_MAX, sizeof(uint32_t))};
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	enum cli_exit status = CLI_FAILED;
	uint64_t added = 0;

	if (in == NULL)
		cli_complain("%s: cannot be opened", path);
	else if (h.names == NULL || h.slots == NULL)
		cli_complain("out of memory");
	else
		status = read_all(&h, path, in);
	if (status == CLI_DONE)
		status = send_all(call, &h, &added);
	if (status == CLI_DONE) {
		json_t *said = json_pack("{s:I, s:I, s:I}", "lines", (json_int_t)h.line, "scopes", (json_int_t)h.n_names,
		    "days_added", (json_int_t)added);

		cli_print_object(call, said);
		json_decref(said);
	}
	if (in != NULL && in != stdin)
		(void)fclose(in);
	wipe(&h);
	return status;
}
