#include "engine/past.h"

#include <stdlib.h>

#include "base/log.h"
#include "engine/scopes.h"

static bool
clear_one(void *context, struct store_budget_key key, struct budget_ref ref)
{
	struct engine *engine = context;

	if (budget_scope_clear(&engine->maps.budgets.budgets, ref) != ERR_NONE)
		log_warn("the budget of %s %u could not be emptied",
		    key.kind == STORE_BUDGET_IDENTITY ? "identity" : "organisation", key.number);
	return true;
}

void
past_clear(struct engine *engine)
{
	scopes_each(engine, clear_one, engine);
}

/*
 * The scopes that the event would be charged to today. An identity that is
 * gone from the store (restored from an older backup) has no budget to fill.
 */
static uint32_t
scopes_of(struct engine *engine, const struct past_event *event, struct budget_ref refs[SESSION_BUDGETS_MAX])
{
	struct store_identity identity;
	uint64_t until_us;
	uint32_t n = 0;

	if (store_identity_get(engine->store, event->identity, &identity) != ERR_NONE)
		return 0;
	/* The organisation of then: an account that changed sides did not take its past along. */
	identity.organisation = event->organisation;
	if (scopes_of_identity(engine, &identity, event->at_us, refs, &n, &until_us) != ERR_NONE)
		return 0;
	return n;
}

void
past_open_part(void *owner, struct letter *letter)
{
	struct past_part *part = (struct past_part *)(void *)letter;
	struct engine *engine = owner;
	const uint64_t *person = part->person;

	for (uint32_t i = 0; i < part->n_events; i++) {
		const struct past_event *event = &part->event[i];
		struct budget_ref refs[SESSION_BUDGETS_MAX];
		uint32_t n_refs = scopes_of(engine, event, refs);

		for (uint32_t k = 0; k < event->n; k++)
			for (uint32_t r = 0; r < n_refs; r++)
				/* A full set counts its overflow itself. */
				if (budget_insert_past(&engine->maps.budgets.budgets, refs[r], person[k], event->at_us) != ERR_NONE)
					continue;
		person += event->n;
	}
	keeper_part_done(part->part.keeper, part->part.serial, !engine->stopping);
	free(part);
}
