/* session: signed-in browsers and API clients. Tokens are never stored, only their SHA-256. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "store/credential.h"
#include "store/store.h"

#define STORE_AGENT_MAX 64    /* family of the user agent, "Firefox 128 / Linux"; with the final NUL */
#define STORE_ADDRESS_MAX 46  /* INET6_ADDRSTRLEN */

/* How the person showed who they are, RFC 8176; a set. */
enum store_amr {
	STORE_AMR_PWD = 1 << 0,
	STORE_AMR_OTP = 1 << 1,
	STORE_AMR_HWK = 1 << 2,
	STORE_AMR_FED = 1 << 3, /* an outside identity provider said so */
};

struct store_session {
	uint64_t number;
	uint8_t token_hash[STORE_HASH_LEN];
	uint32_t identity;
	uint32_t provider;       /* number of the identity provider used */
	uint32_t amr;            /* of enum store_amr */
	uint64_t created_us;
	uint64_t last_seen_us;
	uint64_t stepped_up_us;  /* 0: never */
	uint64_t ends_us;
	uint64_t ended_us;       /* 0: not ended before its time */
	char agent[STORE_AGENT_MAX];
	char address[STORE_ADDRESS_MAX];
};

/* `session->number` comes from store_take_numbers("session"). */
MUST_CHECK enum err store_session_add(struct store *store, const struct store_session *session);
MUST_CHECK enum err store_session_get(struct store *store, uint64_t number, struct store_session *ret);
/* Those neither ended nor past their end. */
MUST_CHECK enum err store_session_each_live(struct store *store, uint64_t now_us,
    bool (*each)(void *context, const struct store_session *session), void *context);
MUST_CHECK enum err store_session_step_up(struct store *store, uint64_t number, uint32_t amr, uint64_t at_us);
MUST_CHECK enum err store_session_seen(struct store *store, uint64_t number, uint64_t at_us);
MUST_CHECK enum err store_session_end(struct store *store, uint64_t number, uint64_t at_us);
/* Forget those that ended before. */
MUST_CHECK enum err store_session_purge(struct store *store, uint64_t before_us);

#endif
