/*
 * link: the web worker's end of the control descriptor.
 *
 * Requests of many connections are under way at once, told apart by ids. Their number is bounded; when the table is
 * full the link refuses, and the visitor reads that sign-in is busy.
 */
#ifndef WEB_LINK_H
#define WEB_LINK_H

#include <jansson.h>
#include <signal.h>

#include "base/err.h"
#include "web/request.h"

#define WEB_LINK_WAITING_MAX 1024

/* Seconds until the engine's silence is taken for an answer. */
#define WEB_LINK_TIMEOUT_S 30

struct web_link;

/* Takes `fd`. */
MUST_CHECK enum err web_link_open(int fd, struct web_link **ret);
void web_link_free(struct web_link *link);

/*
 * Send `operation` (reference taken) for a suspended `request`; it is resumed when the answer is there or the time is
 * up. ERR_BUSY when too many wait, ERR_IO when the engine is gone: then nothing was kept.
 */
MUST_CHECK enum err web_link_send(struct web_link *link, json_t *operation, struct web_request *request);

/* Read answers until the engine closes its end or `*stop` is set by a signal; then everything waiting is resumed. */
void web_link_run(struct web_link *link, const volatile sig_atomic_t *stop);

#endif
