/* internal: what the files of this folder share. Not for the services. */
#ifndef SERVICES_HTTP_INTERNAL_H
#define SERVICES_HTTP_INTERNAL_H

#include "services/http/server.h"

const char *http_server_name(const struct http_server *server);

/* Find the route of a call and run it, or answer 404, 405, 413 or 415. */
void http_dispatch(struct http_call *call, const struct http_options *options);

/* Opened, bound and listening; -1 with errno and *why otherwise. */
int http_listen_unix(const char *path, const char *group, const char **why);
int http_listen_tcp(const char *address, const char **why);

/* The queue behind http_defer(): one thread, a bounded number of calls. */
struct http_jobs;
MUST_CHECK enum err http_jobs_start(struct http_jobs **ret_jobs);
/* False where the queue is full or stopping; the caller keeps the call then. */
bool http_jobs_push(struct http_jobs *jobs, struct http_call *call);
/* Finish what runs, answer 503 to what waits. */
void http_jobs_stop(struct http_jobs *jobs);

#endif
