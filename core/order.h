/*
 * order: the table of containment orders in the state map, and the question
 * which of them a request meets.
 *
 * One writer, any number of readers without locks. The writer fills the idle
 * copy and flips; readers notice and repeat. Expiry is judged by the reader,
 * so that an order ends even if nobody lifts it.
 * This header is stable: struct order is part of the map's layout.
 */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/capability.h"
#include "core/scope.h"
#include "core/verdict.h"

#define ORDER_CAPACITY 16384 /* default of the map */

/* From light to heavy; the heaviest that applies wins. */
enum order_action {
	ORDER_OBSERVE = 1, /* remarked, nothing else */
	ORDER_SLOW,        /* after slow_ms; the longest wins */
	ORDER_STEP_UP,     /* until the session shows its second factor after given_at_us */
	ORDER_READ_ONLY,   /* refuses unsafe methods and capabilities that are not CAPABILITY_HARMLESS */
	ORDER_DENY,
	ORDER_ACTION_MAX
};

struct order {
	uint32_t number;       /* as the store gave it, from 1 */
	uint32_t slow_ms;
	uint32_t capabilities; /* set of enum capability it bites */
	uint32_t action;       /* enum order_action */
	uint64_t given_at_us;
	uint64_t expires_at_us; /* it bites before this moment, also before given_at_us */
	struct scope scope;
};

struct order_question {
	const struct session_attributes *who;
	uint64_t second_factor_at_us; /* of the session; 0: never */
	uint32_t capability;          /* set of enum capability, of the route */
	uint32_t route;
	bool method_is_safe;          /* RFC 9110 section 9.2.1 */
	uint64_t at_us;
};

struct order_answer {
	enum verdict verdict;         /* never better than what the heaviest order allows */
	enum verdict_reason reason;   /* REASON_NONE where no order applies */
	uint32_t order;               /* number of the order that decided; 0: none */
	uint32_t slow_ms;             /* VERDICT_SLOW only */
	uint64_t expires_at_us;       /* of that order */
	uint32_t observed;            /* number of an observing order that applies; 0: none */
};

struct order_area; /* as it lies in the map, see order.c */

/* A view of the table, in private memory. */
struct order_table {
	struct order_area *area;
	uint32_t capacity;
};

size_t order_table_size(uint32_t capacity);
void order_table_init(struct order_table *t, void *memory, uint32_t capacity);
void order_table_attach(struct order_table *t, void *memory, uint32_t capacity);

/*
 * Readers. Where the table cannot be read consistently the answer is
 * VERDICT_UNAVAILABLE with REASON_MAP.
 */
void order_evaluate(const struct order_table *t, const struct order_question *question,
    struct order_answer *ret_answer);

/*
 * Changes whenever orders change. A reader whose last answer was for the same
 * number and no later than the expiry it saw need not ask again.
 */
uint64_t order_table_generation(const struct order_table *t);

/*
 * The writer: all orders in force at once. ERR_SPACE: more than the capacity,
 * ERR_RANGE: an order with an unknown action, no capability, or no number; then
 * nothing changed. In force for every reader when it returns.
 */
MUST_CHECK enum err order_table_publish(struct order_table *t, const struct order *orders, size_t n);

/* "step-up"; never NULL. */
const char *order_action_name(enum order_action action);
/* ERR_NOT_FOUND for anything else. */
MUST_CHECK enum err order_action_parse(const char *text, enum order_action *ret_action);

#endif
