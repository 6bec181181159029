/*
 * people: identities as requests describe them, whoever asks: operators,
 * imports, platforms by SCIM. Private to engine/; on the loop's thread only.
 */
#ifndef ENGINE_PEOPLE_H
#define ENGINE_PEOPLE_H

#include <jansson.h>

#include "engine/engine.h"
#include "signin/totp.h"
#include "store/credential.h"

/*
 * Accounts that create accounts make a chain no longer than this, so that whoever answers for the last one is always
 * found: budgets and orders follow the chain that far.
 */
#define PEOPLE_GENERATIONS_MAX 32

struct people_new {
	struct store_identity identity; /* `number` is set by people_add() */
	char password_hash[STORE_ARGON2_MAX];
	bool has_totp;
	uint8_t totp[TOTP_SECRET_LEN];
};

/*
 * Read an object with the keys of identity.add (doc/control.md), other keys
 * are the caller's to check. ERR_USAGE, ERR_FORMAT, ERR_RANGE, ERR_NOT_FOUND with `why`.
 */
MUST_CHECK enum err people_read(struct engine *engine, json_t *from, struct people_new *ret_person, const char **why);

/* Store it, with its credentials, as one step (or inside the caller's transaction). ERR_EXISTS with `why`. */
MUST_CHECK enum err people_add(struct engine *engine, struct people_new *person, const char **why);

/* Suspend (sessions end at once, first) or resume; told to the ledger. */
MUST_CHECK enum err people_suspend(struct engine *engine, const struct store_identity *identity, bool suspend,
    const char *author, const char *reason, uint32_t *ret_ended);

/* As a row of identity.list; a new reference. */
json_t *people_json(struct engine *engine, const struct store_identity *identity);

#endif
