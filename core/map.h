/*
 * map: the two shared files as a whole: header, layout, who fits whom.
 *
 * Memory is the caller's (base/mapfile.h opens and maps). A view checks the
 * header once against the size of the memory and keeps pointers in private
 * memory, so that nobody who can write a file moves them later.
 * This header is stable.
 */
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/budget.h"
#include "core/limits.h"
#include "core/order.h"
#include "core/person.h"
#include "core/rules.h"
#include "core/session.h"

#define MAP_BOOT_ID_LEN 16
#define MAP_PUBLIC_KEY_LEN 32

struct map_capacity {
	uint32_t sessions;      /* default 1,000,000 */
	uint32_t orders;        /* default ORDER_CAPACITY */
	uint32_t scopes;        /* budget scopes; default 262,144 */
	uint32_t locks;         /* default 16,384 */
	uint64_t arena_entries; /* 16 bytes each; default 2^27 = 2 GiB */
};

/* What a pair of maps is born with. */
struct map_birth {
	uint8_t boot_id[MAP_BOOT_ID_LEN];   /* of the machine; another one: rebuild */
	uint8_t person_key[PERSON_KEY_LEN]; /* random */
	uint64_t pair;                      /* random, not 0: state and budgets that belong together */
	uint32_t node;                      /* number of this node, for journals */
};

/* To whom journals are sealed. A period is a month of UTC: year * 100 + month. */
struct map_period {
	uint32_t number;
	uint8_t public_key[MAP_PUBLIC_KEY_LEN]; /* X25519 */
};

struct map_state_header; /* see map.c */
struct map_budgets_header;

struct map_state {
	struct map_state_header *header;
	struct session_table sessions;
	struct order_table orders;
	struct rules_area rules;
	struct limit_table limits;
};

struct map_budgets {
	struct map_budgets_header *header;
	struct budget_map budgets;
};

extern const struct map_capacity map_capacity_default;

/* File sizes; 0 where a capacity is out of bounds. */
size_t map_state_size(const struct map_capacity *capacity);
size_t map_budgets_size(const struct map_capacity *capacity);

/* Format zeroed memory of that size (a fresh file). ERR_RANGE: size or capacity. Not open yet. */
MUST_CHECK enum err map_state_init(struct map_state *ret_map, void *memory, size_t size,
    const struct map_capacity *capacity, const struct map_birth *birth);
/* `state` must live at one address as long as the budgets are used. */
MUST_CHECK enum err map_budgets_init(struct map_budgets *ret_map, void *memory, size_t size,
    const struct map_state *state);

/*
 * View existing memory, which may be mapped read-only (state, for workers).
 * ERR_FORMAT: no such map; ERR_UNSUPPORTED: of another version or build;
 * ERR_CORRUPT: cut or changed; ERR_NOT_FOUND: budgets of another state. `why` says it.
 */
MUST_CHECK enum err map_state_attach(struct map_state *ret_map, void *memory, size_t size, const char **why);
MUST_CHECK enum err map_budgets_attach(struct map_budgets *ret_map, void *memory, size_t size,
    const struct map_state *state, const char **why);

/* The writer, on maps that its predecessor left, perhaps in the middle of a change. Gives a sign of life. */
void map_state_adopt(struct map_state *map, uint64_t at_us);

/* Open: budgets are complete, metered routes may be served. */
bool map_is_open(const struct map_state *map);
void map_set_open(struct map_state *map, bool open);

/* Retired: other files have taken this place; readers open the path anew. Never taken back. */
bool map_is_retired(const struct map_state *map);
void map_retire(struct map_state *map);

/* The writer's sign of life, microseconds since 1970. */
uint64_t map_beat(const struct map_state *map);
void map_set_beat(struct map_state *map, uint64_t at_us);

/* ERR_NOT_FOUND: none set yet; ERR_BUSY: try again. */
MUST_CHECK enum err map_period_get(const struct map_state *map, struct map_period *ret_period);
void map_period_set(struct map_state *map, const struct map_period *period);

const struct map_birth *map_birth(const struct map_state *map);
const struct map_capacity *map_capacity(const struct map_state *map);

#endif
