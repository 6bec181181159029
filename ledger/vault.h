/*
 * vault: the sealing keys of entries by period, kept ready. Asks the key
 * directory when a period is first needed and forgets everything when a key
 * was destroyed. One thread.
 */
#ifndef LEDGER_VAULT_H
#define LEDGER_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ledger/crypto.h"
#include "ledger/period.h"

struct vault;

/* `keys` is borrowed; NULL gives a vault in which nothing is found. `create`: make keys that are missing. */
MUST_CHECK enum err vault_open(struct period_keys *keys, bool create, struct vault **ret_vault);
void vault_free(struct vault *vault);

/* Borrowed until the next call. ERR_NOT_FOUND, ERR_EXPIRED as period_key_get(). */
MUST_CHECK enum err vault_get(struct vault *vault, uint32_t period, struct aead **ret_aead);

#endif
