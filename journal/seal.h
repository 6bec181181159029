/*
 * seal: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-256-GCM; one message per encapsulated key. Who holds the public key can
 * seal; only the holder of the secret key can open.
 *
 * Never blocks; any thread. Key material on the stack is wiped.
 */
#ifndef JOURNAL_SEAL_H
#define JOURNAL_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SEAL_KEY_LEN 32 /* public, secret and encapsulated keys alike */
#define SEAL_TAG_LEN 16
#define SEAL_EXPORT_MAX 255 /* bytes of an exported secret, 32 at a time is usual */

/* Bytes that are bound to a message without being part of it. */
struct seal_context {
	const void *info;
	size_t info_len;
	const void *aad;
	size_t aad_len;
};

/* A fresh pair. */
MUST_CHECK enum err seal_keypair(uint8_t ret_secret[SEAL_KEY_LEN], uint8_t ret_public[SEAL_KEY_LEN]);

/* The public key of a secret one. */
MUST_CHECK enum err seal_public(const uint8_t secret[SEAL_KEY_LEN], uint8_t ret_public[SEAL_KEY_LEN]);

/*
 * Seal `len` bytes for `public`: RFC 9180 section 6.1, SealBase. `ret_sealed`
 * has room for len + SEAL_TAG_LEN bytes. ERR_CRYPTO, also for a public key that
 * gives the all-zero secret (section 7.1.4).
 */
MUST_CHECK enum err seal_message(const uint8_t public[SEAL_KEY_LEN], const struct seal_context *context,
    const void *message, size_t len, uint8_t ret_enc[SEAL_KEY_LEN], uint8_t *ret_sealed);

/*
 * Open what seal_message() made: OpenBase. `len` counts the tag; `ret_message`
 * has room for len - SEAL_TAG_LEN bytes, which are zeroes on failure. ERR_CORRUPT
 * where the key, the context or the bytes are not those it was made with.
 */
MUST_CHECK enum err seal_open(const uint8_t secret[SEAL_KEY_LEN], const struct seal_context *context,
    const uint8_t enc[SEAL_KEY_LEN], const void *sealed, size_t len, uint8_t *ret_message);

/*
 * The secret export of section 5.3 (SendExportBase, ReceiveExportBase of
 * section 6.2): `len` bytes, 1..SEAL_EXPORT_MAX, that both sides get from the
 * same encapsulated key. `exporter` is the exporter context; aad is not used.
 */
MUST_CHECK enum err seal_send_export(const uint8_t public[SEAL_KEY_LEN], const struct seal_context *context,
    const char *exporter, uint8_t ret_enc[SEAL_KEY_LEN], uint8_t *ret_secret, size_t len);
MUST_CHECK enum err seal_receive_export(const uint8_t secret[SEAL_KEY_LEN], const struct seal_context *context,
    const uint8_t enc[SEAL_KEY_LEN], const char *exporter, uint8_t *ret_secret, size_t len);

#endif
