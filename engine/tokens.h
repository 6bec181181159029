/*
 * tokens: the session JWTs that the platform may verify, and their keys.
 * Private to engine/.
 *
 * ES256 (RFC 7518 section 3.4) under keys/jwt.key, a PEM file made where there
 * is none. After rotate_days a new key signs and the former one stays in the
 * published set until its last token has expired. A key's id is its RFC 7638
 * thumbprint.
 */
#ifndef ENGINE_TOKENS_H
#define ENGINE_TOKENS_H

#include <jansson.h>

#include "base/bytes.h"
#include "engine/config.h"

struct tokens;

/* What a token says of a session (RFC 7519, RFC 8176 for `amr`). */
struct token_claims {
	const char *subject; /* login */
	const char *organisation;
	const char *profile;
	uint64_t session;
	uint32_t amr;        /* of enum store_amr */
	uint64_t at_us;
	uint64_t expires_us;
};

/* Load or make the key. */
MUST_CHECK enum err tokens_open(const struct config *config, uint64_t at_us, struct tokens **ret_tokens,
    const char **why);
void tokens_free(struct tokens *tokens);

/* Append a compact JWS. */
MUST_CHECK enum err tokens_mint(struct tokens *tokens, const struct config *config, const struct token_claims *claims,
    struct bytes *out);

/* The public keys, RFC 7517; a new reference. */
json_t *tokens_jwks(const struct tokens *tokens);

/* Turn to a new key where the present one is old; says whether it did. */
bool tokens_rotate(struct tokens *tokens, const struct config *config, uint64_t at_us);

#endif
