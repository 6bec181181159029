/*
 * orders: containment decisions; keeps store, state map and ledger in step.
 * Private to engine/; on the loop's thread only.
 */
#ifndef ENGINE_ORDERS_H
#define ENGINE_ORDERS_H

#include "core/order.h"
#include "engine/engine.h"
#include "store/order.h"

/* Delay of `slow` orders. */
#define ORDER_SLOW_MS 2000

struct order_reach {
	uint64_t identities;
	uint64_t sessions;
	uint64_t organisations;
	double share; /* of all identities */
};

MUST_CHECK enum err orders_open(struct engine *engine, struct orders **ret_orders, const char **why);
void orders_free(struct orders *orders);

/* Whom a scope would reach now. */
MUST_CHECK enum err orders_reach(struct engine *engine, const struct scope *scope, struct order_reach *ret_reach);

/*
 * Give: `order->number` and `order->given_at_us` are filled in. In force for
 * every worker when it returns, unless `stored->pending`. *ret_stored says
 * whether it will outlive the engine: a full disk must not keep an order from
 * biting. ERR_SPACE: the table is full.
 */
MUST_CHECK enum err orders_give(struct engine *engine, struct order *order, struct store_order *stored,
    bool *ret_stored);

/* A second operator's yes. ERR_NOT_FOUND: none waits under this number; ERR_DENIED: the same author; ERR_EXPIRED. */
MUST_CHECK enum err orders_approve(struct engine *engine, uint64_t number, const char *author);

/* ERR_NOT_FOUND: no such order, or it has ended. */
MUST_CHECK enum err orders_lift(struct engine *engine, uint64_t number, const char *author);

/* Once a second: take what has expired out of the table and say so in the ledger. */
void orders_tick(struct engine *engine);

/* In force, and waiting for approval. */
void orders_counts(const struct orders *orders, uint32_t *ret_active, uint32_t *ret_pending);

#endif
