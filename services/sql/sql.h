/*
 * sql: one SQLite connection with its prepared statements, and migrations.
 *
 * A connection belongs to one thread at a time. Statements are prepared once
 * and found again by the address of their text, so texts are static constants.
 * The only place of the services that includes sqlite3.h.
 */
#ifndef SERVICES_SQL_SQL_H
#define SERVICES_SQL_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sql;

enum sql_mode {
	SQL_READ = 0, /* refuses to write */
	SQL_WRITE,    /* creates the file (mode 0600) where it is missing */
	SQL_BUILD,    /* the same, without journal or syncs: for a file nobody else sees yet */
	SQL_MODE_MAX
};

/* WAL, foreign keys on, five seconds of patience. *why is a sentence of SQLite or ours. */
MUST_CHECK enum err sql_open(
    const char *path, enum sql_mode mode, struct sql **ret_sql, const char **why);
void sql_close(struct sql *sql);

/* Run statements that return no rows. */
MUST_CHECK enum err sql_run(struct sql *sql, const char *statements);

/*
 * Bring the file to the latest form: migrations[i] takes version i to i + 1
 * (PRAGMA user_version), each in its transaction. ERR_UNSUPPORTED where the
 * file is newer than the program.
 */
MUST_CHECK enum err sql_migrate(struct sql *sql, const char *const *migrations, int count);

/* What SQLite said last on this connection; for logs. */
const char *sql_words(const struct sql *sql);

/*
 * The statement of `text`, reset and without values; NULL when it cannot be
 * prepared. All functions below take NULL for a failed one, so that one check
 * of the first step suffices.
 */
sqlite3_stmt *sql_query(struct sql *sql, const char *text);

/* Parameters count from 1. Text is borrowed until the statement is asked for again. */
void sql_bind_text(sqlite3_stmt *query, int at, const char *text);
void sql_bind_number(sqlite3_stmt *query, int at, int64_t number);

/*
 * Next row. ERR_NOT_FOUND after the last one; ERR_EXISTS, ERR_RANGE (a CHECK or
 * a missing foreign row), ERR_BUSY, ERR_SPACE, ERR_CORRUPT or ERR_IO otherwise.
 * Anything but ERR_NONE also resets the statement.
 */
MUST_CHECK enum err sql_step(sqlite3_stmt *query);

/* Run a statement without rows. */
MUST_CHECK enum err sql_do(sqlite3_stmt *query);

/* Done with a query before its last row. */
void sql_done(sqlite3_stmt *query);

/* Columns count from 0; text is valid until the next step and NULL for NULL. */
const char *sql_text(sqlite3_stmt *query, int column);
int64_t sql_number(sqlite3_stmt *query, int column);
bool sql_is_null(sqlite3_stmt *query, int column);

/* BEGIN IMMEDIATE; end it with COMMIT where `err` is ERR_NONE, else ROLLBACK. */
MUST_CHECK enum err sql_begin(struct sql *sql);
MUST_CHECK enum err sql_end(struct sql *sql, enum err err);

/*
 * One snapshot for several queries: they agree with each other, and the locks
 * of the file are taken once instead of once a query.
 */
MUST_CHECK enum err sql_begin_read(struct sql *sql);
void sql_end_read(struct sql *sql);

#endif
