/*
 * limits: slots of two copies each, and the arena's bookkeeping, all in the
 * state map, so that nothing here has to be believed from a map that workers
 * can write.
 */
#include "core/limits.h"

#include <string.h>

#include "core/words.h"

#define REUSE_AFTER_US (3600ull * 1000000)
#define ENTRIES_MIN 64u

_Static_assert(sizeof(struct limit_record) % sizeof(uint64_t) == 0, "copied as words");

struct limit_slot {
	_Atomic uint64_t flips; /* 0: never opened */
	_Atomic uint64_t copy[2 * WORDS_OF(struct limit_record)];
};

/* Followed by n_slots slots, then n_slots free regions. All fields are the writer's. */
struct limit_area {
	uint64_t used_slots; /* slots above were never opened */
	uint64_t n_closed;
	uint64_t top;        /* entries of the arena above were never given away, so they are zero */
	uint64_t n_free;
	uint64_t spare[4];
};

size_t
limit_table_size(uint32_t n_slots)
{
	uint64_t size = sizeof(struct limit_area);

	size += (uint64_t)n_slots * (sizeof(struct limit_slot) + sizeof(struct limit_region));
	return (size_t)words_round_up(size, 64);
}

void
limit_table_attach(struct limit_table *t, void *memory, uint32_t n_slots, uint32_t n_locks, uint64_t n_entries)
{
	t->area = memory;
	t->n_slots = n_slots;
	t->n_locks = n_locks;
	t->n_entries = n_entries;
}

void
limit_table_init(struct limit_table *t, void *memory, uint32_t n_slots, uint32_t n_locks, uint64_t n_entries)
{
	/* Zeroed memory has no open slot and a whole arena. */
	limit_table_attach(t, memory, n_slots, n_locks, n_entries);
}

static struct limit_slot *
slot_of(const struct limit_table *t, uint32_t slot)
{
	return (struct limit_slot *)(t->area + 1) + slot;
}

static struct limit_region *
free_regions(const struct limit_table *t)
{
	return (struct limit_region *)(void *)slot_of(t, t->n_slots);
}

/* Linear probing stays short up to four fifths. */
uint32_t
limit_persons_in(uint32_t entries)
{
	return (uint32_t)((uint64_t)entries * 4 / 5);
}

/* Four sizes for each doubling, so that freed regions find new owners. */
uint32_t
limit_entries_for(uint32_t persons)
{
	uint64_t need = ((uint64_t)persons * 5 + 3) / 4;
	uint64_t size = ENTRIES_MIN;

	while (2 * size <= need)
		size *= 2;
	return (uint32_t)words_round_up(need < size ? size : need, size / 4);
}

static bool
read_record(const struct limit_table *t, uint32_t at, struct limit_record *record)
{
	struct limit_slot *slot = slot_of(t, at);
	bool whole;

	(void)words_read(&slot->flips, slot->copy, record, WORDS_OF(struct limit_record), &whole);
	return whole;
}

enum err
limit_table_get(const struct limit_table *t, struct budget_ref ref, struct limit_record *ret_record)
{
	struct limit_record record;

	if (ref.slot >= t->n_slots || ref.generation == 0)
		return ERR_NOT_FOUND;
	if (!read_record(t, ref.slot, &record))
		return ERR_BUSY;
	if (record.generation != ref.generation || record.limits.kind == LIMIT_UNUSED)
		return ERR_NOT_FOUND;
	*ret_record = record;
	return ERR_NONE;
}

/* From here on: the writer, whose own reads are always whole. */

static void
read_own(const struct limit_table *t, uint32_t slot, struct limit_record *record)
{
	(void)read_record(t, slot, record);
}

static void
write_own(struct limit_table *t, uint32_t at, const struct limit_record *record)
{
	struct limit_slot *slot = slot_of(t, at);

	words_flip(&slot->flips, slot->copy, record, WORDS_OF(struct limit_record));
}

static bool
are_sound(const struct limits *l)
{
	if (l->kind == LIMIT_UNUSED || l->kind >= LIMIT_KIND_MAX || l->mode > LIMIT_OBSERVE)
		return false;
	if (l->hard[BUDGET_MONTH] > LIMIT_PERSONS_MAX)
		return false;
	for (int w = 0; w < BUDGET_WINDOWS; w++) {
		if (l->soft[w] != LIMIT_NONE && l->soft[w] > l->hard[w])
			return false;
	}
	return true;
}

static bool
fits(const struct limit_region *region, uint32_t entries)
{
	return region->entries >= entries && region->entries - entries <= entries / 4;
}

/*
 * The order of stores is such that a writer killed at any moment loses a region
 * and never gives it away twice: off the list or the top before it goes into a
 * record, out of the record before it goes to the list. What is lost comes back
 * when the maps are made anew.
 */
static void
settle(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/* A full list forgets the region. */
static void
region_free(struct limit_table *t, const struct limit_region *region)
{
	if (region->entries == 0 || t->area->n_free >= t->n_slots)
		return;
	settle();
	free_regions(t)[t->area->n_free] = (struct limit_region){.first = region->first, .entries = region->entries};
	settle();
	t->area->n_free++;
	settle();
}

static enum err
region_take(struct limit_table *t, uint32_t entries, struct limit_region *ret_region)
{
	struct limit_region *list = free_regions(t);

	for (uint64_t i = 0; i < t->area->n_free; i++) {
		if (!fits(&list[i], entries))
			continue;
		*ret_region = list[i];
		t->area->n_free--;
		settle();
		list[i] = list[t->area->n_free];
		settle();
		return ERR_NONE;
	}
	if (t->n_entries - t->area->top < entries)
		return ERR_SPACE;
	*ret_region = (struct limit_region){.first = t->area->top, .entries = entries, .fresh = 1};
	t->area->top += entries;
	settle();
	return ERR_NONE;
}

/* A slot closed long enough ago, or one never used; n_slots: none. */
static uint32_t
find_slot(struct limit_table *t, uint64_t at_us)
{
	struct limit_record record;

	for (uint32_t i = 0; t->area->n_closed > 0 && i < t->area->used_slots; i++) {
		read_own(t, i, &record);
		if (record.limits.kind == LIMIT_UNUSED && at_us >= record.closed_at_us &&
		    at_us - record.closed_at_us >= REUSE_AFTER_US)
			return i;
	}
	return t->area->used_slots < t->n_slots ? (uint32_t)t->area->used_slots : t->n_slots;
}

/* Its region if that fits, else another one. */
static enum err
find_region(struct limit_table *t, uint32_t persons, const struct limit_region *had, struct limit_region *ret_region)
{
	uint32_t entries = limit_entries_for(persons);

	if (!fits(had, entries))
		return region_take(t, entries, ret_region);
	*ret_region = *had;
	ret_region->fresh = 0;
	return ERR_NONE;
}

enum err
limit_table_open(struct limit_table *t, const struct limits *limits, uint64_t at_us, struct budget_ref *ret_ref)
{
	struct limit_record had, record = {0};

	if (!are_sound(limits))
		return ERR_RANGE;
	uint32_t slot = find_slot(t, at_us);
	if (slot == t->n_slots)
		return ERR_SPACE;
	read_own(t, slot, &had);
	enum err err = find_region(t, limits->hard[BUDGET_MONTH], &had.region, &record.region);
	if (err != ERR_NONE)
		return err;
	record.limits = *limits;
	record.generation = had.generation == UINT32_MAX ? 1 : had.generation + 1;
	record.lock = limits->organisation % t->n_locks;
	write_own(t, slot, &record);
	if (slot == t->area->used_slots)
		t->area->used_slots++;
	else
		t->area->n_closed--;
	region_free(t, &had.previous);
	if (had.region.first != record.region.first)
		region_free(t, &had.region);
	*ret_ref = (struct budget_ref){slot, record.generation};
	return ERR_NONE;
}

enum err
limit_table_set(struct limit_table *t, struct budget_ref ref, const struct limits *limits)
{
	struct limit_record record;
	enum err err = limit_table_get(t, ref, &record);

	if (err != ERR_NONE)
		return err;
	if (!are_sound(limits))
		return ERR_RANGE;
	record.limits.mode = limits->mode;
	memcpy(record.limits.soft, limits->soft, sizeof(limits->soft));
	memcpy(record.limits.hard, limits->hard, sizeof(limits->hard));
	if (limit_persons_in(record.region.entries) < limits->hard[BUDGET_MONTH]) {
		struct limit_region larger;

		err = record.previous.entries != 0 ? ERR_BUSY :
		    region_take(t, limit_entries_for(limits->hard[BUDGET_MONTH]), &larger);
		if (err == ERR_NONE) {
			record.previous = record.region;
			record.region = larger;
		}
	}
	write_own(t, ref.slot, &record);
	return err;
}

enum err
limit_table_moved(struct limit_table *t, struct budget_ref ref)
{
	struct limit_record record;
	enum err err = limit_table_get(t, ref, &record);

	if (err != ERR_NONE)
		return err;
	struct limit_region former = record.previous;
	record.previous = (struct limit_region){0};
	write_own(t, ref.slot, &record);
	region_free(t, &former);
	return ERR_NONE;
}

enum err
limit_table_close(struct limit_table *t, struct budget_ref ref, uint64_t at_us)
{
	struct limit_record record;
	enum err err = limit_table_get(t, ref, &record);

	if (err != ERR_NONE)
		return err;
	record.limits.kind = LIMIT_UNUSED;
	record.closed_at_us = at_us;
	write_own(t, ref.slot, &record);
	t->area->n_closed++;
	return ERR_NONE;
}

void
limit_table_each(const struct limit_table *t,
    bool (*visit)(void *context, struct budget_ref ref, const struct limit_record *record), void *context)
{
	for (uint32_t i = 0; i < t->area->used_slots && i < t->n_slots; i++) {
		struct limit_record record;

		read_own(t, i, &record);
		if (record.limits.kind == LIMIT_UNUSED)
			continue;
		if (!visit(context, (struct budget_ref){i, record.generation}, &record))
			return;
	}
}

/* Records are whole at any moment; what follows from them is counted anew. */
void
limit_table_adopt(struct limit_table *t)
{
	struct limit_area *area = t->area;

	if (area->used_slots > t->n_slots)
		area->used_slots = t->n_slots;
	/* A slot may have been written and not counted. */
	while (area->used_slots < t->n_slots &&
	    atomic_load_explicit(&slot_of(t, (uint32_t)area->used_slots)->flips, memory_order_relaxed) != 0)
		area->used_slots++;
	if (area->n_free > t->n_slots)
		area->n_free = 0;
	area->n_closed = 0;
	for (uint32_t i = 0; i < area->used_slots; i++) {
		struct limit_record record;

		read_own(t, i, &record);
		area->n_closed += record.limits.kind == LIMIT_UNUSED;
	}
}
