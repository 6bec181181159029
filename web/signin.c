/*
 * signin: signing in, the second factor, step-up, signing out. The engine decides; this file carries its answers to the
 * browser and sets the cookies.
 */
#include <string.h>

#include "web/request.h"
#include "web/worker.h"

#define DEVICE_MAX_AGE_S (365U * 24 * 3600)

/* Only a path on this site may follow a sign-in: no scheme, no host, nothing a browser would read as one. */
static const char *
safe_next(const json_t *body)
{
	const char *next = json_string_value(json_object_get(body, "next"));

	if (next == NULL || next[0] != '/' || next[1] == '/' || next[1] == '\\')
		return "/";
	for (const char *p = next; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == '\\')
			return "/";
	return next;
}

static void
bad_request(struct web_request *request, const char *detail)
{
	request_problem(request, 400, "usage", detail);
}

static json_t *
ask_password(struct web_request *request, json_t *body)
{
	const char *login = NULL, *password = NULL;
	json_t *device = request_cookie(request, WEB_DEVICE_COOKIE);

	if (json_unpack(body, "{s:s, s:s}", "login", &login, "password", &password) != 0) {
		json_decref(device);
		bad_request(request, "login and password are needed, as texts");
		return NULL;
	}
	request->kept = json_string(safe_next(body));
	return json_pack("{s:s, s:s, s:s, s:o*, s:o, s:o}", "op", "signin.password", "login", login, "password", password,
	    "device", device, "address", request_address(request), "user_agent", request_agent(request));
}

static json_t *
ask_code(struct web_request *request, json_t *body)
{
	const char *ticket = NULL, *code = NULL;

	if (json_unpack(body, "{s:s, s:s}", "ticket", &ticket, "code", &code) != 0) {
		bad_request(request, "ticket and code are needed, as texts");
		return NULL;
	}
	request->kept = json_string(safe_next(body));
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "op", "signin.totp", "ticket", ticket, "code", code, "address",
	    request_address(request), "user_agent", request_agent(request));
}

/* Either a session, which becomes cookies, or a ticket for the second factor. */
static void
reply_signin(struct web_request *request, json_t *answer)
{
	const char *token = NULL, *device = NULL;

	if (json_object_get(answer, "ticket") != NULL) {
		request_json(request, 200, json_pack("{s:O, s:O, s:O*}", "ticket", json_object_get(answer, "ticket"),
		    "methods", json_object_get(answer, "methods"), "expires_us", json_object_get(answer, "expires_us")));
		return;
	}
	if (json_unpack(answer, "{s:s, s?s}", "token", &token, "device", &device) != 0) {
		request_problem(request, 503, "engine-away", "Sign-in is not available right now. Please try again.");
		return;
	}
	request_json(request, 200, json_pack("{s:b, s:O}", "signed_in", 1, "next", request->kept));
	request_set_cookie(request, WEB_SESSION_COOKIE, token, request->web->options->cookie_max_age_s);
	if (device != NULL)
		request_set_cookie(request, WEB_DEVICE_COOKIE, device, DEVICE_MAX_AGE_S);
}

static json_t *
ask_step_up(struct web_request *request, json_t *body)
{
	const char *code = NULL;

	if (json_unpack(body, "{s:s}", "code", &code) != 0) {
		bad_request(request, "code is needed, as a text");
		return NULL;
	}
	request->kept = json_string(safe_next(body));
	return json_pack("{s:s, s:s}", "op", "stepup.totp", "code", code);
}

static void
reply_step_up(struct web_request *request, json_t *answer)
{
	request_json(request, 200, json_pack("{s:b, s:O*, s:O}", "stepped_up", 1, "until_us",
	    json_object_get(answer, "until_us"), "next", request->kept));
}

static json_t *
ask_sign_out(struct web_request *request, json_t *body)
{
	(void)request;
	(void)body;
	return json_pack("{s:s}", "op", "session.end");
}

static void
reply_sign_out(struct web_request *request, json_t *answer)
{
	(void)answer;
	request_json(request, 200, json_pack("{s:b}", "signed_out", 1));
	request_set_cookie(request, WEB_SESSION_COOKIE, "", 0);
}

const struct web_route web_routes_signin[] = {
    {"POST", WEB_PREFIX "api/sign-in", false, ask_password, reply_signin},
    {"POST", WEB_PREFIX "api/second-factor", false, ask_code, reply_signin},
    {"POST", WEB_PREFIX "api/step-up", true, ask_step_up, reply_step_up},
    {"POST", WEB_PREFIX "api/sign-out", true, ask_sign_out, reply_sign_out},
    {NULL, NULL, false, NULL, NULL},
};
