/*
 * stage: what a replay needs before anything is stolen, made on the running stack.
 *
 * Accounts are given over the daemon's control socket, training bodies over the platform's API by an agent, sessions by
 * signing in over HTTPS. Each strategy gets a body and an organisation of its own with one account of 60 days, so that
 * no budget was touched before; bystanders work at the bodies that are there. All of them get the past that the
 * rhythm says, and limits are learned from it. stage_close() suspends the accounts. Blocks.
 */
#ifndef LAB_REPLAY_STAGE_H
#define LAB_REPLAY_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lab/control.h"
#include "lab/http.h"
#include "lab/replay/client.h"
#include "lab/replay/received.h"
#include "lab/replay/replay.h"
#include "lab/replay/rhythm.h"

#define STAGE_KEY_MAX 41
#define STAGE_SESSIONS 3 /* of one account: as many as codes are good at a time */
#define STAGE_ACCOUNTS 6 /* that a hijacked manager creates */
#define STAGE_COOKIES (STAGE_ACCOUNTS > STAGE_SESSIONS ? STAGE_ACCOUNTS : STAGE_SESSIONS)

/* Who is robbed in a strategy. */
struct stage_victim {
	char organisation[STAGE_KEY_MAX];
	struct client account;
	char cookies[STAGE_COOKIES][HTTP_COOKIES_MAX]; /* what the thief holds */
	unsigned n_cookies;
};

/* An ordinary partner at work. */
struct stage_partner {
	char organisation[STAGE_KEY_MAX];
	struct client account;
	uint32_t typical; /* distinct persons of its typical day */
};

struct stage {
	const struct replay_options *options;
	struct control control;
	struct http *http;
	struct http *crew_http;      /* for the partners' thread */
	struct rhythm rhythm;
	char tag[24];                /* names everything of this replay */
	struct client agent;
	size_t people;               /* in the platform, as it says itself */
	char (*ids)[RECEIVED_ID_LEN + 1];
	struct stage_victim victims[REPLAY_STRATEGY_MAX];
	struct stage_partner *partners;
	size_t n_partners;
	json_t *logins;              /* made by this replay */
	char why[REPLAY_WHY_MAX];
};

MUST_CHECK enum err stage_open(const struct replay_options *options, struct stage *stage);
void stage_close(struct stage *stage);

/* Let the thief have what the strategy begins with; sign-ins happen here. */
MUST_CHECK enum err stage_rob(struct stage *stage, enum replay_strategy strategy);

#endif
