/* map: headers, layout, and who fits whom. Nothing here is hot. */
#include "core/map.h"

#include <string.h>

#include "base/codec.h"
#include "core/budget_area.h"
#include "core/words.h"

#define MAP_VERSION 1u

static const char state_magic[8] = "TQSTATE";
static const char budgets_magic[8] = "TQBUDGT";

const struct map_capacity map_capacity_default = {
	.sessions = 1000000,
	.orders = ORDER_CAPACITY,
	.scopes = 262144,
	.locks = 16384,
	.arena_entries = 1ull << 27,
};

#define PERIOD_WORDS 5

/* The first part of both headers. */
struct map_mark {
	char magic[8];
	uint32_t version;
	uint32_t layout; /* CRC-32C over the sizes of all structures and tables */
	uint64_t size;   /* of the file */
	uint64_t pair;
};

struct map_state_header {
	struct map_mark mark;
	struct map_capacity capacity;
	struct map_birth birth;
	_Atomic uint32_t open;
	_Atomic uint32_t retired;
	_Atomic uint64_t beat_us;
	_Atomic uint64_t period_flips; /* 0: none set yet */
	_Atomic uint64_t period[2 * PERIOD_WORDS];
};

struct map_budgets_header {
	struct map_mark mark;
	uint64_t spare[4];
};

#define HEADER_ROOM 4096u

_Static_assert(sizeof(struct map_state_header) <= HEADER_ROOM, "fits a page");
_Static_assert(sizeof(struct map_budgets_header) <= HEADER_ROOM, "fits a page");
_Static_assert(sizeof(struct map_period) <= PERIOD_WORDS * sizeof(uint64_t), "fits its words");

static uint32_t
layout_hash(void)
{
	const uint32_t sizes[] = {
		MAP_VERSION, HEADER_ROOM, sizeof(void *),
		sizeof(struct map_state_header), sizeof(struct map_budgets_header),
		sizeof(struct session_attributes), sizeof(struct session_record), offsetof(struct session_record, headers),
		sizeof(struct scope), sizeof(struct order),
		sizeof(struct route), sizeof(struct meter), sizeof(struct rules), sizeof(struct record_shape),
		sizeof(struct limit_record), sizeof(struct budget_scope), sizeof(struct budget_lock),
		sizeof(struct budget_entry), HOUR_BUCKETS, DAY_BUCKETS, MONTH_BUCKETS,
		(uint32_t)session_table_size(1), (uint32_t)order_table_size(1), (uint32_t)limit_table_size(1),
	};

	return codec_crc32c(0, sizes, sizeof(sizes));
}

static bool
capacity_is_sound(const struct map_capacity *c)
{
	return c->sessions >= 1 && c->sessions <= 1u << 26 && c->orders >= 1 && c->orders <= 1u << 20 &&
	    c->scopes >= 1 && c->scopes <= 1u << 26 && c->locks >= 1 && c->locks <= 1u << 20 &&
	    c->arena_entries >= 64 && c->arena_entries <= 1ull << 36;
}

/* Where the parts of the state map begin. */
struct layout {
	size_t sessions, orders, rules, limits, end;
};

static struct layout
layout_of(const struct map_capacity *c)
{
	struct layout l = {.sessions = HEADER_ROOM};

	l.orders = l.sessions + words_round_up(session_table_size(c->sessions), HEADER_ROOM);
	l.rules = l.orders + words_round_up(order_table_size(c->orders), HEADER_ROOM);
	l.limits = l.rules + words_round_up(rules_area_size(), HEADER_ROOM);
	l.end = l.limits + words_round_up(limit_table_size(c->scopes), HEADER_ROOM);
	return l;
}

size_t
map_state_size(const struct map_capacity *capacity)
{
	return capacity_is_sound(capacity) ? layout_of(capacity).end : 0;
}

size_t
map_budgets_size(const struct map_capacity *c)
{
	if (!capacity_is_sound(c))
		return 0;
	return (size_t)words_round_up(HEADER_ROOM + budget_map_size(c->scopes, c->locks, c->arena_entries), HEADER_ROOM);
}

static void
attach_parts(struct map_state *map, void *memory, const struct map_capacity *c)
{
	struct layout l = layout_of(c);
	uint8_t *base = memory;

	map->header = memory;
	session_table_attach(&map->sessions, base + l.sessions, c->sessions);
	order_table_attach(&map->orders, base + l.orders, c->orders);
	rules_area_attach(&map->rules, base + l.rules);
	limit_table_attach(&map->limits, base + l.limits, c->scopes, c->locks, c->arena_entries);
}

/* The magic number comes last: memory that was not formatted to the end is no map. */
static void
write_mark(struct map_mark *mark, const char magic[8], size_t size, uint64_t pair)
{
	mark->version = MAP_VERSION;
	mark->layout = layout_hash();
	mark->size = size;
	mark->pair = pair;
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(mark->magic, magic, sizeof(mark->magic));
}

enum err
map_state_init(struct map_state *ret_map, void *memory, size_t size, const struct map_capacity *capacity,
    const struct map_birth *birth)
{
	struct map_state map;

	if (size == 0 || size != map_state_size(capacity) || birth->pair == 0)
		return ERR_RANGE;
	attach_parts(&map, memory, capacity);
	struct layout l = layout_of(capacity);
	uint8_t *base = memory;
	session_table_init(&map.sessions, base + l.sessions, capacity->sessions);
	order_table_init(&map.orders, base + l.orders, capacity->orders);
	rules_area_init(&map.rules, base + l.rules);
	limit_table_init(&map.limits, base + l.limits, capacity->scopes, capacity->locks, capacity->arena_entries);
	map.header->capacity = *capacity;
	map.header->birth = *birth;
	write_mark(&map.header->mark, state_magic, size, birth->pair);
	*ret_map = map;
	return ERR_NONE;
}

static enum err
refuse(enum err err, const char *sentence, const char **why)
{
	*why = sentence;
	return err;
}

static enum err
check_mark(const struct map_mark *mark, const char magic[8], size_t size, const char **why)
{
	if (size < HEADER_ROOM || memcmp(mark->magic, magic, sizeof(mark->magic)) != 0)
		return refuse(ERR_FORMAT, "the file is not a map, or not the one expected here", why);
	if (mark->version != MAP_VERSION || mark->layout != layout_hash())
		return refuse(ERR_UNSUPPORTED, "the map was made by another version: restart the engine and the gate", why);
	if (mark->size != size)
		return refuse(ERR_CORRUPT, "the map does not have the size it was made with", why);
	return ERR_NONE;
}

enum err
map_state_attach(struct map_state *ret_map, void *memory, size_t size, const char **why)
{
	const struct map_state_header *header = memory;
	enum err err = check_mark(memory, state_magic, size, why);

	if (err != ERR_NONE)
		return err;
	struct map_capacity capacity = header->capacity;
	if (map_state_size(&capacity) != size)
		return refuse(ERR_CORRUPT, "the map's capacities do not fit its size", why);
	attach_parts(ret_map, memory, &capacity);
	return ERR_NONE;
}

static void *
budgets_part(void *memory)
{
	return (uint8_t *)memory + HEADER_ROOM;
}

enum err
map_budgets_init(struct map_budgets *ret_map, void *memory, size_t size, const struct map_state *state)
{
	struct map_budgets map = {.header = memory};

	if (size != map_budgets_size(&state->header->capacity))
		return ERR_RANGE;
	enum err err = budget_map_init(&map.budgets, budgets_part(memory), &state->limits, &state->header->open);
	if (err != ERR_NONE)
		return err;
	write_mark(&map.header->mark, budgets_magic, size, state->header->mark.pair);
	*ret_map = map;
	return ERR_NONE;
}

enum err
map_budgets_attach(struct map_budgets *ret_map, void *memory, size_t size, const struct map_state *state,
    const char **why)
{
	const struct map_mark *mark = memory;
	enum err err = check_mark(mark, budgets_magic, size, why);

	if (err != ERR_NONE)
		return err;
	if (mark->pair != state->header->mark.pair)
		return refuse(ERR_NOT_FOUND, "the budgets belong to another state map", why);
	/* Places come from the state map, which workers cannot write. */
	if (size != map_budgets_size(&state->header->capacity))
		return refuse(ERR_CORRUPT, "the budgets' size does not fit the state map's capacities", why);
	ret_map->header = memory;
	budget_map_attach(&ret_map->budgets, budgets_part(memory), &state->limits, &state->header->open);
	return ERR_NONE;
}

void
map_state_adopt(struct map_state *map, uint64_t at_us)
{
	session_table_adopt(&map->sessions);
	limit_table_adopt(&map->limits);
	map_set_beat(map, at_us);
	/* Orders and rules are whole at any moment: a copy that was being filled is not live. */
}

bool
map_is_open(const struct map_state *map)
{
	return atomic_load_explicit(&map->header->open, memory_order_acquire) != 0;
}

void
map_set_open(struct map_state *map, bool open)
{
	atomic_store_explicit(&map->header->open, open, memory_order_release);
}

bool
map_is_retired(const struct map_state *map)
{
	return atomic_load_explicit(&map->header->retired, memory_order_acquire) != 0;
}

void
map_retire(struct map_state *map)
{
	map_set_open(map, false);
	atomic_store_explicit(&map->header->retired, 1, memory_order_release);
}

uint64_t
map_beat(const struct map_state *map)
{
	return atomic_load_explicit(&map->header->beat_us, memory_order_relaxed);
}

void
map_set_beat(struct map_state *map, uint64_t at_us)
{
	atomic_store_explicit(&map->header->beat_us, at_us, memory_order_relaxed);
}

enum err
map_period_get(const struct map_state *map, struct map_period *ret_period)
{
	const struct map_state_header *header = map->header;
	uint64_t words[PERIOD_WORDS];
	bool whole;

	if (words_read(&header->period_flips, header->period, words, PERIOD_WORDS, &whole) == 0)
		return ERR_NOT_FOUND;
	if (!whole)
		return ERR_BUSY;
	memcpy(ret_period, words, sizeof(*ret_period));
	return ERR_NONE;
}

void
map_period_set(struct map_state *map, const struct map_period *period)
{
	uint64_t words[PERIOD_WORDS] = {0};

	memcpy(words, period, sizeof(*period));
	words_flip(&map->header->period_flips, map->header->period, words, PERIOD_WORDS);
}

const struct map_birth *
map_birth(const struct map_state *map)
{
	return &map->header->birth;
}

const struct map_capacity *
map_capacity(const struct map_state *map)
{
	return &map->header->capacity;
}
