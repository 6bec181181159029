/*
 * opener: the key of one segment and the batches it decrypts. Never blocks.
 * Private to journal/.
 */
#ifndef JOURNAL_OPENER_H
#define JOURNAL_OPENER_H

#include <openssl/types.h>

#include "journal/format.h"
#include "journal/seal.h"

struct opener {
	EVP_CIPHER_CTX *cipher; /* NULL without key */
};

/* Unseal the segment's key. ERR_CORRUPT: it was sealed to another key. ERR_NOMEM, ERR_CRYPTO. */
MUST_CHECK enum err opener_unseal(
    struct opener *o, const struct segment_header *h, const uint8_t secret[SEAL_KEY_LEN]);
void opener_wipe(struct opener *o);

/*
 * Decrypt the batch whose bytes are `block`; `ret_plain` has room for h->len.
 * ERR_CORRUPT: it was not made with this segment's key.
 */
MUST_CHECK enum err opener_decrypt(
    struct opener *o, const struct batch_header *h, const uint8_t *block, uint8_t *ret_plain);

#endif
