/*
 * rules: the worker's copies of the rules in the state map.
 *
 * A request keeps a reference, so that it ends by the rules it began with. A
 * copy lives until the last reference is dropped and a newer one is in force.
 */
#ifndef GATE_RULES_H
#define GATE_RULES_H

#include "gate/gate.h"

struct gate_rules {
	unsigned users;
	uint64_t generation;
	/* Per route with several meters, their shapes side by side, made when first needed. */
	struct record_shape *shapes[RULES_ROUTES_MAX];
	struct rules rules;
};

/*
 * What is in force in `area`, as a reference. NULL: nothing is, or it is
 * damaged, or out of memory. `log` is told when that begins.
 */
struct gate_rules *gate_rules_take(const struct rules_area *area, ngx_log_t *log);
void gate_rules_drop(struct gate_rules **rules);

/* The map was replaced: forget the worker's own reference. */
void gate_rules_forget(void);

/* The shapes of a JSON route's meters, one after another; NULL: out of memory. */
const struct record_shape *gate_rules_shapes(struct gate_rules *rules, const struct route *route);

#endif
