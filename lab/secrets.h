/*
 * secrets: passwords and second factors of invented accounts.
 *
 * The hashes are made at a low cost (8 MiB, one pass; some 5 ms instead of 100) so that a demonstration with 200
 * accounts starts in seconds: the passwords hold 96 random bits, which no hash needs to defend. The daemon renews each
 * at its usual cost when the account signs in for the first time.
 */
#ifndef LAB_SECRETS_H
#define LAB_SECRETS_H

#include <stdint.h>

#include "base/err.h"
#include "signin/password.h"
#include "signin/totp.h"

#define SECRETS_PASSWORD_MAX 17 /* 16 characters of base64url */
#define SECRETS_TOTP_MAX 33     /* 32 letters of base32 */

MUST_CHECK enum err secrets_new_password(char ret_password[SECRETS_PASSWORD_MAX], char ret_hash[PASSWORD_HASH_MAX]);
MUST_CHECK enum err secrets_new_totp(char ret_secret[SECRETS_TOTP_MAX]);

/* The code of the step that `at_us` lies in, of a secret in base32. */
MUST_CHECK enum err secrets_code(const char *secret, uint64_t at_us, char ret_code[TOTP_DIGITS + 1]);

#endif
