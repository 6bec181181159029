/*
 * crypto: the primitives that the ledger stands on, and the one place of it
 * that includes OpenSSL. Nothing here blocks or keeps global state; a hasher
 * and an aead belong to one thread at a time.
 */
#ifndef LEDGER_CRYPTO_H
#define LEDGER_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHA256_LEN 32
#define ED25519_KEY_LEN 32 /* seed and public key, RFC 8032 section 5.1 */
#define ED25519_SIGNATURE_LEN 64
#define X25519_KEY_LEN 32 /* RFC 7748 section 5 */
#define AEAD_KEY_LEN 32   /* AES-256-GCM, NIST SP 800-38D */
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN 16
#define AEAD_OVERHEAD (AEAD_NONCE_LEN + AEAD_TAG_LEN)

/*
 * A reusable SHA-256 (FIPS 180-4). The library could in theory fail in the
 * middle; then all further digests are zeroes and hasher_failed() says so.
 * Whoever concludes anything from a digest asks hasher_failed() before saying
 * yes, once, at the end.
 */
struct hasher;

MUST_CHECK enum err hasher_open(struct hasher **ret_hasher);
void hasher_free(struct hasher *hasher);
void hasher_start(struct hasher *hasher);
void hasher_add(struct hasher *hasher, const void *data, size_t len);
void hasher_finish(struct hasher *hasher, uint8_t out[SHA256_LEN]);
bool hasher_failed(const struct hasher *hasher);

/* HKDF-SHA256 (RFC 5869) with an empty salt; `label` is the info. 32 bytes out. */
MUST_CHECK enum err crypto_hkdf(const uint8_t *secret, size_t secret_len, const char *label, uint8_t out[32]);

MUST_CHECK enum err crypto_ed25519_public(const uint8_t seed[ED25519_KEY_LEN], uint8_t out[ED25519_KEY_LEN]);
MUST_CHECK enum err crypto_ed25519_sign(const uint8_t seed[ED25519_KEY_LEN], const void *data, size_t len,
    uint8_t out[ED25519_SIGNATURE_LEN]);
/* ERR_CORRUPT where the signature does not fit. */
MUST_CHECK enum err crypto_ed25519_verify(const uint8_t key[ED25519_KEY_LEN], const void *data, size_t len,
    const uint8_t signature[ED25519_SIGNATURE_LEN]);

MUST_CHECK enum err crypto_x25519_public(const uint8_t secret[X25519_KEY_LEN], uint8_t out[X25519_KEY_LEN]);

/*
 * Deterministic AES-256-GCM: the nonce is the first 12 bytes of
 * SHA-256(nonce key, u64 little-endian ad_len, ad, plain), so that equal
 * inputs give equal bytes and different ones no nonce twice (but with
 * probability 2^-33 among 2^32 of them). Both keys come from the one given,
 * by crypto_hkdf() with the labels "encrypt" and "nonce".
 */
struct aead;

MUST_CHECK enum err aead_open(const uint8_t key[AEAD_KEY_LEN], struct aead **ret_aead);
void aead_free(struct aead *aead);
/* `out` holds len + AEAD_OVERHEAD bytes and gets nonce, ciphertext, tag; `plain` may be out + AEAD_NONCE_LEN. */
MUST_CHECK enum err aead_seal(struct aead *aead, const void *ad, size_t ad_len, const void *plain, size_t len,
    uint8_t *out);
/* `len` counts the overhead; `out` holds len - AEAD_OVERHEAD bytes. ERR_CORRUPT where anything does not fit. */
MUST_CHECK enum err aead_unseal(struct aead *aead, const void *ad, size_t ad_len, const uint8_t *sealed, size_t len,
    uint8_t *out);

#endif
