/* sessions_load: taking sessions over when the engine starts, and their upkeep. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/sessions_inside.h"

#define SECOND_US 1000000ULL
/* The whole book is gone through in so many ticks. */
#define TICKS_PER_ROUND 100
/* A tick ends after this, so that orders do not wait behind renewals. */
#define TICK_LONGEST_US 20000
/* "Last seen" is stored at most this often. */
#define SEEN_EVERY_US (60 * SECOND_US)

struct loading {
	struct engine *engine;
	struct sessions *sessions;
	enum err err;
};

/*
 * A predecessor on this boot has published it: it holds as it is, and its turn
 * to be renewed comes with the first rounds of upkeep.
 */
static bool
is_published(struct engine *engine, struct session_entry *entry)
{
	struct session_record record;

	if (!engine->maps.adopted ||
	    session_table_find_brief(&engine->maps.state.sessions, entry->key, &record) != ERR_NONE ||
	    record.who.session != entry->number)
		return false;
	entry->who = record.who;
	entry->flags = record.flags;
	return true;
}

static bool
load_one(void *context, const struct store_session *stored)
{
	struct loading *loading = context;
	struct session_entry entry = {
		.number = stored->number,
		.created_us = stored->created_us,
		.ends_us = stored->ends_us,
		.stepped_up_us = stored->stepped_up_us,
		.seen_us = stored->last_seen_us,
		.saved_seen_us = stored->last_seen_us,
		.amr = stored->amr,
		.who = { .identity = stored->identity },
	};
	struct session_entry *added;

	memcpy(entry.key, stored->token_hash, sizeof(entry.key));
	loading->err = book_add(loading->sessions->book, &entry, &added);
	if (loading->err == ERR_NONE && !is_published(loading->engine, added))
		loading->err = session_publish_again(loading->engine, added);
	/* One that cannot be published is not signed in; the others are. */
	if (loading->err != ERR_NONE && loading->err != ERR_NOMEM) {
		log_warn("session %llu could not be taken over: %s", (unsigned long long)stored->number,
		    err_text(loading->err));
		book_remove(loading->sessions->book, added);
		loading->err = ERR_NONE;
	}
	return loading->err == ERR_NONE;
}

/* What an adopted map holds without the store knowing it was removed between map and crash, or never stored. */
static bool
drop_unknown(void *context, const struct session_record *record)
{
	struct engine *engine = context;

	if (book_find(engine->sessions->book, record->who.session) == NULL &&
	    session_table_remove(&engine->maps.state.sessions, record->key) != ERR_NONE)
		log_warn("a stray session could not be removed from the map");
	return true;
}

enum err
sessions_open(struct engine *engine, struct sessions **ret_sessions, const char **why)
{
	struct loading loading = { .engine = engine, .err = ERR_NONE };
	struct sessions *sessions = calloc(1, sizeof(*sessions));
	enum err err;

	*why = "no memory for the sessions";
	if (sessions == NULL)
		return ERR_NOMEM;
	err = book_open(&sessions->book);
	loading.sessions = sessions;
	if (err == ERR_NONE) {
		*why = "the sessions cannot be read from the store";
		err = store_session_each_live(engine->store, engine_now_us(engine), load_one, &loading);
	}
	if (err == ERR_NONE)
		err = loading.err;
	if (err != ERR_NONE) {
		sessions_free(sessions);
		return err;
	}
	engine->sessions = sessions;
	session_table_each(&engine->maps.state.sessions, drop_unknown, engine);
	*ret_sessions = sessions;
	return ERR_NONE;
}

void
sessions_free(struct sessions *sessions)
{
	if (sessions == NULL)
		return;
	book_free(sessions->book);
	free(sessions);
}

static void
look_after(struct engine *engine, struct session_entry *entry, uint64_t at_us)
{
	enum err err = ERR_NONE;

	if (entry->ends_us <= at_us) {
		/* Its own end is in the store already: nothing to write. */
		if (session_table_remove(&engine->maps.state.sessions, entry->key) != ERR_NONE)
			log_debug("an ended session was out of the map already");
		book_remove(engine->sessions->book, entry);
		return;
	}
	if (entry->seen_us >= entry->saved_seen_us + SEEN_EVERY_US) {
		err = store_session_seen(engine->store, entry->number, entry->seen_us);
		entry->saved_seen_us = entry->seen_us;
	}
	if (entry->renew_us <= at_us)
		err = session_publish_again(engine, entry);
	if (err != ERR_NONE)
		log_warn("session %llu could not be renewed: %s", (unsigned long long)entry->number, err_text(err));
}

void
sessions_tick(struct engine *engine)
{
	struct sessions *sessions = engine->sessions;
	uint32_t places = book_places(sessions->book);
	uint32_t share = places / TICKS_PER_ROUND + 16;
	uint64_t at_us = engine_now_us(engine);
	uint64_t end_us = clock_monotonic_us() + TICK_LONGEST_US;
	bool own = store_begin(engine->store) == ERR_NONE;

	for (uint32_t i = 0; i < share && places > 0 && clock_monotonic_us() < end_us; i++) {
		struct session_entry *entry;

		sessions->next_place = (sessions->next_place + 1) % places;
		entry = book_at(sessions->book, sessions->next_place);
		if (entry != NULL)
			look_after(engine, entry, at_us);
	}
	if (own && store_commit(engine->store) != ERR_NONE)
		log_warn("upkeep of sessions could not be stored");
}
