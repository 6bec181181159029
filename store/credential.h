/*
 * credential: what signing in is checked against, and what limits attempts.
 *
 * Secrets in these structs are the caller's to wipe.
 */
#ifndef STORE_CREDENTIAL_H
#define STORE_CREDENTIAL_H

#include "store/store.h"

#define STORE_ARGON2_MAX 160      /* encoded Argon2 string, with the final NUL */
#define STORE_TOTP_SECRET_MAX 64  /* bytes */
#define STORE_HASH_LEN 32         /* SHA-256 */

struct store_credential {
	char argon2[STORE_ARGON2_MAX]; /* empty: no password */
	uint64_t password_set_us;
	uint8_t totp_secret[STORE_TOTP_SECRET_MAX];
	uint8_t totp_secret_len;       /* 0: no second factor */
	uint64_t totp_counter;         /* last time step that was accepted; RFC 6238 section 5.2 */
};

/* An identity without any has an empty credential, not ERR_NOT_FOUND. */
MUST_CHECK enum err store_credential_get(struct store *store, uint32_t identity, struct store_credential *ret);

/* `argon2` NULL removes the password. */
MUST_CHECK enum err store_credential_set_password(struct store *store, uint32_t identity, const char *argon2,
    uint64_t at_us);

/* `len` 0 removes the second factor. The counter starts anew at 0. */
MUST_CHECK enum err store_credential_set_totp(struct store *store, uint32_t identity, const uint8_t *secret,
    uint8_t len);

/*
 * Accept the time step `counter`, only if it is above the last one accepted:
 * else ERR_DENIED (a replay). Atomic.
 */
MUST_CHECK enum err store_credential_use_totp(struct store *store, uint32_t identity, uint64_t counter);

/*
 * Attempts. `who` is the caller's key ("account:12", "device:<hex>"), at most
 * 100 bytes. One that never failed reads as zeroes.
 */
struct store_attempts {
	uint32_t count; /* since first_us */
	uint64_t first_us;
	uint64_t newest_us;
};

MUST_CHECK enum err store_attempts_get(struct store *store, const char *who, struct store_attempts *ret);
MUST_CHECK enum err store_attempts_set(struct store *store, const char *who, const struct store_attempts *attempts);
MUST_CHECK enum err store_attempts_clear(struct store *store, const char *who);
/* Forget those whose newest attempt is older. */
MUST_CHECK enum err store_attempts_purge(struct store *store, uint64_t before_us);

/*
 * Devices that signed in before; the browser holds a random value, the store
 * its SHA-256 alone. ERR_NOT_FOUND: unknown, or known for another identity.
 */
MUST_CHECK enum err store_device_check(struct store *store, const uint8_t hash[STORE_HASH_LEN], uint32_t identity);
/* Remember, or renew; at most 50 devices an identity, the oldest is forgotten. */
MUST_CHECK enum err store_device_put(struct store *store, const uint8_t hash[STORE_HASH_LEN], uint32_t identity,
    uint64_t at_us);

#endif
