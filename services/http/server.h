/*
 * http: a small HTTP server for the services, on libmicrohttpd.
 *
 * A service is a table of routes, a folder of pages and its own data. It
 * listens on a Unix socket that only the proxy in front may open (mode 0660)
 * and, for tests, on a loopback address. Requests run on a pool of threads;
 * each thread has a state of its own (`worker`), made by the service when the
 * thread serves its first request, so that nothing on the way needs a lock.
 *
 * This folder is the only one of the services that includes microhttpd.h.
 */
#ifndef SERVICES_HTTP_SERVER_H
#define SERVICES_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define HTTP_PARTS_MAX 4
#define HTTP_BODY_MAX (64 * 1024)
#define HTTP_REPLY_MAX (16 * 1024 * 1024)

struct MHD_Connection;
struct MHD_Response;
struct http_server;
struct http_pages;
struct http_call;

/*
 * A body made piece by piece. `next` appends the next piece to `chunk` (empty
 * when it is called) and sets *ret_end with the last one; an error severs the
 * connection, so that the client cannot take a part for the whole. It runs on
 * a thread of the pool, whose state it is given. `close` frees the context.
 */
struct http_stream {
	enum err (*next)(void *context, void *worker, struct bytes *chunk, bool *ret_end);
	void (*close)(void *context);
	void *context;
};

struct http_reply {
	unsigned status;              /* 0 until there is an answer */
	const char *type;             /* media type; static text */
	struct bytes body;            /* used where neither of the next two is set */
	struct http_stream stream;    /* where stream.next is set */
	struct MHD_Response *shared;  /* made beforehand, see http_shared_make() */
	const char *header_name[2];   /* further headers; static names */
	char header_value[2][160];
};

/* One request while it is being answered. */
struct http_call {
	struct MHD_Connection *connection;
	struct http_server *server;
	const char *method;
	const char *path;             /* decoded, without the query */
	char *parts[HTTP_PARTS_MAX];  /* what each {} of the pattern matched */
	struct bytes body;
	void *service;
	void *worker;
	struct http_reply reply;
	void (*job)(struct http_call *call); /* see http_defer() */
	void *job_context;
	bool job_done;
	bool too_large;
};

struct http_route {
	const char *method;  /* "GET" also answers HEAD */
	const char *pattern; /* "/api/quotes/{}/accept": {} is one path segment */
	void (*handle)(struct http_call *call);
};

struct http_options {
	const char *name;        /* of the service, for realms and problem types */
	const char *socket_path; /* NULL: none */
	const char *socket_group; /* who may open it besides the owner; NULL: the own group */
	const char *listen;      /* "127.0.0.1:8080" or "[::1]:8080"; NULL: none */
	unsigned threads;
	const struct http_route *routes;
	size_t route_count;
	const struct http_pages *pages; /* NULL: none */
	void *service;
	enum err (*worker_open)(void *service, void **ret_worker);
	void (*worker_close)(void *worker);
};

/*
 * Listen and serve until http_server_stop(). On failure *why says which step
 * failed. A socket file left by a server that died is replaced; one that
 * answers is ERR_BUSY. Addresses other than loopback are ERR_DENIED: identity
 * headers are believed, so nobody but the proxy may reach the service.
 */
MUST_CHECK enum err http_server_start(
    const struct http_options *options, struct http_server **ret_server, const char **why);
void http_server_stop(struct http_server *server);

/* A request header or a decoded query argument; NULL where absent. */
const char *http_call_header(const struct http_call *call, const char *name);
const char *http_call_query(const struct http_call *call, const char *name);

/*
 * A whole number between `min` and `max` from the query. Absent: *ret_value
 * stays. Otherwise ERR_USAGE, and the problem is the answer.
 */
MUST_CHECK enum err http_call_query_number(
    struct http_call *call, const char *name, uint64_t min, uint64_t max, uint64_t *ret_value);

/* Add a header to the answer; two at most, longer values are cut. */
void http_reply_header(struct http_call *call, const char *name, const char *value);

/*
 * Answer later: `job` runs on a thread of its own, may block, and sets the
 * answer; the connection waits meanwhile without holding a thread of the pool.
 * It sees `worker` NULL. Jobs run one after the other; where too many wait the
 * answer is 503. Call it last in a handler.
 */
void http_defer(struct http_call *call, void (*job)(struct http_call *call), void *context);

/*
 * An answer that can be sent many times, on any thread. `headers` are pairs of
 * name and value up to a NULL. NULL when out of memory.
 */
struct MHD_Response *http_shared_make(const void *data, size_t len, const char *const *headers);
void http_shared_free(struct MHD_Response *response);

#endif
