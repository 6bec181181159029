#include "engine/tokens.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/session.h"

#define COORDINATE_LEN 32
#define KID_SIZE 44
#define KEY_FILE_MAX 4096
#define DAY_US 86400000000ULL

struct key {
	EVP_PKEY *pair;
	char x[KID_SIZE];
	char y[KID_SIZE];
	char kid[KID_SIZE];
	uint64_t made_us;
};

struct tokens {
	struct key now;
	struct key before; /* pair NULL: none */
	char path[PATH_MAX];
	char path_before[PATH_MAX];
};

static enum err
base64url(const uint8_t *data, size_t len, char out[KID_SIZE])
{
	struct bytes b;
	enum err err;

	bytes_init(&b, KID_SIZE);
	err = bytes_append_base64url(&b, data, len);
	if (err == ERR_NONE && b.len >= KID_SIZE)
		err = ERR_RANGE;
	if (err == ERR_NONE) {
		memcpy(out, b.data, b.len);
		out[b.len] = '\0';
	}
	bytes_wipe(&b);
	return err;
}

static enum err
coordinate(const EVP_PKEY *pair, const char *name, char out[KID_SIZE])
{
	uint8_t data[COORDINATE_LEN];
	BIGNUM *n = NULL;
	enum err err = ERR_CRYPTO;

	if (EVP_PKEY_get_bn_param(pair, name, &n) == 1 && BN_bn2binpad(n, data, sizeof(data)) == (int)sizeof(data))
		err = base64url(data, sizeof(data), out);
	BN_free(n);
	return err;
}

/* RFC 7638: the hash of the required members in lexical order. */
static enum err
describe(struct key *key)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char text[160];
	enum err err = coordinate(key->pair, OSSL_PKEY_PARAM_EC_PUB_X, key->x);

	if (err == ERR_NONE)
		err = coordinate(key->pair, OSSL_PKEY_PARAM_EC_PUB_Y, key->y);
	if (err != ERR_NONE)
		return err;
	(void)snprintf(text, sizeof(text), "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", key->x, key->y);
	SHA256((const uint8_t *)text, strlen(text), hash);
	return base64url(hash, sizeof(hash), key->kid);
}

static void
key_wipe(struct key *key)
{
	EVP_PKEY_free(key->pair);
	memset(key, 0, sizeof(*key));
}

static enum err
key_read(const char *path, struct key *key)
{
	struct bytes b;
	struct stat status;
	BIO *bio;
	enum err err;

	bytes_init(&b, KEY_FILE_MAX);
	err = file_read_secret(path, &b);
	if (err != ERR_NONE || stat(path, &status) != 0) {
		bytes_wipe(&b);
		return err != ERR_NONE ? err : ERR_IO;
	}
	bio = BIO_new_mem_buf(b.data, (int)b.len);
	key->pair = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	bytes_wipe(&b);
	if (key->pair == NULL)
		return ERR_FORMAT;
	key->made_us = (uint64_t)status.st_mtim.tv_sec * 1000000;
	err = describe(key);
	if (err != ERR_NONE)
		key_wipe(key);
	return err;
}

static enum err
key_write(const char *path, const struct key *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	enum err err = ERR_CRYPTO;
	char *data;
	long len;

	if (bio != NULL && PEM_write_bio_PrivateKey(bio, key->pair, NULL, NULL, 0, NULL, NULL) == 1) {
		len = BIO_get_mem_data(bio, &data);
		err = file_replace(path, data, (size_t)len, 0600);
	}
	BIO_free(bio);
	return err;
}

static enum err
key_make(struct key *key, uint64_t at_us)
{
	enum err err;

	memset(key, 0, sizeof(*key));
	key->pair = EVP_EC_gen("P-256");
	if (key->pair == NULL)
		return ERR_CRYPTO;
	key->made_us = at_us;
	err = describe(key);
	if (err != ERR_NONE)
		key_wipe(key);
	return err;
}

static enum err
load(struct tokens *tokens, uint64_t at_us, const char **why)
{
	enum err err = key_read(tokens->path, &tokens->now);

	if (err == ERR_NOT_FOUND) {
		*why = "keys/jwt.key could not be written";
		err = key_make(&tokens->now, at_us);
		return err == ERR_NONE ? key_write(tokens->path, &tokens->now) : err;
	}
	*why = err == ERR_DENIED ? "keys/jwt.key may be read by others: set its mode to 0600" :
	    "keys/jwt.key is no private key";
	if (err != ERR_NONE)
		return err;
	err = key_read(tokens->path_before, &tokens->before);
	*why = "keys/jwt-before.key is no private key";
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err
tokens_open(const struct config *config, uint64_t at_us, struct tokens **ret_tokens, const char **why)
{
	struct tokens *tokens = calloc(1, sizeof(*tokens));
	enum err err;

	if (tokens == NULL)
		return ERR_NOMEM;
	*why = "the data directory's path is too long";
	err = config_path(config, "keys/jwt.key", tokens->path);
	if (err == ERR_NONE)
		err = config_path(config, "keys/jwt-before.key", tokens->path_before);
	if (err == ERR_NONE)
		err = load(tokens, at_us, why);
	if (err != ERR_NONE) {
		tokens_free(tokens);
		return err;
	}
	tokens_rotate(tokens, config, at_us);
	*ret_tokens = tokens;
	return ERR_NONE;
}

void
tokens_free(struct tokens *tokens)
{
	if (tokens == NULL)
		return;
	key_wipe(&tokens->now);
	key_wipe(&tokens->before);
	free(tokens);
}

/* The new key is on the disk before it signs; a crash in between leaves one of both as the present one. */
bool
tokens_rotate(struct tokens *tokens, const struct config *config, uint64_t at_us)
{
	struct key key;

	if (at_us < tokens->now.made_us + config->token.rotate_days * DAY_US)
		return false;
	if (key_make(&key, at_us) != ERR_NONE)
		return false;
	if (key_write(tokens->path_before, &tokens->now) != ERR_NONE || key_write(tokens->path, &key) != ERR_NONE) {
		key_wipe(&key);
		return false;
	}
	key_wipe(&tokens->before);
	tokens->before = tokens->now;
	tokens->now = key;
	return true;
}

static json_t *
key_jwk(const struct key *key)
{
	return json_pack("{ssssssssssssss}", "kty", "EC", "crv", "P-256", "x", key->x, "y", key->y, "kid", key->kid, "use",
	    "sig", "alg", "ES256");
}

json_t *
tokens_jwks(const struct tokens *tokens)
{
	json_t *keys = json_array();

	if (keys == NULL || json_array_append_new(keys, key_jwk(&tokens->now)) != 0 ||
	    (tokens->before.pair != NULL && json_array_append_new(keys, key_jwk(&tokens->before)) != 0)) {
		json_decref(keys);
		return NULL;
	}
	return json_pack("{so}", "keys", keys);
}

static json_t *
amr_list(uint32_t amr)
{
	static const char *const names[] = { "pwd", "otp", "hwk", "fed" };
	json_t *list = json_array();

	for (unsigned i = 0; list != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if ((amr & 1u << i) != 0 && json_array_append_new(list, json_string(names[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static enum err
append_json(struct bytes *out, json_t *object)
{
	char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	enum err err = text == NULL ? ERR_NOMEM : bytes_append_base64url(out, text, strlen(text));

	free(text);
	json_decref(object);
	return err;
}

static json_t *
payload(const struct config *config, const struct token_claims *c)
{
	const char *issuer = config->token.issuer != NULL ? config->token.issuer : config->service.origin;

	return json_pack("{sssssssIssssso?sIsI}", "iss", issuer, "aud", config->token.audience, "sub", c->subject, "sid",
	    (json_int_t)c->session, "org", c->organisation, "profile", c->profile, "amr", amr_list(c->amr), "iat",
	    (json_int_t)(c->at_us / 1000000), "exp", (json_int_t)(c->expires_us / 1000000));
}

/* RFC 7518 section 3.4: the two numbers, 32 bytes each, instead of DER. */
static enum err
sign(EVP_PKEY *pair, const void *data, size_t len, uint8_t signature[2 * COORDINATE_LEN])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ECDSA_SIG *numbers = NULL;
	uint8_t der[80];
	size_t der_len = sizeof(der);
	const uint8_t *at = der;
	enum err err = ERR_CRYPTO;

	if (context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair) == 1 &&
	    EVP_DigestSign(context, der, &der_len, data, len) == 1)
		numbers = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
	if (numbers != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, COORDINATE_LEN) == COORDINATE_LEN &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + COORDINATE_LEN, COORDINATE_LEN) == COORDINATE_LEN)
		err = ERR_NONE;
	ECDSA_SIG_free(numbers);
	EVP_MD_CTX_free(context);
	return err;
}

enum err
tokens_mint(struct tokens *tokens, const struct config *config, const struct token_claims *claims, struct bytes *out)
{
	uint8_t signature[2 * COORDINATE_LEN];
	size_t start = out->len;
	enum err err = append_json(out,
	    json_pack("{ssssss}", "typ", "JWT", "alg", "ES256", "kid", tokens->now.kid));

	if (err == ERR_NONE)
		err = bytes_append(out, ".", 1);
	if (err == ERR_NONE)
		err = append_json(out, payload(config, claims));
	if (err == ERR_NONE)
		err = sign(tokens->now.pair, out->data + start, out->len - start, signature);
	if (err == ERR_NONE)
		err = bytes_append(out, ".", 1);
	if (err == ERR_NONE)
		err = bytes_append_base64url(out, signature, sizeof(signature));
	return err;
}
