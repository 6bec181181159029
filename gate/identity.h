/* identity: what the platform is told of who asks, and what it must not be told. */
#ifndef GATE_IDENTITY_H
#define GATE_IDENTITY_H

#include "gate/gate.h"

/*
 * Rebuild the request's headers: without forged identity headers in any
 * spelling, without our cookie, on a counted route without what asks for a
 * response that cannot be read; with `lines` ("Name: value\r\n", may be empty).
 * NGX_OK; NGX_ERROR: out of memory, or malformed lines.
 */
ngx_int_t gate_identity_apply(ngx_http_request_t *r, const ngx_str_t *lines, bool counted);

#endif
