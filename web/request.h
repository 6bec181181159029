/*
 * request: one HTTP request on its way through the web worker.
 *
 * A route has two halves. `ask` checks the request and either answers at once or names the operation that the engine
 * shall run; `reply` turns the engine's answer into HTTP. Between the two the connection is suspended and the request
 * belongs to the link.
 */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct MHD_Connection;
struct MHD_Response;
struct web;
struct web_request;

/* Largest request body; sign-in needs a few hundred bytes. */
#define WEB_BODY_MAX 65536

struct web_route {
	const char *method;
	const char *path;
	/* Must the request carry a session cookie, else 401? Its value is then `token` in the operation. */
	bool signed_in;
	/*
	 * The operation for the engine (reference given to the caller), or NULL when the request has been answered.
	 * `body` is the parsed JSON object, NULL where the method has none.
	 */
	json_t *(*ask)(struct web_request *request, json_t *body);
	/* Answer from what the engine said with "ok": true. Refusals are answered by request_refused(). */
	void (*reply)(struct web_request *request, json_t *answer);
};

struct web_request {
	struct web *web;
	struct MHD_Connection *connection;
	const struct web_route *route;
	const char *tail;            /* what follows a route's path that ends in "/" */
	struct bytes body;
	json_t *kept;                /* what `ask` leaves for `reply`; may be NULL */
	json_t *answer;              /* the engine's; NULL: it did not answer */
	bool too_large;              /* the body: what came was thrown away */
	bool waiting;                /* handed to the link */
	struct MHD_Response *response;
	unsigned status;
};

/* Header or query argument, borrowed, or NULL. */
const char *request_header(const struct web_request *request, const char *name);
const char *request_argument(const struct web_request *request, const char *name);

/*
 * The value of one of our cookies as a JSON text, or NULL where there is none, two, or one that is no token
 * (43 characters of base64url).
 */
json_t *request_cookie(const struct web_request *request, const char *name);

/* The client's address as nginx saw it, as a JSON text; empty where it is none. */
json_t *request_address(const struct web_request *request);

/* The User-Agent as a JSON text: printable ASCII, its first 256 characters. */
json_t *request_agent(const struct web_request *request);

/* Set the response. Takes the reference. Everything from here is `Cache-Control: no-store`. */
void request_json(struct web_request *request, unsigned status, json_t *object);

/* A problem document (RFC 9457); `type` is the last part of urn:tourniquet:problem:... */
void request_problem(struct web_request *request, unsigned status, const char *type, const char *detail);

/* The engine refused, or did not answer: say it as a problem. */
void request_refused(struct web_request *request);

/* Only after the response was set. */
void request_add_header(struct web_request *request, const char *name, const char *value);

/* Set one of our cookies; `value` "" with `max_age_s` 0 removes it. */
void request_set_cookie(struct web_request *request, const char *name, const char *value, unsigned max_age_s);

#endif
