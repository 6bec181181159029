#include "store/session.h"

#include <string.h>

#include "store/inside.h"

#define COLUMNS \
	"SELECT number, token_hash, identity, provider, amr, created_us, last_seen_us, stepped_up_us, ends_us, ended_us," \
	" agent, address FROM sessions "

static const char get[] = COLUMNS "WHERE number = ?1";
static const char live[] = COLUMNS "WHERE ends_us > ?1 AND ended_us = 0";

static void
read_session(struct db_rows *rows, struct store_session *s)
{
	memset(s, 0, sizeof(*s));
	s->number = db_int(rows, 0);
	db_blob(rows, 1, s->token_hash, sizeof(s->token_hash));
	s->identity = (uint32_t)db_int(rows, 2);
	s->provider = (uint32_t)db_int(rows, 3);
	s->amr = (uint32_t)db_int(rows, 4);
	s->created_us = db_int(rows, 5);
	s->last_seen_us = db_int(rows, 6);
	s->stepped_up_us = db_int(rows, 7);
	s->ends_us = db_int(rows, 8);
	s->ended_us = db_int(rows, 9);
	db_text(rows, 10, s->agent, sizeof(s->agent));
	db_text(rows, 11, s->address, sizeof(s->address));
}

enum err
store_session_add(struct store *store, const struct store_session *s)
{
	return db_run(store->db,
	    "INSERT INTO sessions (number, token_hash, identity, provider, amr, created_us, last_seen_us, stepped_up_us,"
	    " ends_us, ended_us, agent, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	    DB_INTO(db_of_int(s->number), db_of_blob(s->token_hash, STORE_HASH_LEN), db_of_int(s->identity),
	        db_of_int(s->provider), db_of_int(s->amr), db_of_int(s->created_us), db_of_int(s->last_seen_us),
	        db_of_int(s->stepped_up_us), db_of_int(s->ends_us), db_of_int(s->ended_us), db_of_text(s->agent),
	        db_of_text(s->address)));
}

enum err
store_session_get(struct store *store, uint64_t number, struct store_session *ret)
{
	struct db_rows *rows;
	enum err err = db_query(store->db, get, DB_INTO(db_of_int(number)), &rows);

	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE)
		read_session(rows, ret);
	db_done(rows);
	return err;
}

enum err
store_session_each_live(struct store *store, uint64_t now_us,
    bool (*each)(void *context, const struct store_session *session), void *context)
{
	struct store_session session;
	struct db_rows *rows;
	enum err err = db_query(store->db, live, DB_INTO(db_of_int(now_us)), &rows);

	if (err != ERR_NONE)
		return err;
	while ((err = db_next(rows)) == ERR_NONE) {
		read_session(rows, &session);
		if (!each(context, &session)) {
			err = ERR_NOT_FOUND;
			break;
		}
	}
	db_done(rows);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err
store_session_step_up(struct store *store, uint64_t number, uint32_t amr, uint64_t at_us)
{
	return inside_change(store, "UPDATE sessions SET amr = ?2, stepped_up_us = ?3 WHERE number = ?1 AND ended_us = 0",
	    DB_INTO(db_of_int(number), db_of_int(amr), db_of_int(at_us)));
}

enum err
store_session_seen(struct store *store, uint64_t number, uint64_t at_us)
{
	return inside_change(store, "UPDATE sessions SET last_seen_us = ?2 WHERE number = ?1",
	    DB_INTO(db_of_int(number), db_of_int(at_us)));
}

enum err
store_session_end(struct store *store, uint64_t number, uint64_t at_us)
{
	return inside_change(store, "UPDATE sessions SET ended_us = ?2 WHERE number = ?1 AND ended_us = 0",
	    DB_INTO(db_of_int(number), db_of_int(at_us)));
}

enum err
store_session_purge(struct store *store, uint64_t before_us)
{
	return db_run(store->db, "DELETE FROM sessions WHERE ends_us < ?1", DB_INTO(db_of_int(before_us)));
}
