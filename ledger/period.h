/*
 * period: one key per calendar month (UTC), and its end.
 *
 * A period key is an X25519 pair. Its public half is given to those who write
 * journals: they can seal to it and not read back. Its secret half opens
 * journals, and the symmetric keys of ledger and index come from it by HKDF
 * with a label each. Destroying the one file ends the link from entries to
 * persons everywhere at once; hashes, signatures and proofs do not need it.
 *
 * Files of the key directory (0700), each 0600:
 *   period-2026-11.key         one line: "tourniquet-period-key-1 2026-11 <base64 of the 32 secret bytes>\n"
 *   period-2026-11.destroyed   stands from the moment a key is condemned; its period never gets a key again
 *
 * Destroying writes the second file, overwrites the first, unlinks it and
 * syncs the directory; a crash in between is finished by period_keys_open().
 * Overwriting in place is as good as the disk below: on copying file systems
 * or flash old blocks may live on, so keep the directory on an encrypted volume.
 *
 * Blocks on the disk. One thread at a time per handle.
 */
#ifndef LEDGER_PERIOD_H
#define LEDGER_PERIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ledger/crypto.h"

/* 202611 is November 2026. Times past the year 9999 are in the last period. */
uint32_t period_of(uint64_t at_us);
/* First microsecond of a period, and of the one after it. */
uint64_t period_begin_us(uint32_t period);
uint64_t period_end_us(uint32_t period);
bool period_valid(uint32_t period);

/* Secret: wipe with period_key_wipe(). */
struct period_key {
	uint32_t period;
	uint8_t public_key[X25519_KEY_LEN];
	uint8_t secret_key[X25519_KEY_LEN];
};

/* More periods than any installation will see. */
#define PERIODS_MAX 1200U

struct period_keys;

/* Makes the directory if it is missing; finishes half-done destructions. */
MUST_CHECK enum err period_keys_open(const char *dir, struct period_keys **ret_keys);
void period_keys_free(struct period_keys *keys);

/*
 * ERR_EXPIRED where the key was destroyed, with or without `create`;
 * ERR_NOT_FOUND where there never was one and `create` is false.
 */
MUST_CHECK enum err period_key_get(struct period_keys *keys, uint32_t period, bool create,
    struct period_key *ret_key);
void period_key_wipe(struct period_key *key);

/* ERR_NONE also where it was destroyed before or never existed: afterwards it cannot be had. */
MUST_CHECK enum err period_key_destroy(struct period_keys *keys, uint32_t period);

/* Changes whenever a key was destroyed through this handle: whoever keeps derived keys drops them then. */
uint64_t period_keys_generation(const struct period_keys *keys);

/* Labels in use, one per purpose. */
#define PERIOD_LABEL_LEDGER "tourniquet ledger persons 1"
#define PERIOD_LABEL_INDEX "tourniquet index 1"
#define PERIOD_LABEL_DICTIONARY "tourniquet dictionary 1"

/* A symmetric key: HKDF-SHA256(secret half, info = label). */
MUST_CHECK enum err period_key_derive(const struct period_key *key, const char *label, uint8_t out[AEAD_KEY_LEN]);

/* The periods that have a key, ascending; ERR_RANGE past `room`. */
MUST_CHECK enum err period_keys_list(struct period_keys *keys, uint32_t *periods, size_t room, size_t *ret_n);

#endif
