/* op_daemon: the state of the daemon, its configuration. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/control.h"
#include "engine/keeper.h"
#include "engine/ops.h"
#include "engine/orders.h"
#include "engine/scopes.h"
#include "engine/sessions.h"

static void
run_ping(struct engine *engine, struct op_call *call)
{
	op_answer(call, json_pack("{ss sI}", "version", TOURNIQUET_VERSION, "now_us", (json_int_t)engine_now_us(engine)));
}

static json_t *
maps_json(struct engine *engine)
{
	uint32_t active, pending;

	orders_counts(engine->orders, &active, &pending);
	return json_pack("{sb sb sI sI sI sI sI sI}", "open", map_is_open(&engine->maps.state), "adopted",
	    engine->maps.adopted, "sessions", (json_int_t)sessions_count(engine->sessions), "sessions_max",
	    (json_int_t)engine->config->capacity.sessions, "scopes", (json_int_t)scopes_count(engine->scopes), "scopes_max",
	    (json_int_t)engine->config->capacity.scopes, "orders", (json_int_t)active, "orders_pending",
	    (json_int_t)pending);
}

static void
add_warning(json_t *list, const char *words)
{
	if (json_array_append_new(list, json_string(words)) != 0)
		log_warn("no memory for an answer");
}

/* Below this much room a journal is soon full, and counted routes then answer 503. */
#define JOURNAL_ROOM_MIN (UINT64_C(64) << 20)

/* What is wrong with the journals' directories, before it stops anybody. */
static void
add_journal_warnings(json_t *list, const struct config *config)
{
	char path[PATH_MAX], words[PATH_MAX + 80];
	struct statvfs disk;

	for (size_t i = 0; i < 2 && config_journal_dir(config, i, path); i++) {
		if (statvfs(path, &disk) != 0)
			(void)snprintf(words, sizeof(words), "%s: the journal's directory is out of reach", path);
		else if ((uint64_t)disk.f_bavail * disk.f_frsize < JOURNAL_ROOM_MIN)
			(void)snprintf(words, sizeof(words), "%s: %llu MiB are left for the journal", path,
			    (unsigned long long)((uint64_t)disk.f_bavail * disk.f_frsize >> 20));
		else
			continue;
		add_warning(list, words);
	}
}

static json_t *
warnings_json(struct engine *engine, unsigned web)
{
	const struct keeper_news *news = keeper_news(engine->keeper);
	json_t *list = json_array();

	if (!map_is_open(&engine->maps.state))
		add_warning(list, "budgets are being counted anew: metered routes answer 503");
	if (news->failing)
		add_warning(list, "the journals cannot be integrated");
	if (news->platform_alert)
		add_warning(list, "the platform as a whole has handed more persons today than budgets.platform_day");
	if (news->words[0] != '\0')
		add_warning(list, news->words);
	add_journal_warnings(list, engine->config);
	if (web == 0)
		add_warning(list, "the web worker is not connected: nobody can sign in");
	if (engine->config->budgets.mode == LIMIT_OBSERVE)
		add_warning(list, "budgets.mode is observe: limits are counted and said, nobody is refused");
	return list;
}

static void
run_status(struct engine *engine, struct op_call *call)
{
	const struct keeper_news *news = keeper_news(engine->keeper);
	struct store_filter all = { .identity = 0 };
	uint64_t identities = 0, organisations = 0;
	unsigned operators, web;

	if (store_identity_count(engine->store, &all, &identities, &organisations) != ERR_NONE)
		log_warn("the store could not be read");
	control_counts(engine->control, &operators, &web);
	op_answer(call, json_pack("{ss sI sI ss so sI sI s{sI sI sI} s{sI} s{sI sI sb} so}", "version",
	    TOURNIQUET_VERSION, "pid",
	    (json_int_t)getpid(), "started_us", (json_int_t)engine->started_us, "sandbox", engine->sandbox, "maps",
	    maps_json(engine), "identities", (json_int_t)identities, "organisations", (json_int_t)organisations, "ledger",
	    "size", (json_int_t)news->ledger_size, "integrated_us", (json_int_t)news->integrated_us, "waiting_segments",
	    (json_int_t)news->waiting_segments, "web", "connections", (json_int_t)web, "platform", "today",
	    (json_int_t)news->platform_today, "alert_above", (json_int_t)engine->config->budgets.platform_day, "alert",
	    news->platform_alert, "warnings", warnings_json(engine, web)));
}

static void
run_reload(struct engine *engine, struct op_call *call)
{
	struct bytes complaints;
	enum err err;

	bytes_init(&complaints, 64u << 10);
	err = engine_reload(engine, &complaints);
	if (err == ERR_NONE)
		op_answer(call, json_pack("{sI sI}", "routes", (json_int_t)engine->rules->n_routes, "meters",
		    (json_int_t)engine->rules->n_meters));
	else if (bytes_append(&complaints, "", 1) == ERR_NONE && complaints.len > 1)
		op_refuse_with(call, err, NULL, (const char *)complaints.data);
	else
		op_refuse(call, err, "the configuration could not be read");
	bytes_wipe(&complaints);
}

static void
run_config(struct engine *engine, struct op_call *call)
{
	const struct config *c = engine->config;

	op_answer(call, json_pack("{ss ss ss sI sI sI ss sf sf sI sI}", "file", c->file, "data", c->data, "origin",
	    c->service.origin, "session_lifetime_s", (json_int_t)c->session.lifetime_s, "step_up_valid_s",
	    (json_int_t)c->session.step_up_valid_s, "token_lifetime_s", (json_int_t)c->token.lifetime_s, "mode",
	    c->budgets.mode == LIMIT_OBSERVE ? "observe" : "enforce", "soft_fraction", c->budgets.soft_fraction,
	    "approval_share", c->orders.approval_share, "routes", (json_int_t)engine->rules->n_routes, "meters",
	    (json_int_t)engine->rules->n_meters));
}

const struct op ops_daemon[] = {
	{ "ping", OP_WEB | OP_OPERATOR, "", run_ping },
	{ "status", OP_OPERATOR, "", run_status },
	{ "config.reload", OP_OPERATOR, "", run_reload },
	{ "config.show", OP_OPERATOR, "", run_config },
	{ 0 },
};
