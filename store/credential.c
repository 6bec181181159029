#include "store/credential.h"

#include <string.h>

#include "base/bytes.h"
#include "store/inside.h"

#define DEVICES_MAX 50

enum err
store_credential_get(struct store *store, uint32_t identity, struct store_credential *ret)
{
	struct store_credential credential = { .totp_counter = 0 };
	struct db_rows *rows;
	enum err err = db_query(store->db,
	    "SELECT argon2, password_set_us, totp_secret, totp_counter FROM credentials WHERE identity = ?1",
	    DB_INTO(db_of_int(identity)), &rows);

	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE) {
		db_text(rows, 0, credential.argon2, sizeof(credential.argon2));
		credential.password_set_us = db_int(rows, 1);
		credential.totp_secret_len =
		    (uint8_t)db_blob(rows, 2, credential.totp_secret, sizeof(credential.totp_secret));
		credential.totp_counter = db_int(rows, 3);
	}
	db_done(rows);
	if (err == ERR_NONE || err == ERR_NOT_FOUND) {
		*ret = credential;
		err = ERR_NONE;
	}
	bytes_zero(&credential, sizeof(credential));
	return err;
}

enum err
store_credential_set_password(struct store *store, uint32_t identity, const char *argon2, uint64_t at_us)
{
	if (argon2 != NULL && strlen(argon2) >= STORE_ARGON2_MAX)
		return ERR_RANGE;
	return db_run(store->db,
	    "INSERT INTO credentials (identity, argon2, password_set_us) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (identity) DO UPDATE SET argon2 = ?2, password_set_us = ?3",
	    DB_INTO(db_of_int(identity), db_of_text(argon2 == NULL ? "" : argon2), db_of_int(at_us)));
}

enum err
store_credential_set_totp(struct store *store, uint32_t identity, const uint8_t *secret, uint8_t len)
{
	if (len > STORE_TOTP_SECRET_MAX)
		return ERR_RANGE;
	return db_run(store->db,
	    "INSERT INTO credentials (identity, totp_secret) VALUES (?1, ?2)"
	    " ON CONFLICT (identity) DO UPDATE SET totp_secret = ?2, totp_counter = 0",
	    DB_INTO(db_of_int(identity), db_of_blob(secret, len)));
}

enum err
store_credential_use_totp(struct store *store, uint32_t identity, uint64_t counter)
{
	enum err err = inside_change(store,
	    "UPDATE credentials SET totp_counter = ?2 WHERE identity = ?1 AND totp_counter < ?2",
	    DB_INTO(db_of_int(identity), db_of_int(counter)));

	return err == ERR_NOT_FOUND ? ERR_DENIED : err;
}

enum err
store_attempts_get(struct store *store, const char *who, struct store_attempts *ret)
{
	struct store_attempts attempts = { .count = 0 };
	struct db_rows *rows;
	enum err err = db_query(store->db, "SELECT count, first_us, newest_us FROM attempts WHERE who = ?1",
	    DB_INTO(db_of_text(who)), &rows);

	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE) {
		attempts.count = (uint32_t)db_int(rows, 0);
		attempts.first_us = db_int(rows, 1);
		attempts.newest_us = db_int(rows, 2);
	}
	db_done(rows);
	if (err != ERR_NONE && err != ERR_NOT_FOUND)
		return err;
	*ret = attempts;
	return ERR_NONE;
}

enum err
store_attempts_set(struct store *store, const char *who, const struct store_attempts *attempts)
{
	if (strlen(who) > 100)
		return ERR_RANGE;
	return db_run(store->db,
	    "INSERT INTO attempts (who, count, first_us, newest_us) VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT (who) DO UPDATE SET count = ?2, first_us = ?3, newest_us = ?4",
	    DB_INTO(db_of_text(who), db_of_int(attempts->count), db_of_int(attempts->first_us),
	        db_of_int(attempts->newest_us)));
}

enum err
store_attempts_clear(struct store *store, const char *who)
{
	return db_run(store->db, "DELETE FROM attempts WHERE who = ?1", DB_INTO(db_of_text(who)));
}

enum err
store_attempts_purge(struct store *store, uint64_t before_us)
{
	return db_run(store->db, "DELETE FROM attempts WHERE newest_us < ?1",
	    DB_INTO(db_of_int(before_us)));
}

enum err
store_device_check(struct store *store, const uint8_t hash[STORE_HASH_LEN], uint32_t identity)
{
	uint64_t found;

	return inside_number(store, "SELECT 1 FROM devices WHERE hash = ?1 AND identity = ?2",
	    DB_INTO(db_of_blob(hash, STORE_HASH_LEN), db_of_int(identity)), &found);
}

static enum err
device_put(struct store *store, const uint8_t *hash, uint32_t identity, uint64_t at_us)
{
	enum err err = db_run(store->db,
	    "INSERT INTO devices (hash, identity, last_us) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (hash, identity) DO UPDATE SET last_us = ?3",
	    DB_INTO(db_of_blob(hash, STORE_HASH_LEN), db_of_int(identity), db_of_int(at_us)));

	if (err != ERR_NONE)
		return err;
	return db_run(store->db,
	    "DELETE FROM devices WHERE identity = ?1 AND hash NOT IN"
	    " (SELECT hash FROM devices WHERE identity = ?1 ORDER BY last_us DESC LIMIT ?2)",
	    DB_INTO(db_of_int(identity), db_of_int(DEVICES_MAX)));
}

enum err
store_device_put(struct store *store, const uint8_t hash[STORE_HASH_LEN], uint32_t identity, uint64_t at_us)
{
	bool own;
	enum err err = inside_begin(store, &own);

	if (err != ERR_NONE)
		return err;
	return inside_end(store, own, device_put(store, hash, identity, at_us));
}
