/*
 * web: the worker's process: libmicrohttpd in front, the link to the engine behind. The HTTP thread parses and routes;
 * it never waits: a request that needs the engine is suspended until the link resumes it.
 */
#include "web/web.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "web/link.h"
#include "web/pages.h"
#include "web/request.h"
#include "web/worker.h"

#define CONNECTIONS_MAX 4096
#define IDLE_S 75
#define DRAIN_STEP_MS 10
#define DRAIN_STEPS 50

static volatile sig_atomic_t stopping;

static void
on_term(int number)
{
	(void)number;
	stopping = 1;
}

static const struct web_route *
match(const struct web_route *routes, struct web_request *request, const char *method, const char *path,
    bool *ret_path_known)
{
	for (const struct web_route *route = routes; route->method != NULL; route++) {
		size_t len = strlen(route->path);
		bool prefix = route->path[len - 1] == '/';

		if (prefix ? strncmp(path, route->path, len) != 0 : strcmp(path, route->path) != 0)
			continue;
		*ret_path_known = true;
		if (strcmp(method, route->method) != 0)
			continue;
		request->tail = path + len;
		return route;
	}
	return NULL;
}

static const struct web_route *
find_route(struct web_request *request, const char *method, const char *path, bool *ret_path_known)
{
	static const struct web_route *const tables[] = {web_routes_signin, web_routes_self, web_routes_platform};
	const struct web_route *route = NULL;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && route == NULL; i++)
		route = match(tables[i], request, method, path, ret_path_known);
	return route;
}

/*
 * A page of another site must not act with the visitor's cookies: bodies are JSON (which needs a preflight that nobody
 * here grants), and where the browser names an origin it is ours.
 */
static bool
is_from_here(const struct web_request *request)
{
	const char *origin = request_header(request, "Origin");
	const char *site = request_header(request, "Sec-Fetch-Site");

	if (origin != NULL && strcmp(origin, request->web->options->public_origin) != 0)
		return false;
	return site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}

/* Is the media type `wanted`, with or without parameters? */
static bool
is_type(const char *type, const char *wanted)
{
	size_t len = strlen(wanted);

	return type != NULL && strncasecmp(type, wanted, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* The JSON object of the body; answers and returns false where it is none. */
static bool
read_body(struct web_request *request, json_t **ret_body)
{
	const char *type = request_header(request, "Content-Type");
	bool json = is_type(type, "application/json") || is_type(type, "application/scim+json");

	if (strcmp(request->route->method, "GET") == 0)
		return true;
	if (!is_from_here(request)) {
		request_problem(request, 403, "foreign-origin", "this request came from a page of another site");
		return false;
	}
	if (!json) {
		request_problem(request, 415, "media-type", "the body must be application/json");
		return false;
	}
	if (request->too_large) {
		request_problem(request, 413, "too-large", "the body is too large");
		return false;
	}
	*ret_body = json_loadb((const char *)request->body.data, request->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(*ret_body))
		return true;
	json_decref(*ret_body);
	*ret_body = NULL;
	request_problem(request, 400, "format", "the body is not one JSON object");
	return false;
}

/* Add the session cookie where the route needs one. */
static bool
add_token(struct web_request *request, json_t *operation)
{
	json_t *token;

	if (!request->route->signed_in)
		return true;
	token = request_cookie(request, WEB_SESSION_COOKIE);
	if (token != NULL)
		return json_object_set_new(operation, "token", token) == 0;
	request_problem(request, 401, "not-signed-in", "please sign in first");
	return false;
}

/* The whole request is here. Either a response is set, or the request waits for the engine. */
static void
ask(struct web_request *request)
{
	json_t *body = NULL, *operation = NULL;

	if (read_body(request, &body))
		operation = request->route->ask(request, body);
	json_decref(body);
	if (operation == NULL)
		return;
	if (!add_token(request, operation)) {
		json_decref(operation);
		return;
	}
	MHD_suspend_connection(request->connection);
	request->waiting = true;
	/* Resumed without an answer: reply() then says that the engine is away. */
	if (web_link_send(request->web->link, operation, request) != ERR_NONE)
		MHD_resume_connection(request->connection);
}

static void
reply(struct web_request *request)
{
	request->waiting = false;
	if (json_is_true(json_object_get(request->answer, "ok")))
		request->route->reply(request, request->answer);
	else
		request_refused(request);
}

static enum MHD_Result
queue(struct web_request *request)
{
	enum MHD_Result result;

	if (request->response == NULL)
		return MHD_NO;
	result = MHD_queue_response(request->connection, request->status, request->response);
	MHD_destroy_response(request->response);
	request->response = NULL;
	return result;
}

static struct web_request *
begin(struct web *web, struct MHD_Connection *connection)
{
	struct web_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->web = web;
	request->connection = connection;
	bytes_init(&request->body, WEB_BODY_MAX);
	return request;
}

/* What needs no engine: pages, unknown paths, methods that a path does not have. */
static enum MHD_Result
serve_static(struct web_request *request, const char *method, const char *path, bool path_known)
{
	struct MHD_Response *page = NULL;

	if (path_known) {
		request_problem(request, 405, "method", "this address does not take that method");
		return queue(request);
	}
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		if (strncmp(path, WEB_PREFIX, strlen(WEB_PREFIX)) == 0)
			page = web_pages_get(request->web->pages, path + strlen(WEB_PREFIX));
	if (page != NULL)
		return MHD_queue_response(request->connection, 200, page);
	request_problem(request, 404, "not-found", "there is nothing at this address");
	return queue(request);
}

/* A body that is too large is read to its end, for a client that does not look for an answer before. */
static void
take_body(struct web_request *request, const char *upload, size_t len)
{
	if (request->too_large || bytes_append(&request->body, upload, len) == ERR_NONE)
		return;
	request->too_large = true;
	bytes_wipe(&request->body);
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
    const char *upload, size_t *upload_len, void **state)
{
	struct web_request *request = *state;
	bool path_known = false;

	(void)version;
	if (request == NULL) {
		*state = begin(context, connection);
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*upload_len != 0) {
		take_body(request, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (request->waiting) {
		reply(request);
		return queue(request);
	}
	request->route = find_route(request, method, path, &path_known);
	if (request->route == NULL)
		return serve_static(request, method, path, path_known);
	ask(request);
	return request->waiting ? MHD_YES : queue(request);
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct web_request *request = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (request == NULL)
		return;
	if (request->response != NULL)
		MHD_destroy_response(request->response);
	json_decref(request->answer);
	json_decref(request->kept);
	/* It held a password. */
	bytes_wipe(&request->body);
	free(request);
	*state = NULL;
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_term};

	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
}

/* No new visitors; those who waited for the engine are still told that it is away. Idle connections may stay open. */
static void
drain(struct MHD_Daemon *daemon)
{
	int listen_fd = MHD_quiesce_daemon(daemon);

	for (unsigned i = 0; listen_fd != MHD_INVALID_SOCKET && i < DRAIN_STEPS; i++) {
		const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

		if (info == NULL || info->num_connections == 0)
			break;
		(void)nanosleep(&(struct timespec){.tv_nsec = DRAIN_STEP_MS * 1000000L}, NULL);
	}
	if (listen_fd != MHD_INVALID_SOCKET)
		close(listen_fd);
}

static int
serve(struct web *web)
{
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
	    NULL, on_request, web, MHD_OPTION_LISTEN_SOCKET, web->options->listen_fd, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)IDLE_S, MHD_OPTION_END);

	if (daemon == NULL) {
		log_error("the HTTP server did not start");
		return 1;
	}
	web_link_run(web->link, &stopping);
	drain(daemon);
	MHD_stop_daemon(daemon);
	return 0;
}

int
web_main(int control_fd, const struct web_options *options)
{
	struct web web = {.options = options};
	const char *why = NULL;
	int status = 1;

	catch_signals();
	if (web_pages_open(options->pages_dir, &web.pages, &why) != ERR_NONE)
		log_error("%s: %s", options->pages_dir, why);
	else if (options->sandbox && sandbox_enter(SANDBOX_WEB, NULL, &why) != ERR_NONE)
		log_error("the sandbox of the web worker: %s", why);
	else if (web_link_open(control_fd, &web.link) != ERR_NONE)
		log_error("the web worker is out of memory");
	else
		status = serve(&web);
	web_link_free(web.link);
	web_pages_free(web.pages);
	return status;
}
