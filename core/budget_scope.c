/*
 * budget_scope: the life of a scope in the budgets map, and what the engine
 * asks and sets. See core/budget.h for who may call what.
 *
 * `dirty` is set before the first change and cleared after the last. Whoever
 * finds it set, under the mutex, knows that a process died in between, repairs
 * the set and counts anew from it: nobody has to be told, and a second death
 * during the repair changes nothing.
 */
#include "core/budget_scope.h"

#include <string.h>

#include "core/budget_ring.h"

void
budget_scope_begin(struct budget_scope *scope)
{
	store32(&scope->dirty, 1);
	budget_settle();
}

void
budget_scope_end(struct budget_scope *scope)
{
	budget_settle();
	store32(&scope->dirty, 0);
}

uint32_t
budget_scope_now(const struct budget_scope *scope, uint64_t at_us)
{
	uint64_t minute = at_us / MINUTE_US;
	uint32_t at = minute > UINT32_MAX ? UINT32_MAX : (uint32_t)minute;
	uint32_t newest = load32(&scope->newest);

	return at > newest ? at : newest;
}

static bool
region_is_inside(const struct budget_map *b, const struct limit_region *region)
{
	return region->entries > 0 && region->first <= b->limits->n_entries &&
	    region->entries <= b->limits->n_entries - region->first;
}

static struct budget_set
set_of(const struct budget_map *b, const struct limit_region *region)
{
	return (struct budget_set){budget_entries_of(b) + region->first, region->entries};
}

/* All that follows from the entries, made anew from them. */
static void
count_anew(struct budget_held *held)
{
	struct budget_scope *scope = held->scope;
	uint32_t newest = load32(&scope->newest);

	store32(&scope->count, budget_set_repair(held->set));
	budget_ring_clear(scope);
	for (uint32_t i = 0; i < held->set.n; i++) {
		struct budget_entry *entry = &held->set.entry[i];

		if (atomic_load_explicit(&entry->person, memory_order_relaxed) == 0)
			continue;
		/* A minute to come stems from damage. */
		if (load32(&entry->minute) > newest)
			store32(&entry->minute, newest);
		budget_ring_add(scope, load32(&entry->minute));
	}
}

/* The slot has another owner than before, or none had it yet. */
static void
begin_anew(struct budget_held *held, bool clear)
{
	struct budget_scope *scope = held->scope;

	budget_scope_begin(scope);
	if (clear || !held->record.region.fresh)
		budget_set_clear(held->set);
	budget_ring_clear(scope);
	store32(&scope->count, 0);
	store32(&scope->newest, 0);
	store32(&scope->purged_day, 0);
	atomic_store_explicit(&scope->overflow, 0, memory_order_relaxed);
	atomic_store_explicit(&scope->at, held->record.region.first + 1, memory_order_relaxed);
	budget_settle();
	store32(&scope->generation, held->record.generation);
	budget_scope_end(scope);
}

/* Into the larger region; the former one stays whole until the very last. */
static void
move(const struct budget_map *b, struct budget_held *held)
{
	struct budget_scope *scope = held->scope;
	struct budget_set from = set_of(b, &held->record.previous), to = set_of(b, &held->record.region);
	uint32_t oldest = budget_ring_oldest(BUDGET_MONTH, load32(&scope->newest)), count = 0;

	/* Also what an earlier, interrupted move left. */
	budget_set_clear(to);
	for (uint32_t i = 0; i < from.n; i++) {
		uint64_t person = atomic_load_explicit(&from.entry[i].person, memory_order_relaxed);
		uint32_t minute = load32(&from.entry[i].minute);

		if (person != 0 && minute >= oldest && budget_set_insert(to, person, minute))
			count++;
	}
	budget_scope_begin(scope);
	atomic_store_explicit(&scope->at, held->record.region.first + 1, memory_order_relaxed);
	budget_settle();
	store32(&scope->count, count);
	budget_scope_end(scope);
	held->set = to;
}

enum err
budget_scope_ready(const struct budget_map *b, struct budget_ref ref, struct budget_held *ret_held)
{
	struct budget_held held;
	enum err err = limit_table_get(b->limits, ref, &held.record);

	if (err != ERR_NONE)
		return err;
	if (!region_is_inside(b, &held.record.region))
		return ERR_CORRUPT;
	held.scope = budget_scope_of(b, ref.slot);
	held.set = set_of(b, &held.record.region);
	if (load32(&held.scope->generation) != ref.generation)
		begin_anew(&held, false);
	uint64_t at = atomic_load_explicit(&held.scope->at, memory_order_relaxed);
	bool moves = at != held.record.region.first + 1;
	if (moves) {
		if (at != held.record.previous.first + 1 || !region_is_inside(b, &held.record.previous))
			return ERR_CORRUPT;
		held.set = set_of(b, &held.record.previous);
	}
	if (load32(&held.scope->dirty) != 0) {
		count_anew(&held);
		budget_scope_end(held.scope);
	}
	if (moves)
		move(b, &held);
	*ret_held = held;
	return ERR_NONE;
}

void
budget_scope_make_room(struct budget_held *held, uint32_t more, uint32_t now)
{
	struct budget_scope *scope = held->scope;
	uint64_t wanted = (uint64_t)load32(&scope->count) + more;

	if (wanted <= limit_persons_in(held->set.n) || load32(&scope->purged_day) >= now / 1440)
		return;
	budget_scope_begin(scope);
	/* Those who expire are in no bucket of `now`, so the rings must be there, too. */
	budget_ring_advance(scope, now);
	store32(&scope->count, budget_set_purge(held->set, now));
	store32(&scope->purged_day, now / 1440);
	budget_scope_end(scope);
}

void
budget_scope_hand_again(struct budget_held *held, uint32_t place, uint32_t minute)
{
	_Atomic uint32_t *last = &held->set.entry[place].minute;
	uint32_t before = load32(last);

	if (before >= minute)
		return;
	store32(last, minute);
	budget_ring_move(held->scope, before, minute);
}

bool
budget_scope_hand(struct budget_held *held, uint64_t person, uint32_t minute)
{
	struct budget_scope *scope = held->scope;
	uint32_t at = budget_set_find(held->set, person);
	uint32_t count = load32(&scope->count);

	if (at != BUDGET_SET_NONE) {
		budget_scope_hand_again(held, at, minute);
		return true;
	}
	if (count >= limit_persons_in(held->set.n) || !budget_set_insert(held->set, person, minute))
		return false;
	store32(&scope->count, count + 1);
	budget_ring_add(scope, minute);
	return true;
}

size_t
budget_map_size(uint32_t n_slots, uint32_t n_locks, uint64_t n_entries)
{
	return (size_t)(sizeof(struct budget_area) + (uint64_t)n_locks * sizeof(struct budget_lock) +
	    (uint64_t)n_slots * sizeof(struct budget_scope) + n_entries * sizeof(struct budget_entry));
}

void
budget_map_attach(struct budget_map *b, void *memory, const struct limit_table *limits,
    const _Atomic uint32_t *open)
{
	b->area = memory;
	b->limits = limits;
	b->open = open;
}

enum err
budget_map_init(struct budget_map *b, void *memory, const struct limit_table *limits,
    const _Atomic uint32_t *open)
{
	pthread_mutexattr_t attributes;
	struct budget_map map;
	bool good;

	budget_map_attach(&map, memory, limits, open);
	if (pthread_mutexattr_init(&attributes) != 0)
		return ERR_UNSUPPORTED;
	good = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
	    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0;
	for (uint32_t i = 0; good && i < limits->n_locks; i++)
		good = pthread_mutex_init(&budget_lock_of(&map, i)->mutex, &attributes) == 0;
	(void)pthread_mutexattr_destroy(&attributes);
	if (!good)
		return ERR_UNSUPPORTED;
	*b = map;
	return ERR_NONE;
}

/* The scope, if it has been charged under this reference; NULL otherwise. */
static const struct budget_scope *
charged_scope(const struct budget_map *b, struct budget_ref ref)
{
	if (ref.slot >= b->limits->n_slots || ref.generation == 0)
		return NULL;
	const struct budget_scope *scope = budget_scope_of(b, ref.slot);
	return load32(&scope->generation) == ref.generation ? scope : NULL;
}

uint32_t
budget_used(const struct budget_map *b, struct budget_ref ref, enum budget_window window, uint64_t at_us)
{
	const struct budget_scope *scope = charged_scope(b, ref);
	struct limit_record record;

	if (scope == NULL || limit_table_get(b->limits, ref, &record) != ERR_NONE)
		return 0;
	uint32_t used = budget_ring_used(scope, window, budget_scope_now(scope, at_us));
	return used < record.region.entries ? used : record.region.entries;
}

uint64_t
budget_overflow(const struct budget_map *b, struct budget_ref ref)
{
	const struct budget_scope *scope = charged_scope(b, ref);

	return scope == NULL ? 0 : atomic_load_explicit(&scope->overflow, memory_order_relaxed);
}

uint32_t
budget_newest_minute(const struct budget_map *b, struct budget_ref ref)
{
	const struct budget_scope *scope = charged_scope(b, ref);

	return scope == NULL ? 0 : load32(&scope->newest);
}

enum err
budget_scope_set(const struct budget_map *b, struct limit_table *writable, struct budget_ref ref,
    const struct limits *limits)
{
	const struct budget_scope *scope = charged_scope(b, ref);
	struct limit_record record;
	enum err err = limit_table_get(writable, ref, &record);

	if (err != ERR_NONE)
		return err;
	/* A worker that is in the new region has left the former one for good, and so have all others. */
	if (record.previous.entries != 0 && scope != NULL &&
	    atomic_load_explicit(&scope->at, memory_order_acquire) == record.region.first + 1) {
		err = limit_table_moved(writable, ref);
		if (err != ERR_NONE)
			return err;
	}
	return limit_table_set(writable, ref, limits);
}

enum err
budget_insert_past(const struct budget_map *b, struct budget_ref ref, uint64_t person, uint64_t at_us)
{
	struct budget_held held;

	if (atomic_load_explicit(b->open, memory_order_acquire) != 0)
		return ERR_BUSY;
	enum err err = budget_scope_ready(b, ref, &held);
	if (err != ERR_NONE)
		return err;
	uint32_t now = budget_scope_now(held.scope, at_us);
	uint32_t minute = (uint32_t)(at_us / MINUTE_US);
	if (minute < budget_ring_oldest(BUDGET_MONTH, now))
		return ERR_NONE;
	budget_scope_make_room(&held, 1, now);
	budget_scope_begin(held.scope);
	budget_ring_advance(held.scope, now);
	bool room = budget_scope_hand(&held, person, minute);
	if (!room)
		atomic_fetch_add_explicit(&held.scope->overflow, 1, memory_order_relaxed);
	budget_scope_end(held.scope);
	return room ? ERR_NONE : ERR_SPACE;
}

enum err
budget_scope_clear(const struct budget_map *b, struct budget_ref ref)
{
	struct budget_held held;

	if (atomic_load_explicit(b->open, memory_order_acquire) != 0)
		return ERR_BUSY;
	enum err err = limit_table_get(b->limits, ref, &held.record);
	if (err != ERR_NONE)
		return err;
	if (!region_is_inside(b, &held.record.region))
		return ERR_CORRUPT;
	held.scope = budget_scope_of(b, ref.slot);
	held.set = set_of(b, &held.record.region);
	/* A fresh region that nobody charged yet is empty; reading it would only fill memory with zeroes. */
	begin_anew(&held, load32(&held.scope->generation) == ref.generation);
	return ERR_NONE;
}
