/*
 * http: many HTTPS requests at a time, on one thread. The only place of the laboratory that includes libcurl.
 *
 * HTTP/1.1 with one request per connection at a time, so that "a thousand parallel requests" are a thousand
 * connections. Nothing happens outside http_turn(), which calls back for each request that has ended; what arrived of
 * a response that was cut short is handed over too.
 */
#ifndef LAB_HTTP_H
#define LAB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HTTP_COOKIES_MAX 1024

struct http;

struct http_reply {
	long status;          /* 0: no response began */
	bool complete;        /* the response arrived whole */
	const char *why;      /* it did not: in words */
	const uint8_t *body;  /* what arrived of it */
	size_t len;
	const char *cookies;  /* those that were set, as a Cookie header has them; "" */
	uint64_t ended_us;    /* clock_monotonic_us() */
};

struct http_call {
	const char *origin;   /* "https://localhost:8443" */
	const char *path;     /* "/api/me" */
	const char *cookies;  /* of a Cookie header; NULL for none */
	const char *json;     /* posted; NULL for a GET */
	void (*done)(void *context, const struct http_reply *reply);
	void *context;
};

/* `cacert`: PEM file of the authority to trust, NULL for the system's. */
MUST_CHECK enum err http_open(const char *cacert, unsigned connections_max, struct http **ret_http);
/* Requests under way end without being called back. */
void http_free(struct http *http);

/* Start a request; everything is copied. */
MUST_CHECK enum err http_start(struct http *http, const struct http_call *call);

/* Move on, waiting at most so long for something to do. */
MUST_CHECK enum err http_turn(struct http *http, int timeout_ms);

/* Requests that have not ended. */
size_t http_running(const struct http *http);

/* End all requests now: each is called back with what arrived, incomplete. */
void http_cut(struct http *http);

#endif
