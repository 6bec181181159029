/* totp: RFC 6238 through liboath. Never blocks; any thread. */
#include "signin/totp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <liboath/oath.h>

#include "base/random.h"

#define WINDOW_STEPS 1
#define FLAGS_SHA1 0 /* liboath has flags for SHA-256 and SHA-512 alone */

enum err
totp_secret_new(uint8_t ret_secret[TOTP_SECRET_LEN])
{
	return random_bytes(ret_secret, TOTP_SECRET_LEN);
}

static bool
is_code(const char *code)
{
	return strlen(code) == TOTP_DIGITS && strspn(code, "0123456789") == TOTP_DIGITS;
}

enum err
totp_verify(const uint8_t secret[TOTP_SECRET_LEN], const char *code, uint64_t at_us, uint64_t last_counter,
    uint64_t *ret_counter)
{
	uint64_t counter = 0;
	int position;

	if (!is_code(code))
		return ERR_FORMAT;
	int result = oath_totp_validate4((const char *)secret, TOTP_SECRET_LEN, (time_t)(at_us / 1000000U), TOTP_STEP_S,
	    0, WINDOW_STEPS, &position, &counter, FLAGS_SHA1, code);
	if (result == OATH_INVALID_OTP)
		return ERR_DENIED;
	if (result < 0)
		return ERR_CRYPTO;
	if (counter <= last_counter)
		return ERR_EXPIRED;
	*ret_counter = counter;
	return ERR_NONE;
}

enum err
totp_code(const uint8_t secret[TOTP_SECRET_LEN], uint64_t at_us, char out[TOTP_DIGITS + 1])
{
	int result = oath_totp_generate(
	    (const char *)secret, TOTP_SECRET_LEN, (time_t)(at_us / 1000000U), TOTP_STEP_S, 0, TOTP_DIGITS, out);

	return result == OATH_OK ? ERR_NONE : ERR_CRYPTO;
}

enum err
totp_append_base32(struct bytes *b, const uint8_t secret[TOTP_SECRET_LEN])
{
	char *text = NULL;
	size_t len = 0;

	if (oath_base32_encode((const char *)secret, TOTP_SECRET_LEN, &text, &len) != OATH_OK)
		return ERR_NOMEM;
	enum err err = bytes_append(b, text, len);
	bytes_zero(text, len);
	free(text);
	return err;
}

enum err
totp_from_base32(const char *text, uint8_t ret_secret[TOTP_SECRET_LEN])
{
	char *raw = NULL;
	size_t len = 0;
	enum err err = ERR_NONE;

	if (oath_base32_decode(text, strlen(text), &raw, &len) != OATH_OK)
		return ERR_FORMAT;
	if (len == TOTP_SECRET_LEN)
		memcpy(ret_secret, raw, len);
	else
		err = ERR_RANGE;
	bytes_zero(raw, len);
	free(raw);
	return err;
}

/* Percent-encode all but the unreserved characters of RFC 3986 section 2.3. */
static enum err
append_encoded(struct bytes *b, const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	enum err err = ERR_NONE;

	for (; *text != '\0' && err == ERR_NONE; text++) {
		if (strchr(unreserved, *text) != NULL)
			err = bytes_append(b, text, 1);
		else
			err = bytes_printf(b, "%%%02X", (unsigned)(unsigned char)*text);
	}
	return err;
}

enum err
totp_append_uri(struct bytes *b, const char *issuer, const char *login, const uint8_t secret[TOTP_SECRET_LEN])
{
	enum err err = bytes_append_text(b, "otpauth://totp/");

	if (err == ERR_NONE)
		err = append_encoded(b, issuer);
	if (err == ERR_NONE)
		err = bytes_append_text(b, ":");
	if (err == ERR_NONE)
		err = append_encoded(b, login);
	if (err == ERR_NONE)
		err = bytes_append_text(b, "?secret=");
	if (err == ERR_NONE)
		err = totp_append_base32(b, secret);
	if (err == ERR_NONE)
		err = bytes_append_text(b, "&issuer=");
	if (err == ERR_NONE)
		err = append_encoded(b, issuer);
	return err;
}
