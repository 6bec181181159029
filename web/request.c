/* request: reading requests and writing responses. Runs on libmicrohttpd's thread; never blocks. */
#include "web/request.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "parse/cookie.h"
#include "web/worker.h"

#define TOKEN_LEN 43
#define AGENT_MAX 256
#define SOON_S "5" /* when to try again after what passes by itself */

const char *
request_header(const struct web_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *
request_argument(const struct web_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static bool
is_token(const char *value, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (len != TOKEN_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (value[i] == '\0' || strchr(digits, value[i]) == NULL)
			return false;
	return true;
}

struct cookie_search {
	const char *name;
	struct cookie_found found;
};

/* HTTP/2 clients may split the header; every part is searched. */
static enum MHD_Result
look_into_header(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct cookie_search *search = context;

	(void)kind;
	if (value != NULL && strcasecmp(key, "Cookie") == 0)
		cookie_find(&search->found, search->name, value, strlen(value));
	return MHD_YES;
}

json_t *
request_cookie(const struct web_request *request, const char *name)
{
	struct cookie_search search = {.name = name};

	(void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, look_into_header, &search);
	if (search.found.count != 1 || !is_token((const char *)search.found.value, search.found.len))
		return NULL;
	return json_stringn((const char *)search.found.value, search.found.len);
}

/* What a header may bring is anybody's choice; JSON takes UTF-8 alone, and the engine bounds its texts. */
static json_t *
printable(const char *value, size_t max)
{
	size_t len = 0;
	char text[256];

	for (; value != NULL && *value != '\0' && len < max && len < sizeof(text); value++)
		if (*value >= 0x20 && *value < 0x7f)
			text[len++] = *value;
	return json_stringn(text, len);
}

json_t *
request_address(const struct web_request *request)
{
	const char *forwarded = request_header(request, "X-Forwarded-For");
	unsigned char address[sizeof(struct in6_addr)];

	if (forwarded == NULL || (inet_pton(AF_INET, forwarded, address) != 1 && inet_pton(AF_INET6, forwarded, address) != 1))
		return json_string("");
	return printable(forwarded, INET6_ADDRSTRLEN - 1);
}

json_t *
request_agent(const struct web_request *request)
{
	return printable(request_header(request, "User-Agent"), AGENT_MAX);
}

static void
set_response(struct web_request *request, unsigned status, const char *type, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (text == NULL)
		return;
	request->response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (request->response == NULL) {
		free(text);
		return;
	}
	request->status = status;
	request_add_header(request, "Content-Type", type);
	request_add_header(request, "Cache-Control", "no-store");
	request_add_header(request, "X-Content-Type-Options", "nosniff");
}

void
request_json(struct web_request *request, unsigned status, json_t *object)
{
	set_response(request, status, "application/json", object);
}

void
request_problem(struct web_request *request, unsigned status, const char *type, const char *detail)
{
	char urn[96];

	(void)snprintf(urn, sizeof(urn), "urn:tourniquet:problem:%s", type);
	set_response(request, status, "application/problem+json",
	    json_pack("{s:s, s:i, s:s}", "type", urn, "status", (int)status, "detail", detail));
}

/* The status of the engine's refusal. */
static unsigned
status_of(const char *error)
{
	static const struct {
		const char *error;
		unsigned status;
	} statuses[] = {{"denied", 403}, {"not-found", 404}, {"exists", 409}, {"expired", 410}, {"busy", 429},
	    {"usage", 400}, {"range", 400}, {"format", 400}};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(error, statuses[i].error) == 0)
			return statuses[i].status;
	return 503;
}

void
request_refused(struct web_request *request)
{
	const char *error = "", *message = "", *reason = NULL;
	json_int_t retry_after_s = 0;
	char seconds[24] = SOON_S;
	unsigned status;

	if (request->answer == NULL) {
		request_problem(request, 503, "engine-away", "Sign-in is not available right now. Please try again.");
		request_add_header(request, "Retry-After", SOON_S);
		return;
	}
	(void)json_unpack(request->answer, "{s?s, s?s, s?s, s?I}", "error", &error, "message", &message, "reason", &reason,
	    "retry_after_s", &retry_after_s);
	status = retry_after_s > 0 ? 429 : status_of(error);
	if (retry_after_s > 0)
		(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)retry_after_s);
	request_problem(request, status, reason != NULL ? reason : error, message);
	if (status == 429 || status == 503)
		request_add_header(request, "Retry-After", seconds);
}

void
request_add_header(struct web_request *request, const char *name, const char *value)
{
	if (request->response != NULL)
		(void)MHD_add_response_header(request->response, name, value);
}

void
request_set_cookie(struct web_request *request, const char *name, const char *value, unsigned max_age_s)
{
	char cookie[256];

	(void)snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%u", name, value,
	    max_age_s);
	request_add_header(request, "Set-Cookie", cookie);
}
