/*
 * worker: what the parts of the web worker share. One process, two threads: libmicrohttpd's serves HTTP, the main one
 * reads the engine's answers.
 */
#ifndef WEB_WORKER_H
#define WEB_WORKER_H

#include "web/request.h"
#include "web/web.h"

struct web_link;
struct web_pages;

struct web {
	const struct web_options *options;
	struct web_link *link;
	struct web_pages *pages;
};

/* The session cookie; the gate reads the same name (gate/session.h). */
#define WEB_SESSION_COOKIE "__Host-tourniquet"

/* The cookie by which a browser is known again; its absence costs attempts, nothing else. */
#define WEB_DEVICE_COOKIE "__Host-tourniquet-device"

/* Prefix of all our paths. */
#define WEB_PREFIX "/.tourniquet/"

/* Tables of routes, each ended by an entry without a method. */
extern const struct web_route web_routes_signin[];
extern const struct web_route web_routes_self[];
extern const struct web_route web_routes_platform[];

#endif
