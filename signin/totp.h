/*
 * totp: time-based one-time codes (RFC 6238: SHA-1, 30 seconds, 6 digits), through liboath.
 *
 * A code is accepted in its own step and one step on either side, and never twice: the caller keeps the counter of the
 * last accepted code per account and stores the new one in the same transaction that grants something for it
 * (RFC 6238 section 5.2).
 */
#ifndef SIGNIN_TOTP_H
#define SIGNIN_TOTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define TOTP_SECRET_LEN 20
#define TOTP_DIGITS 6
#define TOTP_STEP_S 30

MUST_CHECK enum err totp_secret_new(uint8_t ret_secret[TOTP_SECRET_LEN]);

/*
 * ERR_NONE and the code's counter when `code` is right at `at_us` and newer than `last_counter` (0: none yet);
 * ERR_DENIED when wrong, ERR_EXPIRED when right but used before; ERR_FORMAT when not 6 digits.
 */
MUST_CHECK enum err totp_verify(const uint8_t secret[TOTP_SECRET_LEN], const char *code, uint64_t at_us,
    uint64_t last_counter, uint64_t *ret_counter);

/* The code of the step that `at_us` lies in, for tools that sign in by themselves; `out` is terminated. */
MUST_CHECK enum err totp_code(const uint8_t secret[TOTP_SECRET_LEN], uint64_t at_us, char out[TOTP_DIGITS + 1]);

/* Append the secret in base32 (RFC 4648 section 6), for typing it in. */
MUST_CHECK enum err totp_append_base32(struct bytes *b, const uint8_t secret[TOTP_SECRET_LEN]);
MUST_CHECK enum err totp_from_base32(const char *text, uint8_t ret_secret[TOTP_SECRET_LEN]);

/* Append the `otpauth://totp/...` URI that authenticator applications read from a QR code. */
MUST_CHECK enum err totp_append_uri(
    struct bytes *b, const char *issuer, const char *login, const uint8_t secret[TOTP_SECRET_LEN]);

#endif
