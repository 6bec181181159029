#include "engine/scopes.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/people.h"
#include "engine/sessions.h"

#define DAY_US 86400000000ULL
/* The longest window and what its buckets add to it: then the set is empty. */
#define IDLE_MINUTES (31 * 24 * 60u)
#define START_ROOM 1024u
/* How far a chain of young accounts is followed to the one who answers for them. */
#define CHAIN_MAX PEOPLE_GENERATIONS_MAX

struct scope_entry {
	struct store_budget_key key; /* kind 0: free */
	struct budget_ref ref;
	uint32_t minute;   /* of the newest charge that was looked at */
	uint32_t peak_hour;
	uint32_t peak_month;
	uint32_t day;      /* that the peaks are of */
	uint64_t refresh_us; /* when limits change by themselves; 0: never */
	bool stopped;      /* on that day */
	bool dirty;        /* peaks or `stopped` are not stored yet */
	bool pending;      /* a larger set waits for the next charge */
};

/* Open addressing with linear steps; `room` is a power of two. */
struct scopes {
	struct scope_entry *entry;
	uint32_t room;
	uint32_t n;
};

static uint32_t
place_of(struct store_budget_key key, uint32_t room)
{
	uint64_t h = ((uint64_t)key.kind << 32 | key.number) * 0x9e3779b97f4a7c15ULL;

	return (uint32_t)(h >> 32) & (room - 1);
}

static struct scope_entry *
look_up(const struct scopes *scopes, struct store_budget_key key)
{
	uint32_t at = place_of(key, scopes->room);

	while (scopes->entry[at].key.kind != 0) {
		if (scopes->entry[at].key.kind == key.kind && scopes->entry[at].key.number == key.number)
			return &scopes->entry[at];
		at = (at + 1) & (scopes->room - 1);
	}
	return NULL;
}

static void
place(struct scopes *scopes, const struct scope_entry *entry)
{
	uint32_t at = place_of(entry->key, scopes->room);

	while (scopes->entry[at].key.kind != 0)
		at = (at + 1) & (scopes->room - 1);
	scopes->entry[at] = *entry;
	scopes->n++;
}

/* A table of `room` with every entry that is still open. */
static enum err
resize(struct scopes *scopes, uint32_t room)
{
	struct scope_entry *old = scopes->entry;
	uint32_t old_room = scopes->room;
	struct scope_entry *fresh = calloc(room, sizeof(*fresh));

	if (fresh == NULL)
		return ERR_NOMEM;
	scopes->entry = fresh;
	scopes->room = room;
	scopes->n = 0;
	for (uint32_t i = 0; i < old_room; i++)
		if (old[i].key.kind != 0 && old[i].ref.generation != 0)
			place(scopes, &old[i]);
	free(old);
	return ERR_NONE;
}

static enum err
add(struct scopes *scopes, struct store_budget_key key, struct budget_ref ref)
{
	struct scope_entry entry = { .key = key, .ref = ref };
	struct scope_entry *former = look_up(scopes, key);

	if (former != NULL && former->ref.generation == 0) {
		*former = entry;
		return ERR_NONE;
	}
	if (scopes->n * 2 >= scopes->room) {
		enum err err = resize(scopes, scopes->room * 2);

		if (err != ERR_NONE)
			return err;
	}
	place(scopes, &entry);
	return ERR_NONE;
}

static bool
take_adopted(void *context, struct budget_ref ref, const struct limit_record *record)
{
	struct store_budget_key key = { .number = record->limits.subject };

	key.kind = record->limits.kind == LIMIT_IDENTITY ? STORE_BUDGET_IDENTITY : STORE_BUDGET_ORGANISATION;
	return add(context, key, ref) == ERR_NONE;
}

enum err
scopes_open(struct engine *engine, struct scopes **ret_scopes, const char **why)
{
	struct scopes *scopes = calloc(1, sizeof(*scopes));

	*why = "no memory for the budgets";
	if (scopes == NULL)
		return ERR_NOMEM;
	if (resize(scopes, START_ROOM) != ERR_NONE) {
		free(scopes);
		return ERR_NOMEM;
	}
	limit_table_each(&engine->maps.state.limits, take_adopted, scopes);
	*ret_scopes = scopes;
	return ERR_NONE;
}

void
scopes_free(struct scopes *scopes)
{
	if (scopes == NULL)
		return;
	free(scopes->entry);
	free(scopes);
}

static const struct config_budget *
named(const struct conf_list *list, const char *name, const struct config_budget *otherwise)
{
	const struct config_budget *budgets = list->item;

	for (size_t i = 0; i < list->n; i++)
		if (strcmp(budgets[i].name, name) == 0)
			return &budgets[i];
	return otherwise;
}

/* Also tells the organisation whose lock guards the scope. */
static enum err
budget_of(struct engine *engine, struct store_budget_key key, const struct config_budget **ret_budget,
    uint32_t *ret_organisation)
{
	const struct config_budgets *budgets = &engine->config->budgets;
	struct store_identity identity;
	struct store_organisation organisation;
	enum err err;

	if (key.kind == STORE_BUDGET_ORGANISATION) {
		err = store_organisation_get(engine->store, key.number, &organisation);
		if (err != ERR_NONE)
			return err;
		*ret_budget = named(&budgets->kinds, organisation.kind, &budgets->organisation);
		*ret_organisation = key.number;
		return ERR_NONE;
	}
	err = store_identity_get(engine->store, key.number, &identity);
	if (err != ERR_NONE)
		return err;
	*ret_budget = named(&budgets->profiles, identity.profile, &budgets->identity);
	*ret_organisation = identity.organisation;
	return ERR_NONE;
}

enum err
scopes_budget(struct engine *engine, struct store_budget_key key, const struct config_budget **ret_budget)
{
	uint32_t organisation;

	return budget_of(engine, key, ret_budget, &organisation);
}

static uint32_t
soft_of(const struct engine *engine, uint32_t hard)
{
	uint32_t soft = (uint32_t)(hard * engine->config->budgets.soft_fraction);

	return soft == 0 ? 1 : soft;
}

/* One window: learned or floor, within the configured bounds, raised where an operator did. */
static uint32_t
hard_of(const struct config_window *window, const struct store_limit *limit, uint64_t at_us)
{
	double hard = limit->hard != 0 ? (double)limit->hard : window->floor;

	if (hard < window->floor)
		hard = window->floor;
	if (hard > window->ceiling)
		hard = window->ceiling;
	if (limit->raised_until_us > at_us && limit->raised_hard > hard)
		hard = limit->raised_hard;
	return (uint32_t)hard;
}

static enum err
limits_of(struct engine *engine, struct store_budget_key key, struct limits *ret_limits, uint64_t *ret_refresh_us)
{
	struct limits limits = { .subject = key.number, .mode = engine->config->budgets.mode };
	uint64_t at_us = engine_now_us(engine);
	const struct config_budget *budget;
	struct store_limits stored;
	uint32_t before = 0;
	enum err err = budget_of(engine, key, &budget, &limits.organisation);

	if (err == ERR_NONE)
		err = store_limits_get(engine->store, key, &stored);
	if (err != ERR_NONE)
		return err;
	limits.kind = key.kind == STORE_BUDGET_IDENTITY ? LIMIT_IDENTITY : LIMIT_ORGANISATION;
	*ret_refresh_us = 0;
	for (int i = 0; i < BUDGET_WINDOWS; i++) {
		uint64_t until_us = stored.window[i].raised_until_us;
		uint32_t hard = hard_of(&budget->window[i], &stored.window[i], at_us);

		/* A longer window that allowed less than a shorter one would undo a raise. */
		limits.hard[i] = hard < before ? before : hard;
		limits.soft[i] = soft_of(engine, limits.hard[i]);
		before = limits.hard[i];
		if (until_us > at_us && (*ret_refresh_us == 0 || until_us < *ret_refresh_us))
			*ret_refresh_us = until_us;
	}
	*ret_limits = limits;
	return ERR_NONE;
}

enum err
scopes_limits(struct engine *engine, struct store_budget_key key, struct limits *ret_limits)
{
	uint64_t refresh_us;

	return limits_of(engine, key, ret_limits, &refresh_us);
}

enum err
scopes_find(struct engine *engine, struct store_budget_key key, struct budget_ref *ret_ref)
{
	const struct scope_entry *entry = look_up(engine->scopes, key);

	if (entry == NULL || entry->ref.generation == 0)
		return ERR_NOT_FOUND;
	*ret_ref = entry->ref;
	return ERR_NONE;
}

enum err
scopes_get(struct engine *engine, struct store_budget_key key, struct budget_ref *ret_ref)
{
	struct limits limits;
	struct budget_ref ref;
	uint64_t refresh_us;
	enum err err = scopes_find(engine, key, ret_ref);

	if (err == ERR_NONE)
		return ERR_NONE;
	err = limits_of(engine, key, &limits, &refresh_us);
	if (err == ERR_NONE)
		err = limit_table_open(&engine->maps.state.limits, &limits, engine_now_us(engine), &ref);
	if (err != ERR_NONE)
		return err;
	/* Only while the maps are not open: a set of this slot's former owner must not be inherited. */
	if (!map_is_open(&engine->maps.state) && budget_scope_clear(&engine->maps.budgets.budgets, ref) != ERR_NONE)
		log_warn("a budget could not be emptied before it is counted anew");
	err = add(engine->scopes, key, ref);
	if (err != ERR_NONE)
		return err;
	look_up(engine->scopes, key)->refresh_us = refresh_us;
	*ret_ref = ref;
	return ERR_NONE;
}

static enum err
refresh(struct engine *engine, struct scope_entry *entry)
{
	struct limits limits;
	enum err err = limits_of(engine, entry->key, &limits, &entry->refresh_us);

	if (err != ERR_NONE)
		return err;
	err = budget_scope_set(&engine->maps.budgets.budgets, &engine->maps.state.limits, entry->ref, &limits);
	entry->pending = err == ERR_BUSY || err == ERR_SPACE;
	if (err == ERR_SPACE)
		log_warn("no room in the budgets map for a larger set: raise capacity.arena_mib");
	return entry->pending ? ERR_NONE : err;
}

enum err
scopes_refresh(struct engine *engine, struct store_budget_key key)
{
	struct scope_entry *entry = look_up(engine->scopes, key);

	/* Who has no scope yet gets the new limits with it. */
	return entry == NULL || entry->ref.generation == 0 ? ERR_NONE : refresh(engine, entry);
}

void
scopes_refresh_all(struct engine *engine)
{
	struct scopes *scopes = engine->scopes;

	for (uint32_t i = 0; i < scopes->room; i++)
		if (scopes->entry[i].key.kind != 0 && scopes->entry[i].ref.generation != 0 &&
		    refresh(engine, &scopes->entry[i]) != ERR_NONE)
			log_warn("limits of a budget could not be published");
}

static void
add_ref(struct budget_ref *refs, uint32_t *n, struct budget_ref ref)
{
	for (uint32_t i = 0; i < *n; i++)
		if (refs[i].slot == ref.slot)
			return;
	if (*n < SESSION_BUDGETS_MAX)
		refs[(*n)++] = ref;
}

/* When `identity` stops sharing its creator's budget; 0: it does not share. */
static uint64_t
shares_until(const struct engine *engine, const struct store_identity *identity, const struct store_identity *creator,
    uint64_t at_us)
{
	uint64_t until_us = identity->created_us + engine->config->budgets.young_days * DAY_US;

	if (creator->suspect_until_us > until_us)
		until_us = creator->suspect_until_us;
	return until_us > at_us ? until_us : 0;
}

/*
 * The creators whose budget is shared: the nearest, and the last one of the
 * chain of young accounts, so that accounts that create accounts gain nothing.
 */
static enum err
add_creators(struct engine *engine, const struct store_identity *identity, uint64_t at_us, struct budget_ref *refs,
    uint32_t *n, uint64_t *until_us)
{
	struct store_identity child = *identity;
	struct store_identity creator;
	struct budget_ref nearest = { 0, 0 };
	struct budget_ref last = { 0, 0 };
	enum err err = ERR_NONE;

	for (int i = 0; i < CHAIN_MAX && err == ERR_NONE && child.created_by != 0; i++) {
		uint64_t shared_us;

		err = store_identity_get(engine->store, child.created_by, &creator);
		if (err != ERR_NONE)
			return err;
		shared_us = shares_until(engine, &child, &creator, at_us);
		if (shared_us == 0)
			break;
		if (*until_us == 0 || shared_us < *until_us)
			*until_us = shared_us;
		err = scopes_get(engine, (struct store_budget_key){ STORE_BUDGET_IDENTITY, creator.number }, &last);
		if (i == 0)
			nearest = last;
		child = creator;
	}
	if (err == ERR_NONE && last.generation != 0) {
		add_ref(refs, n, last);
		add_ref(refs, n, nearest);
	}
	return err;
}

enum err
scopes_of_identity(struct engine *engine, const struct store_identity *identity, uint64_t at_us,
    struct budget_ref ret_refs[SESSION_BUDGETS_MAX], uint32_t *ret_n, uint64_t *ret_shared_until_us)
{
	struct budget_ref refs[SESSION_BUDGETS_MAX];
	struct budget_ref ref;
	uint64_t until_us = 0;
	uint32_t n = 0;
	enum err err =
	    scopes_get(engine, (struct store_budget_key){ STORE_BUDGET_IDENTITY, identity->number }, &ref);

	if (err != ERR_NONE)
		return err;
	add_ref(refs, &n, ref);
	if (identity->organisation != 0) {
		err = scopes_get(engine, (struct store_budget_key){ STORE_BUDGET_ORGANISATION, identity->organisation }, &ref);
		if (err != ERR_NONE)
			return err;
		add_ref(refs, &n, ref);
	}
	err = add_creators(engine, identity, at_us, refs, &n, &until_us);
	if (err != ERR_NONE)
		return err;
	memcpy(ret_refs, refs, n * sizeof(refs[0]));
	*ret_n = n;
	*ret_shared_until_us = until_us;
	return ERR_NONE;
}

/* Keep the peaks of the day; a new day begins with what the windows hold now. */
static void
sample(struct engine *engine, struct scope_entry *entry, uint64_t at_us)
{
	const struct budget_map *budgets = &engine->maps.budgets.budgets;
	uint32_t minute = budget_newest_minute(budgets, entry->ref);
	uint32_t day = (uint32_t)(at_us / DAY_US);
	uint32_t hour;

	if (minute == entry->minute || (uint64_t)minute * 60000000 / DAY_US != day)
		return;
	entry->minute = minute;
	if (entry->day != day) {
		entry->day = day;
		entry->peak_hour = 0;
		entry->stopped = false;
	}
	hour = budget_used(budgets, entry->ref, BUDGET_HOUR, at_us);
	if (hour > entry->peak_hour)
		entry->peak_hour = hour;
	entry->peak_month = budget_used(budgets, entry->ref, BUDGET_MONTH, at_us);
	entry->dirty = true;
}

void
scopes_tick(struct engine *engine)
{
	struct scopes *scopes = engine->scopes;
	uint64_t at_us = engine_now_us(engine);

	for (uint32_t i = 0; i < scopes->room; i++) {
		struct scope_entry *entry = &scopes->entry[i];

		if (entry->key.kind == 0 || entry->ref.generation == 0)
			continue;
		sample(engine, entry, at_us);
		if ((entry->pending || (entry->refresh_us != 0 && entry->refresh_us <= at_us)) &&
		    refresh(engine, entry) != ERR_NONE)
			log_warn("limits of a budget could not be published");
	}
}

void
scopes_stopped(struct engine *engine, struct store_budget_key key, uint64_t at_us)
{
	struct scope_entry *entry = look_up(engine->scopes, key);
	uint32_t day = (uint32_t)(at_us / DAY_US);

	if (entry != NULL && entry->stopped && entry->day == day)
		return;
	if (entry != NULL && entry->day == day)
		entry->stopped = true;
	if (store_budget_day_stop(engine->store, key, day) != ERR_NONE)
		log_warn("a day on which a budget was stopped could not be stored");
}

/* The day's count itself comes from the index when limits are learned. */
static enum err
save(struct engine *engine, struct scope_entry *entry)
{
	struct store_budget_day day;
	uint32_t n;
	enum err err = store_budget_days(engine->store, entry->key, entry->day, 1, &day, &n);

	if (err != ERR_NONE)
		return err;
	if (n == 0 || day.day != entry->day)
		memset(&day, 0, sizeof(day));
	day.day = entry->day;
	day.stopped = entry->stopped;
	if (entry->peak_hour > day.distinct[STORE_HOUR])
		day.distinct[STORE_HOUR] = entry->peak_hour;
	day.distinct[STORE_MONTH] = entry->peak_month;
	return store_budget_day_put(engine->store, entry->key, &day);
}

void
scopes_save(struct engine *engine)
{
	struct scopes *scopes = engine->scopes;
	enum err err = store_begin(engine->store);

	for (uint32_t i = 0; i < scopes->room && err == ERR_NONE; i++)
		if (scopes->entry[i].key.kind != 0 && scopes->entry[i].dirty)
			err = save(engine, &scopes->entry[i]);
	if (err == ERR_NONE)
		err = store_commit(engine->store);
	if (err != ERR_NONE) {
		store_rollback(engine->store);
		log_warn("the history of budgets could not be stored: %s", err_text(err));
		return;
	}
	for (uint32_t i = 0; i < scopes->room; i++)
		scopes->entry[i].dirty = false;
}

/* Nobody it was handed counts any more. */
static bool
is_idle(const struct engine *engine, const struct scope_entry *entry, uint64_t at_us)
{
	uint32_t newest = budget_newest_minute(&engine->maps.budgets.budgets, entry->ref);

	return !entry->dirty && (newest == 0 || at_us / 60000000 >= (uint64_t)newest + IDLE_MINUTES);
}

uint32_t
scopes_close_idle(struct engine *engine, const uint8_t *used)
{
	struct scopes *scopes = engine->scopes;
	uint64_t at_us = engine_now_us(engine);
	uint32_t closed = 0;

	for (uint32_t i = 0; i < scopes->room; i++) {
		struct scope_entry *entry = &scopes->entry[i];

		if (entry->key.kind == 0 || entry->ref.generation == 0 || used[entry->ref.slot] != 0 ||
		    !is_idle(engine, entry, at_us) ||
		    limit_table_close(&engine->maps.state.limits, entry->ref, at_us) != ERR_NONE)
			continue;
		entry->ref.generation = 0;
		closed++;
	}
	/* Without memory closed entries stay, and are used again by whom they are of. */
	if (closed > 0 && resize(scopes, scopes->room) != ERR_NONE)
		log_warn("no memory to tidy the table of budgets");
	return closed;
}

uint32_t
scopes_count(const struct scopes *scopes)
{
	return scopes->n;
}

void
scopes_each(struct engine *engine, bool (*visit)(void *context, struct store_budget_key key, struct budget_ref ref),
    void *context)
{
	struct scopes *scopes = engine->scopes;

	for (uint32_t i = 0; i < scopes->room; i++)
		if (scopes->entry[i].key.kind != 0 && scopes->entry[i].ref.generation != 0 &&
		    !visit(context, scopes->entry[i].key, scopes->entry[i].ref))
			return;
}
