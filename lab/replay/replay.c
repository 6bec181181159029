#include "lab/replay/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/replay/crew.h"
#include "lab/replay/stage.h"
#include "lab/replay/thief.h"

#define SECOND_US UINT64_C(1000000)
#define THIEF_AFTER_US SECOND_US /* partners are at work already when the thief comes */
#define WORK_S 10                /* of the partners, in one strategy */
#define SPARE_S 60               /* beyond the thief's time, then everything is cut */
#define TURN_MS 10

static const char *const names[REPLAY_STRATEGY_MAX] = {
    [REPLAY_LIST] = "list",
    [REPLAY_WALK] = "walk",
    [REPLAY_EXPORT] = "export",
    [REPLAY_PARALLEL] = "parallel",
    [REPLAY_SESSIONS] = "sessions",
    [REPLAY_ACCOUNTS] = "accounts",
    [REPLAY_STALE] = "stale",
};

/* One strategy, measured. */
struct measure {
	struct stage *stage;
	enum replay_strategy strategy;
	unsigned round;
	unsigned rounds;
	struct thief plain;
	struct thief guarded;
	struct crew crew;
	uint64_t began_us;      /* wall clock, before anything was taken behind the gate */
	uint64_t prepared_us;   /* how long it took to create accounts: part of the theft */
	bool up_at_end;
	struct received listed;
	uint32_t budget;
	char window[16];
};

const char *
replay_strategy_name(enum replay_strategy strategy)
{
	return names[strategy];
}

static void
say(const struct measure *measure, const char *words)
{
	const struct replay_options *options = measure->stage->options;
	char line[160];

	(void)snprintf(line, sizeof(line), "%u of %u, %s: %s", measure->round + 1, measure->rounds, names[measure->strategy],
	    words);
	if (options->progress != NULL)
		options->progress(options->context, line);
}

static enum err
steal(const struct stage *stage, struct thief *thief)
{
	enum err err = ERR_NONE;

	while (err == ERR_NONE && !thief->ended) {
		err = thief_move(thief);
		if (err == ERR_NONE && !thief->ended)
			err = http_turn(stage->http, TURN_MS);
		if (clock_monotonic_us() > thief->until_us + SPARE_S * SECOND_US)
			http_cut(stage->http);
	}
	return err;
}

static enum err
run_plain(struct measure *measure)
{
	const struct stage *stage = measure->stage;

	say(measure, "without the gate");
	thief_init(&measure->plain, stage, measure->strategy, stage->options->plain, stage->options->unguarded_s);
	return steal(stage, &measure->plain);
}

/* The thief's own time; partners are at work meanwhile. */
static enum err
steal_guarded(struct measure *measure)
{
	const struct stage *stage = measure->stage;
	uint64_t start_us = clock_monotonic_us() + THIEF_AFTER_US;
	enum err err = ERR_NONE;

	while (err == ERR_NONE && clock_monotonic_us() < start_us)
		err = http_turn(stage->http, TURN_MS);
	measure->began_us = clock_now_us(clock_system()) - measure->prepared_us;
	if (err != ERR_NONE)
		return err;
	thief_init(&measure->guarded, stage, measure->strategy, stage->options->guarded, stage->options->guarded_s);
	return steal(stage, &measure->guarded);
}

static enum err
run_guarded(struct measure *measure)
{
	struct stage *stage = measure->stage;
	enum err err, crew_err;

	say(measure, "behind the gate");
	err = crew_start(&measure->crew, stage, measure->round, measure->rounds, WORK_S,
	    stage->options->guarded_s + 2 * SPARE_S);
	if (err != ERR_NONE)
		return err;
	err = steal_guarded(measure);
	crew_err = crew_wait(&measure->crew);
	return err != ERR_NONE ? err : crew_err;
}

/* Whom the daemon says the organisation was handed since the theft began. */
static enum err
read_listed(struct measure *measure)
{
	struct stage *stage = measure->stage;
	char scope[STAGE_KEY_MAX + 16];
	json_t *answer = NULL, *row;
	size_t i;
	enum err err;

	(void)snprintf(scope, sizeof(scope), "organisation=%s", stage->victims[measure->strategy].organisation);
	err = control_call(&stage->control, "touched", json_pack("{s:s, s:I, s:I}", "scope", scope, "since_us",
	    (json_int_t)(measure->began_us - SECOND_US), "until_us", (json_int_t)(clock_now_us(clock_system()) + SECOND_US)),
	    &answer);
	if (err != ERR_NONE)
		return err;
	json_array_foreach(json_object_get(answer, "rows"), i, row) {
		const char *id = json_string_value(json_object_get(row, "person"));

		if (id == NULL || strlen(id) != RECEIVED_ID_LEN)
			err = ERR_FORMAT;
		else
			(void)received_add(&measure->listed, id);
	}
	json_decref(answer);
	return err;
}

/* The smallest hard limit of the account that was robbed: what can be taken in the time a replay lasts. */
static enum err
read_budget(struct measure *measure)
{
	struct stage *stage = measure->stage;
	json_t *answer = NULL, *window;
	size_t i;
	enum err err = control_call(&stage->control, "budget.show",
	    json_pack("{s:s}", "identity", stage->victims[measure->strategy].account.login), &answer);

	if (err != ERR_NONE)
		return err;
	json_array_foreach(json_object_get(answer, "windows"), i, window) {
		uint32_t hard = (uint32_t)json_integer_value(json_object_get(window, "hard"));
		const char *name = json_string_value(json_object_get(window, "window"));

		if (hard == 0 || name == NULL || (measure->budget != 0 && hard >= measure->budget))
			continue;
		measure->budget = hard;
		(void)snprintf(measure->window, sizeof(measure->window), "%s", name);
	}
	json_decref(answer);
	return ERR_NONE;
}

static bool
is_up(const struct measure *measure)
{
	for (uint64_t s = 0; s < measure->crew.lasted_us / SECOND_US && s < PARTNER_SECONDS_MAX; s++)
		if (!measure->crew.tally.up[s])
			return false;
	return measure->up_at_end;
}

static json_t *
seconds_to_stop(const struct measure *measure)
{
	const struct thief *thief = &measure->guarded;

	if (thief->stopped_us == 0)
		return json_null();
	return json_real((double)(thief->stopped_us - thief->started_us + measure->prepared_us) / 1e6);
}

/* Everybody who was received is listed; and, where no response was torn, nobody else is. */
static bool
is_exact(const struct measure *measure)
{
	const struct thief *thief = &measure->guarded;

	return received_within(&thief->received, &measure->listed) &&
	    (thief->torn > 0 || received_within(&measure->listed, &thief->received));
}

static json_t *
result_of(const struct measure *measure)
{
	const struct thief *guarded = &measure->guarded, *plain = &measure->plain;
	const struct partner_tally *tally = &measure->crew.tally;
	json_t *result = json_pack("{s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:b, s:o, s:I, s:I, s:I, s:b}", "strategy",
	    names[measure->strategy], "people_in_platform", (json_int_t)measure->stage->people,
	    "people_disclosed_unguarded", (json_int_t)plain->received.count, "people_disclosed_guarded",
	    (json_int_t)guarded->received.count, "budget", (json_int_t)measure->budget, "budget_window", measure->window,
	    "people_listed", (json_int_t)measure->listed.count, "list_exact", is_exact(measure), "seconds_to_stop",
	    seconds_to_stop(measure), "bystander_requests", (json_int_t)tally->requests, "bystander_refused",
	    (json_int_t)tally->refused, "bystander_stepped_up", (json_int_t)tally->stepped_up, "platform_up",
	    is_up(measure));
	json_t *more = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:f, s:f}", "thief_requests",
	    (json_int_t)guarded->requests, "thief_refused", (json_int_t)guarded->refused, "thief_asked_second_factor",
	    (json_int_t)guarded->asked_step_up, "responses_torn", (json_int_t)guarded->torn, "unguarded_requests",
	    (json_int_t)plain->requests, "thief_failed", (json_int_t)guarded->failed, "unguarded_failed",
	    (json_int_t)plain->failed, "second_factor_fresh", measure->strategy != REPLAY_STALE, "unguarded_seconds",
	    (double)(plain->ended_us - plain->started_us) / 1e6, "guarded_seconds", (double)measure->crew.lasted_us / 1e6);

	(void)json_object_update(result, more);
	json_decref(more);
	if (tally->refused > 0)
		(void)json_object_set_new(result, "bystander_first_refusal", json_string(tally->first_refusal));
	return result;
}

static enum err
run_strategy(struct measure *measure, json_t *results)
{
	struct stage *stage = measure->stage;
	uint64_t at_us = clock_monotonic_us();
	enum err err = stage_rob(stage, measure->strategy);

	if (err != ERR_NONE)
		return err;
	if (measure->strategy == REPLAY_ACCOUNTS)
		measure->prepared_us = clock_monotonic_us() - at_us;
	err = run_plain(measure);
	if (err == ERR_NONE)
		err = run_guarded(measure);
	if (err != ERR_NONE) {
		(void)snprintf(stage->why, sizeof(stage->why), "%s: %s", names[measure->strategy], err_text(err));
		return err;
	}
	measure->up_at_end = client_ask(&stage->agent, "/api/me", NULL, NULL) == ERR_NONE;
	err = read_listed(measure);
	if (err == ERR_NONE)
		err = read_budget(measure);
	if (err != ERR_NONE)
		(void)snprintf(stage->why, sizeof(stage->why), "%.40s: %.400s", names[measure->strategy], stage->control.why);
	else if (json_array_append_new(results, result_of(measure)) != 0)
		err = ERR_NOMEM;
	return err;
}

static enum err
run_all(struct stage *stage, json_t *results)
{
	unsigned rounds = 0, round = 0;
	enum err err = ERR_NONE;

	for (enum replay_strategy s = 0; s < REPLAY_STRATEGY_MAX; s++)
		rounds += stage->options->strategies[s];
	for (enum replay_strategy s = 0; s < REPLAY_STRATEGY_MAX && err == ERR_NONE; s++) {
		struct measure measure = {.stage = stage, .strategy = s, .round = round, .rounds = rounds};

		if (!stage->options->strategies[s])
			continue;
		round++;
		err = run_strategy(&measure, results);
		thief_wipe(&measure.plain);
		thief_wipe(&measure.guarded);
		received_wipe(&measure.listed);
	}
	return err;
}

enum err
replay_kairos(const struct replay_options *options, json_t **ret_results, char why[REPLAY_WHY_MAX])
{
	struct stage stage;
	json_t *results = json_array();
	enum err err = stage_open(options, &stage);

	if (err == ERR_NONE)
		err = run_all(&stage, results);
	if (err != ERR_NONE)
		(void)snprintf(why, REPLAY_WHY_MAX, "%s", stage.why[0] != '\0' ? stage.why : err_text(err));
	stage_close(&stage);
	if (err != ERR_NONE) {
		json_decref(results);
		return err;
	}
	*ret_results = results;
	return ERR_NONE;
}
