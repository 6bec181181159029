/*
 * password: Argon2id (RFC 9106) hashes in the PHC string form.
 *
 * Costs follow RFC 9106 section 4, second recommended option, scaled to a sign-in server:
 * 64 MiB, 3 passes, 1 lane. Takes some 100 ms and its memory: call it off the event loop.
 */
#ifndef SIGNIN_PASSWORD_H
#define SIGNIN_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Room for a PHC string with its terminator. */
#define PASSWORD_HASH_MAX 128

/* Bytes of UTF-8; the ceiling keeps a request from costing more than its hash. */
#define PASSWORD_LEN_MIN 12
#define PASSWORD_LEN_MAX 256

struct password_cost {
	uint32_t memory_kib;
	uint32_t passes;
};

extern const struct password_cost password_cost_default;

/*
 * May `text` be chosen as the password of `login`? ERR_RANGE for its length, ERR_DENIED where it is the login or one
 * character repeated; `*why` says it.
 */
MUST_CHECK enum err password_check_choice(const char *text, size_t len, const char *login, const char **why);

MUST_CHECK enum err password_hash(
    const char *text, size_t len, const struct password_cost *cost, char ret_hash[PASSWORD_HASH_MAX]);

/* ERR_NONE when it matches, ERR_DENIED when not, ERR_FORMAT for a hash that is no Argon2id PHC string. */
MUST_CHECK enum err password_verify(const char *text, size_t len, const char *hash);

/*
 * Do the work of a verification that cannot succeed, so that an unknown login takes as long as a known one.
 * Always ERR_DENIED, or ERR_NOMEM.
 */
MUST_CHECK enum err password_verify_nobody(const char *text, size_t len);

/* Was the hash made with a lower cost than `cost`, so that the next sign-in should renew it? */
bool password_hash_is_weak(const char *hash, const struct password_cost *cost);

#endif
