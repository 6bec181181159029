#include "lab/secrets.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/random.h"

static const struct password_cost cost = {.memory_kib = 8 * 1024, .passes = 1};

enum err
secrets_new_password(char ret_password[SECRETS_PASSWORD_MAX], char ret_hash[PASSWORD_HASH_MAX])
{
	uint8_t noise[12];
	struct bytes text;
	enum err err = random_bytes(noise, sizeof(noise));

	bytes_init(&text, SECRETS_PASSWORD_MAX);
	if (err == ERR_NONE)
		err = bytes_append_base64url(&text, noise, sizeof(noise));
	if (err == ERR_NONE)
		err = password_hash((const char *)text.data, text.len, &cost, ret_hash);
	if (err == ERR_NONE) {
		memcpy(ret_password, text.data, text.len);
		ret_password[text.len] = '\0';
	}
	bytes_zero(noise, sizeof(noise));
	bytes_wipe(&text);
	return err;
}

enum err
secrets_new_totp(char ret_secret[SECRETS_TOTP_MAX])
{
	uint8_t secret[TOTP_SECRET_LEN];
	struct bytes text;
	enum err err = totp_secret_new(secret);

	bytes_init(&text, SECRETS_TOTP_MAX);
	if (err == ERR_NONE)
		err = totp_append_base32(&text, secret);
	if (err == ERR_NONE)
		(void)snprintf(ret_secret, SECRETS_TOTP_MAX, "%.*s", (int)text.len, (const char *)text.data);
	bytes_zero(secret, sizeof(secret));
	bytes_wipe(&text);
	return err;
}

enum err
secrets_code(const char *text, uint64_t at_us, char ret_code[TOTP_DIGITS + 1])
{
	uint8_t secret[TOTP_SECRET_LEN];
	enum err err = totp_from_base32(text, secret);

	if (err == ERR_NONE)
		err = totp_code(secret, at_us, ret_code);
	bytes_zero(secret, sizeof(secret));
	return err;
}
