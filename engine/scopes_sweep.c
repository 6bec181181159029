/* scopes_sweep: scopes that nobody needs any more give back their slots and sets. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/scopes.h"
#include "engine/sessions.h"

struct marking {
	struct engine *engine;
	uint8_t *used; /* by slot */
	enum err err;
};

/* The scopes of a session as the workers see it. */
static bool
mark_session(void *context, const struct session_entry *entry)
{
	struct marking *marking = context;
	struct session_record record;

	marking->err = session_table_find_brief(&marking->engine->maps.state.sessions, entry->key, &record);
	if (marking->err == ERR_NOT_FOUND)
		marking->err = ERR_NONE;
	else if (marking->err == ERR_NONE)
		for (uint32_t i = 0; i < record.n_budgets && i < SESSION_BUDGETS_MAX; i++)
			if (record.budgets[i].slot < marking->engine->config->capacity.scopes)
				marking->used[record.budgets[i].slot] = 1;
	return marking->err == ERR_NONE;
}

void
scopes_sweep(struct engine *engine)
{
	struct marking marking = { .engine = engine, .used = calloc(engine->config->capacity.scopes, 1) };
	uint32_t closed;

	if (marking.used != NULL && map_is_open(&engine->maps.state)) {
		sessions_each(engine, mark_session, &marking);
		closed = marking.err == ERR_NONE ? scopes_close_idle(engine, marking.used) : 0;
		if (closed > 0)
			log_info("%u budgets without sessions, and without charges for 31 days, were closed", closed);
	}
	free(marking.used);
}
