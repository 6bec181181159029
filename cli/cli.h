/*
 * cli: the command line as tables.
 *
 * A verb is a row: its words, its arguments, the operation of the control protocol that it calls, the columns it
 * prints. What reads files alone or does more than one call has a function instead of an operation. Help, argument
 * checking and the check of the manual all read the same rows.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* Exit statuses, also in tourniquet(1). */
enum cli_exit {
	CLI_DONE = 0,
	CLI_NO = 1,     /* the answer is no: refused, not found, not intact */
	CLI_USAGE = 2,  /* the words of the command are off */
	CLI_AWAY = 3,   /* the daemon does not answer */
	CLI_FAILED = 4, /* this program failed: a file, memory */
};

enum cli_kind {
	CLI_TEXT,
	CLI_NUMBER,
	CLI_FLAG,     /* takes no value: true */
	CLI_DURATION, /* "90s", "30m", "2h", "3d": seconds */
	CLI_TIME,     /* "2026-01-31", "2026-01-31T08:00[:00][Z]" in UTC, "-2h", "now": microseconds since 1970 */
	CLI_LIST,     /* "read,export": array of texts */
	CLI_FILE_JSON /* a file, or "-": the JSON value in it */
};

struct cli_arg {
	const char *name; /* "--until" for an option, "IDENTITY" for a place */
	const char *key;  /* in the request */
	enum cli_kind kind;
	bool required;
	const char *help;
};

struct cli_call;

struct cli_verb {
	const char *family; /* "order" */
	const char *name;   /* "give"; NULL where the family is the whole command */
	const char *help;
	const struct cli_arg *args; /* ended by a row without a name; or NULL */
	const char *op;             /* operation to call, or NULL: `run` does it all */
	/* Columns of rows for people: "login name created_us"; NULL: the answer's members, one a line. */
	const char *columns;
	enum cli_exit (*run)(struct cli_call *call);
};

/* One invocation. */
struct cli_call {
	const struct cli_verb *verb;
	json_t *request; /* keys of the arguments that were given */
	const char *socket_path;
	bool json;
	FILE *out;
};

extern const struct cli_verb cli_verbs_identity[];
extern const struct cli_verb cli_verbs_session[];
extern const struct cli_verb cli_verbs_order[];
extern const struct cli_verb cli_verbs_budget[];
extern const struct cli_verb cli_verbs_account[];
extern const struct cli_verb cli_verbs_local[];
extern const struct cli_verb cli_verbs_lab[];

/* The verb of these words, or NULL; *ret_used words were taken. */
const struct cli_verb *cli_find(int argc, char **argv, int *ret_used);

/* Every verb in the order of the manual, until `each` returns false. */
void cli_each(bool (*each)(void *context, const struct cli_verb *verb), void *context);

/* Read the words after the verb into call->request; says what is wrong and returns false. */
MUST_CHECK bool cli_read_args(struct cli_call *call, int argc, char **argv);

void cli_print_help(FILE *out);
void cli_print_verb_help(FILE *out, const struct cli_verb *verb);

/* Call verb->op and print what comes. */
enum cli_exit cli_call_remote(struct cli_call *call);

/*
 * Call `op` with `request` (reference taken) and give the last frame (reference given). Says what is wrong. Rows are
 * gathered in the answer as "rows".
 */
MUST_CHECK enum cli_exit cli_ask(struct cli_call *call, const char *op, json_t *request, json_t **ret_answer);

/* Bytes of the character at `text`, not empty, if a terminal would obey it rather than show it; else 0. */
size_t cli_unsafe_len(const char *text);

/* Print rows as a table under `columns`, or as JSON. */
void cli_print_rows(const struct cli_call *call, const json_t *rows, const char *columns);
/* Print the members of an object, one a line, or as JSON. */
void cli_print_object(const struct cli_call *call, json_t *object);

/* Standard error: "tourniquet: words". */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Progress on standard error where it is a terminal. */
void cli_progress(const char *what, double done, double of);

/* "2h" and so on, see enum cli_kind; false where it is none. */
MUST_CHECK bool cli_parse_duration(const char *text, json_int_t *ret_s);
MUST_CHECK bool cli_parse_time(const char *text, uint64_t now_us, uint64_t *ret_us);

#endif
