/*
 * order: two copies of the table, the generation's last bit says which is
 * live. Each copy has chains by the most specific term of the orders' scopes; a
 * request looks at the chains of its own session, identity, creators,
 * organisation and so on, and at those orders that mean everyone.
 *
 * In a chain numbers only fall, so that even a reader who sees a table change
 * under it comes to an end; it then sees the generation and repeats.
 */
#include "core/order.h"

#include <string.h>

#include "core/words.h"

struct order_cell {
	_Atomic uint64_t next; /* place of the next in the chain, below this one's; from 1; 0: none */
	_Atomic uint64_t order[WORDS_OF(struct order)];
};

_Static_assert(sizeof(struct order) % sizeof(uint64_t) == 0, "copied as words");

struct order_area {
	_Atomic uint64_t generation; /* bit 0: which copy is live */
	uint64_t spare[7];
};

/* One copy: this, then heads, then cells. */
struct order_copy {
	_Atomic uint64_t count;
	_Atomic uint64_t kinds; /* bit per enum scope_kind that has a chain, and SCOPE_KIND_MAX */
	uint64_t spare[6];
};

/* A power of two, at least the capacity. */
static uint64_t
n_heads(uint32_t capacity)
{
	uint64_t n = 64;

	while (n < capacity)
		n *= 2;
	return n;
}

static size_t
copy_size(uint32_t capacity)
{
	uint64_t size = sizeof(struct order_copy) + n_heads(capacity) * sizeof(uint64_t);

	return (size_t)words_round_up(size + (uint64_t)capacity * sizeof(struct order_cell), 64);
}

size_t
order_table_size(uint32_t capacity)
{
	return sizeof(struct order_area) + 2 * copy_size(capacity);
}

void
order_table_attach(struct order_table *t, void *memory, uint32_t capacity)
{
	t->area = memory;
	t->capacity = capacity;
}

void
order_table_init(struct order_table *t, void *memory, uint32_t capacity)
{
	/* Zeroed memory is an empty table already. */
	order_table_attach(t, memory, capacity);
}

static struct order_copy *
copy_of(const struct order_table *t, uint64_t generation)
{
	uint8_t *first = (uint8_t *)(t->area + 1);

	return (struct order_copy *)(void *)(first + (generation & 1) * copy_size(t->capacity));
}

static _Atomic uint64_t *
heads_of(struct order_copy *copy)
{
	return (_Atomic uint64_t *)(copy + 1);
}

/* `place` from 1 on. */
static struct order_cell *
cell_of(const struct order_table *t, struct order_copy *copy, uint64_t place)
{
	uint8_t *first = (uint8_t *)(copy + 1) + n_heads(t->capacity) * sizeof(uint64_t);

	return (struct order_cell *)(void *)first + (place - 1);
}

static _Atomic uint64_t *
head_of(const struct order_table *t, struct order_copy *copy, enum scope_kind kind, uint64_t value)
{
	/* Fibonacci hashing (Knuth, TAOCP volume 3, section 6.4). */
	uint64_t hash = (value * SCOPE_KIND_MAX + (uint64_t)kind) * 0x9e3779b97f4a7c15;

	return &heads_of(copy)[(hash >> 32) & (n_heads(t->capacity) - 1)];
}

uint64_t
order_table_generation(const struct order_table *t)
{
	return atomic_load_explicit(&t->area->generation, memory_order_acquire);
}

/* What an order says of a request that it means; VERDICT_ALLOW where it lets it pass. */
static enum verdict
order_verdict(const struct order *order, const struct order_question *q)
{
	switch ((enum order_action)order->action) {
	case ORDER_OBSERVE:
		return VERDICT_ALLOW;
	case ORDER_SLOW:
		return VERDICT_SLOW;
	case ORDER_STEP_UP:
		return q->second_factor_at_us > order->given_at_us ? VERDICT_ALLOW : VERDICT_STEP_UP;
	case ORDER_READ_ONLY:
		return q->method_is_safe && (q->capability & ~(uint32_t)CAPABILITY_HARMLESS) == 0 ? VERDICT_ALLOW :
		                                                                                    VERDICT_REFUSE;
	case ORDER_DENY:
	case ORDER_ACTION_MAX:
		break;
	}
	return VERDICT_REFUSE;
}

static bool
bites(const struct order *order, const struct order_question *q)
{
	/* What has no capability is under orders that bite all of them. */
	bool touched = q->capability == 0 ? order->capabilities == CAPABILITY_ALL :
	                                    (order->capabilities & q->capability) != 0;

	if (!touched || q->at_us >= order->expires_at_us)
		return false;
	return scope_match(&order->scope, q->who, q->capability, q->route);
}

static enum verdict_reason
reason_of(const struct order *order)
{
	static const enum verdict_reason reasons[ORDER_ACTION_MAX] = {
		[ORDER_OBSERVE] = REASON_ORDER_OBSERVE,
		[ORDER_SLOW] = REASON_ORDER_SLOW,
		[ORDER_STEP_UP] = REASON_ORDER_STEP_UP,
		[ORDER_READ_ONLY] = REASON_ORDER_READ_ONLY,
		[ORDER_DENY] = REASON_ORDER_DENY,
	};

	return order->action < ORDER_ACTION_MAX && order->action != 0 ? reasons[order->action] : REASON_ORDER_DENY;
}

/* Whether the new one decides instead of the one that decided so far. */
static bool
outweighs(const struct order *order, enum verdict verdict, const struct order_answer *answer)
{
	enum verdict_reason reason = reason_of(order);

	if (verdict != answer->verdict)
		return verdict < answer->verdict;
	/* Reasons of orders are numbered from light to heavy. */
	if (reason != answer->reason)
		return reason > answer->reason;
	if (verdict == VERDICT_SLOW && order->slow_ms != answer->slow_ms)
		return order->slow_ms > answer->slow_ms;
	if (order->expires_at_us != answer->expires_at_us)
		return order->expires_at_us > answer->expires_at_us;
	return order->number < answer->order;
}

static void
weigh(const struct order *order, const struct order_question *q, struct order_answer *answer)
{
	if (!bites(order, q))
		return;
	enum verdict verdict = order_verdict(order, q);
	if (order->action == ORDER_OBSERVE) {
		if (answer->observed == 0 || order->number < answer->observed)
			answer->observed = order->number;
	} else if (verdict == VERDICT_ALLOW) {
		return;
	}
	if (!outweighs(order, verdict, answer))
		return;
	answer->verdict = verdict;
	answer->reason = reason_of(order);
	answer->order = order->number;
	answer->slow_ms = verdict == VERDICT_SLOW ? order->slow_ms : 0;
	answer->expires_at_us = order->expires_at_us;
}

/* False where the chain leads out of the table. */
static bool
walk_chain(const struct order_table *t, struct order_copy *copy, enum scope_kind kind, uint64_t value,
    const struct order_question *q, struct order_answer *answer)
{
	uint64_t place = atomic_load_explicit(head_of(t, copy, kind, value), memory_order_acquire);

	if (place > t->capacity)
		return false;
	while (place != 0) {
		struct order_cell *cell = cell_of(t, copy, place);
		uint64_t next = atomic_load_explicit(&cell->next, memory_order_acquire);
		struct order order;

		if (next >= place)
			return false;
		words_load(&order, cell->order, WORDS_OF(struct order));
		weigh(&order, q, answer);
		place = next;
	}
	return true;
}

static bool
walk_lineage(const struct order_table *t, struct order_copy *copy, const struct order_question *q,
    struct order_answer *answer)
{
	bool whole = walk_chain(t, copy, SCOPE_LINEAGE, q->who->identity, q, answer);

	for (unsigned i = 0; i < LINEAGE_MAX && q->who->lineage[i] != 0; i++)
		whole = whole && walk_chain(t, copy, SCOPE_LINEAGE, q->who->lineage[i], q, answer);
	return whole;
}

static bool
walk_all(const struct order_table *t, struct order_copy *copy, const struct order_question *q,
    struct order_answer *answer)
{
	const struct session_attributes *who = q->who;
	const uint64_t value[SCOPE_KIND_MAX + 1] = {
		[SCOPE_SESSION] = who->session,
		[SCOPE_IDENTITY] = who->identity,
		[SCOPE_ORGANISATION] = who->organisation,
		[SCOPE_TERRITORY] = who->territory,
		[SCOPE_PROFILE] = who->profile,
		[SCOPE_IDP] = who->idp,
		[SCOPE_ROUTE] = q->route,
		[SCOPE_KIND_MAX] = 0, /* everyone */
	};
	uint64_t kinds = atomic_load_explicit(&copy->kinds, memory_order_acquire);
	bool whole = true;

	for (kinds &= (1u << (SCOPE_KIND_MAX + 1)) - 1; kinds != 0 && whole; kinds &= kinds - 1) {
		enum scope_kind kind = (enum scope_kind)__builtin_ctzll(kinds);

		if (kind == SCOPE_LINEAGE)
			whole = walk_lineage(t, copy, q, answer);
		else
			whole = walk_chain(t, copy, kind, value[kind], q, answer);
	}
	return whole;
}

void
order_evaluate(const struct order_table *t, const struct order_question *question,
    struct order_answer *ret_answer)
{
	for (int tries = 0; tries < WORDS_TRIES; tries++) {
		uint64_t generation = order_table_generation(t);
		struct order_copy *copy = copy_of(t, generation);
		struct order_answer answer = {.verdict = VERDICT_ALLOW, .reason = REASON_NONE};
		bool whole = walk_all(t, copy, question, &answer);

		if (atomic_load_explicit(&t->area->generation, memory_order_relaxed) != generation)
			continue;
		if (!whole)
			break;
		*ret_answer = answer;
		return;
	}
	*ret_answer = (struct order_answer){.verdict = VERDICT_UNAVAILABLE, .reason = REASON_MAP};
}

static bool
is_sound(const struct order *order)
{
	return order->number != 0 && order->action >= ORDER_OBSERVE && order->action < ORDER_ACTION_MAX &&
	    order->capabilities != 0 && (order->capabilities & ~(uint32_t)CAPABILITY_ALL) == 0 &&
	    order->scope.terms < 1u << SCOPE_KIND_MAX;
}

static void
clear_copy(const struct order_table *t, struct order_copy *copy)
{
	_Atomic uint64_t *heads = heads_of(copy);

	atomic_store_explicit(&copy->count, 0, memory_order_release);
	atomic_store_explicit(&copy->kinds, 0, memory_order_release);
	for (uint64_t i = 0; i < n_heads(t->capacity); i++)
		atomic_store_explicit(&heads[i], 0, memory_order_release);
}

static void
chain(const struct order_table *t, struct order_copy *copy, uint64_t place, const struct order *order)
{
	enum scope_kind kind = scope_most_specific(&order->scope);
	uint64_t value = kind == SCOPE_KIND_MAX ? 0 : order->scope.value[kind];
	_Atomic uint64_t *head = head_of(t, copy, kind, value);
	struct order_cell *cell = cell_of(t, copy, place);
	uint64_t kinds = atomic_load_explicit(&copy->kinds, memory_order_relaxed);

	words_store(cell->order, order, WORDS_OF(struct order));
	atomic_store_explicit(&cell->next, atomic_load_explicit(head, memory_order_relaxed), memory_order_release);
	atomic_store_explicit(head, place, memory_order_release);
	atomic_store_explicit(&copy->kinds, kinds | (uint64_t)1 << kind, memory_order_release);
}

enum err
order_table_publish(struct order_table *t, const struct order *orders, size_t n)
{
	uint64_t generation = order_table_generation(t);
	struct order_copy *copy = copy_of(t, generation + 1);

	if (n > t->capacity)
		return ERR_SPACE;
	for (size_t i = 0; i < n; i++) {
		if (!is_sound(&orders[i]))
			return ERR_RANGE;
	}
	clear_copy(t, copy);
	for (size_t i = 0; i < n; i++)
		chain(t, copy, i + 1, &orders[i]);
	atomic_store_explicit(&copy->count, n, memory_order_release);
	atomic_store_explicit(&t->area->generation, generation + 1, memory_order_release);
	return ERR_NONE;
}

static const char *const action_names[ORDER_ACTION_MAX] = {
	[ORDER_OBSERVE] = "observe",
	[ORDER_SLOW] = "slow",
	[ORDER_STEP_UP] = "step-up",
	[ORDER_READ_ONLY] = "read-only",
	[ORDER_DENY] = "deny",
};

const char *
order_action_name(enum order_action action)
{
	if ((unsigned)action >= ORDER_ACTION_MAX || action_names[action] == NULL)
		return "unknown";
	return action_names[action];
}

enum err
order_action_parse(const char *text, enum order_action *ret_action)
{
	for (unsigned i = ORDER_OBSERVE; i < ORDER_ACTION_MAX; i++) {
		if (strcmp(text, action_names[i]) == 0) {
			*ret_action = (enum order_action)i;
			return ERR_NONE;
		}
	}
	return ERR_NOT_FOUND;
}
