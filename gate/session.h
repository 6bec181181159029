/* session: whose cookie is this. */
#ifndef GATE_SESSION_H
#define GATE_SESSION_H

#include "gate/gate.h"

#define GATE_COOKIE "__Host-tourniquet"

/*
 * Find the session of the request's cookie, or of the key that `g` already has.
 * REASON_NONE: `g` is filled in and `*ret_headers` has the lines for the
 * platform, borrowed until the next call. Else why there is none:
 * REASON_SESSION_MISSING, _EXPIRED, REASON_REQUEST_AMBIGUOUS, REASON_MAP.
 */
enum verdict_reason gate_session_find(struct gate_request *g, ngx_str_t *ret_headers);

/* The same by its key, in the middle of a request: it may have been revoked, moved or stepped up. */
enum verdict_reason gate_session_again(struct gate_request *g);

/* Whether the second factor was shown recently enough. */
bool gate_session_stepped_up(const struct gate_request *g);

#endif
