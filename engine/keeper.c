/* keeper: the thread, its letters, and what happens by time. */
#include "engine/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "engine/control.h"
#include "engine/keeper_inside.h"
#include "engine/scopes.h"
#include "engine/sessions.h"

/* How often the journals are looked at. */
#define ROUND_MS 100
#define DAILY_US (60 * 1000000ULL)
#define PART_PATIENCE_S 30

/* A letter that carries one ledger entry of the engine. */
struct told {
	struct letter letter;
	struct ledger_entry entry;
	char text[2][SCOPE_TEXT_MAX];
	char field[METER_FIELDS_MAX][RULES_NAME_MAX];
};

enum err
keeper_open(struct engine *engine, struct keeper **ret_keeper, struct bytes *complaints)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	enum err err;

	if (keeper == NULL)
		return ERR_NOMEM;
	keeper->engine = engine;
	keeper->clock = engine->clock;
	keeper->loop = control_mailbox(engine->control);
	keeper->node = (uint16_t)engine->config->node;
	keeper->platform_day = engine->config->budgets.platform_day;
	keeper->retention_months = engine->config->retention_months;
	pthread_mutex_init(&keeper->parts_lock, NULL);
	pthread_cond_init(&keeper->parts_room, NULL);
	err = mailbox_open(&keeper->box);
	if (err == ERR_NONE)
		err = feed_open(keeper, complaints);
	if (err != ERR_NONE) {
		keeper_free(keeper);
		return err;
	}
	*ret_keeper = keeper;
	return ERR_NONE;
}

enum err
keeper_period(struct keeper *keeper, struct map_period *ret_period)
{
	uint32_t period = period_of(clock_now_us(keeper->clock));
	struct period_key key;
	enum err err = period_key_get(keeper->keys, period, true, &key);

	if (err != ERR_NONE)
		return err;
	ret_period->number = period;
	memcpy(ret_period->public_key, key.public_key, sizeof(ret_period->public_key));
	period_key_wipe(&key);
	keeper->period = period;
	return ERR_NONE;
}

/* On the loop: take over what a round has to tell. */
static void
open_digest(void *owner, struct letter *letter)
{
	struct keeper_digest *digest = (struct keeper_digest *)(void *)letter;
	struct engine *engine = owner;

	for (uint32_t i = 0; i < digest->n_seen; i++)
		sessions_seen(engine, digest->seen[i].session, digest->seen[i].at_us);
	for (uint32_t i = 0; i < digest->n_stopped; i++) {
		const struct keeper_stopped *stopped = &digest->stopped[i];
		struct store_budget_key key = { STORE_BUDGET_IDENTITY, stopped->identity };

		scopes_stopped(engine, key, stopped->at_us);
		key = (struct store_budget_key){ STORE_BUDGET_ORGANISATION, stopped->organisation };
		if (stopped->organisation != 0)
			scopes_stopped(engine, key, stopped->at_us);
	}
	if (digest->new_period)
		map_period_set(&engine->maps.state, &digest->period);
	if (digest->news.platform_alert && !digest->keeper->news.platform_alert)
		log_warn("the platform as a whole has handed %llu persons today: more than budgets.platform_day",
		    (unsigned long long)digest->news.platform_today);
	digest->keeper->news = digest->news;
	free(digest);
}

/* A new month: its key for the map, and the key of the month after it in good time. */
static void
turn_period(struct keeper *keeper, struct keeper_digest *digest)
{
	uint32_t before = keeper->period;
	struct map_period period;

	if (period_of(clock_now_us(keeper->clock)) == before)
		return;
	if (keeper_period(keeper, &period) != ERR_NONE) {
		log_error("the key of the new month cannot be made: journals go on under the old one");
		keeper->period = before;
		return;
	}
	digest->new_period = true;
	digest->period = period;
}

/* Months that are older than what is to be kept. */
static void
retire_old(struct keeper *keeper)
{
	uint32_t periods[PERIODS_MAX];
	uint32_t now = period_of(clock_now_us(keeper->clock));
	uint32_t months = now / 100 * 12 + now % 100;
	size_t n;

	if (period_keys_list(keeper->keys, periods, PERIODS_MAX, &n) != ERR_NONE)
		return;
	for (size_t i = 0; i < n; i++)
		if (periods[i] / 100 * 12 + periods[i] % 100 + keeper->retention_months < months &&
		    keeper_retire(keeper, periods[i], "older than retention_months") != ERR_NONE)
			log_error("the key of %u could not be destroyed", periods[i]);
}

static void
count_platform(struct keeper *keeper, uint32_t day, struct keeper_digest *digest)
{
	uint32_t count = 0;
	const char *why = "";
	enum err err = index_daily(keeper->index, INDEX_PLATFORM, 0, day, 1, &count, &why);

	if (err != ERR_NONE && keeper_index_failed(keeper, err, why) == ERR_NONE)
		err = index_daily(keeper->index, INDEX_PLATFORM, 0, day, 1, &count, &why);
	if (err == ERR_NONE)
		digest->news.platform_today = count;
}

static enum err
count_segment(void *context, const struct journal_segment *segment)
{
	uint32_t *waiting = context;

	if (segment->state != SEGMENT_LIVE)
		(*waiting)++;
	return ERR_NONE;
}

/* What is integrated is removed at once: what lies there and nobody writes waits, or cannot be read. */
static void
count_waiting(struct keeper *keeper, struct keeper_digest *digest)
{
	uint32_t waiting = 0;

	for (size_t i = 0; i < 2; i++)
		if (keeper->journal_dir[i][0] != '\0' &&
		    journal_scan_dir(keeper->journal_dir[i], count_segment, &waiting) != ERR_NONE)
			return;
	digest->news.waiting_segments = waiting;
}

/* Once a minute: the platform's total, segments, retention. */
static void
do_daily(struct keeper *keeper, struct keeper_digest *digest)
{
	uint64_t at_us = clock_now_us(keeper->clock);

	digest->news.platform_today = keeper->told.platform_today;
	if (at_us < keeper->daily_us + DAILY_US)
		return;
	keeper->daily_us = at_us;
	count_platform(keeper, (uint32_t)(at_us / INDEX_DAY_US), digest);
	count_waiting(keeper, digest);
	retire_old(keeper);
}

/* Nothing to tell is told once a second. */
static void
post_digest(struct keeper *keeper, struct keeper_digest *digest)
{
	uint64_t at_us = clock_monotonic_us();
	bool idle = keeper->round == 0 && !digest->new_period && digest->n_stopped == 0 &&
	    digest->news.failing == keeper->told.failing && digest->news.ledger_size == keeper->told.ledger_size &&
	    digest->news.waiting_segments == keeper->told.waiting_segments;

	if (idle && at_us < keeper->posted_us + 1000000) {
		free(digest);
		return;
	}
	keeper->posted_us = at_us;
	keeper->told = digest->news;
	digest->letter.open = open_digest;
	mailbox_post(keeper->loop, &digest->letter);
}

/* One round, and its digest to the loop. */
static void
work_round(struct keeper *keeper)
{
	struct keeper_digest *digest = calloc(1, sizeof(*digest));
	struct merkle_head head;
	uint64_t n = 0;
	enum err err;
	int cause;

	if (digest == NULL)
		return;
	digest->keeper = keeper;
	digest->news = keeper->told;
	keeper->digest = digest;
	turn_period(keeper, digest);
	err = feed_round(keeper, &n);
	cause = err == ERR_NONE ? 0 : errno;
	if (keeper->index != NULL)
		do_daily(keeper, digest);
	keeper->digest = NULL;
	ledger_head(keeper->ledger, &head);
	digest->news.ledger_size = head.size;
	digest->news.failing = err != ERR_NONE;
	digest->news.platform_alert = keeper->platform_day != 0 && digest->news.platform_today > keeper->platform_day;
	if (err == ERR_NONE)
		digest->news.integrated_us = clock_now_us(keeper->clock);
	else if (!keeper->told.failing) {
		log_error("integration of the journals: %s%s%s", err_text(err), cause != 0 ? ": " : "",
		    cause != 0 ? strerror(cause) : "");
		(void)snprintf(digest->news.words, sizeof(digest->news.words), "%s", err_text(err));
	}
	post_digest(keeper, digest);
}

static void
open_maps(void *owner, struct letter *letter)
{
	struct engine *engine = owner;

	map_set_open(&engine->maps.state, true);
	log_info("budgets are counted: metered routes are open");
	free(letter);
}

/* Budgets first, then the maps may open. On failure they stay closed, and it is tried again. */
static void
rebuild(struct keeper *keeper)
{
	struct letter *letter = calloc(1, sizeof(*letter));
	uint64_t n;
	enum err err = letter == NULL ? ERR_NOMEM : keeper_integrate(keeper, &n);

	if (err == ERR_NONE)
		err = past_replay(keeper);
	if (err != ERR_NONE) {
		log_error("budgets cannot be counted, metered routes stay closed: %s", err_text(err));
		free(letter);
		return;
	}
	keeper->rebuild = false;
	letter->open = open_maps;
	mailbox_post(keeper->loop, letter);
}

static void *
run(void *context)
{
	struct keeper *keeper = context;
	struct pollfd wake = { .fd = mailbox_descriptor(keeper->box), .events = POLLIN };

	while (!keeper->stopping) {
		if (keeper->rebuild)
			rebuild(keeper);
		if (poll(&wake, 1, ROUND_MS) > 0)
			mailbox_open_letters(keeper->box, keeper);
		work_round(keeper);
	}
	return NULL;
}

enum err
keeper_start(struct keeper *keeper, bool start_rebuild)
{
	keeper->rebuild = start_rebuild;
	if (pthread_create(&keeper->thread, NULL, run, keeper) != 0)
		return ERR_NOMEM;
	keeper->started = true;
	return ERR_NONE;
}

static void
open_stop(void *owner, struct letter *letter)
{
	struct keeper *keeper = owner;

	keeper->stopping = true;
	free(letter);
}

void
keeper_stop(struct keeper *keeper)
{
	struct letter *stop;

	if (keeper == NULL || !keeper->started)
		return;
	stop = calloc(1, sizeof(*stop));
	if (stop == NULL)
		return;
	stop->open = open_stop;
	mailbox_post(keeper->box, stop);
	/* A long answer ends now. */
	pthread_mutex_lock(&keeper->parts_lock);
	keeper->parts_unwanted = true;
	pthread_cond_broadcast(&keeper->parts_room);
	pthread_mutex_unlock(&keeper->parts_lock);
	pthread_join(keeper->thread, NULL);
	keeper->started = false;
}

void
keeper_free(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	keeper_stop(keeper);
	feed_close(keeper);
	mailbox_free(keeper->box);
	pthread_mutex_destroy(&keeper->parts_lock);
	pthread_cond_destroy(&keeper->parts_room);
	free(keeper);
}

static void
open_told(void *owner, struct letter *letter)
{
	struct told *told = (struct told *)(void *)letter;
	enum err err = feed_add_own(owner, &told->entry);

	if (err != ERR_NONE)
		log_error("an entry of the engine is missing in the ledger: %s", err_text(err));
	free(told);
}

static struct told *
tell(const struct keeper *keeper, enum ledger_kind kind, const char *first, const char *second)
{
	struct told *told = calloc(1, sizeof(*told));

	if (told == NULL)
		return NULL;
	told->letter.open = open_told;
	told->entry.kind = kind;
	told->entry.at_us = clock_now_us(keeper->clock);
	(void)snprintf(told->text[0], sizeof(told->text[0]), "%s", first);
	(void)snprintf(told->text[1], sizeof(told->text[1]), "%s", second);
	return told;
}

enum err
keeper_tell_order(struct keeper *keeper, const struct keeper_order *order)
{
	struct told *told;

	if (keeper == NULL)
		return ERR_NONE;
	told = tell(keeper, LEDGER_ORDER, order->scope, order->reason);
	if (told == NULL)
		return ERR_NOMEM;
	told->entry.at_us = order->at_us;
	told->entry.order = (struct ledger_order){
		.event = order->event,
		.action = (uint8_t)order->order.action,
		.capabilities = order->order.capabilities,
		.number = order->order.number,
		.expires_us = order->order.expires_at_us,
		.scope = ledger_text_of(told->text[0]),
		.reason = ledger_text_of(told->text[1]),
	};
	mailbox_post(keeper->box, &told->letter);
	return ERR_NONE;
}

enum err
keeper_tell(struct keeper *keeper, const char *topic, const char *words, uint32_t subject)
{
	struct told *told = tell(keeper, LEDGER_REMARK, topic, words);

	if (told == NULL)
		return ERR_NOMEM;
	told->entry.remark = (struct ledger_remark){
		.subject = subject,
		.topic = ledger_text_of(told->text[0]),
		.words = ledger_text_of(told->text[1]),
	};
	mailbox_post(keeper->box, &told->letter);
	return ERR_NONE;
}

enum err
keeper_define(struct keeper *keeper, enum ledger_definition_of what, uint32_t number, uint32_t parent,
    const char *name, const struct conf_texts *fields)
{
	struct told *told = tell(keeper, LEDGER_DEFINITION, name, "");

	if (told == NULL)
		return ERR_NOMEM;
	told->entry.definition = (struct ledger_definition){
		.what = what,
		.number = number,
		.parent = parent,
		.name = ledger_text_of(told->text[0]),
	};
	for (size_t i = 0; fields != NULL && i < fields->n && i < METER_FIELDS_MAX; i++) {
		(void)snprintf(told->field[i], sizeof(told->field[i]), "%.*s", (int)strcspn(fields->text[i], "="),
		    fields->text[i]);
		told->entry.definition.fields[i] = ledger_text_of(told->field[i]);
		told->entry.definition.n_fields = (uint8_t)(i + 1);
	}
	mailbox_post(keeper->box, &told->letter);
	return ERR_NONE;
}

const struct keeper_news *
keeper_news(const struct keeper *keeper)
{
	return &keeper->news;
}

static void
open_answer(void *owner, struct letter *letter)
{
	struct keeper_question *question = (struct keeper_question *)(void *)letter;

	question->done(owner, question);
}

static void
open_question(void *owner, struct letter *letter)
{
	struct keeper_question *question = (struct keeper_question *)(void *)letter;
	struct keeper *keeper = owner;

	pthread_mutex_lock(&keeper->parts_lock);
	keeper->parts_unwanted = keeper->stopping;
	keeper->serial++;
	pthread_mutex_unlock(&keeper->parts_lock);
	question->why = "";
	question->ask(keeper, question);
	question->letter.open = open_answer;
	mailbox_post(keeper->loop, &question->letter);
}

void
keeper_ask(struct keeper *keeper, struct keeper_question *question)
{
	question->keeper = keeper;
	question->err = ERR_NONE;
	question->letter.open = open_question;
	mailbox_post(keeper->box, &question->letter);
}

enum err
keeper_send_part(struct keeper *keeper, struct keeper_part *part, void (*open)(void *engine, struct letter *letter))
{
	struct timespec until;
	int waited = 0;
	bool unwanted;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PART_PATIENCE_S;
	pthread_mutex_lock(&keeper->parts_lock);
	while (keeper->parts >= KEEPER_PARTS_MAX && !keeper->parts_unwanted && waited == 0)
		waited = pthread_cond_timedwait(&keeper->parts_room, &keeper->parts_lock, &until);
	unwanted = keeper->parts_unwanted || waited != 0;
	if (!unwanted)
		keeper->parts++;
	pthread_mutex_unlock(&keeper->parts_lock);
	if (unwanted)
		return ERR_EXPIRED;
	part->keeper = keeper;
	part->serial = keeper->serial;
	part->letter.open = open;
	mailbox_post(keeper->loop, &part->letter);
	return ERR_NONE;
}

void
keeper_part_done(struct keeper *keeper, uint64_t serial, bool wanted)
{
	pthread_mutex_lock(&keeper->parts_lock);
	keeper->parts--;
	if (!wanted && serial == keeper->serial)
		keeper->parts_unwanted = true;
	pthread_cond_signal(&keeper->parts_room);
	pthread_mutex_unlock(&keeper->parts_lock);
}

struct ledger *
keeper_ledger(struct keeper *keeper)
{
	return keeper->ledger;
}

struct period_keys *
keeper_keys(struct keeper *keeper)
{
	return keeper->keys;
}

const char *
keeper_ledger_dir(const struct keeper *keeper)
{
	return keeper->ledger_dir;
}

const struct note_signer *
keeper_signer(const struct keeper *keeper)
{
	return &keeper->signer;
}
