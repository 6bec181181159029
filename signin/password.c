/* password: Argon2id through libargon2. Slow on purpose; any thread. */
#include "signin/password.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <argon2.h>

#include "base/bytes.h"
#include "base/random.h"

#define SALT_LEN 16
#define TAG_LEN 32
#define LANES 1

const struct password_cost password_cost_default = {.memory_kib = 64 * 1024, .passes = 3};

static bool
is_one_character(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (text[i] != text[0])
			return false;
	return true;
}

enum err
password_check_choice(const char *text, size_t len, const char *login, const char **why)
{
	if (len < PASSWORD_LEN_MIN) {
		*why = "a password needs at least 12 characters";
		return ERR_RANGE;
	}
	if (len > PASSWORD_LEN_MAX) {
		*why = "a password has at most 256 characters";
		return ERR_RANGE;
	}
	if (is_one_character(text, len)) {
		*why = "one character repeated is no password";
		return ERR_DENIED;
	}
	if (strlen(login) == len && strncasecmp(text, login, len) == 0) {
		*why = "the password must differ from the login";
		return ERR_DENIED;
	}
	return ERR_NONE;
}

static enum err
hash_with_salt(const char *text, size_t len, const struct password_cost *cost, const uint8_t salt[SALT_LEN],
    char ret_hash[PASSWORD_HASH_MAX])
{
	int result = argon2id_hash_encoded(cost->passes, cost->memory_kib, LANES, text, len, salt, SALT_LEN, TAG_LEN,
	    ret_hash, PASSWORD_HASH_MAX);

	if (result == ARGON2_MEMORY_ALLOCATION_ERROR)
		return ERR_NOMEM;
	return result == ARGON2_OK ? ERR_NONE : ERR_CRYPTO;
}

enum err
password_hash(const char *text, size_t len, const struct password_cost *cost, char ret_hash[PASSWORD_HASH_MAX])
{
	uint8_t salt[SALT_LEN];
	char hash[PASSWORD_HASH_MAX];
	enum err err;

	if (len > PASSWORD_LEN_MAX)
		return ERR_RANGE;
	err = random_bytes(salt, sizeof(salt));
	if (err == ERR_NONE)
		err = hash_with_salt(text, len, cost, salt, hash);
	if (err == ERR_NONE)
		memcpy(ret_hash, hash, sizeof(hash));
	bytes_zero(hash, sizeof(hash));
	return err;
}

enum err
password_verify(const char *text, size_t len, const char *hash)
{
	if (len > PASSWORD_LEN_MAX)
		return ERR_DENIED;
	switch (argon2id_verify(hash, text, len)) {
	case ARGON2_OK:
		return ERR_NONE;
	case ARGON2_VERIFY_MISMATCH:
		return ERR_DENIED;
	case ARGON2_MEMORY_ALLOCATION_ERROR:
		return ERR_NOMEM;
	default:
		return ERR_FORMAT;
	}
}

enum err
password_verify_nobody(const char *text, size_t len)
{
	static const uint8_t salt[SALT_LEN] = {0};
	char hash[PASSWORD_HASH_MAX];
	enum err err;

	if (len > PASSWORD_LEN_MAX)
		return ERR_DENIED;
	err = hash_with_salt(text, len, &password_cost_default, salt, hash);
	return err == ERR_NOMEM ? ERR_NOMEM : ERR_DENIED;
}

bool
password_hash_is_weak(const char *hash, const struct password_cost *cost)
{
	unsigned memory_kib, passes;

	if (sscanf(hash, "$argon2id$v=19$m=%u,t=%u,", &memory_kib, &passes) != 2)
		return true;
	return memory_kib < cost->memory_kib || passes < cost->passes;
}
