/*
 * stream: responses longer than the hold limit. Closed records leave, batch by
 * batch, each after its own journal entry; memory stays bounded by about twice
 * the limit. When something stops it in the middle, the connection is cut, so
 * that the client cannot take it for complete.
 */
#ifndef GATE_STREAM_H
#define GATE_STREAM_H

#include "gate/gate.h"

/* All held so far has been fed to `g->gather`. */
ngx_int_t gate_stream_begin(struct gate_request *g);
ngx_int_t gate_stream_body(struct gate_request *g, ngx_chain_t *in);

#endif
