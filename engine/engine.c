/* engine: opening everything in order, the timers, and closing in reverse. */
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "engine/control.h"
#include "engine/fields.h"
#include "engine/keeper.h"
#include "engine/loop.h"
#include "engine/mailbox.h"
#include "engine/orders.h"
#include "engine/past.h"
#include "engine/pool.h"
#include "engine/rules_build.h"
#include "engine/scopes.h"
#include "engine/sessions.h"
#include "engine/tokens.h"
#include "store/credential.h"

#define TICK_MS 100
#define DEFINITIONS_MAX (1u << 20)
#define TICKS_PER_SECOND 10u
#define TICKS_PER_MINUTE 600u
#define TICKS_PER_HOUR 36000u
#define DAY_US 86400000000ULL
/* Ended sessions and forgotten attempts are kept so long. */
#define SESSIONS_KEPT_US (400 * DAY_US)
#define ATTEMPTS_KEPT_US (7 * DAY_US)

static void
complain(struct bytes *complaints, const char *what, const char *why)
{
	if (bytes_printf(complaints, "%s: %s\n", what, why) != ERR_NONE)
		log_error("%s: %s", what, why);
}

enum err
engine_name_number(void *context, enum store_name_kind kind, const char *name, uint32_t *ret_number)
{
	struct engine *engine = context;

	return store_name_number(engine->store, kind, name, ret_number);
}

/* Compile and publish the rules of a configuration; `rules` takes their place. */
static enum err
publish_rules(struct engine *engine, const struct config *config, struct rules *rules, struct bytes *complaints)
{
	const struct rules_numbers numbers = { .number = engine_name_number, .context = engine };
	enum err err = rules_build(config, &numbers, rules, complaints);

	if (err == ERR_NONE)
		err = fields_remember(engine->store, config, rules, complaints);
	if (err != ERR_NONE && err != ERR_FORMAT)
		complain(complaints, "store", "numbers for routes and meters could not be given");
	return err == ERR_NONE ? rules_publish(&engine->maps.state.rules, rules) : err;
}

/* One line for each definition. */
static enum err
describe_definitions(const struct engine *engine, struct bytes *out)
{
	const struct config_meter *meters = engine->config->meters.item;
	const struct rules *rules = engine->rules;
	enum err err = ERR_NONE;

	for (uint32_t i = 0; i < rules->n_spaces && err == ERR_NONE; i++)
		err = bytes_printf(out, "space %u %s\n", rules->space[i].number, rules->space[i].name);
	for (uint32_t i = 0; i < rules->n_routes && err == ERR_NONE; i++)
		err = bytes_printf(out, "route %u %s\n", rules->route[i].number, rules->route[i].name);
	for (uint32_t i = 0; i < rules->n_meters && err == ERR_NONE; i++) {
		err = bytes_printf(out, "meter %u %u %s\n", rules->meter[i].number, rules->meter[i].space,
		    rules->meter[i].name);
		for (size_t k = 0; k < meters[i].fields.n && err == ERR_NONE; k++)
			err = bytes_printf(out, "\t%s\n", meters[i].fields.text[k]);
	}
	return err;
}

/* What numbers mean goes to the ledger whenever it has changed; a file beside it holds what was told. */
static enum err
definitions_changed(struct engine *engine, bool *ret_changed)
{
	char path[PATH_MAX];
	struct bytes before, now;
	enum err err = config_path(engine->config, "ledger/definitions", path);

	if (err != ERR_NONE)
		return err;
	bytes_init(&before, DEFINITIONS_MAX);
	bytes_init(&now, DEFINITIONS_MAX);
	err = describe_definitions(engine, &now);
	*ret_changed = file_read(path, &before) != ERR_NONE || before.len != now.len ||
	    (now.len > 0 && memcmp(before.data, now.data, now.len) != 0);
	if (err == ERR_NONE && *ret_changed)
		err = file_replace(path, now.data, now.len, 0600);
	bytes_wipe(&before);
	bytes_wipe(&now);
	return err;
}

static void
define_all(struct engine *engine)
{
	const struct config_meter *meters = engine->config->meters.item;
	const struct rules *rules = engine->rules;
	enum err err = ERR_NONE;
	bool changed;

	if (definitions_changed(engine, &changed) != ERR_NONE) {
		log_warn("the definitions of routes and meters could not be told to the ledger");
		return;
	}
	if (!changed)
		return;
	for (uint32_t i = 0; i < rules->n_spaces && err == ERR_NONE; i++)
		err = keeper_define(engine->keeper, LEDGER_DEFINE_NAMESPACE, rules->space[i].number, 0, rules->space[i].name,
		    NULL);
	for (uint32_t i = 0; i < rules->n_meters && err == ERR_NONE; i++)
		err = keeper_define(engine->keeper, LEDGER_DEFINE_METER, rules->meter[i].number, rules->meter[i].space,
		    rules->meter[i].name, &meters[i].fields);
	for (uint32_t i = 0; i < rules->n_routes && err == ERR_NONE; i++)
		err = keeper_define(engine->keeper, LEDGER_DEFINE_ROUTE, rules->route[i].number, 0, rules->route[i].name, NULL);
	if (err != ERR_NONE)
		log_warn("the definitions of routes and meters could not be told to the ledger");
}

enum err
engine_reload(struct engine *engine, struct bytes *complaints)
{
	struct config *config;
	struct rules *rules = malloc(sizeof(*rules));
	enum err err = rules == NULL ? ERR_NOMEM : config_load(engine->config->file, &config, complaints);

	if (err != ERR_NONE) {
		free(rules);
		return err;
	}
	if (strcmp(config->data, engine->config->data) != 0 || config->node != engine->config->node ||
	    memcmp(&config->capacity, &engine->config->capacity, sizeof(config->capacity)) != 0) {
		complain(complaints, config->file, "data, node and capacity change with a restart only");
		err = ERR_FORMAT;
	}
	if (err == ERR_NONE)
		err = publish_rules(engine, config, rules, complaints);
	if (err != ERR_NONE) {
		free(rules);
		config_free(config);
		return err;
	}
	free(engine->rules);
	config_free(engine->config);
	engine->rules = rules;
	engine->config = config;
	scopes_refresh_all(engine);
	sessions_refresh_all(engine);
	define_all(engine);
	log_info("configuration read anew: %u routes, %u meters", rules->n_routes, rules->n_meters);
	return ERR_NONE;
}

static void
each_minute(struct engine *engine)
{
	uint64_t at_us = engine_now_us(engine);

	scopes_tick(engine);
	scopes_save(engine);
	if (tokens_rotate(engine->tokens, engine->config, at_us)) {
		log_info("a new key signs the session tokens");
		sessions_refresh_all(engine);
	}
	if (at_us < SESSIONS_KEPT_US)
		return;
	if (store_attempts_purge(engine->store, at_us - ATTEMPTS_KEPT_US) != ERR_NONE ||
	    store_session_purge(engine->store, at_us - SESSIONS_KEPT_US) != ERR_NONE)
		log_warn("old attempts and sessions could not be removed from the store");
}

static void
tick(void *context)
{
	struct engine *engine = context;

	engine->ticks++;
	control_tick(engine->control);
	sessions_tick(engine);
	if (engine->ticks % TICKS_PER_SECOND == 0) {
		map_set_beat(&engine->maps.state, engine_now_us(engine));
		orders_tick(engine);
		signin_desk_sweep(engine->signin, engine_now_us(engine));
	}
	if (engine->ticks % TICKS_PER_MINUTE == 0)
		each_minute(engine);
	if (engine->ticks % TICKS_PER_HOUR == 0)
		scopes_sweep(engine);
}

/* Directories of our own; journals belong to the gate as well and are made by whoever installs. */
static enum err
make_directories(struct engine *engine, struct bytes *complaints)
{
	static const struct {
		const char *name;
		mode_t mode;
	} directories[] = { { "keys", 0700 }, { "map", 0750 }, { "ledger", 0750 }, { "index", 0700 }, { "store", 0700 },
		{ "run", 0755 } };
	char path[PATH_MAX];
	enum err err = ERR_NONE;

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]) && err == ERR_NONE; i++) {
		err = config_path(engine->config, directories[i].name, path);
		if (err == ERR_NONE)
			err = file_make_dir(path, directories[i].mode);
	}
	for (size_t i = 0; i < 2 && err == ERR_NONE && config_journal_dir(engine->config, i, path); i++)
		err = file_make_dir(path, 0770);
	if (err != ERR_NONE)
		complain(complaints, path, errno != 0 ? strerror(errno) : err_text(err));
	return err;
}

static enum err
open_store(struct engine *engine, struct bytes *complaints)
{
	char path[PATH_MAX];
	const char *why = "";
	enum err err = config_path(engine->config, "store/tourniquet.db", path);

	if (err == ERR_NONE)
		err = store_open(path, &engine->store, &why);
	if (err != ERR_NONE)
		complain(complaints, path, why);
	return err;
}

static enum err
open_maps(struct engine *engine, bool renew, struct bytes *complaints)
{
	const char *why = "";
	enum err err = maps_open(&engine->maps, engine->config, renew, engine_now_us(engine), &why);

	if (err != ERR_NONE)
		complain(complaints, "map", why);
	else if (!engine->maps.adopted)
		log_info("new maps: %s", engine->maps.why_new);
	if (err == ERR_NONE && (engine->rules = malloc(sizeof(*engine->rules))) == NULL)
		err = ERR_NOMEM;
	return err == ERR_NONE ? publish_rules(engine, engine->config, engine->rules, complaints) : err;
}

/* Orders before sessions: nobody is published who is already ordered out. */
static enum err
open_state(struct engine *engine, struct bytes *complaints)
{
	const char *why = "";
	enum err err = tokens_open(engine->config, engine_now_us(engine), &engine->tokens, &why);

	if (err == ERR_NONE)
		err = scopes_open(engine, &engine->scopes, &why);
	if (err == ERR_NONE)
		err = orders_open(engine, &engine->orders, &why);
	if (err == ERR_NONE)
		err = sessions_open(engine, &engine->sessions, &why);
	if (err != ERR_NONE)
		complain(complaints, "state", why);
	else if (engine->maps.adopted)
		scopes_refresh_all(engine);
	return err;
}

static enum err
open_threads(struct engine *engine, struct bytes *complaints)
{
	bool rebuild = !engine->maps.adopted || !map_is_open(&engine->maps.state);
	struct map_period period;
	enum err err = keeper_open(engine, &engine->keeper, complaints);

	if (err != ERR_NONE)
		return err;
	err = keeper_period(engine->keeper, &period);
	if (err == ERR_NONE)
		map_period_set(&engine->maps.state, &period);
	if (err == ERR_NONE && rebuild) {
		map_set_open(&engine->maps.state, false);
		past_clear(engine);
	}
	if (err == ERR_NONE)
		err = pool_open(control_mailbox(engine->control), OP_DEFER_MAX, &engine->pool);
	if (err == ERR_NONE)
		err = keeper_start(engine->keeper, rebuild);
	if (err != ERR_NONE)
		complain(complaints, "threads", err_text(err));
	else
		define_all(engine);
	return err;
}

static enum err
open_all(struct engine *engine, const struct engine_options *options, struct bytes *complaints)
{
	enum err err = config_load(options->config_file, &engine->config, complaints);

	if (err == ERR_NONE)
		err = make_directories(engine, complaints);
	if (err == ERR_NONE)
		err = open_store(engine, complaints);
	if (err == ERR_NONE)
		err = open_maps(engine, options->rebuild, complaints);
	if (err == ERR_NONE)
		err = loop_open(&engine->loop);
	if (err == ERR_NONE)
		err = control_open(engine, &engine->control);
	if (err == ERR_NONE)
		err = open_state(engine, complaints);
	if (err == ERR_NONE)
		err = signin_desk_open(&engine->signin);
	if (err == ERR_NONE)
		err = open_threads(engine, complaints);
	if (err == ERR_NONE)
		err = loop_every(engine->loop, TICK_MS, tick, engine);
	return err;
}

enum err
engine_open(const struct engine_options *options, struct engine **ret_engine, struct bytes *complaints)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	enum err err;

	if (engine == NULL)
		return ERR_NOMEM;
	engine->clock = options->clock;
	engine->sandbox = options->sandbox;
	engine->started_us = clock_now_us(options->clock);
	err = open_all(engine, options, complaints);
	if (err != ERR_NONE) {
		if (complaints->len == 0)
			complain(complaints, "engine", err_text(err));
		engine_free(engine);
		return err;
	}
	map_set_beat(&engine->maps.state, engine->started_us);
	*ret_engine = engine;
	return ERR_NONE;
}

enum err
engine_run(struct engine *engine)
{
	enum err err = ERR_NONE;

	while (!engine->stopping && err == ERR_NONE)
		err = loop_once(engine->loop, -1);
	return err;
}

void
engine_stop(struct engine *engine)
{
	engine->stopping = true;
}

/* Threads end first; then the letters they left are opened, while all they may touch is still there. */
void
engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	engine->stopping = true;
	pool_free(engine->pool);
	engine->pool = NULL;
	keeper_stop(engine->keeper);
	if (engine->control != NULL)
		mailbox_open_letters(control_mailbox(engine->control), engine);
	if (engine->scopes != NULL && engine->store != NULL)
		scopes_save(engine);
	keeper_free(engine->keeper);
	signin_desk_free(engine->signin);
	control_free(engine->control);
	sessions_free(engine->sessions);
	orders_free(engine->orders);
	scopes_free(engine->scopes);
	tokens_free(engine->tokens);
	loop_free(engine->loop);
	maps_close(&engine->maps);
	store_close(engine->store);
	free(engine->rules);
	config_free(engine->config);
	free(engine);
}
