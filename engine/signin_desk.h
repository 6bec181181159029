/*
 * signin_desk: what lies between the two steps of a sign-in, and how often one
 * may try. Private to engine/; on the loop's thread only.
 */
#ifndef ENGINE_SIGNIN_DESK_H
#define ENGINE_SIGNIN_DESK_H

#include "engine/engine.h"
#include "store/credential.h"

#define TICKET_SIZE 44  /* base64url of 32 random bytes, with the final NUL */
#define TICKETS_MAX 8192
#define TICKETS_PER_ACCOUNT 16
#define DEVICE_TEXT_SIZE 44

/* A right password that waits for the second factor. */
struct signin_ticket {
	char text[TICKET_SIZE]; /* empty: free */
	uint32_t identity;
	uint64_t expires_us;
	uint64_t password_set_us; /* of the password that was right; a newer one makes the ticket worthless */
	char device[DEVICE_TEXT_SIZE]; /* as the browser sent it; empty: none that is known */
};

/*
 * ERR_SPACE: too many are open. Others' tickets are never pushed out for a new one; past TICKETS_PER_ACCOUNT
 * the account's own oldest is, so that one known password cannot fill the table.
 */
MUST_CHECK enum err signin_ticket_give(struct engine *engine, uint32_t identity, uint64_t password_set_us,
    const char *device, struct signin_ticket **ret_ticket);
/* ERR_NOT_FOUND also where it has expired. */
MUST_CHECK enum err signin_ticket_find(struct engine *engine, const char *text, struct signin_ticket **ret_ticket);
void signin_ticket_drop(struct engine *engine, struct signin_ticket *ticket);

/*
 * Count an attempt under `who`, before it is made. ERR_BUSY: not yet, with the
 * seconds to wait; any other error: the store could not say.
 */
MUST_CHECK enum err signin_attempt(struct engine *engine, const char *who, uint64_t *ret_wait_s);
/* It succeeded: forgotten. */
void signin_forgive(struct engine *engine, const char *who);

/* Whether this browser signed in to the account before: `device` is its cookie's value, or NULL. */
bool signin_device_known(struct engine *engine, const char *device, uint32_t identity);
/* Remember it; a new value where `known` is empty or NULL. */
MUST_CHECK enum err signin_device_keep(struct engine *engine, const char *known, uint32_t identity,
    char ret_device[DEVICE_TEXT_SIZE]);

#endif
