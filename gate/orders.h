/* orders: what the containment orders say of a request, when it arrives and before its response leaves. */
#ifndef GATE_ORDERS_H
#define GATE_ORDERS_H

#include "gate/gate.h"

/*
 * Ask about `g`, whose session and route are known. VERDICT_ALLOW,
 * VERDICT_SLOW with `*ret_slow_ms`, or one that stops, with `g->reason`.
 */
enum verdict gate_orders_ask(struct gate_request *g, uint32_t *ret_slow_ms);

/*
 * Before something leaves: is the session still good, do the orders still
 * allow it? Cheap while nothing changed. A slow order given since does not stop it.
 * VERDICT_ALLOW, or one that stops, with `g->verdict` and `g->reason` set.
 */
enum verdict gate_orders_again(struct gate_request *g);

#endif
