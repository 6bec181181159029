/* vault: derived keys by period. Blocks on the disk where a period is new. */
#include "ledger/vault.h"

#include <stdlib.h>

#include "base/bytes.h"

/* Reading goes through the periods in order, so a few are enough. */
#define SLOTS 4

struct slot {
	uint32_t period; /* 0: free */
	enum err err;    /* why there is no key */
	struct aead *aead;
};

struct vault {
	struct period_keys *keys;
	bool create;
	uint64_t generation;
	unsigned next;
	struct slot slots[SLOTS];
};

enum err
vault_open(struct period_keys *keys, bool create, struct vault **ret_vault)
{
	struct vault *vault = calloc(1, sizeof(*vault));

	if (vault == NULL)
		return ERR_NOMEM;
	vault->keys = keys;
	vault->create = create;
	if (keys != NULL)
		vault->generation = period_keys_generation(keys);
	*ret_vault = vault;
	return ERR_NONE;
}

static void
forget(struct vault *vault)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		aead_free(vault->slots[i].aead);
		vault->slots[i] = (struct slot){.period = 0};
	}
}

void
vault_free(struct vault *vault)
{
	if (vault == NULL)
		return;
	forget(vault);
	free(vault);
}

static enum err
load(struct vault *vault, uint32_t period, struct aead **ret_aead)
{
	struct period_key key;
	uint8_t derived[AEAD_KEY_LEN];
	enum err err = period_key_get(vault->keys, period, vault->create, &key);

	if (err != ERR_NONE)
		return err;
	err = period_key_derive(&key, PERIOD_LABEL_LEDGER, derived);
	if (err == ERR_NONE)
		err = aead_open(derived, ret_aead);
	bytes_zero(derived, sizeof(derived));
	period_key_wipe(&key);
	return err;
}

enum err
vault_get(struct vault *vault, uint32_t period, struct aead **ret_aead)
{
	struct slot fresh = {.period = period};

	if (vault->keys == NULL)
		return ERR_NOT_FOUND;
	if (vault->generation != period_keys_generation(vault->keys)) {
		forget(vault);
		vault->generation = period_keys_generation(vault->keys);
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		if (vault->slots[i].period != period)
			continue;
		if (vault->slots[i].err == ERR_NONE)
			*ret_aead = vault->slots[i].aead;
		return vault->slots[i].err;
	}
	fresh.err = load(vault, period, &fresh.aead);
	/* Only lasting answers are remembered. */
	if (fresh.err == ERR_NONE || fresh.err == ERR_NOT_FOUND || fresh.err == ERR_EXPIRED) {
		struct slot *slot = &vault->slots[vault->next++ % SLOTS];

		aead_free(slot->aead);
		*slot = fresh;
	}
	if (fresh.err == ERR_NONE)
		*ret_aead = fresh.aead;
	return fresh.err;
}
