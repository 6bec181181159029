/*
 * client: one account on the wire: signing in with password and second factor, as the sign-in page does.
 */
#ifndef LAB_REPLAY_CLIENT_H
#define LAB_REPLAY_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "lab/http.h"
#include "lab/secrets.h"

#define CLIENT_LOGIN_MAX 64
#define CLIENT_WHY_MAX 200

struct client {
	struct http *http;
	const char *origin; /* where it signs in */
	char login[CLIENT_LOGIN_MAX];
	char password[SECRETS_PASSWORD_MAX];
	char totp[SECRETS_TOTP_MAX]; /* "": no second factor */
	uint64_t last_step;          /* of the newest code it has used */
	char cookies[HTTP_COOKIES_MAX];
	char why[CLIENT_WHY_MAX];    /* after a failure */
};

/*
 * One request from beginning to end. *ret_document is the JSON of a response with a status below 300 (the caller owns
 * it; ret_document may be NULL); others are ERR_DENIED. Requests that others started go on meanwhile.
 */
MUST_CHECK enum err client_ask(struct client *client, const char *path, const json_t *posted, json_t **ret_document);

/* Sign in; blocks. With a second factor the session is fresh in it. */
MUST_CHECK enum err client_sign_in(struct client *client);

/*
 * A code that was not used before, as the body of a request for step-up. ERR_BUSY: the next one is half a minute away.
 * The caller frees *ret_json.
 */
MUST_CHECK enum err client_step_up_body(struct client *client, char **ret_json);

/* The session cookie alone, without the device's: what a thief copies. */
void client_session_cookie(const struct client *client, char ret_cookie[HTTP_COOKIES_MAX]);

#endif
