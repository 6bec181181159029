/* order: containment decisions, and cases (scope and time range of an incident). */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "store/account.h"
#include "store/store.h"

#define STORE_SCOPE_MAX 512 /* text of a scope, with the final NUL */

struct store_order {
	uint64_t number;
	char scope[STORE_SCOPE_MAX]; /* canonical text */
	uint32_t action;             /* as the map has it */
	uint32_t capabilities;       /* set, as the map has it */
	char reason[STORE_REASON_MAX];
	char author[STORE_TEXT_MAX];
	char approved_by[STORE_TEXT_MAX]; /* empty: none */
	bool pending;                /* waits for a second operator */
	uint64_t given_us;
	uint64_t until_us;
	uint64_t lifted_us;          /* 0: not lifted */
	char lifted_by[STORE_TEXT_MAX];
};

/* `order->number` comes from store_take_numbers("order"). */
MUST_CHECK enum err store_order_add(struct store *store, const struct store_order *order);
MUST_CHECK enum err store_order_approve(struct store *store, uint64_t number, const char *author);
MUST_CHECK enum err store_order_lift(struct store *store, uint64_t number, const char *author, uint64_t at_us);
/* Newest first; `live_at_us` not 0: only those neither lifted nor past their end then. */
MUST_CHECK enum err store_order_each(struct store *store, uint64_t live_at_us,
    bool (*each)(void *context, const struct store_order *order), void *context);

struct store_case {
	uint64_t number;
	char scope[STORE_SCOPE_MAX];
	char title[STORE_TEXT_MAX];
	char author[STORE_TEXT_MAX];
	uint64_t since_us;
	uint64_t until_us;
	uint64_t opened_us;
	uint64_t closed_us; /* 0: open */
};

MUST_CHECK enum err store_case_add(struct store *store, const struct store_case *incident, uint64_t *ret_number);
MUST_CHECK enum err store_case_close(struct store *store, uint64_t number, uint64_t at_us);
MUST_CHECK enum err store_case_each(struct store *store, bool (*each)(void *context, const struct store_case *incident),
    void *context);

#endif
