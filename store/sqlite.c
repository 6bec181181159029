/*
 * sqlite: the embedded backend. The only place with SQLite's header.
 *
 * Write-ahead logging with synchronous=FULL: a commit that returned survives
 * loss of power. One connection holds the database exclusively, so a second
 * engine on the same data is refused at once.
 */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_MAX 128

struct db_rows {
	struct db *db;
	sqlite3_stmt *statement;
	bool own; /* made for a query inside a query of the same text */
};

struct cached {
	const char *sql;
	sqlite3_stmt *statement;
	bool busy;
};

struct db {
	sqlite3 *connection;
	struct cached cache[CACHE_MAX];
	size_t n_cached;
};

static enum err
from_code(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_NONE;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_FULL:
		return ERR_SPACE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
		return ERR_EXISTS;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

/* SQLite would make the file with the umask's mode; accounts deserve better. */
static enum err
make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return errno == EACCES || errno == EPERM || errno == EROFS ? ERR_DENIED :
		    errno == ENOSPC ? ERR_SPACE : ERR_IO;
	close(fd);
	return ERR_NONE;
}

enum err
db_open(const char *path, struct db **ret_db, const char **why)
{
	static const char setup[] =
	    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	    "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
	    "PRAGMA wal_autocheckpoint=1000; BEGIN IMMEDIATE; COMMIT;";
	struct db *db = calloc(1, sizeof(*db));
	enum err err;

	if (db == NULL)
		return ERR_NOMEM;
	err = make_private(path);
	if (err != ERR_NONE) {
		*why = "the database file cannot be made or written";
		free(db);
		return err;
	}
	if (sqlite3_open_v2(path, &db->connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_exec(db->connection, setup, NULL, NULL, NULL) != SQLITE_OK) {
		err = from_code(sqlite3_errcode(db->connection));
		*why = err == ERR_BUSY ? "another process holds the database" :
		    err == ERR_CORRUPT ? "the file is not a database, or it is damaged" :
		    err == ERR_SPACE ? "the disk is full" : "the database cannot be opened";
		db_close(db);
		return err;
	}
	sqlite3_extended_result_codes(db->connection, 1);
	*ret_db = db;
	return ERR_NONE;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < db->n_cached; i++)
		sqlite3_finalize(db->cache[i].statement);
	sqlite3_close(db->connection);
	free(db);
}

enum err
db_script(struct db *db, const char *sql)
{
	return from_code(sqlite3_exec(db->connection, sql, NULL, NULL, NULL));
}

static enum err
bind_all(sqlite3_stmt *statement, const struct db_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int at = (int)i + 1;
		int code;

		if (values[i].kind == DB_INT)
			code = sqlite3_bind_int64(statement, at, values[i].number);
		else if (values[i].kind == DB_TEXT)
			code = sqlite3_bind_text(statement, at, values[i].data, -1, SQLITE_STATIC);
		else
			code = sqlite3_bind_blob(statement, at, values[i].data, (int)values[i].len, SQLITE_STATIC);
		if (code != SQLITE_OK)
			return from_code(code);
	}
	return ERR_NONE;
}

/* A prepared statement for `sql`: kept by address, or `*ret_own` for this use alone. */
static enum err
take(struct db *db, const char *sql, sqlite3_stmt **ret_statement, bool *ret_own)
{
	unsigned flags = SQLITE_PREPARE_PERSISTENT;
	struct cached *slot = NULL;
	sqlite3_stmt *statement;
	int code;

	for (size_t i = 0; i < db->n_cached; i++)
		if (db->cache[i].sql == sql)
			slot = &db->cache[i];
	if (slot != NULL && !slot->busy) {
		slot->busy = true;
		*ret_statement = slot->statement;
		*ret_own = false;
		return ERR_NONE;
	}
	code = sqlite3_prepare_v3(db->connection, sql, -1, flags, &statement, NULL);
	if (code != SQLITE_OK)
		return from_code(code);
	*ret_own = slot != NULL || db->n_cached == CACHE_MAX;
	if (!*ret_own)
		db->cache[db->n_cached++] = (struct cached){ sql, statement, true };
	*ret_statement = statement;
	return ERR_NONE;
}

static void
give_back(struct db *db, sqlite3_stmt *statement, bool own)
{
	if (own) {
		sqlite3_finalize(statement);
		return;
	}
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	for (size_t i = 0; i < db->n_cached; i++)
		if (db->cache[i].statement == statement)
			db->cache[i].busy = false;
}

enum err
db_run(struct db *db, const char *sql, const struct db_value *values, size_t n)
{
	sqlite3_stmt *statement;
	bool own;
	enum err err = take(db, sql, &statement, &own);

	if (err != ERR_NONE)
		return err;
	err = bind_all(statement, values, n);
	if (err == ERR_NONE)
		err = from_code(sqlite3_step(statement));
	give_back(db, statement, own);
	return err;
}

uint64_t
db_changes(struct db *db)
{
	return (uint64_t)sqlite3_changes64(db->connection);
}

enum err
db_query(struct db *db, const char *sql, const struct db_value *values, size_t n, struct db_rows **ret_rows)
{
	struct db_rows *rows = calloc(1, sizeof(*rows));
	enum err err;

	if (rows == NULL)
		return ERR_NOMEM;
	rows->db = db;
	err = take(db, sql, &rows->statement, &rows->own);
	if (err != ERR_NONE) {
		free(rows);
		return err;
	}
	err = bind_all(rows->statement, values, n);
	if (err != ERR_NONE) {
		db_done(rows);
		return err;
	}
	*ret_rows = rows;
	return ERR_NONE;
}

enum err
db_next(struct db_rows *rows)
{
	int code = sqlite3_step(rows->statement);

	return code == SQLITE_DONE ? ERR_NOT_FOUND : from_code(code);
}

uint64_t
db_int(struct db_rows *rows, int column)
{
	return (uint64_t)sqlite3_column_int64(rows->statement, column);
}

void
db_text(struct db_rows *rows, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(rows->statement, column);
	size_t len = text == NULL ? 0 : strnlen((const char *)text, size - 1);

	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}

size_t
db_blob(struct db_rows *rows, int column, void *out, size_t size)
{
	const void *data = sqlite3_column_blob(rows->statement, column);
	size_t len = (size_t)sqlite3_column_bytes(rows->statement, column);

	if (data == NULL)
		return 0;
	if (len > size)
		len = size;
	memcpy(out, data, len);
	return len;
}

void
db_done(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	give_back(rows->db, rows->statement, rows->own);
	free(rows);
}

enum err
db_backup(struct db *db, const char *path)
{
	sqlite3_backup *backup;
	sqlite3 *copy;
	enum err err = make_private(path);

	if (err != ERR_NONE)
		return err;
	if (sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		sqlite3_close(copy);
		return ERR_IO;
	}
	backup = sqlite3_backup_init(copy, "main", db->connection, "main");
	if (backup != NULL) {
		sqlite3_backup_step(backup, -1);
		sqlite3_backup_finish(backup);
	}
	err = from_code(sqlite3_errcode(copy));
	sqlite3_close(copy);
	return err;
}
