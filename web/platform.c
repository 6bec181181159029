/*
 * platform: what platforms and other proxies ask. SCIM 2.0 users (RFC 7643, 7644), and an endpoint for nginx's
 * auth_request, for sites that need sign-in without the gate. Neither is reachable from outside.
 */
#include <stdio.h>
#include <string.h>

#include "web/request.h"
#include "web/worker.h"

#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define BEARER "Bearer "

static json_t *
bearer_of(struct web_request *request)
{
	const char *header = request_header(request, "Authorization");
	json_t *token = NULL;

	/* NULL also where it is no UTF-8. */
	if (header != NULL && strncmp(header, BEARER, strlen(BEARER)) == 0)
		token = json_string(header + strlen(BEARER));
	if (token != NULL)
		return token;
	request_problem(request, 401, "bearer-missing", "an Authorization header with a Bearer token is needed");
	request_add_header(request, "WWW-Authenticate", "Bearer");
	return NULL;
}

/* A user resource as the engine's flat object; absent attributes stay absent. */
static json_t *
flat_user(json_t *resource)
{
	json_t *enterprise = json_object_get(resource, ENTERPRISE);
	json_t *manager = json_object_get(json_object_get(enterprise, "manager"), "value");

	return json_pack("{s:O, s:O*, s:O*, s:O*, s:O*, s:O*, s:O*, s:O*}", "userName",
	    json_object_get(resource, "userName"), "displayName", json_object_get(resource, "displayName"), "externalId",
	    json_object_get(resource, "externalId"), "profile", json_object_get(resource, "userType"), "password",
	    json_object_get(resource, "password"), "active", json_object_get(resource, "active"), "organisation",
	    json_object_get(enterprise, "organization"), "manager", manager);
}

static json_t *
ask_create(struct web_request *request, json_t *body)
{
	json_t *bearer;

	if (!json_is_string(json_object_get(body, "userName"))) {
		request_problem(request, 400, "usage", "userName is needed, as a text");
		return NULL;
	}
	bearer = bearer_of(request);
	if (bearer == NULL)
		return NULL;
	return json_pack("{s:s, s:o, s:o}", "op", "scim.create", "bearer", bearer, "user", flat_user(body));
}

static json_t *
ask_show(struct web_request *request, json_t *body)
{
	json_t *bearer = bearer_of(request);

	(void)body;
	if (bearer == NULL)
		return NULL;
	return json_pack("{s:s, s:o, s:s}", "op", "scim.show", "bearer", bearer, "user_id", request->tail);
}

static void
reply_user(struct web_request *request, unsigned status, json_t *answer)
{
	json_t *user = json_object_get(answer, "user");
	char location[160];

	const char *id = json_string_value(json_object_get(user, "id"));
	(void)snprintf(location, sizeof(location), WEB_PREFIX "scim/v2/Users/%s", id != NULL ? id : "");
	request_json(request, status, json_pack("{s:[s], s:O*, s:O*, s:O*, s:{s:s, s:s}}", "schemas",
	    "urn:ietf:params:scim:schemas:core:2.0:User", "id", json_object_get(user, "id"), "userName",
	    json_object_get(user, "userName"), "active", json_object_get(user, "active"), "meta", "resourceType", "User",
	    "location", location));
	request_add_header(request, "Location", location);
}

static void
reply_created(struct web_request *request, json_t *answer)
{
	reply_user(request, 201, answer);
}

static void
reply_shown(struct web_request *request, json_t *answer)
{
	reply_user(request, 200, answer);
}

static json_t *
ask_authorize(struct web_request *request, json_t *body)
{
	(void)request;
	(void)body;
	return json_pack("{s:s}", "op", "session.whoami");
}

static void
reply_authorize(struct web_request *request, json_t *answer)
{
	static const char *const headers[][2] = {{"Remote-User", "login"}, {"Remote-Name", "name"},
	    {"Remote-Organisation", "organisation"}, {"Remote-Profile", "profile"}, {"Remote-Person", "person"}};

	request_json(request, 200, json_object());
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const char *value = json_string_value(json_object_get(answer, headers[i][1]));

		if (value != NULL && value[0] != '\0')
			request_add_header(request, headers[i][0], value);
	}
}

const struct web_route web_routes_platform[] = {
    {"POST", WEB_PREFIX "scim/v2/Users", false, ask_create, reply_created},
    {"GET", WEB_PREFIX "scim/v2/Users/", false, ask_show, reply_shown},
    {"GET", WEB_PREFIX "authorize", true, ask_authorize, reply_authorize},
    {NULL, NULL, false, NULL, NULL},
};
