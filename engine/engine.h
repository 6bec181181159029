/*
 * engine: the process that owns the state map, the store, the keys and, by
 * its keeper thread, the ledger and the index. Private to engine/.
 *
 * One thread runs the loop and everything reached from struct engine. Others
 * are the pool (op_defer) and the keeper; they talk to the loop by mailbox.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/clock.h"
#include "core/map.h"
#include "engine/config.h"
#include "engine/maps.h"
#include "store/account.h"
#include "store/store.h"

struct loop;
struct control;
struct pool;
struct keeper;
struct sessions;
struct orders;
struct scopes;
struct tokens;
struct signin_desk;

struct engine {
	const struct clock *clock;
	struct config *config;
	struct rules *rules; /* as published */
	struct store *store;
	struct maps maps;
	struct loop *loop;
	struct control *control;
	struct pool *pool;
	struct keeper *keeper;
	struct sessions *sessions;
	struct orders *orders;
	struct scopes *scopes;
	struct tokens *tokens;
	struct signin_desk *signin; /* tickets between the two steps */
	uint64_t started_us;
	unsigned ticks;
	const char *sandbox; /* in words */
	bool stopping;
};

struct engine_options {
	const char *config_file;
	const struct clock *clock;
	const char *sandbox;
	bool rebuild; /* take new maps even where the old ones would do */
};

/*
 * Open store, maps and keys, publish rules, orders, sessions and limits, start
 * the threads. `complaints` gets the reason in words, one line each.
 */
MUST_CHECK enum err engine_open(const struct engine_options *options, struct engine **ret_engine,
    struct bytes *complaints);
/* Serve until engine_stop(). */
MUST_CHECK enum err engine_run(struct engine *engine);
void engine_stop(struct engine *engine);
void engine_free(struct engine *engine);

/* Read the configuration file anew and publish it; on failure nothing changed. */
MUST_CHECK enum err engine_reload(struct engine *engine, struct bytes *complaints);

static inline uint64_t
engine_now_us(const struct engine *engine)
{
	return clock_now_us(engine->clock);
}

/* Implemented in signin_desk.c. */
MUST_CHECK enum err signin_desk_open(struct signin_desk **ret_desk);
void signin_desk_free(struct signin_desk *desk);
/* Called every second: forget tickets that have expired. */
void signin_desk_sweep(struct signin_desk *desk, uint64_t at_us);

/* The store's numbers for rules_build(). */
enum err engine_name_number(void *context, enum store_name_kind kind, const char *name, uint32_t *ret_number);

#endif
