/*
 * db: the narrow waist between the store's functions and a database. Private
 * to store/.
 *
 * SQL is written once, in the common part of what the backends speak, with
 * numbered parameters ?1, ?2. A backend is this file's functions for one kind
 * of database. SQL texts are string literals: a backend may keep a prepared
 * statement by the text's address.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct db;
struct db_rows;

/* Schema steps in order, ended by NULL; made from store/migrations/. */
extern const char *const db_migrations[];

enum db_kind { DB_INT, DB_TEXT, DB_BLOB };

/* A parameter; borrowed until the call returns (db_query: until db_done). */
struct db_value {
	enum db_kind kind;
	int64_t number;
	const void *data;
	size_t len;
};

static inline struct db_value
db_of_int(uint64_t number)
{
	return (struct db_value){ .kind = DB_INT, .number = (int64_t)number };
}

static inline struct db_value
db_of_text(const char *text)
{
	return (struct db_value){ .kind = DB_TEXT, .data = text };
}

static inline struct db_value
db_of_blob(const void *data, size_t len)
{
	return (struct db_value){ .kind = DB_BLOB, .data = data, .len = len };
}

#define DB_INTO(...) ((const struct db_value[]){ __VA_ARGS__ }), \
	(sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value))

MUST_CHECK enum err db_open(const char *path, struct db **ret_db, const char **why);
void db_close(struct db *db);

/* Several statements without parameters. */
MUST_CHECK enum err db_script(struct db *db, const char *sql);

/* One statement that gives no rows. ERR_EXISTS: a uniqueness constraint; ERR_SPACE: the disk is full. */
MUST_CHECK enum err db_run(struct db *db, const char *sql, const struct db_value *values, size_t n);
/* Rows that the last db_run() changed. */
uint64_t db_changes(struct db *db);

/*
 * One statement that gives rows: db_next() moves to the next one, or says
 * ERR_NOT_FOUND after the last. db_done() always.
 */
MUST_CHECK enum err db_query(struct db *db, const char *sql, const struct db_value *values, size_t n,
    struct db_rows **ret_rows);
MUST_CHECK enum err db_next(struct db_rows *rows);
uint64_t db_int(struct db_rows *rows, int column);
/* Cut to `size` - 1 bytes. */
void db_text(struct db_rows *rows, int column, char *out, size_t size);
/* Returns the bytes copied, at most `size`. */
size_t db_blob(struct db_rows *rows, int column, void *out, size_t size);
void db_done(struct db_rows *rows);

MUST_CHECK enum err db_backup(struct db *db, const char *path);

#endif
