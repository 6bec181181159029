#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "store/inside.h"

static enum err
migrate(struct store *store, const char **why)
{
	uint32_t version;
	uint32_t known = 0;
	enum err err = store_version(store, &version);

	if (err != ERR_NONE)
		return err;
	while (db_migrations[known] != NULL)
		known++;
	if (version > known) {
		*why = "the database was written by a newer version of this program";
		return ERR_UNSUPPORTED;
	}
	for (uint32_t i = version; i < known; i++) {
		err = store_begin(store);
		if (err == ERR_NONE)
			err = db_script(store->db, db_migrations[i]);
		if (err == ERR_NONE)
			err = db_run(store->db, "UPDATE schema_version SET version = ?1", DB_INTO(db_of_int(i + 1)));
		if (err == ERR_NONE)
			err = store_commit(store);
		if (err != ERR_NONE) {
			store_rollback(store);
			*why = err == ERR_SPACE ? "the disk is full" : "the database's schema cannot be brought up to date";
			return err;
		}
	}
	return ERR_NONE;
}

enum err
store_open(const char *path, struct store **ret_store, const char **why)
{
	static const char first[] =
	    "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL);"
	    "INSERT INTO schema_version SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM schema_version);";
	struct store *store = calloc(1, sizeof(*store));
	enum err err;

	if (store == NULL)
		return ERR_NOMEM;
	*why = "the database cannot be opened";
	err = db_open(path, &store->db, why);
	if (err == ERR_NONE)
		err = db_script(store->db, first);
	if (err == ERR_NONE)
		err = migrate(store, why);
	if (err != ERR_NONE) {
		store_close(store);
		return err;
	}
	*ret_store = store;
	return ERR_NONE;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	db_close(store->db);
	free(store);
}

enum err
store_version(struct store *store, uint32_t *ret_version)
{
	uint64_t version;
	enum err err = inside_number(store, "SELECT version FROM schema_version", NULL, 0, &version);

	if (err == ERR_NONE)
		*ret_version = (uint32_t)version;
	return err;
}

enum err
store_begin(struct store *store)
{
	enum err err = store->open ? ERR_BUSY : db_run(store->db, "BEGIN IMMEDIATE", NULL, 0);

	if (err == ERR_NONE)
		store->open = true;
	return err;
}

enum err
store_commit(struct store *store)
{
	enum err err = db_run(store->db, "COMMIT", NULL, 0);

	if (err != ERR_NONE)
		store_rollback(store);
	store->open = false;
	return err;
}

void
store_rollback(struct store *store)
{
	if (!store->open)
		return;
	store->open = false;
	/* A failed COMMIT may have rolled back by itself: then there is nothing to undo. */
	if (db_run(store->db, "ROLLBACK", NULL, 0) != ERR_NONE)
		return;
}

enum err
inside_begin(struct store *store, bool *ret_own)
{
	*ret_own = !store->open;
	return store->open ? ERR_NONE : store_begin(store);
}

enum err
inside_end(struct store *store, bool own, enum err err)
{
	if (!own)
		return err;
	if (err == ERR_NONE)
		return store_commit(store);
	store_rollback(store);
	return err;
}

enum err
inside_number(struct store *store, const char *sql, const struct db_value *values, size_t n, uint64_t *ret_number)
{
	struct db_rows *rows;
	enum err err = db_query(store->db, sql, values, n, &rows);

	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE)
		*ret_number = db_int(rows, 0);
	db_done(rows);
	return err;
}

enum err
inside_change(struct store *store, const char *sql, const struct db_value *values, size_t n)
{
	enum err err = db_run(store->db, sql, values, n);

	if (err == ERR_NONE && db_changes(store->db) == 0)
		return ERR_NOT_FOUND;
	return err;
}

static enum err
take_numbers(struct store *store, const char *sequence, uint64_t count, uint64_t *ret_first)
{
	uint64_t next = 1;
	enum err err = inside_number(store, "SELECT next FROM sequences WHERE name = ?1",
	    DB_INTO(db_of_text(sequence)), &next);

	if (err == ERR_NOT_FOUND)
		err = db_run(store->db, "INSERT INTO sequences (name, next) VALUES (?1, 1)", DB_INTO(db_of_text(sequence)));
	if (err == ERR_NONE)
		err = db_run(store->db, "UPDATE sequences SET next = ?2 WHERE name = ?1",
		    DB_INTO(db_of_text(sequence), db_of_int(next + count)));
	if (err == ERR_NONE)
		*ret_first = next;
	return err;
}

enum err
store_take_numbers(struct store *store, const char *sequence, uint64_t count, uint64_t *ret_first)
{
	bool own;
	enum err err = inside_begin(store, &own);

	if (err != ERR_NONE)
		return err;
	return inside_end(store, own, take_numbers(store, sequence, count, ret_first));
}

enum err
store_backup(struct store *store, const char *path)
{
	return db_backup(store->db, path);
}
