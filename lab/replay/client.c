#include "lab/replay/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define STEP_US (TOTP_STEP_S * UINT64_C(1000000))
#define TURN_MS 100

struct asking {
	struct client *client;
	const char *path;
	json_t *document;
	enum err err;
	bool ended;
};

/* The refusal's own words, if it has any. */
static void
explain(struct client *client, const char *path, const struct http_reply *reply)
{
	json_t *problem = json_loadb((const char *)reply->body, reply->len, 0, NULL);
	const char *detail = json_string_value(json_object_get(problem, "detail"));

	if (reply->complete)
		(void)snprintf(client->why, sizeof(client->why), "%s%s: status %ld%s%.120s", client->origin, path,
		    reply->status, detail != NULL ? ": " : "", detail != NULL ? detail : "");
	else
		(void)snprintf(client->why, sizeof(client->why), "%s%s: %s", client->origin, path, reply->why);
	json_decref(problem);
}

static void
take_reply(void *context, const struct http_reply *reply)
{
	struct asking *asking = context;

	asking->ended = true;
	asking->err = ERR_DENIED;
	if (!reply->complete || reply->status < 200 || reply->status > 299) {
		explain(asking->client, asking->path, reply);
		return;
	}
	if (reply->cookies[0] != '\0')
		(void)snprintf(asking->client->cookies, sizeof(asking->client->cookies), "%s", reply->cookies);
	asking->document = json_loadb((const char *)reply->body, reply->len, JSON_DECODE_ANY, NULL);
	asking->err = ERR_NONE;
}

enum err
client_ask(struct client *client, const char *path, const json_t *posted, json_t **ret_document)
{
	struct asking asking = {.client = client, .path = path, .err = ERR_IO};
	char *text = posted != NULL ? json_dumps(posted, JSON_COMPACT) : NULL;
	struct http_call call = {client->origin, path, client->cookies[0] != '\0' ? client->cookies : NULL, text, take_reply,
	    &asking};
	enum err err = posted != NULL && text == NULL ? ERR_NOMEM : http_start(client->http, &call);

	while (err == ERR_NONE && !asking.ended)
		err = http_turn(client->http, TURN_MS);
	free(text);
	if (err == ERR_NONE)
		err = asking.err;
	else
		(void)snprintf(client->why, sizeof(client->why), "%s%s: %s", client->origin, path, err_text(err));
	if (err == ERR_NONE && ret_document != NULL)
		*ret_document = asking.document;
	else
		json_decref(asking.document);
	return err;
}

/* Codes of the step before, this one and the next are good; each is once. */
static enum err
next_code(struct client *client, char ret_code[TOTP_DIGITS + 1])
{
	uint64_t now = clock_now_us(clock_system()) / STEP_US;
	uint64_t step = client->last_step < now - 1 ? now - 1 : client->last_step + 1;
	enum err err;

	if (step > now + 1)
		return ERR_BUSY;
	err = secrets_code(client->totp, step * STEP_US, ret_code);
	if (err == ERR_NONE)
		client->last_step = step;
	return err;
}

static enum err
show_second_factor(struct client *client, const char *ticket)
{
	char code[TOTP_DIGITS + 1];
	enum err err = next_code(client, code);
	json_t *posted;

	if (err != ERR_NONE) {
		(void)snprintf(client->why, sizeof(client->why), "%s: no unused code: %s", client->login, err_text(err));
		return err;
	}
	posted = json_pack("{s:s, s:s}", "ticket", ticket, "code", code);
	err = posted != NULL ? client_ask(client, "/.tourniquet/api/second-factor", posted, NULL) : ERR_NOMEM;
	json_decref(posted);
	return err;
}

enum err
client_sign_in(struct client *client)
{
	json_t *posted = json_pack("{s:s, s:s}", "login", client->login, "password", client->password);
	json_t *answer = NULL;
	const char *ticket;
	enum err err;

	client->cookies[0] = '\0';
	err = posted != NULL ? client_ask(client, "/.tourniquet/api/sign-in", posted, &answer) : ERR_NOMEM;
	json_decref(posted);
	if (err != ERR_NONE)
		return err;
	ticket = json_string_value(json_object_get(answer, "ticket"));
	if (ticket != NULL)
		err = show_second_factor(client, ticket);
	json_decref(answer);
	if (err == ERR_NONE && client->cookies[0] == '\0') {
		(void)snprintf(client->why, sizeof(client->why), "%s: signed in, but no session was given", client->login);
		err = ERR_FORMAT;
	}
	return err;
}

enum err
client_step_up_body(struct client *client, char **ret_json)
{
	char code[TOTP_DIGITS + 1];
	enum err err = next_code(client, code);

	if (err != ERR_NONE)
		return err;
	return asprintf(ret_json, "{\"code\":\"%s\"}", code) > 0 ? ERR_NONE : ERR_NOMEM;
}

void
client_session_cookie(const struct client *client, char ret_cookie[HTTP_COOKIES_MAX])
{
	const char *at = client->cookies;

	ret_cookie[0] = '\0';
	while (at[0] != '\0') {
		size_t len = strcspn(at, ";");
		size_t name_len = strcspn(at, "=");

		if (name_len < 7 || strncmp(at + name_len - 7, "-device", 7) != 0)
			(void)snprintf(ret_cookie, HTTP_COOKIES_MAX, "%.*s", (int)len, at);
		at += len;
		at += strspn(at, "; ");
	}
}
