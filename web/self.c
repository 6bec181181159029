/* self: who am I, where am I signed in, end those sessions; the service's name, the published keys. */
#include "web/request.h"
#include "web/worker.h"

static json_t *
ask_me(struct web_request *request, json_t *body)
{
	(void)request;
	(void)body;
	return json_pack("{s:s}", "op", "session.whoami");
}

static json_t *
ask_sessions(struct web_request *request, json_t *body)
{
	(void)request;
	(void)body;
	return json_pack("{s:s}", "op", "my.sessions");
}

static json_t *
ask_revoke(struct web_request *request, json_t *body)
{
	json_t *session = json_object_get(body, "session");

	if (json_is_true(json_object_get(body, "others")) && session == NULL)
		return json_pack("{s:s, s:b}", "op", "my.revoke", "others", 1);
	if (json_is_integer(session) && json_object_get(body, "others") == NULL)
		return json_pack("{s:s, s:O}", "op", "my.revoke", "session", session);
	request_problem(request, 400, "usage", "either session, a number, or others, true");
	return NULL;
}

static json_t *
ask_keys(struct web_request *request, json_t *body)
{
	(void)request;
	(void)body;
	return json_pack("{s:s}", "op", "jwks");
}

/* What the pages say of the service; no secret, no engine needed. */
static json_t *
ask_service(struct web_request *request, json_t *body)
{
	(void)body;
	request_json(request, 200, json_pack("{s:s}", "name", request->web->options->service_name));
	return NULL;
}

/* What the engine said, without the protocol's own members. */
static void
reply_as_is(struct web_request *request, json_t *answer)
{
	json_t *object = json_copy(answer);

	json_object_del(object, "ok");
	json_object_del(object, "id");
	request_json(request, 200, object);
}

static void
reply_keys(struct web_request *request, json_t *answer)
{
	request_json(request, 200, json_incref(json_object_get(answer, "jwks")));
}

const struct web_route web_routes_self[] = {
    {"GET", WEB_PREFIX "api/me", true, ask_me, reply_as_is},
    {"GET", WEB_PREFIX "api/sessions", true, ask_sessions, reply_as_is},
    {"POST", WEB_PREFIX "api/sessions/revoke", true, ask_revoke, reply_as_is},
    {"GET", WEB_PREFIX "api/service", false, ask_service, reply_as_is},
    {"GET", WEB_PREFIX "jwks.json", false, ask_keys, reply_keys},
    {NULL, NULL, false, NULL, NULL},
};
