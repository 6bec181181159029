/*
 * op_learn: budget.learn. The scopes that have a past are gathered, the keeper
 * counts their days a batch at a time, the loop computes and stores.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/control.h"
#include "engine/keeper.h"
#include "engine/learn.h"
#include "engine/names.h"
#include "engine/ops.h"
#include "engine/scopes.h"

#define DAY_US 86400000000ULL
/* Calendar days looked back on: enough for history_days active ones. */
#define DAYS_BACK 90u
#define BATCH 128u

static const char *const window_names[STORE_WINDOWS] = { "hour", "day", "month" };

/* One budget.learn under way; it is its own question, again and again. */
struct learning {
	struct keeper_question question;
	struct op_call *call;
	struct store_budget_key *keys;
	uint32_t n_keys;
	uint32_t room;
	uint32_t next;     /* first key of the batch */
	uint32_t first_day;
	bool dry_run;
	uint64_t changed;
	uint64_t kept;
	uint32_t counts[BATCH][DAYS_BACK];
};

static bool
add_key(void *context, struct store_budget_key key)
{
	struct learning *learning = context;

	if (key.kind == STORE_BUDGET_PLATFORM)
		return true;
	if (learning->n_keys == learning->room) {
		uint32_t room = learning->room == 0 ? 256 : learning->room * 2;
		struct store_budget_key *keys = realloc(learning->keys, room * sizeof(*keys));

		if (keys == NULL)
			return false;
		learning->keys = keys;
		learning->room = room;
	}
	learning->keys[learning->n_keys++] = key;
	return true;
}

static bool
add_open(void *context, struct store_budget_key key, struct budget_ref ref)
{
	(void)ref;
	return add_key(context, key);
}

static int
by_key(const void *a, const void *b)
{
	const struct store_budget_key *left = a;
	const struct store_budget_key *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
}

static void
sort_unique(struct learning *learning)
{
	uint32_t kept = 0;

	if (learning->n_keys > 0)
		qsort(learning->keys, learning->n_keys, sizeof(*learning->keys), by_key);
	for (uint32_t i = 0; i < learning->n_keys; i++)
		if (kept == 0 || by_key(&learning->keys[kept - 1], &learning->keys[i]) != 0)
			learning->keys[kept++] = learning->keys[i];
	learning->n_keys = kept;
}

static void
learning_free(struct learning *learning)
{
	free(learning->keys);
	free(learning);
}

static uint32_t
batch_of(const struct learning *learning)
{
	uint32_t left = learning->n_keys - learning->next;

	return left < BATCH ? left : BATCH;
}

static enum err
count_scope(struct keeper *keeper, struct learning *learning, uint32_t i)
{
	struct store_budget_key key = learning->keys[learning->next + i];
	enum index_scope scope = key.kind == STORE_BUDGET_IDENTITY ? INDEX_IDENTITY : INDEX_ORGANISATION;
	struct index *index;
	enum err err = keeper_index(keeper, &index);

	return err != ERR_NONE ? err : index_daily(index, scope, key.number, learning->first_day, DAYS_BACK,
	    learning->counts[i], &learning->question.why);
}

/* On the keeper's thread. */
static void
count_days(struct keeper *keeper, struct keeper_question *question)
{
	struct learning *learning = (struct learning *)(void *)question;
	uint64_t n;

	if (learning->next == 0)
		question->err = keeper_integrate(keeper, &n);
	for (uint32_t i = 0; i < batch_of(learning) && question->err == ERR_NONE; i++) {
		question->err = count_scope(keeper, learning, i);
		if (question->err != ERR_NONE && keeper_index_failed(keeper, question->err, question->why) == ERR_NONE)
			question->err = count_scope(keeper, learning, i);
	}
}

/* What the index counted, together with what the store has (peaks, imported days, days that were stopped). */
static enum err
merge_days(struct engine *engine, const struct learning *learning, uint32_t i, struct store_budget_day *days,
    uint32_t *ret_n)
{
	struct store_budget_day stored[DAYS_BACK];
	uint32_t n_stored, at = 0, n = 0;
	enum err err = store_budget_days(engine->store, learning->keys[learning->next + i],
	    learning->first_day + DAYS_BACK - 1, DAYS_BACK, stored, &n_stored);

	if (err != ERR_NONE)
		return err;
	for (uint32_t back = 0; back < DAYS_BACK; back++) {
		uint32_t day = learning->first_day + DAYS_BACK - 1 - back;
		uint32_t counted = learning->counts[i][DAYS_BACK - 1 - back];
		struct store_budget_day merged;

		memset(&merged, 0, sizeof(merged));
		while (at < n_stored && stored[at].day > day)
			at++;
		if (at < n_stored && stored[at].day == day)
			merged = stored[at];
		merged.day = day;
		if (counted > merged.distinct[STORE_DAY])
			merged.distinct[STORE_DAY] = counted;
		if (merged.distinct[STORE_DAY] > 0 || merged.stopped)
			days[n++] = merged;
	}
	*ret_n = n;
	return ERR_NONE;
}

/* What was counted becomes history, so that learning outlives the index of a month whose key is destroyed. */
static enum err
keep_days(struct engine *engine, struct store_budget_key key, const struct store_budget_day *days, uint32_t n)
{
	enum err err = ERR_NONE;

	for (uint32_t i = 0; i < n && err == ERR_NONE; i++)
		err = store_budget_day_put(engine->store, key, &days[i]);
	return err;
}

static json_t *
change_row(struct engine *engine, struct store_budget_key key, int w, const struct learned *learned,
    const struct store_limit *was)
{
	struct scope_names names = names_of(engine);
	char scope[SCOPE_TEXT_MAX];
	struct scope about;
	enum scope_kind kind = key.kind == STORE_BUDGET_IDENTITY ? SCOPE_IDENTITY : SCOPE_ORGANISATION;

	memset(&about, 0, sizeof(about));
	about.terms = 1u << kind;
	about.value[kind] = key.number;
	scope_format(&about, &names, scope);
	return json_pack("{ss ss sI sI sI sI sI sI sI ss}", "scope", scope, "window", window_names[w], "soft",
	    (json_int_t)learned->soft[w], "hard", (json_int_t)learned->hard[w], "was_soft", (json_int_t)was->soft,
	    "was_hard",
	    (json_int_t)was->hard, "median", (json_int_t)learned->median[w], "active_days", (json_int_t)learned->active,
	    "stopped_days", (json_int_t)learned->stopped, "why", learned->why);
}

static enum err
learn_one(struct engine *engine, struct learning *learning, uint32_t i, json_t *rows)
{
	struct store_budget_key key = learning->keys[learning->next + i];
	struct store_budget_day days[DAYS_BACK];
	const struct config_budget *budget;
	struct store_limits was;
	struct learned learned;
	uint32_t n;
	enum err err = merge_days(engine, learning, i, days, &n);

	if (err == ERR_NONE)
		err = scopes_budget(engine, key, &budget);
	if (err == ERR_NONE)
		err = store_limits_get(engine->store, key, &was);
	if (err != ERR_NONE)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	learn_limits(budget, &engine->config->budgets, days, n, &learned);
	if (!learning->dry_run)
		err = keep_days(engine, key, days, n);
	for (int w = 0; w < STORE_WINDOWS && err == ERR_NONE; w++) {
		if (learned.hard[w] == was.window[w].hard && learned.soft[w] == was.window[w].soft) {
			learning->kept++;
			continue;
		}
		learning->changed++;
		if (json_array_append_new(rows, change_row(engine, key, w, &learned, &was.window[w])) != 0)
			return ERR_NOMEM;
		if (!learning->dry_run)
			err = store_limits_learn(engine->store, key, (enum store_window)w, learned.soft[w], learned.hard[w],
			    engine_now_us(engine));
	}
	return err;
}

/* Store the batch as one step, then publish. */
static enum err
learn_batch(struct engine *engine, struct learning *learning, json_t *rows)
{
	uint32_t n = batch_of(learning);
	enum err err = store_begin(engine->store);

	for (uint32_t i = 0; i < n && err == ERR_NONE; i++)
		err = learn_one(engine, learning, i, rows);
	if (err == ERR_NONE)
		err = store_commit(engine->store);
	else
		store_rollback(engine->store);
	for (uint32_t i = 0; i < n && err == ERR_NONE && !learning->dry_run; i++)
		if (scopes_refresh(engine, learning->keys[learning->next + i]) != ERR_NONE)
			log_warn("learned limits of a budget could not be published yet");
	return err;
}

static void
batch_done(struct engine *engine, struct keeper_question *question)
{
	struct learning *learning = (struct learning *)(void *)question;
	json_t *rows = json_array();
	enum err err = question->err;

	if (err == ERR_NONE)
		err = learn_batch(engine, learning, rows);
	if (json_array_size(rows) > 0)
		op_rows(learning->call, rows);
	else
		json_decref(rows);
	learning->next += batch_of(learning);
	if (err == ERR_NONE && learning->next < learning->n_keys) {
		op_progress(learning->call, learning->next, learning->n_keys, "scopes");
		keeper_ask(question->keeper, question);
		return;
	}
	if (err != ERR_NONE)
		op_refuse(learning->call, err, "limits could not be learned: %s",
		    question->why[0] != '\0' ? question->why : err_text(err));
	else
		op_answer(learning->call, json_pack("{sI sI sI sb}", "changed", (json_int_t)learning->changed, "kept",
		    (json_int_t)learning->kept, "scopes", (json_int_t)learning->n_keys, "dry_run", learning->dry_run));
	learning_free(learning);
}

/* The one scope that was named, or all that have a past. */
static bool
gather(struct engine *engine, struct op_call *call, struct learning *learning)
{
	struct store_organisation organisation;
	struct store_identity identity;

	if (op_has(call, "identity")) {
		if (!names_op_identity(engine, call, "identity", &identity))
			return false;
		if (!add_key(learning, (struct store_budget_key){ STORE_BUDGET_IDENTITY, identity.number }))
			learning->n_keys = 0;
	}
	if (op_has(call, "organisation")) {
		if (!names_op_organisation(engine, call, "organisation", &organisation))
			return false;
		if (!add_key(learning, (struct store_budget_key){ STORE_BUDGET_ORGANISATION, organisation.number }))
			learning->n_keys = 0;
	}
	if (op_has(call, "identity") || op_has(call, "organisation"))
		return true;
	scopes_each(engine, add_open, learning);
	if (store_budget_each_key(engine->store, learning->first_day, add_key, learning) != ERR_NONE) {
		op_refuse(call, ERR_IO, "the store could not be read");
		return false;
	}
	sort_unique(learning);
	return true;
}

static void
run_learn(struct engine *engine, struct op_call *call)
{
	struct learning *learning = calloc(1, sizeof(*learning));
	uint32_t today = (uint32_t)(engine_now_us(engine) / DAY_US);

	if (learning == NULL) {
		op_refuse(call, ERR_NOMEM, "no memory");
		return;
	}
	/* Up to yesterday: today is not over, and may be the day of a theft. */
	learning->first_day = today < DAYS_BACK ? 0 : today - DAYS_BACK;
	if (!op_bool_optional(call, "dry_run", &learning->dry_run)) {
		learning_free(learning);
		return;
	}
	scopes_save(engine);
	if (!gather(engine, call, learning)) {
		learning_free(learning);
		return;
	}
	learning->call = call;
	learning->question.ask = count_days;
	learning->question.done = batch_done;
	keeper_ask(engine->keeper, &learning->question);
}

const struct op ops_learn[] = {
	{ "budget.learn", OP_OPERATOR, "dry_run identity organisation", run_learn },
	{ 0 },
};
