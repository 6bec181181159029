/* crypto: thin shells around OpenSSL 3. Never blocks; one thread per object. */
#include "ledger/crypto.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/core_names.h>

#include "base/bytes.h"
#include "base/codec.h"

struct hasher {
	EVP_MD *digest;
	EVP_MD_CTX *context;
	bool failed;
};

enum err
hasher_open(struct hasher **ret_hasher)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));

	if (hasher == NULL)
		return ERR_NOMEM;
	hasher->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	hasher->context = EVP_MD_CTX_new();
	if (hasher->digest == NULL || hasher->context == NULL ||
	    EVP_DigestInit_ex2(hasher->context, hasher->digest, NULL) != 1) {
		hasher_free(hasher);
		return ERR_CRYPTO;
	}
	*ret_hasher = hasher;
	return ERR_NONE;
}

void
hasher_free(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	EVP_MD_CTX_free(hasher->context);
	EVP_MD_free(hasher->digest);
	free(hasher);
}

void
hasher_start(struct hasher *hasher)
{
	/* Without a type the context keeps its fetched digest: half the cost of naming it again. */
	if (EVP_DigestInit_ex2(hasher->context, NULL, NULL) != 1)
		hasher->failed = true;
}

void
hasher_add(struct hasher *hasher, const void *data, size_t len)
{
	if (EVP_DigestUpdate(hasher->context, data, len) != 1)
		hasher->failed = true;
}

void
hasher_finish(struct hasher *hasher, uint8_t out[SHA256_LEN])
{
	if (EVP_DigestFinal_ex(hasher->context, out, NULL) != 1)
		hasher->failed = true;
	if (hasher->failed)
		memset(out, 0, SHA256_LEN);
}

bool
hasher_failed(const struct hasher *hasher)
{
	return hasher->failed;
}

enum err
crypto_hkdf(const uint8_t *secret, size_t secret_len, const char *label, uint8_t out[32])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	char digest[] = "SHA256";
	/* The library takes its inputs as pointers to non-const; it does not write. */
	union {
		const void *in;
		void *param;
	} key = {.in = secret}, info = {.in = label};
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.param, secret_len),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.param, strlen(label)),
	    OSSL_PARAM_construct_end(),
	};
	uint8_t derived[32];
	enum err err = ERR_CRYPTO;

	if (context != NULL && EVP_KDF_derive(context, derived, sizeof(derived), params) == 1) {
		memcpy(out, derived, sizeof(derived));
		err = ERR_NONE;
	}
	bytes_zero(derived, sizeof(derived));
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return err;
}

/* Both curves here have public keys of 32 bytes. */
static enum err
public_of(int type, const uint8_t secret[32], uint8_t out[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, secret, 32);
	uint8_t public_key[32];
	size_t len = sizeof(public_key);
	enum err err = ERR_CRYPTO;

	if (key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1 && len == 32) {
		memcpy(out, public_key, 32);
		err = ERR_NONE;
	}
	EVP_PKEY_free(key);
	return err;
}

enum err
crypto_ed25519_public(const uint8_t seed[ED25519_KEY_LEN], uint8_t out[ED25519_KEY_LEN])
{
	return public_of(EVP_PKEY_ED25519, seed, out);
}

enum err
crypto_x25519_public(const uint8_t secret[X25519_KEY_LEN], uint8_t out[X25519_KEY_LEN])
{
	return public_of(EVP_PKEY_X25519, secret, out);
}

enum err
crypto_ed25519_sign(const uint8_t seed[ED25519_KEY_LEN], const void *data, size_t len,
    uint8_t out[ED25519_SIGNATURE_LEN])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_LEN);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[ED25519_SIGNATURE_LEN];
	size_t signature_len = sizeof(signature);
	enum err err = ERR_CRYPTO;

	if (key != NULL && context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestSign(context, signature, &signature_len, data, len) == 1 &&
	    signature_len == sizeof(signature)) {
		memcpy(out, signature, sizeof(signature));
		err = ERR_NONE;
	}
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return err;
}

enum err
crypto_ed25519_verify(const uint8_t key[ED25519_KEY_LEN], const void *data, size_t len,
    const uint8_t signature[ED25519_SIGNATURE_LEN])
{
	EVP_PKEY *public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY_LEN);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	enum err err = ERR_CRYPTO;

	if (public_key != NULL && context != NULL &&
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1)
		err = EVP_DigestVerify(context, signature, ED25519_SIGNATURE_LEN, data, len) == 1 ? ERR_NONE :
		                                                                                    ERR_CORRUPT;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(public_key);
	return err;
}

/* One context per direction: switching a keyed context over costs a key schedule. */
struct aead {
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *unseal;
	struct hasher *hasher;
	uint8_t nonce_key[32];
};

static enum err
set_keys(struct aead *aead, const uint8_t key[AEAD_KEY_LEN])
{
	uint8_t encrypt[AEAD_KEY_LEN];
	enum err err = crypto_hkdf(key, AEAD_KEY_LEN, "nonce", aead->nonce_key);

	if (err == ERR_NONE)
		err = crypto_hkdf(key, AEAD_KEY_LEN, "encrypt", encrypt);
	if (err != ERR_NONE)
		return err;
	if (EVP_EncryptInit_ex(aead->seal, EVP_aes_256_gcm(), NULL, encrypt, NULL) != 1 ||
	    EVP_DecryptInit_ex(aead->unseal, EVP_aes_256_gcm(), NULL, encrypt, NULL) != 1)
		err = ERR_CRYPTO;
	bytes_zero(encrypt, sizeof(encrypt));
	return err;
}

enum err
aead_open(const uint8_t key[AEAD_KEY_LEN], struct aead **ret_aead)
{
	struct aead *aead = calloc(1, sizeof(*aead));
	enum err err;

	if (aead == NULL)
		return ERR_NOMEM;
	aead->seal = EVP_CIPHER_CTX_new();
	aead->unseal = EVP_CIPHER_CTX_new();
	err = hasher_open(&aead->hasher);
	if (err == ERR_NONE && (aead->seal == NULL || aead->unseal == NULL))
		err = ERR_NOMEM;
	if (err == ERR_NONE)
		err = set_keys(aead, key);
	if (err != ERR_NONE) {
		aead_free(aead);
		return err;
	}
	*ret_aead = aead;
	return ERR_NONE;
}

void
aead_free(struct aead *aead)
{
	if (aead == NULL)
		return;
	EVP_CIPHER_CTX_free(aead->seal);
	EVP_CIPHER_CTX_free(aead->unseal);
	hasher_free(aead->hasher);
	bytes_zero(aead, sizeof(*aead));
	free(aead);
}

static enum err
make_nonce(struct aead *aead, const void *ad, size_t ad_len, const void *plain, size_t len,
    uint8_t out[AEAD_NONCE_LEN])
{
	uint8_t digest[SHA256_LEN], prefix[8];

	put_u64(prefix, ad_len);
	hasher_start(aead->hasher);
	hasher_add(aead->hasher, aead->nonce_key, sizeof(aead->nonce_key));
	hasher_add(aead->hasher, prefix, sizeof(prefix));
	hasher_add(aead->hasher, ad, ad_len);
	hasher_add(aead->hasher, plain, len);
	hasher_finish(aead->hasher, digest);
	/* A constant nonce would be worse than no entry. */
	if (hasher_failed(aead->hasher))
		return ERR_CRYPTO;
	memcpy(out, digest, AEAD_NONCE_LEN);
	return ERR_NONE;
}

enum err
aead_seal(struct aead *aead, const void *ad, size_t ad_len, const void *plain, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *context = aead->seal;
	uint8_t *cipher = out + AEAD_NONCE_LEN;
	int n = 0, rest = 0;

	if (ad_len > INT32_MAX || len > INT32_MAX - AEAD_OVERHEAD)
		return ERR_RANGE;
	enum err err = make_nonce(aead, ad, ad_len, plain, len, out);
	if (err != ERR_NONE)
		return err;
	if (EVP_EncryptInit_ex(context, NULL, NULL, NULL, out) != 1 ||
	    EVP_EncryptUpdate(context, NULL, &n, ad, (int)ad_len) != 1 ||
	    EVP_EncryptUpdate(context, cipher, &n, plain, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(context, cipher + n, &rest) != 1 || (size_t)n + (size_t)rest != len ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, cipher + len) != 1)
		return ERR_CRYPTO;
	return ERR_NONE;
}

enum err
aead_unseal(struct aead *aead, const void *ad, size_t ad_len, const uint8_t *sealed, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *context = aead->unseal;
	uint8_t tag[AEAD_TAG_LEN];
	int n = 0, rest = 0;

	if (len < AEAD_OVERHEAD || ad_len > INT32_MAX || len > INT32_MAX)
		return ERR_CORRUPT;
	len -= AEAD_OVERHEAD;
	memcpy(tag, sealed + AEAD_NONCE_LEN + len, sizeof(tag));
	if (EVP_DecryptInit_ex(context, NULL, NULL, NULL, sealed) != 1 ||
	    EVP_DecryptUpdate(context, NULL, &n, ad, (int)ad_len) != 1 ||
	    EVP_DecryptUpdate(context, out, &n, sealed + AEAD_NONCE_LEN, (int)len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag) != 1)
		return ERR_CRYPTO;
	/* What came out so far is not authenticated: nobody may see it if the tag is wrong. */
	if (EVP_DecryptFinal_ex(context, out + n, &rest) != 1) {
		bytes_zero(out, len);
		return ERR_CORRUPT;
	}
	return ERR_NONE;
}
