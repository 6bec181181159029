#include "lab/replay/thief.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define NOBODY SIZE_MAX

/* A way to ask. `size`: persons of a page; 0 for the others. */
struct rung {
	void (*path)(const struct thief *thief, size_t item, char ret_path[128]);
	size_t size;
	size_t items;       /* 0: one for every `size` people */
	unsigned patience;  /* refusals before the next rung */
};

static size_t rung_size(const struct thief *thief);

static void
path_of_page(const struct thief *thief, size_t item, char ret_path[128])
{
	(void)snprintf(ret_path, 128, "/api/people?size=%zu&page=%zu", rung_size(thief), item + 1);
}

static void
path_of_record(const struct thief *thief, size_t item, char ret_path[128])
{
	(void)snprintf(ret_path, 128, "/api/people/%s", thief->stage->ids[item]);
}

static void
path_of_export(const struct thief *thief, size_t item, char ret_path[128])
{
	(void)thief;
	(void)item;
	(void)snprintf(ret_path, 128, "/api/people.csv");
}

static void
path_of_export_letter(const struct thief *thief, size_t item, char ret_path[128])
{
	(void)thief;
	(void)snprintf(ret_path, 128, "/api/people.csv?query=%c", (char)('a' + item));
}

static void
path_of_export_letters(const struct thief *thief, size_t item, char ret_path[128])
{
	(void)thief;
	(void)snprintf(ret_path, 128, "/api/people.csv?query=%c%c", (char)('a' + item / 26), (char)('a' + item % 26));
}

static void
path_of_export_one(const struct thief *thief, size_t item, char ret_path[128])
{
	(void)snprintf(ret_path, 128, "/api/people.csv?query=%s", thief->stage->ids[item]);
}

static const struct rung pages[] = {
    {path_of_page, 200, 0, 1}, {path_of_page, 50, 0, 1}, {path_of_page, 10, 0, 1}, {path_of_page, 2, 0, 1},
    {path_of_page, 1, 0, THIEF_PATIENCE}, {NULL, 0, 0, 0},
};
/* Smaller ones from the start: a thousand at once must find enough to ask for. */
static const struct rung small_pages[] = {
    {path_of_page, 50, 0, 1}, {path_of_page, 10, 0, 1}, {path_of_page, 1, 0, THIEF_PATIENCE}, {NULL, 0, 0, 0},
};
static const struct rung records[] = {
    {path_of_record, 1, 0, THIEF_PATIENCE}, {NULL, 0, 0, 0},
};
static const struct rung exports[] = {
    {path_of_export, 0, 1, 1}, {path_of_export_letter, 0, 26, 3}, {path_of_export_letters, 0, 26 * 26, 10},
    {path_of_export_one, 1, 0, THIEF_PATIENCE}, {NULL, 0, 0, 0},
};

static const struct {
	const struct rung *ladder;
	unsigned at_once;
} ways[REPLAY_STRATEGY_MAX] = {
    [REPLAY_LIST] = {pages, 1},
    [REPLAY_WALK] = {records, 8},
    [REPLAY_EXPORT] = {exports, 1},
    [REPLAY_PARALLEL] = {small_pages, THIEF_AT_ONCE_MAX},
    [REPLAY_SESSIONS] = {pages, 6},
    [REPLAY_ACCOUNTS] = {pages, 6},
    [REPLAY_STALE] = {pages, 1},
};

static const struct rung *
rung_of(const struct thief *thief)
{
	return &ways[thief->strategy].ladder[thief->rung];
}

static size_t
rung_size(const struct thief *thief)
{
	return rung_of(thief)->size;
}

static size_t
rung_items(const struct thief *thief)
{
	const struct rung *rung = rung_of(thief);

	return rung->items != 0 ? rung->items : (thief->stage->people + rung->size - 1) / rung->size;
}

void
thief_init(struct thief *thief, const struct stage *stage, enum replay_strategy strategy, const char *origin,
    unsigned time_s)
{
	memset(thief, 0, sizeof(*thief));
	thief->stage = stage;
	thief->victim = &stage->victims[strategy];
	thief->origin = origin;
	thief->strategy = strategy;
	for (unsigned i = 0; i < ways[strategy].at_once; i++) {
		thief->attempts[i] = (struct thief_attempt){.thief = thief, .next = thief->free};
		thief->free = &thief->attempts[i];
	}
	thief->lowest_refused = NOBODY;
	thief->started_us = clock_monotonic_us();
	thief->until_us = thief->started_us + time_s * UINT64_C(1000000);
}

void
thief_wipe(struct thief *thief)
{
	received_wipe(&thief->received);
}

static void
note_refusal(struct thief *thief, const struct thief_attempt *attempt, const struct http_reply *reply)
{
	const struct rung *rung = rung_of(thief);
	size_t first = attempt->item * rung->size;

	thief->refused++;
	thief->asked_step_up += reply->status == 401;
	if (thief->stopped_us == 0)
		thief->stopped_us = reply->ended_us;
	if (attempt->rung != thief->rung)
		return;
	thief->refused_in_a_row++;
	if (first < thief->lowest_refused)
		thief->lowest_refused = first;
	if (thief->refused_in_a_row >= rung->patience)
		thief->stepping_down = true;
}

/* Did the front fail to answer, rather than refuse? */
static bool
has_failed(const struct http_reply *reply)
{
	return reply->status == 0 || reply->status >= 500;
}

static void
keep(struct thief_attempt **list, struct thief_attempt *attempt)
{
	attempt->next = *list;
	*list = attempt;
}

static void
take_reply(void *context, const struct http_reply *reply)
{
	struct thief_attempt *attempt = context;
	struct thief *thief = attempt->thief;
	bool good = reply->complete && reply->status == 200;
	size_t added = 0;

	thief->in_flight--;
	thief->ended_us = reply->ended_us;
	/* What stands in a refusal is no person's record; what stands in a torn response is. */
	if (reply->status == 200)
		added = received_take(&thief->received, reply->body, reply->len, reply->complete);
	if (added > 0)
		thief->stopped_us = 0;
	if (added > 0)
		thief->refused_in_a_row = 0;
	if (reply->status == 200 && !reply->complete)
		thief->torn++;
	thief->failed += has_failed(reply);
	if (has_failed(reply) && attempt->rung == thief->rung && attempt->tries < THIEF_TRIES) {
		keep(&thief->again, attempt);
		return;
	}
	if (!good)
		note_refusal(thief, attempt, reply);
	keep(&thief->free, attempt);
}

static enum err
start_one(struct thief *thief)
{
	const struct stage_victim *victim = thief->victim;
	struct thief_attempt *attempt = thief->again != NULL ? thief->again : thief->free;
	bool again = attempt == thief->again;
	char path[128];
	struct http_call call = {thief->origin, path, victim->cookies[thief->requests % victim->n_cookies], NULL, take_reply,
	    attempt};
	enum err err;

	if (!again) {
		attempt->rung = thief->rung;
		attempt->item = thief->next;
		attempt->tries = 0;
	}
	rung_of(thief)->path(thief, attempt->item, path);
	err = http_start(thief->stage->http, &call);
	if (err != ERR_NONE)
		return err;
	if (again)
		thief->again = attempt->next;
	else
		thief->free = attempt->next;
	attempt->tries++;
	thief->next += !again;
	thief->requests++;
	thief->in_flight++;
	return ERR_NONE;
}

/* All of this rung has come back: go on with the next one where the first refusal was, or give up. */
static void
step_down(struct thief *thief)
{
	const struct rung *rung = rung_of(thief);
	size_t from = thief->lowest_refused;
	/* Searches by letters may miss people: having had them all is the end only where all was asked for. */
	bool has_all = from == NOBODY && (rung->size > 0 || thief->rung == 0);

	if (has_all || rung[1].path == NULL) {
		thief->ended = true;
		return;
	}
	thief->rung++;
	thief->next = from != NOBODY && rung_size(thief) > 0 && rung->size > 0 ? from / rung_size(thief) : 0;
	thief->lowest_refused = NOBODY;
	thief->refused_in_a_row = 0;
	thief->stepping_down = false;
	/* What was to be asked again is asked for in the new way. */
	while (thief->again != NULL) {
		struct thief_attempt *attempt = thief->again;

		thief->again = attempt->next;
		keep(&thief->free, attempt);
	}
}

static bool
has_next(const struct thief *thief)
{
	return thief->again != NULL || (thief->free != NULL && thief->next < rung_items(thief));
}

enum err
thief_move(struct thief *thief)
{
	bool late = clock_monotonic_us() >= thief->until_us;
	enum err err = ERR_NONE;

	if (thief->ended)
		return ERR_NONE;
	while (err == ERR_NONE && !late && !thief->stepping_down && has_next(thief))
		err = start_one(thief);
	if (err != ERR_NONE || thief->in_flight > 0)
		return err;
	if (late)
		thief->ended = true;
	else if (thief->stepping_down || thief->next >= rung_items(thief))
		step_down(thief);
	return ERR_NONE;
}
