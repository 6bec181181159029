/* active: unsealed events. Never blocks; one thread. */
#include "index/active.h"

#include <stdlib.h>
#include <string.h>

void
active_wipe(struct active *active)
{
	free(active->list);
	free(active->people);
	heads_wipe(&active->identities);
	heads_wipe(&active->organisations);
	*active = (struct active){0};
}

void
active_clear(struct active *active)
{
	active->n = 0;
	active->n_people = 0;
	heads_wipe(&active->identities);
	heads_wipe(&active->organisations);
}

static enum err
reserve(struct active *active, uint32_t n_people)
{
	if (active->n >= ACTIVE_NONE - 1 || active->n_people + n_people > UINT32_MAX)
		return ERR_SPACE;
	if (active->n == active->cap) {
		size_t cap = active->cap * 2 + 64;
		struct active_event *grown = realloc(active->list, cap * sizeof(*grown));

		if (grown == NULL)
			return ERR_NOMEM;
		active->list = grown;
		active->cap = cap;
	}
	if (active->n_people + n_people > active->cap_people) {
		size_t cap = active->cap_people * 2 + n_people + 64;
		struct sighting *grown = realloc(active->people, cap * sizeof(*grown));

		if (grown == NULL)
			return ERR_NOMEM;
		active->people = grown;
		active->cap_people = cap;
	}
	return ERR_NONE;
}

enum err
active_add(struct active *active, const struct event *event, uint32_t period,
    const struct sighting *people)
{
	uint32_t number = (uint32_t)active->n;
	uint32_t same_identity = heads_get(&active->identities, event->identity);
	uint32_t same_organisation = heads_get(&active->organisations, event->organisation);
	enum err err = reserve(active, event->n);

	if (err == ERR_NONE)
		err = heads_reserve(&active->identities);
	if (err == ERR_NONE)
		err = heads_reserve(&active->organisations);
	if (err != ERR_NONE)
		return err;
	heads_set(&active->identities, event->identity, number);
	heads_set(&active->organisations, event->organisation, number);
	active->list[active->n++] = (struct active_event){
	    *event, period, (uint32_t)active->n_people, same_identity, same_organisation};
	if (event->n != 0)
		memcpy(active->people + active->n_people, people, event->n * sizeof(*people));
	active->n_people += event->n;
	return ERR_NONE;
}
