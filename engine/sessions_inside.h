/* sessions_inside: what the files of sessions share. */
#ifndef ENGINE_SESSIONS_INSIDE_H
#define ENGINE_SESSIONS_INSIDE_H

#include "engine/book.h"
#include "engine/sessions.h"

struct sessions {
	struct book *book;
	uint32_t next_place; /* of the upkeep */
};

/* Who an identity is to orders and journals, but for the session's number. */
MUST_CHECK enum err session_attributes_of(struct engine *engine, const struct store_identity *identity,
    struct session_attributes *who);

/* Everything of a session into the state map, new or anew; also sets who it is and when it is to be renewed. */
MUST_CHECK enum err session_publish(struct engine *engine, struct session_entry *entry,
    const struct store_identity *identity);
MUST_CHECK enum err session_publish_again(struct engine *engine, struct session_entry *entry);

#endif
