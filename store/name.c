#include "store/name.h"

#include <string.h>

#include "store/inside.h"

enum err
store_name_find(struct store *store, enum store_name_kind kind, const char *name, uint32_t *ret_number)
{
	uint64_t number;
	enum err err = inside_number(store, "SELECT number FROM names WHERE kind = ?1 AND name = ?2",
	    DB_INTO(db_of_int(kind), db_of_text(name)), &number);

	if (err == ERR_NONE)
		*ret_number = (uint32_t)number;
	return err;
}

static enum err
give(struct store *store, enum store_name_kind kind, const char *name, uint32_t *ret_number)
{
	uint64_t next = 0;
	enum err err = inside_number(store, "SELECT COALESCE(MAX(number), 0) + 1 FROM names WHERE kind = ?1",
	    DB_INTO(db_of_int(kind)), &next);

	if (err != ERR_NONE)
		return err;
	err = db_run(store->db, "INSERT INTO names (kind, number, name) VALUES (?1, ?2, ?3)",
	    DB_INTO(db_of_int(kind), db_of_int(next), db_of_text(name)));
	if (err == ERR_NONE)
		*ret_number = (uint32_t)next;
	return err;
}

enum err
store_name_number(struct store *store, enum store_name_kind kind, const char *name, uint32_t *ret_number)
{
	bool own;
	enum err err = store_name_find(store, kind, name, ret_number);

	if (err != ERR_NOT_FOUND)
		return err;
	if (strlen(name) >= STORE_NAME_TEXT_MAX)
		return ERR_RANGE;
	/* Names are never removed, so the highest number is the last one given. */
	err = inside_begin(store, &own);
	if (err != ERR_NONE)
		return err;
	return inside_end(store, own, give(store, kind, name, ret_number));
}

/* The text of the first row. */
static enum err
find_text(struct store *store, const char *sql, const struct db_value *values, size_t n,
    char ret_name[STORE_NAME_TEXT_MAX])
{
	struct db_rows *rows;
	enum err err = db_query(store->db, sql, values, n, &rows);

	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE)
		db_text(rows, 0, ret_name, STORE_NAME_TEXT_MAX);
	db_done(rows);
	return err;
}

enum err
store_name_text(struct store *store, enum store_name_kind kind, uint32_t number, char ret_name[STORE_NAME_TEXT_MAX])
{
	return find_text(store, "SELECT name FROM names WHERE kind = ?1 AND number = ?2",
	    DB_INTO(db_of_int(kind), db_of_int(number)), ret_name);
}

enum err
store_field_name(struct store *store, uint32_t meter, uint32_t place, char ret_name[STORE_NAME_TEXT_MAX])
{
	return find_text(store, "SELECT name FROM meter_fields WHERE meter = ?1 AND place = ?2",
	    DB_INTO(db_of_int(meter), db_of_int(place)), ret_name);
}

enum err
store_field_put(struct store *store, uint32_t meter, uint32_t place, const char *name)
{
	if (strlen(name) >= STORE_NAME_TEXT_MAX)
		return ERR_RANGE;
	return db_run(store->db, "INSERT INTO meter_fields (meter, place, name) VALUES (?1, ?2, ?3)",
	    DB_INTO(db_of_int(meter), db_of_int(place), db_of_text(name)));
}
