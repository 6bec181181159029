/* seal: HPKE base mode on OpenSSL's X25519, HMAC and AES-GCM. Never blocks; any thread. */
#include "journal/seal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codec.h"

#define HASH_LEN 32 /* SHA-256 */
#define NONCE_LEN 12
#define KEM_ID 0x0020 /* DHKEM(X25519, HKDF-SHA256) */
#define KDF_ID 0x0001 /* HKDF-SHA256 */
#define MODE_BASE 0x00

/* The AEAD is a parameter so that tests reach the vectors printed in the RFC. */
struct suite {
	uint16_t aead_id;
	const char *cipher;
	size_t key_len;
};

static const struct suite suite_aes256 = {0x0002, "AES-256-GCM", 32};

/* What both sides derive (RFC 9180 section 5.1). */
struct schedule {
	uint8_t key[32];
	uint8_t nonce[NONCE_LEN];
	uint8_t exporter[HASH_LEN];
};

struct part {
	const void *data;
	size_t len;
};

/* The suite identifiers of section 4.1 and 5.1, big-endian. */
static const uint8_t kem_suite[5] = {'K', 'E', 'M', KEM_ID >> 8, KEM_ID & 0xff};

static void
hpke_suite(const struct suite *suite, uint8_t out[10])
{
	const uint8_t id[10] = {'H', 'P', 'K', 'E', KEM_ID >> 8, KEM_ID & 0xff, KDF_ID >> 8, KDF_ID & 0xff,
	    (uint8_t)(suite->aead_id >> 8), (uint8_t)suite->aead_id};

	memcpy(out, id, sizeof(id));
}

static enum err
hmac_with(EVP_MAC_CTX *mac, struct part key, const struct part *parts, size_t n, uint8_t out[HASH_LEN])
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
	size_t len;

	if (EVP_MAC_init(mac, key.data, key.len, params) != 1)
		return ERR_CRYPTO;
	for (size_t i = 0; i < n; i++)
		if (EVP_MAC_update(mac, parts[i].data, parts[i].len) != 1)
			return ERR_CRYPTO;
	return EVP_MAC_final(mac, out, &len, HASH_LEN) == 1 && len == HASH_LEN ? ERR_NONE : ERR_CRYPTO;
}

static enum err
hmac(struct part key, const struct part *parts, size_t n, uint8_t out[HASH_LEN])
{
	EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = algorithm != NULL ? EVP_MAC_CTX_new(algorithm) : NULL;
	enum err err = mac != NULL ? hmac_with(mac, key, parts, n, out) : ERR_CRYPTO;

	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(algorithm);
	return err;
}

/* LabeledExtract, section 4. An absent salt is a string of zeroes (RFC 5869 section 2.2). */
static enum err
labeled_extract(struct part suite, struct part salt, const char *label, struct part ikm, uint8_t out[HASH_LEN])
{
	static const uint8_t zeroes[HASH_LEN];
	const struct part parts[] = {{"HPKE-v1", 7}, suite, {label, strlen(label)}, ikm};

	if (salt.len == 0)
		salt = (struct part){zeroes, sizeof(zeroes)};
	return hmac(salt, parts, 4, out);
}

/* LabeledExpand, section 4, over HKDF-Expand (RFC 5869 section 2.3). */
static enum err
labeled_expand(struct part suite, const uint8_t prk[HASH_LEN], const char *label, struct part info,
    uint8_t *out, size_t len)
{
	const uint8_t length[2] = {(uint8_t)(len >> 8), (uint8_t)len};
	uint8_t block[HASH_LEN];
	size_t block_len = 0; /* the first round has no block before it */
	enum err err = ERR_NONE;

	for (uint8_t round = 1; len > 0 && err == ERR_NONE; round++) {
		const struct part parts[] = {{block, block_len}, {length, sizeof(length)}, {"HPKE-v1", 7}, suite,
		    {label, strlen(label)}, info, {&round, 1}};
		size_t n = len < HASH_LEN ? len : HASH_LEN;

		err = hmac((struct part){prk, HASH_LEN}, parts, 7, block);
		if (err != ERR_NONE)
			break;
		block_len = HASH_LEN;
		memcpy(out, block, n);
		out += n;
		len -= n;
	}
	bytes_zero(block, sizeof(block));
	return err;
}

/* X25519. OpenSSL refuses the all-zero result, as section 7.1.4 asks. */
static enum err
dh(const uint8_t secret[SEAL_KEY_LEN], const uint8_t public[SEAL_KEY_LEN], uint8_t out[32])
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, SEAL_KEY_LEN);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public, SEAL_KEY_LEN);
	EVP_PKEY_CTX *context = own != NULL ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t len = 32;
	enum err err = ERR_CRYPTO;

	if (peer != NULL && context != NULL && EVP_PKEY_derive_init(context) == 1 &&
	    EVP_PKEY_derive_set_peer(context, peer) == 1 && EVP_PKEY_derive(context, out, &len) == 1 && len == 32)
		err = ERR_NONE;
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return err;
}

enum err
seal_public(const uint8_t secret[SEAL_KEY_LEN], uint8_t ret_public[SEAL_KEY_LEN])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, SEAL_KEY_LEN);
	size_t len = SEAL_KEY_LEN;
	bool done = key != NULL && EVP_PKEY_get_raw_public_key(key, ret_public, &len) == 1;

	EVP_PKEY_free(key);
	return done ? ERR_NONE : ERR_CRYPTO;
}

enum err
seal_keypair(uint8_t ret_secret[SEAL_KEY_LEN], uint8_t ret_public[SEAL_KEY_LEN])
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	size_t secret_len = SEAL_KEY_LEN, public_len = SEAL_KEY_LEN;
	bool done = key != NULL && EVP_PKEY_get_raw_private_key(key, ret_secret, &secret_len) == 1 &&
	    EVP_PKEY_get_raw_public_key(key, ret_public, &public_len) == 1;

	EVP_PKEY_free(key);
	return done ? ERR_NONE : ERR_CRYPTO;
}

/* ExtractAndExpand of section 4.1: the shared secret of Encap and Decap. */
static enum err
shared_secret(const uint8_t secret[SEAL_KEY_LEN], const uint8_t peer[SEAL_KEY_LEN],
    const uint8_t kem_context[2 * SEAL_KEY_LEN], uint8_t out[HASH_LEN])
{
	const struct part suite = {kem_suite, sizeof(kem_suite)};
	uint8_t common[32], prk[HASH_LEN];
	enum err err = dh(secret, peer, common);

	if (err == ERR_NONE)
		err = labeled_extract(suite, (struct part){NULL, 0}, "eae_prk", (struct part){common, 32}, prk);
	if (err == ERR_NONE)
		err = labeled_expand(
		    suite, prk, "shared_secret", (struct part){kem_context, 2 * SEAL_KEY_LEN}, out, HASH_LEN);
	bytes_zero(common, sizeof(common));
	bytes_zero(prk, sizeof(prk));
	return err;
}

/* Encap, with the ephemeral key given. */
static enum err
encapsulate(const uint8_t ephemeral[SEAL_KEY_LEN], const uint8_t public[SEAL_KEY_LEN],
    uint8_t enc[SEAL_KEY_LEN], uint8_t out[HASH_LEN])
{
	uint8_t kem_context[2 * SEAL_KEY_LEN];
	enum err err = seal_public(ephemeral, enc);

	if (err != ERR_NONE)
		return err;
	memcpy(kem_context, enc, SEAL_KEY_LEN);
	memcpy(kem_context + SEAL_KEY_LEN, public, SEAL_KEY_LEN);
	return shared_secret(ephemeral, public, kem_context, out);
}

static enum err
decapsulate(const uint8_t secret[SEAL_KEY_LEN], const uint8_t enc[SEAL_KEY_LEN], uint8_t out[HASH_LEN])
{
	uint8_t kem_context[2 * SEAL_KEY_LEN];
	enum err err = seal_public(secret, kem_context + SEAL_KEY_LEN);

	if (err != ERR_NONE)
		return err;
	memcpy(kem_context, enc, SEAL_KEY_LEN);
	return shared_secret(secret, enc, kem_context, out);
}

/* KeySchedule of section 5.1 with neither psk nor psk_id. */
static enum err
key_schedule(const struct suite *suite, const uint8_t shared[HASH_LEN], struct part info, struct schedule *ret)
{
	const struct part none = {NULL, 0};
	uint8_t id[10], context[1 + 2 * HASH_LEN], secret[HASH_LEN];
	const struct part suite_id = {id, sizeof(id)}, whole = {context, sizeof(context)};
	enum err err;

	hpke_suite(suite, id);
	context[0] = MODE_BASE;
	err = labeled_extract(suite_id, none, "psk_id_hash", none, context + 1);
	if (err == ERR_NONE)
		err = labeled_extract(suite_id, none, "info_hash", info, context + 1 + HASH_LEN);
	if (err == ERR_NONE)
		err = labeled_extract(suite_id, (struct part){shared, HASH_LEN}, "secret", none, secret);
	if (err == ERR_NONE)
		err = labeled_expand(suite_id, secret, "key", whole, ret->key, suite->key_len);
	if (err == ERR_NONE)
		err = labeled_expand(suite_id, secret, "base_nonce", whole, ret->nonce, NONCE_LEN);
	if (err == ERR_NONE)
		err = labeled_expand(suite_id, secret, "exp", whole, ret->exporter, HASH_LEN);
	bytes_zero(secret, sizeof(secret));
	return err;
}

/* Export of section 5.3. */
static enum err
export_secret(const struct suite *suite, const struct schedule *schedule, const char *exporter, uint8_t *out,
    size_t len)
{
	uint8_t id[10];

	if (len < 1 || len > SEAL_EXPORT_MAX)
		return ERR_RANGE;
	hpke_suite(suite, id);
	return labeled_expand((struct part){id, sizeof(id)}, schedule->exporter, "sec",
	    (struct part){exporter, strlen(exporter)}, out, len);
}

static bool
aead_seal(EVP_CIPHER_CTX *aead, const struct part *aad, const struct part *message, uint8_t *out)
{
	int n;

	return (aad->len == 0 || EVP_EncryptUpdate(aead, NULL, &n, aad->data, (int)aad->len) == 1) &&
	    EVP_EncryptUpdate(aead, out, &n, message->data, (int)message->len) == 1 &&
	    EVP_EncryptFinal_ex(aead, out + message->len, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(aead, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_LEN, out + message->len) == 1;
}

static bool
aead_open(EVP_CIPHER_CTX *aead, const struct part *aad, const struct part *sealed, uint8_t *out)
{
	const uint8_t *body = sealed->data;
	size_t len = sealed->len - SEAL_TAG_LEN;
	uint8_t tag[SEAL_TAG_LEN];
	int n;

	memcpy(tag, body + len, SEAL_TAG_LEN);
	return (aad->len == 0 || EVP_DecryptUpdate(aead, NULL, &n, aad->data, (int)aad->len) == 1) &&
	    EVP_DecryptUpdate(aead, out, &n, body, (int)len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(aead, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_LEN, tag) == 1 &&
	    EVP_DecryptFinal_ex(aead, out + len, &n) == 1;
}

/* The one message has sequence 0, so its nonce is the base nonce (section 5.2). */
static enum err
aead_run(const struct suite *suite, const struct schedule *schedule, bool encrypt, struct part aad,
    struct part in, uint8_t *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, suite->cipher, NULL);
	EVP_CIPHER_CTX *aead = EVP_CIPHER_CTX_new();
	enum err err = ERR_CRYPTO;

	if (cipher != NULL && aead != NULL &&
	    EVP_CipherInit_ex2(aead, cipher, schedule->key, schedule->nonce, encrypt ? 1 : 0, NULL) == 1) {
		if (encrypt)
			err = aead_seal(aead, &aad, &in, out) ? ERR_NONE : ERR_CRYPTO;
		else
			err = aead_open(aead, &aad, &in, out) ? ERR_NONE : ERR_CORRUPT;
	}
	EVP_CIPHER_CTX_free(aead);
	EVP_CIPHER_free(cipher);
	return err;
}

static enum err
setup_sender(const uint8_t public[SEAL_KEY_LEN], struct part info, uint8_t enc[SEAL_KEY_LEN], struct schedule *ret)
{
	uint8_t ephemeral[SEAL_KEY_LEN], unused[SEAL_KEY_LEN], shared[HASH_LEN];
	enum err err = seal_keypair(ephemeral, unused);

	if (err == ERR_NONE)
		err = encapsulate(ephemeral, public, enc, shared);
	if (err == ERR_NONE)
		err = key_schedule(&suite_aes256, shared, info, ret);
	bytes_zero(ephemeral, sizeof(ephemeral));
	bytes_zero(shared, sizeof(shared));
	return err;
}

static enum err
setup_receiver(
    const uint8_t secret[SEAL_KEY_LEN], struct part info, const uint8_t enc[SEAL_KEY_LEN], struct schedule *ret)
{
	uint8_t shared[HASH_LEN];
	enum err err = decapsulate(secret, enc, shared);

	if (err == ERR_NONE)
		err = key_schedule(&suite_aes256, shared, info, ret);
	bytes_zero(shared, sizeof(shared));
	return err;
}

enum err
seal_message(const uint8_t public[SEAL_KEY_LEN], const struct seal_context *context, const void *message,
    size_t len, uint8_t ret_enc[SEAL_KEY_LEN], uint8_t *ret_sealed)
{
	const struct part info = {context->info, context->info_len}, aad = {context->aad, context->aad_len};
	uint8_t enc[SEAL_KEY_LEN];
	struct schedule schedule;
	enum err err = len <= INT32_MAX && aad.len <= INT32_MAX ? ERR_NONE : ERR_RANGE;

	if (err == ERR_NONE)
		err = setup_sender(public, info, enc, &schedule);
	if (err == ERR_NONE)
		err = aead_run(&suite_aes256, &schedule, true, aad, (struct part){message, len}, ret_sealed);
	if (err == ERR_NONE)
		memcpy(ret_enc, enc, sizeof(enc));
	bytes_zero(&schedule, sizeof(schedule));
	return err;
}

enum err
seal_open(const uint8_t secret[SEAL_KEY_LEN], const struct seal_context *context, const uint8_t enc[SEAL_KEY_LEN],
    const void *sealed, size_t len, uint8_t *ret_message)
{
	const struct part info = {context->info, context->info_len}, aad = {context->aad, context->aad_len};
	struct schedule schedule;

	if (len < SEAL_TAG_LEN || len > INT32_MAX || aad.len > INT32_MAX)
		return ERR_CORRUPT;
	enum err err = setup_receiver(secret, info, enc, &schedule);
	if (err == ERR_NONE)
		err = aead_run(&suite_aes256, &schedule, false, aad, (struct part){sealed, len}, ret_message);
	bytes_zero(&schedule, sizeof(schedule));
	if (err == ERR_NONE)
		return ERR_NONE;
	/* What was decrypted before the tag proved wrong is nobody's business. */
	bytes_zero(ret_message, len - SEAL_TAG_LEN);
	/* An encapsulated key that gives no secret was never made by a sender. */
	return ERR_CORRUPT;
}

enum err
seal_send_export(const uint8_t public[SEAL_KEY_LEN], const struct seal_context *context, const char *exporter,
    uint8_t ret_enc[SEAL_KEY_LEN], uint8_t *ret_secret, size_t len)
{
	struct schedule schedule;
	uint8_t enc[SEAL_KEY_LEN];
	enum err err = setup_sender(public, (struct part){context->info, context->info_len}, enc, &schedule);

	if (err == ERR_NONE)
		err = export_secret(&suite_aes256, &schedule, exporter, ret_secret, len);
	if (err == ERR_NONE)
		memcpy(ret_enc, enc, sizeof(enc));
	bytes_zero(&schedule, sizeof(schedule));
	return err;
}

enum err
seal_receive_export(const uint8_t secret[SEAL_KEY_LEN], const struct seal_context *context,
    const uint8_t enc[SEAL_KEY_LEN], const char *exporter, uint8_t *ret_secret, size_t len)
{
	struct schedule schedule;
	enum err err = setup_receiver(secret, (struct part){context->info, context->info_len}, enc, &schedule);

	if (err == ERR_NONE)
		err = export_secret(&suite_aes256, &schedule, exporter, ret_secret, len);
	bytes_zero(&schedule, sizeof(schedule));
	return err;
}
