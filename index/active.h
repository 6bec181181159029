/*
 * active: the events that are not yet sealed, in memory, in ledger order, with
 * a chain through the events of each identity and each organisation.
 */
#ifndef INDEX_ACTIVE_H
#define INDEX_ACTIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "index/event.h"
#include "index/heads.h"

#define ACTIVE_NONE HEADS_NONE

struct active_event {
	struct event event;
	uint32_t period;
	uint32_t first;                /* of its persons */
	uint32_t same_identity;        /* the event before of the same identity, or ACTIVE_NONE */
	uint32_t same_organisation;
};

struct active {
	struct active_event *list;
	size_t n;
	size_t cap;
	struct sighting *people;
	size_t n_people;
	size_t cap_people;
	struct heads identities; /* number -> its last event */
	struct heads organisations;
};

void active_wipe(struct active *active);

/* Drop the events, keep the memory. */
void active_clear(struct active *active);

/* Append an event; its persons are copied. ERR_NOMEM, ERR_SPACE: nothing changed. */
MUST_CHECK enum err active_add(struct active *active, const struct event *event, uint32_t period,
    const struct sighting *people);

#endif
