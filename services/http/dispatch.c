/* dispatch: finds the route of a request. Touches nothing but the call. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "services/http/internal.h"
#include "services/http/pages.h"
#include "services/http/problem.h"

struct piece {
	const char *at;
	size_t len;
};

/* Does `path` follow `pattern`? Each {} takes one segment that is not empty. */
static bool
pattern_matches(const char *pattern, const char *path, struct piece pieces[HTTP_PARTS_MAX])
{
	size_t count = 0;

	memset(pieces, 0, HTTP_PARTS_MAX * sizeof(*pieces));
	while (*pattern != '\0') {
		if (pattern[0] != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");
		if (len == 0 || count == HTTP_PARTS_MAX)
			return false;
		pieces[count++] = (struct piece){path, len};
		path += len;
		pattern += 2;
	}
	return *path == '\0';
}

static bool
take_parts(struct http_call *call, const struct piece pieces[HTTP_PARTS_MAX])
{
	for (size_t i = 0; i < HTTP_PARTS_MAX && pieces[i].at != NULL; i++) {
		call->parts[i] = strndup(pieces[i].at, pieces[i].len);
		if (call->parts[i] == NULL)
			return false;
	}
	return true;
}

static bool
is_read(const struct http_call *call)
{
	return strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;
}

static bool
method_matches(const struct http_route *route, const struct http_call *call)
{
	if (strcmp(route->method, "GET") == 0)
		return is_read(call);
	return strcmp(route->method, call->method) == 0;
}

/*
 * A page of another site can make a browser send forms and plain text with
 * this site's session, but neither JSON nor a same-origin Sec-Fetch-Site.
 */
static bool
write_is_own(struct http_call *call)
{
	const char *site = http_call_header(call, "Sec-Fetch-Site");
	const char *type = http_call_header(call, "Content-Type");
	static const char json[] = "application/json";

	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
		http_forbidden(call, "cross-site", "This request came from a page of another site.");
		return false;
	}
	if (type == NULL || strncasecmp(type, json, sizeof(json) - 1) != 0 ||
	    strchr(" ;", type[sizeof(json) - 1]) == NULL) {
		http_problem(call, 415, "not-json", "Only JSON is read here",
		    "Send the request with Content-Type: application/json.");
		return false;
	}
	return true;
}

static void
run_route(struct http_call *call, const struct http_route *route, const struct piece *pieces)
{
	if (call->too_large) {
		http_problem(call, 413, "too-large", "The request is too large",
		    "A request may hold 64 KiB.");
		return;
	}
	if (!is_read(call) && !write_is_own(call))
		return;
	if (!take_parts(call, pieces)) {
		http_fail(call, ERR_NOMEM, "path");
		return;
	}
	route->handle(call);
}

void
http_dispatch(struct http_call *call, const struct http_options *options)
{
	struct piece pieces[HTTP_PARTS_MAX];
	const char *allowed = NULL;

	for (size_t i = 0; i < options->route_count; i++) {
		const struct http_route *route = &options->routes[i];
		if (!pattern_matches(route->pattern, call->path, pieces))
			continue;
		if (method_matches(route, call)) {
			run_route(call, route, pieces);
			return;
		}
		allowed = allowed == NULL ? route->method : "GET, HEAD, POST";
	}
	if (allowed != NULL) {
		http_problem(call, 405, "method", "That method is not known here",
		    "The Allow header lists those that are.");
		http_reply_header(call, "Allow", strcmp(allowed, "GET") == 0 ? "GET, HEAD" : allowed);
		return;
	}
	if (options->pages != NULL && is_read(call) && http_pages_answer(options->pages, call))
		return;
	http_not_found(call, "No page or resource has this address.");
}
