/* hold: what the body filter and streaming have in common. */
#ifndef GATE_HOLD_H
#define GATE_HOLD_H

#include "gate/gate.h"

/* Feed a chain's bytes to the gather of `g`. */
MUST_CHECK enum err gate_hold_feed(struct gather *gather, const ngx_chain_t *in);

/* Let the filters behind ours send what they still have, if anything. */
ngx_int_t gate_hold_flush(struct gate_request *g);

/* A verdict stopped `g` before anything was sent: note it and answer. */
ngx_int_t gate_hold_stop(struct gate_request *g);

/* Whether the upstream failed: nginx then sends a flush without an end, when it has let go of it. */
bool gate_hold_upstream_failed(const struct gate_request *g, const struct gate_arrival *arrival);

#endif
