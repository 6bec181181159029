/* op_budget: showing, raising and feeding budgets. Learning stands in op_learn.c. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "engine/keeper.h"
#include "engine/names.h"
#include "engine/ops.h"
#include "engine/scopes.h"

#define SECOND_US 1000000ULL
#define DAY_US 86400000000ULL
#define RAISE_MAX_S (366u * 86400)
#define DAYS_SHOWN 31
#define ROWS_AT_ONCE 100u
#define LIST_DEFAULT 1000u

static const char *const window_names[STORE_WINDOWS] = { "hour", "day", "month" };

/* "identity=login" or "organisation=key". */
static void
key_words(struct engine *engine, struct store_budget_key key, char out[SCOPE_TEXT_MAX])
{
	struct scope_names names = names_of(engine);
	enum scope_kind kind = key.kind == STORE_BUDGET_IDENTITY ? SCOPE_IDENTITY : SCOPE_ORGANISATION;
	struct scope scope;

	memset(&scope, 0, sizeof(scope));
	scope.terms = 1u << kind;
	scope.value[kind] = key.number;
	scope_format(&scope, &names, out);
}

/* The scope that `identity` or `organisation` names; exactly one of them. */
static bool
read_key(struct engine *engine, struct op_call *call, struct store_budget_key *ret_key)
{
	struct store_organisation organisation;
	struct store_identity identity;

	if (op_has(call, "identity") == op_has(call, "organisation")) {
		op_refuse(call, ERR_USAGE, "name either an identity or an organisation");
		return false;
	}
	if (op_has(call, "identity")) {
		if (!names_op_identity(engine, call, "identity", &identity))
			return false;
		*ret_key = (struct store_budget_key){ STORE_BUDGET_IDENTITY, identity.number };
		return true;
	}
	if (!names_op_organisation(engine, call, "organisation", &organisation))
		return false;
	*ret_key = (struct store_budget_key){ STORE_BUDGET_ORGANISATION, organisation.number };
	return true;
}

static bool
read_window(struct op_call *call, enum store_window *ret_window)
{
	const char *text;

	if (!op_text(call, "window", 8, &text))
		return false;
	for (unsigned i = 0; i < STORE_WINDOWS; i++)
		if (strcmp(text, window_names[i]) == 0) {
			*ret_window = (enum store_window)i;
			return true;
		}
	op_refuse(call, ERR_USAGE, "window must be hour, day or month");
	return false;
}

static json_t *
windows_json(struct engine *engine, struct store_budget_key key, const struct limits *limits,
    const struct store_limits *stored)
{
	uint64_t now_us = engine_now_us(engine);
	json_t *list = json_array();
	struct budget_ref ref;
	bool open = scopes_find(engine, key, &ref) == ERR_NONE;

	for (int i = 0; i < STORE_WINDOWS; i++) {
		uint32_t used = open ?
		    budget_used(&engine->maps.budgets.budgets, ref, (enum budget_window)i, now_us) : 0;
		json_t *row = json_pack("{ss sI sI sI sb}", "window", window_names[i], "distinct", (json_int_t)used, "soft",
		    (json_int_t)limits->soft[i], "hard", (json_int_t)limits->hard[i], "learned", stored->window[i].hard != 0);

		if (stored->window[i].raised_until_us > now_us && json_object_update_new(row, json_pack("{sI ss ss}",
		    "raised_until_us", (json_int_t)stored->window[i].raised_until_us, "raised_by", stored->window[i].raised_by,
		    "reason", stored->window[i].reason)) != 0)
			log_warn("no memory for an answer");
		if (json_array_append_new(list, row) != 0)
			break;
	}
	return list;
}

static json_t *
days_json(struct engine *engine, struct store_budget_key key)
{
	struct store_budget_day days[DAYS_SHOWN];
	json_t *list = json_array();
	uint32_t n = 0;

	if (store_budget_days(engine->store, key, (uint32_t)(engine_now_us(engine) / DAY_US), DAYS_SHOWN, days, &n) !=
	    ERR_NONE)
		n = 0;
	for (uint32_t i = 0; i < n; i++) {
		char text[25];

		clock_format(days[i].day * DAY_US, text);
		text[10] = '\0';
		if (json_array_append_new(list, json_pack("{ss sI sI sI sb}", "day", text, "hour",
		    (json_int_t)days[i].distinct[STORE_HOUR], "distinct", (json_int_t)days[i].distinct[STORE_DAY], "month",
		    (json_int_t)days[i].distinct[STORE_MONTH], "stopped", days[i].stopped)) != 0)
			break;
	}
	return list;
}

static void
show_platform(struct engine *engine, struct op_call *call)
{
	const struct keeper_news *news = keeper_news(engine->keeper);

	op_answer(call, json_pack("{ss sI sI sb}", "scope", "everyone", "distinct", (json_int_t)news->platform_today,
	    "alert_above", (json_int_t)engine->config->budgets.platform_day, "alert", news->platform_alert));
}

static void
run_show(struct engine *engine, struct op_call *call)
{
	struct store_budget_key key;
	struct store_limits stored;
	struct limits limits;
	char scope[SCOPE_TEXT_MAX];
	bool platform;

	if (!op_bool_optional(call, "platform", &platform))
		return;
	if (platform) {
		show_platform(engine, call);
		return;
	}
	if (!read_key(engine, call, &key))
		return;
	if (scopes_limits(engine, key, &limits) != ERR_NONE ||
	    store_limits_get(engine->store, key, &stored) != ERR_NONE) {
		op_refuse(call, ERR_IO, "the store could not be read");
		return;
	}
	key_words(engine, key, scope);
	op_answer(call, json_pack("{ss ss so so}", "scope", scope, "mode",
	    limits.mode == LIMIT_OBSERVE ? "observe" : "enforce", "windows", windows_json(engine, key, &limits, &stored),
	    "days", days_json(engine, key)));
}

struct listing {
	struct engine *engine;
	struct op_call *call;
	json_t *rows;
	enum store_budget_kind kind;
	uint64_t over; /* percent */
	uint64_t limit;
	uint64_t n;
};

/* The largest share of any window's hard limit, in percent. */
static uint64_t
share_used(struct engine *engine, struct budget_ref ref, const struct limits *limits)
{
	uint64_t most = 0;

	for (int i = 0; i < BUDGET_WINDOWS; i++) {
		uint64_t used = budget_used(&engine->maps.budgets.budgets, ref, (enum budget_window)i, engine_now_us(engine));
		uint64_t share = limits->hard[i] == 0 ? 0 : used * 100 / limits->hard[i];

		if (share > most)
			most = share;
	}
	return most;
}

static bool
list_one(void *context, struct store_budget_key key, struct budget_ref ref)
{
	struct listing *listing = context;
	struct store_limits stored;
	struct limits limits;
	char scope[SCOPE_TEXT_MAX];
	uint64_t share;

	if (key.kind != listing->kind || scopes_limits(listing->engine, key, &limits) != ERR_NONE ||
	    store_limits_get(listing->engine->store, key, &stored) != ERR_NONE)
		return true;
	share = share_used(listing->engine, ref, &limits);
	if (share < listing->over)
		return true;
	key_words(listing->engine, key, scope);
	if (json_array_append_new(listing->rows, json_pack("{ss ss sI so}", "scope", scope, "kind",
	    key.kind == STORE_BUDGET_IDENTITY ? "identity" : "organisation", "used_percent", (json_int_t)share, "windows",
	    windows_json(listing->engine, key, &limits, &stored))) != 0)
		return false;
	if (json_array_size(listing->rows) == ROWS_AT_ONCE) {
		op_rows(listing->call, listing->rows);
		listing->rows = json_array();
	}
	return ++listing->n < listing->limit;
}

static void
run_list(struct engine *engine, struct op_call *call)
{
	struct listing listing = { .engine = engine, .call = call };
	const char *kind;

	if (!op_text_optional(call, "kind", 16, &kind) || !op_number_optional(call, "over", 1000000, &listing.over) ||
	    !op_number_optional(call, "limit", UINT32_MAX, &listing.limit))
		return;
	if (kind != NULL && strcmp(kind, "identity") != 0 && strcmp(kind, "organisation") != 0) {
		op_refuse(call, ERR_USAGE, "kind must be identity or organisation");
		return;
	}
	listing.kind = kind == NULL || kind[0] == 'i' ? STORE_BUDGET_IDENTITY : STORE_BUDGET_ORGANISATION;
	if (listing.limit == 0)
		listing.limit = LIST_DEFAULT;
	listing.rows = json_array();
	scopes_each(engine, list_one, &listing);
	op_rows(call, listing.rows);
	op_answer(call, json_pack("{sI}", "rows_sent", (json_int_t)listing.n));
}

static bool
read_raise(struct engine *engine, struct op_call *call, struct store_budget_key *key, enum store_window *window,
    struct store_limit *raised)
{
	const char *reason, *author;
	uint64_t hard, for_s;

	if (!read_key(engine, call, key) || !read_window(call, window) ||
	    !op_number(call, "hard", LIMIT_PERSONS_MAX, &hard) || !op_number(call, "for_s", RAISE_MAX_S, &for_s) ||
	    !op_text(call, "reason", STORE_REASON_MAX - 1, &reason) ||
	    !op_text(call, "author", STORE_TEXT_MAX - 1, &author))
		return false;
	memset(raised, 0, sizeof(*raised));
	raised->raised_hard = (uint32_t)hard;
	raised->raised_until_us = for_s == 0 ? 0 : engine_now_us(engine) + for_s * SECOND_US;
	(void)snprintf(raised->raised_by, sizeof(raised->raised_by), "%s", author);
	(void)snprintf(raised->reason, sizeof(raised->reason), "%s", reason);
	return true;
}

static void
run_raise(struct engine *engine, struct op_call *call)
{
	struct store_budget_key key;
	struct store_limit raised;
	enum store_window window;
	struct limits limits;
	char scope[SCOPE_TEXT_MAX];
	char words[1024 + SCOPE_TEXT_MAX];
	enum err err;

	if (!read_raise(engine, call, &key, &window, &raised))
		return;
	err = store_limits_raise(engine->store, key, window, &raised);
	if (err == ERR_NONE)
		err = scopes_refresh(engine, key);
	if (err == ERR_NONE)
		err = scopes_limits(engine, key, &limits);
	if (err != ERR_NONE) {
		op_refuse(call, err, "the budget could not be raised: %s", err_text(err));
		return;
	}
	key_words(engine, key, scope);
	(void)snprintf(words, sizeof(words), "%s: %s raised to %u by %s: %s", scope, window_names[window],
	    raised.raised_hard, raised.raised_by, raised.reason);
	log_info("budget %s", words);
	if (keeper_tell(engine->keeper, "budget", words, key.kind == STORE_BUDGET_IDENTITY ? key.number : 0) != ERR_NONE)
		log_error("the raise of a budget is missing in the ledger");
	op_answer(call, json_pack("{ss ss sI sI}", "scope", scope, "window", window_names[window], "hard",
	    (json_int_t)limits.hard[window], "until_us", (json_int_t)raised.raised_until_us));
}

/* Days since 1970 of "2026-01-31". */
static enum err
read_day(const char *text, uint32_t *ret_day)
{
	struct tm tm;
	const char *end;
	time_t at;

	memset(&tm, 0, sizeof(tm));
	end = text == NULL ? NULL : strptime(text, "%Y-%m-%d", &tm);
	if (end == NULL || *end != '\0')
		return ERR_FORMAT;
	at = timegm(&tm);
	if (at < 0)
		return ERR_RANGE;
	*ret_day = (uint32_t)(at / 86400);
	return ERR_NONE;
}

/* The scope of one row of history: by number, login or key. */
static enum err
row_key(struct engine *engine, json_t *row, struct store_budget_key *ret_key)
{
	json_t *identity = json_object_get(row, "identity");
	json_t *organisation = json_object_get(row, "organisation");
	struct scope_names names = names_of(engine);
	json_t *value = identity != NULL ? identity : organisation;
	enum scope_kind kind = identity != NULL ? SCOPE_IDENTITY : SCOPE_ORGANISATION;
	uint64_t number = 0;
	enum err err = ERR_NONE;

	if ((identity == NULL) == (organisation == NULL))
		return ERR_USAGE;
	if (json_is_integer(value))
		number = (uint64_t)json_integer_value(value);
	else if (json_is_string(value))
		err = names.number(names.context, kind, json_string_value(value), &number);
	else
		err = ERR_USAGE;
	if (err == ERR_NONE)
		*ret_key = (struct store_budget_key){ identity != NULL ? STORE_BUDGET_IDENTITY : STORE_BUDGET_ORGANISATION,
			(uint32_t)number };
	return err;
}

static enum err
put_row(struct engine *engine, json_t *row, const char **why)
{
	json_t *distinct = json_object_get(row, "distinct");
	struct store_budget_key key;
	struct store_budget_day day;
	enum err err = row_key(engine, row, &key);

	*why = err == ERR_NOT_FOUND ? "there is no such identity or organisation" :
	    "a row needs identity or organisation, day and distinct";
	memset(&day, 0, sizeof(day));
	if (err == ERR_NONE)
		err = read_day(json_string_value(json_object_get(row, "day")), &day.day);
	if (err == ERR_NONE && (!json_is_integer(distinct) || json_integer_value(distinct) < 0 ||
	    json_integer_value(distinct) > LIMIT_PERSONS_MAX))
		err = ERR_RANGE;
	if (err != ERR_NONE)
		return err;
	day.distinct[STORE_DAY] = (uint32_t)json_integer_value(distinct);
	day.distinct[STORE_HOUR] = (uint32_t)json_integer_value(json_object_get(row, "hour"));
	day.distinct[STORE_MONTH] = (uint32_t)json_integer_value(json_object_get(row, "month"));
	day.stopped = json_is_true(json_object_get(row, "stopped"));
	*why = "the store could not be written";
	return store_budget_day_put(engine->store, key, &day);
}

static void
run_history(struct engine *engine, struct op_call *call)
{
	json_t *rows = json_object_get(op_request(call), "rows");
	const char *why = "rows must be a list";
	json_t *row;
	size_t i = 0;
	enum err err = json_is_array(rows) ? store_begin(engine->store) : ERR_USAGE;

	if (err == ERR_NONE)
		json_array_foreach(rows, i, row) {
			err = put_row(engine, row, &why);
			if (err != ERR_NONE)
				break;
		}
	if (err == ERR_NONE)
		err = store_commit(engine->store);
	if (err != ERR_NONE) {
		store_rollback(engine->store);
		op_refuse(call, err, "row %zu: %s", i, why);
		return;
	}
	op_answer(call, json_pack("{sI}", "added", (json_int_t)json_array_size(rows)));
}

const struct op ops_budget[] = {
	{ "budget.show", OP_OPERATOR, "identity organisation platform", run_show },
	{ "budget.list", OP_OPERATOR, "kind over limit", run_list },
	{ "budget.raise", OP_OPERATOR, "identity organisation window hard for_s reason author", run_raise },
	{ "budget.history", OP_OPERATOR, "rows", run_history },
	{ 0 },
};
