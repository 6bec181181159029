#include "gate/orders.h"

#include "gate/session.h"
#include "gate/worker.h"

enum verdict
gate_orders_ask(struct gate_request *g, uint32_t *ret_slow_ms)
{
	const ngx_str_t *method = &g->request->method_name;
	struct order_question question = {
		.who = &g->who,
		.second_factor_at_us = g->second_factor_at_us,
		.capability = g->capability,
		.route = g->route != NULL ? g->route->number : 0,
		.method_is_safe = (rules_method_bit(method->data, method->len) & METHOD_SAFE) != 0,
		.at_us = gate_now_us(),
	};
	struct order_answer answer;

	/* Read before the orders are: one that comes in between is asked about again. */
	g->orders_generation = order_table_generation(&gate_worker.state.orders);
	order_evaluate(&gate_worker.state.orders, &question, &answer);
	g->orders_until_us = answer.reason != REASON_NONE || answer.observed != 0 ? question.at_us : UINT64_MAX;
	g->observed = answer.observed;
	g->reason = answer.reason;
	*ret_slow_ms = answer.slow_ms;
	return answer.verdict;
}

static bool
orders_unchanged(const struct gate_request *g)
{
	return g->epoch == gate_worker.epoch && gate_now_us() < g->orders_until_us &&
	    g->orders_generation == order_table_generation(&gate_worker.state.orders);
}

enum verdict
gate_orders_again(struct gate_request *g)
{
	enum verdict_reason was = g->reason, reason;
	enum verdict verdict;
	uint32_t slow_ms;
	bool unchanged;

	if (!gate_worker_maps()) {
		g->reason = REASON_MAP;
		return g->verdict = VERDICT_UNAVAILABLE;
	}
	unchanged = orders_unchanged(g);
	reason = gate_session_again(g);
	if (reason != REASON_NONE) {
		g->reason = reason;
		return g->verdict = reason == REASON_MAP ? VERDICT_UNAVAILABLE : VERDICT_REFUSE;
	}
	if (unchanged)
		return VERDICT_ALLOW;
	verdict = gate_orders_ask(g, &slow_ms);
	if (verdict >= VERDICT_SLOW) {
		g->reason = was;
		return VERDICT_ALLOW;
	}
	return g->verdict = verdict;
}
