/* sql: see the header. Every call may block on the disk or on another writer. */
#include "services/sql/sql.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STATEMENTS_MAX 96
#define BUSY_MS 5000

struct sql {
	sqlite3 *db;
	struct {
		const char *text;
		sqlite3_stmt *statement;
	} slot[STATEMENTS_MAX];
};

static const char pragmas_common[] =
    "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=1073741824;"
    "PRAGMA cache_size=-16384;";
static const char *const pragmas[SQL_MODE_MAX] = {
	[SQL_READ] = "PRAGMA query_only=ON;",
	[SQL_WRITE] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
	[SQL_BUILD] = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144;",
};

static enum err
error_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
		return ERR_NONE;
	case SQLITE_DONE:
		return ERR_NOT_FOUND;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_FULL:
		return ERR_SPACE;
	case SQLITE_CORRUPT:
		return ERR_CORRUPT;
	case SQLITE_NOTADB:
		return ERR_FORMAT;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_DENIED;
	case SQLITE_CONSTRAINT:
		return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
		    ? ERR_EXISTS : ERR_RANGE;
	default:
		return ERR_IO;
	}
}

/* Statistics of memory cost a lock shared by all threads at each allocation. */
static void
configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum err
open_file(const char *path, enum sql_mode mode, struct sql *sql)
{
	int flags = mode == SQL_READ ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int code;

	/* SQLite would create it with the process's umask; the records are nobody else's. */
	if (mode != SQL_READ) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return ERR_IO;
		close(fd);
	}
	code = sqlite3_open_v2(path, &sql->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return error_of(code);
	(void)sqlite3_extended_result_codes(sql->db, 1);
	(void)sqlite3_busy_timeout(sql->db, BUSY_MS);
	code = sqlite3_exec(sql->db, pragmas_common, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(sql->db, pragmas[mode], NULL, NULL, NULL);
	return error_of(code);
}

enum err
sql_open(const char *path, enum sql_mode mode, struct sql **ret_sql, const char **why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sql *sql = calloc(1, sizeof(*sql));
	enum err err;

	(void)pthread_once(&once, configure);
	*why = err_text(ERR_NOMEM);
	if (sql == NULL)
		return ERR_NOMEM;
	err = open_file(path, mode, sql);
	if (err != ERR_NONE) {
		*why = sql->db == NULL ? "the file cannot be opened" : sqlite3_errstr(sqlite3_errcode(sql->db));
		sql_close(sql);
		return err;
	}
	*ret_sql = sql;
	return ERR_NONE;
}

void
sql_close(struct sql *sql)
{
	if (sql == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(sql->slot[i].statement);
	(void)sqlite3_close(sql->db);
	free(sql);
}

enum err
sql_run(struct sql *sql, const char *statements)
{
	return error_of(sqlite3_exec(sql->db, statements, NULL, NULL, NULL));
}

static enum err
migrate_one(struct sql *sql, const char *migration, int version)
{
	char set[64];
	enum err err = sql_begin(sql);

	if (err != ERR_NONE)
		return err;
	(void)snprintf(set, sizeof(set), "PRAGMA user_version=%d", version);
	err = sql_run(sql, migration);
	if (err == ERR_NONE)
		err = sql_run(sql, set);
	return sql_end(sql, err);
}

enum err
sql_migrate(struct sql *sql, const char *const *migrations, int count)
{
	sqlite3_stmt *query = sql_query(sql, "PRAGMA user_version");
	enum err err = sql_step(query);
	int64_t version;

	if (err != ERR_NONE)
		return err;
	version = sql_number(query, 0);
	sql_done(query);
	if (version > count)
		return ERR_UNSUPPORTED;
	for (int i = (int)version; err == ERR_NONE && i < count; i++)
		err = migrate_one(sql, migrations[i], i + 1);
	return err;
}

const char *
sql_words(const struct sql *sql)
{
	return sqlite3_errmsg(sql->db);
}

sqlite3_stmt *
sql_query(struct sql *sql, const char *text)
{
	size_t start = ((uintptr_t)text >> 4) % STATEMENTS_MAX;

	for (size_t n = 0; n < STATEMENTS_MAX; n++) {
		size_t i = (start + n) % STATEMENTS_MAX;
		if (sql->slot[i].text == text) {
			(void)sqlite3_reset(sql->slot[i].statement);
			(void)sqlite3_clear_bindings(sql->slot[i].statement);
			return sql->slot[i].statement;
		}
		if (sql->slot[i].text != NULL)
			continue;
		if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT,
		        &sql->slot[i].statement, NULL) != SQLITE_OK)
			return NULL;
		sql->slot[i].text = text;
		return sql->slot[i].statement;
	}
	return NULL;
}

void
sql_bind_text(sqlite3_stmt *query, int at, const char *text)
{
	if (query != NULL)
		(void)sqlite3_bind_text(query, at, text, -1, SQLITE_STATIC);
}

void
sql_bind_number(sqlite3_stmt *query, int at, int64_t number)
{
	if (query != NULL)
		(void)sqlite3_bind_int64(query, at, number);
}

enum err
sql_step(sqlite3_stmt *query)
{
	enum err err;

	if (query == NULL)
		return ERR_FORMAT;
	err = error_of(sqlite3_step(query));
	if (err != ERR_NONE)
		(void)sqlite3_reset(query);
	return err;
}

enum err
sql_do(sqlite3_stmt *query)
{
	enum err err = sql_step(query);

	if (err == ERR_NONE)
		(void)sqlite3_reset(query);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

void
sql_done(sqlite3_stmt *query)
{
	if (query != NULL)
		(void)sqlite3_reset(query);
}

const char *
sql_text(sqlite3_stmt *query, int column)
{
	return (const char *)sqlite3_column_text(query, column);
}

int64_t
sql_number(sqlite3_stmt *query, int column)
{
	return sqlite3_column_int64(query, column);
}

bool
sql_is_null(sqlite3_stmt *query, int column)
{
	return sqlite3_column_type(query, column) == SQLITE_NULL;
}

enum err
sql_begin(struct sql *sql)
{
	return sql_run(sql, "BEGIN IMMEDIATE");
}

enum err
sql_end(struct sql *sql, enum err err)
{
	if (err == ERR_NONE)
		err = sql_run(sql, "COMMIT");
	if (err != ERR_NONE && sqlite3_get_autocommit(sql->db) == 0)
		(void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

enum err
sql_begin_read(struct sql *sql)
{
	return sql_do(sql_query(sql, "BEGIN"));
}

void
sql_end_read(struct sql *sql)
{
	/* Ending a transaction that only read cannot fail in a way that matters. */
	enum err ignored = sql_do(sql_query(sql, "COMMIT"));
	(void)ignored;
}
