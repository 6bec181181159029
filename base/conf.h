/*
 * conf: a configuration file (libconfig's syntax) read by a table. The only
 * place with libconfig's header.
 *
 * A table of keys says what each one is, its bounds, its default, and where in
 * the caller's structure the value goes. Every unknown key, wrong type, value
 * out of bounds and missing key is a complaint "file:line: words"; all of them
 * are collected, so that one run shows all mistakes.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct conf;

enum conf_type {
	CONF_END = 0, /* ends a table */
	CONF_BOOL,    /* bool */
	CONF_U32,     /* uint32_t */
	CONF_U64,     /* uint64_t */
	CONF_REAL,    /* double; whole numbers are taken too */
	CONF_TEXT,    /* const char *; NULL where absent without default */
	CONF_TEXTS,   /* struct conf_texts: an array or list of texts */
	CONF_CHOICE,  /* uint32_t: place of the text in `choices` */
	CONF_GROUP,   /* a structure inside the structure, read with `keys` */
	CONF_LIST,    /* struct conf_list: a list of groups, each read with `keys` */
	CONF_LINE,    /* uint32_t, no key in the file: the line on which the group stands */
};

struct conf_texts {
	const char **text;
	size_t n;
};

/* `item` points to `n` structures of the size named in the table. */
struct conf_list {
	void *item;
	size_t n;
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	bool required;
	double min, max;            /* bounds of numbers, of a text's length, of a list's count; max 0: none */
	double number;              /* default of numbers, choices and bools */
	const char *text;           /* default of a text */
	const char *const *choices; /* ended by NULL */
	const struct conf_key *keys;
	size_t item_size;           /* of CONF_LIST */
};

/*
 * Read `path` into `out`, which the caller has zeroed. On ERR_NONE the texts and lists live
 * until conf_free(*ret_conf). On failure `complaints` has lines, each ended by
 * a newline: ERR_NOT_FOUND, ERR_DENIED, ERR_IO the file; ERR_FORMAT its content.
 */
MUST_CHECK enum err conf_read(const char *path, const struct conf_key *keys, void *out, struct conf **ret_conf,
    struct bytes *complaints);
void conf_free(struct conf *conf);

/* The line of a setting such as "service.origin"; 0 where the file does not name it. */
uint32_t conf_line(const struct conf *conf, const char *path);

/* For checks beyond the table: add "file:line: words" to the complaints; line 0 is left out. */
void conf_complain(const char *path, uint32_t line, struct bytes *complaints, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
