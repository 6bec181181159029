/*
 * answer: what the gate says itself: problem details (RFC 9457) to programs, a
 * small page to people, a redirect to sign-in or step-up.
 */
#ifndef GATE_ANSWER_H
#define GATE_ANSWER_H

#include "gate/gate.h"

/* Whether the request is for a page that a person looks at: GET with text/html accepted, and no API. */
bool gate_answer_is_page(const struct gate_request *g);

/*
 * Send the answer for `reason` instead of a response, of which nothing may have
 * been sent yet. `status` 0: that of the reason. `retry_after_s` 0: none is
 * named. Returns what the filters behind ours returned.
 */
ngx_int_t gate_answer_send(struct gate_request *g, enum verdict_reason reason, ngx_uint_t status,
    uint32_t retry_after_s);

/*
 * Send words of ours in place of the body of an error response, whose status
 * and headers of use to a client stay. Else as gate_answer_send().
 */
ngx_int_t gate_answer_replace(struct gate_request *g);

#endif
