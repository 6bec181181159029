/*
 * replay: the Kairos theft, done again on a running stack and measured.
 *
 * A thief takes over the session of one partner of a platform on which every partner may see everybody, and takes all
 * there is, in several ways. Each is done twice: behind plain nginx with the same sign-in, and behind the gate while
 * ordinary partners work. Who was received is read from the bytes that arrived; who was handed out is what the daemon
 * answers to `touched`. Nothing is assumed. Blocks for minutes; progress goes to options->progress.
 */
#ifndef LAB_REPLAY_REPLAY_H
#define LAB_REPLAY_REPLAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define REPLAY_WHY_MAX 512

enum replay_strategy {
	REPLAY_LIST = 0, /* pages the list; smaller pages where large ones are refused */
	REPLAY_WALK,     /* record by record, the identifiers known from elsewhere */
	REPLAY_EXPORT,   /* the CSV export; narrower searches where wide ones are refused */
	REPLAY_PARALLEL, /* the list, a thousand requests at once over a thousand connections */
	REPLAY_SESSIONS, /* the list, over several sessions of one account */
	REPLAY_ACCOUNTS, /* an account manager's session creates accounts, which then read the list */
	REPLAY_STALE,    /* the list, with a session whose second factor is no longer fresh */
	REPLAY_STRATEGY_MAX
};

const char *replay_strategy_name(enum replay_strategy strategy);

struct replay_options {
	const char *socket_path;  /* of the daemon */
	const char *guarded;      /* "https://localhost:8443" */
	const char *plain;        /* the same platform without the gate */
	const char *cacert;       /* NULL: the system's */
	const char *accounts;     /* of `demo setup`: bystanders work at their organisations; NULL: everywhere */
	const char *rhythm;       /* the log; NULL: the model */
	uint64_t people;          /* that the platform must have; 0: any number */
	unsigned bystanders;      /* at most */
	unsigned guarded_s;       /* how long a guarded strategy may take, bystanders work throughout at least ten */
	unsigned unguarded_s;
	bool strategies[REPLAY_STRATEGY_MAX];
	void (*progress)(void *context, const char *words);
	void *context;
};

/* An array with one object per strategy; the caller owns it. `why` says what went wrong. */
MUST_CHECK enum err replay_kairos(
    const struct replay_options *options, json_t **ret_results, char why[REPLAY_WHY_MAX]);

#endif
