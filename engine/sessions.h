/*
 * sessions: who is signed in; keeps store and state map in step. Private to
 * engine/; on the loop's thread only.
 */
#ifndef ENGINE_SESSIONS_H
#define ENGINE_SESSIONS_H

#include "core/scope.h"
#include "core/session.h"
#include "engine/engine.h"
#include "store/session.h"

/* base64url of 32 random bytes, with the final NUL. */
#define SESSION_TOKEN_SIZE 44

/* What is kept in memory of each live session. */
struct session_entry {
	uint64_t number; /* 0: free */
	uint8_t key[SESSION_KEY_LEN];
	struct session_attributes who;
	uint64_t created_us;
	uint64_t ends_us;
	uint64_t stepped_up_us;
	uint64_t seen_us;
	uint64_t saved_seen_us; /* as the store has it */
	uint64_t renew_us;      /* when headers are to be rendered anew */
	uint32_t amr;           /* of enum store_amr */
	uint32_t flags;         /* of enum session_flag */
};

struct session_new {
	const struct store_identity *identity; /* as read from the store just now */
	uint32_t amr;                          /* of enum store_amr */
	bool second_factor;                    /* shown just now */
	uint32_t flags;                        /* of enum session_flag */
	const char *address;                   /* may be NULL */
	const char *user_agent;                /* as sent; its family is kept. May be NULL */
};

struct session_made {
	uint64_t number;
	uint64_t ends_us;
	char token[SESSION_TOKEN_SIZE];
};

MUST_CHECK enum err sessions_open(struct engine *engine, struct sessions **ret_sessions, const char **why);
void sessions_free(struct sessions *sessions);

/*
 * Whether an order or a suspension keeps this identity from signing in:
 * ERR_DENIED with words for the person. `second_factor`: it was shown just now.
 */
MUST_CHECK enum err sessions_may_sign_in(struct engine *engine, const struct store_identity *identity,
    bool second_factor, const char **why);

/*
 * Sign in: store, then map. Durable and known to every worker when it returns.
 * Past session.per_identity the identity's oldest session ends. Asks
 * sessions_may_sign_in() itself. ERR_SPACE: the map is full.
 */
MUST_CHECK enum err sessions_create(struct engine *engine, const struct session_new *session,
    struct session_made *ret_made, const char **why);

/* The live session of a cookie's value. ERR_NOT_FOUND: none, ended, or not a token at all. */
MUST_CHECK enum err sessions_find_token(struct engine *engine, const char *token, struct session_entry **ret_entry);
MUST_CHECK enum err sessions_find(struct engine *engine, uint64_t number, struct session_entry **ret_entry);

/* The second factor was shown now. */
MUST_CHECK enum err sessions_step_up(struct engine *engine, struct session_entry *entry, uint32_t amr);

/* End one: out of the map first, then the store. `entry` is gone afterwards. */
MUST_CHECK enum err sessions_end(struct engine *engine, struct session_entry *entry);

/* End all that the scope means, but `except` (0: none). Goes on after a store error and returns it. */
MUST_CHECK enum err sessions_end_scope(struct engine *engine, const struct scope *scope, uint64_t except,
    uint32_t *ret_ended);

/* Note activity; written to the store now and then. */
void sessions_seen(struct engine *engine, uint64_t number, uint64_t at_us);

/* Each live session until `visit` returns false; `visit` must not end any. */
void sessions_each(struct engine *engine, bool (*visit)(void *context, const struct session_entry *entry),
    void *context);
uint32_t sessions_count(const struct sessions *sessions);

/* The session's view of its owner has changed (profile, organisation, lineage, suspicion): publish it anew. */
void sessions_refresh_identity(struct engine *engine, uint32_t identity);
/* Publish all anew, after signing keys or budget scopes changed. */
void sessions_refresh_all(struct engine *engine);

/* A slice of upkeep, called ten times a second: expiry, renewal of tokens, writing of "last seen". */
void sessions_tick(struct engine *engine);

/* Family and platform of a user agent, "Firefox 128 / Linux". */
void sessions_agent_family(const char *user_agent, char out[STORE_AGENT_MAX]);

#endif
