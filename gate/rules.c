#include "gate/rules.h"

static struct gate_rules *current; /* a reference of the worker's own */
static uint64_t refused;           /* generation that was damaged, so that it is said once */

static void
rules_free(struct gate_rules *rules)
{
	for (size_t i = 0; i < RULES_ROUTES_MAX; i++)
		ngx_free(rules->shapes[i]);
	ngx_free(rules);
}

void
gate_rules_drop(struct gate_rules **rules)
{
	if (*rules != NULL && --(*rules)->users == 0)
		rules_free(*rules);
	*rules = NULL;
}

void
gate_rules_forget(void)
{
	gate_rules_drop(&current);
	refused = 0;
}

static struct gate_rules *
rules_load(const struct rules_area *area, ngx_log_t *log, enum err *ret_err)
{
	struct gate_rules *fresh = ngx_alloc(sizeof(*fresh), log);

	*ret_err = ERR_NOMEM;
	if (fresh == NULL)
		return NULL;
	ngx_memzero(fresh->shapes, sizeof(fresh->shapes));
	*ret_err = rules_copy(area, &fresh->rules, &fresh->generation);
	if (*ret_err != ERR_NONE) {
		ngx_free(fresh);
		return NULL;
	}
	fresh->users = 1;
	return fresh;
}

struct gate_rules *
gate_rules_take(const struct rules_area *area, ngx_log_t *log)
{
	uint64_t generation = rules_generation(area);
	struct gate_rules *fresh;
	enum err err;

	if (generation == 0 || (generation == refused && current == NULL))
		return NULL;
	if (current == NULL || current->generation != generation) {
		fresh = rules_load(area, log, &err);
		/* Being changed right now: the former rules are in force for a moment more. */
		if (fresh == NULL && (err != ERR_BUSY || current == NULL)) {
			if (refused != generation)
				ngx_log_error(NGX_LOG_ALERT, log, 0, "tourniquet: rules cannot be used: %s", err_text(err));
			gate_rules_forget();
			refused = generation;
			return NULL;
		}
		if (fresh != NULL) {
			gate_rules_drop(&current);
			current = fresh;
		}
	}
	current->users++;
	return current;
}

const struct record_shape *
gate_rules_shapes(struct gate_rules *rules, const struct route *route)
{
	size_t place = (size_t)(route - rules->rules.route);
	struct record_shape *shapes = rules->shapes[place];

	if (route->n_meters == 1)
		return &rules->rules.meter[route->meter[0]].shape.record;
	if (shapes == NULL) {
		shapes = ngx_alloc(route->n_meters * sizeof(*shapes), ngx_cycle->log);
		if (shapes == NULL)
			return NULL;
		for (size_t i = 0; i < route->n_meters; i++)
			shapes[i] = rules->rules.meter[route->meter[i]].shape.record;
		rules->shapes[place] = shapes;
	}
	return shapes;
}
