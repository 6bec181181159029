/*
 * budget: a charge. Lock the organisations concerned in the order of their
 * numbers (all processes use that order, so none waits for another in a
 * circle), count what would be new, decide, hand. Until everything is decided
 * nothing is changed, save for housekeeping that changes no answer.
 *
 * A worker that dies in the middle of handing leaves persons counted that
 * nobody got: the safe side.
 */
#include "core/budget.h"

#include <errno.h>

#include "core/budget_ring.h"
#include "core/budget_scope.h"
#include "core/person.h"

/* Places of the first persons are kept from counting to handing; nothing moves in between. */
#define PLACES 1024u

/* How far ahead entries are fetched from memory. */
#define AHEAD 8u

/* One scope of a charge. */
struct part {
	struct budget_ref ref;
	struct budget_held held;
	uint32_t now;
	uint32_t place[PLACES];
};

struct charge {
	const struct budget_map *map;
	const struct budget_request *request;
	uint32_t n_parts;
	uint32_t n_locks; /* held */
	struct part part[BUDGET_SCOPES_MAX];
	uint32_t lock[BUDGET_SCOPES_MAX]; /* increasing, without repetitions */
};

static uint64_t
person_of(const struct budget_request *request, uint32_t i)
{
	return request->persons != NULL ? request->persons[i] : person_unnamed(request->unnamed_seed, i);
}

static bool
request_is_sound(const struct budget_request *request)
{
	if (request->n_scopes > BUDGET_SCOPES_MAX || request->n > BUDGET_CHARGE_MAX)
		return false;
	for (uint32_t i = 0; request->persons != NULL && i < request->n; i++) {
		if (request->persons[i] <= (i == 0 ? 0 : request->persons[i - 1]))
			return false;
	}
	return true;
}

/* Scopes without repetitions. */
static void
collect_parts(struct charge *c)
{
	for (uint32_t i = 0; i < c->request->n_scopes; i++) {
		struct budget_ref ref = c->request->scopes[i];
		uint32_t j = 0;

		while (j < c->n_parts && c->part[j].ref.slot != ref.slot)
			j++;
		if (j == c->n_parts)
			c->part[c->n_parts++].ref = ref;
	}
}

/* Insert into the increasing list; returns how many there are then. */
static uint32_t
list_lock(uint32_t list[BUDGET_SCOPES_MAX], uint32_t n, uint32_t lock)
{
	uint32_t at = n;

	while (at > 0 && list[at - 1] > lock)
		at--;
	if (at > 0 && list[at - 1] == lock)
		return n;
	for (uint32_t i = n; i > at; i--)
		list[i] = list[i - 1];
	list[at] = lock;
	return n + 1;
}

/* A dead owner needs no other care: what it was changing is marked, see budget_scope.c. */
static bool
lock_one(const struct budget_map *b, uint32_t lock)
{
	pthread_mutex_t *mutex = &budget_lock_of(b, lock)->mutex;
	int error = pthread_mutex_lock(mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(mutex);
	return error == 0;
}

static void
unlock_all(struct charge *c)
{
	while (c->n_locks > 0)
		(void)pthread_mutex_unlock(&budget_lock_of(c->map, c->lock[--c->n_locks])->mutex);
}

static enum verdict_reason
reason_of_err(enum err err)
{
	return err == ERR_NOT_FOUND ? REASON_SCOPE_STALE : REASON_BUDGET_BROKEN;
}

/* REASON_NONE: all mutexes are held. The lock of a scope is fixed for a generation. */
static enum verdict_reason
lock_all(struct charge *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n_parts; i++) {
		struct limit_record record;
		enum err err = limit_table_get(c->map->limits, c->part[i].ref, &record);

		if (err != ERR_NONE)
			return reason_of_err(err);
		if (record.lock >= c->map->limits->n_locks)
			return REASON_BUDGET_BROKEN;
		n = list_lock(c->lock, n, record.lock);
	}
	while (c->n_locks < n) {
		if (!lock_one(c->map, c->lock[c->n_locks]))
			return REASON_BUDGET_BROKEN;
		c->n_locks++;
	}
	return REASON_NONE;
}

/* How many persons of the charge are new in each window. */
static void
count_new(const struct charge *c, struct part *part, uint32_t added[BUDGET_WINDOWS])
{
	const struct budget_request *request = c->request;
	uint32_t oldest[BUDGET_WINDOWS];

	for (int w = 0; w < BUDGET_WINDOWS; w++)
		oldest[w] = budget_ring_oldest((enum budget_window)w, part->now);
	for (uint32_t i = 0; i < AHEAD && i < request->n; i++)
		budget_set_fetch(part->held.set, person_of(request, i));
	for (uint32_t i = 0; i < request->n; i++) {
		if (i + AHEAD < request->n)
			budget_set_fetch(part->held.set, person_of(request, i + AHEAD));
		uint32_t at = budget_set_find(part->held.set, person_of(request, i));
		bool missing = at == BUDGET_SET_NONE;
		uint32_t minute = missing ? 0 : load32(&part->held.set.entry[at].minute);

		if (i < PLACES)
			part->place[i] = at;
		for (int w = 0; w < BUDGET_WINDOWS; w++)
			added[w] += missing || minute < oldest[w];
	}
}

static enum verdict_reason
examine(struct charge *c, struct part *part, struct budget_state *state)
{
	struct budget_held *held = &part->held;
	enum err err = budget_scope_ready(c->map, part->ref, held);

	if (err != ERR_NONE)
		return reason_of_err(err);
	const struct limits *limits = &held->record.limits;
	part->now = budget_scope_now(held->scope, c->request->at_us);
	budget_scope_make_room(held, c->request->n, part->now);
	state->kind = limits->kind;
	state->subject = limits->subject;
	count_new(c, part, state->added);
	for (int w = 0; w < BUDGET_WINDOWS; w++) {
		state->soft[w] = limits->soft[w];
		state->hard[w] = limits->hard[w];
		state->used[w] = budget_ring_used(held->scope, (enum budget_window)w, part->now);
	}
	/* A raised limit holds once the set is large enough for it. */
	uint32_t room = limit_persons_in(held->set.n);
	if (state->hard[BUDGET_MONTH] > room)
		state->hard[BUDGET_MONTH] = room;
	return REASON_NONE;
}

static bool
is_over(const struct budget_state *state, int window, const uint32_t limit[BUDGET_WINDOWS])
{
	/* Nobody new costs nothing, also where a limit was lowered below what is used. */
	return limit[window] != LIMIT_NONE && state->added[window] > 0 &&
	    (uint64_t)state->used[window] + state->added[window] > limit[window];
}

/* The first window over its limit, BUDGET_WINDOWS where there is none. */
static int
window_over(const struct budget_state *state, const uint32_t limit[BUDGET_WINDOWS])
{
	int w = 0;

	while (w < BUDGET_WINDOWS && !is_over(state, w, limit))
		w++;
	return w;
}

/* What the windows over their hard limit take to be free enough; 0: no waiting helps. */
static uint32_t
wait_s(const struct charge *c, const struct part *part, const struct budget_state *state, enum budget_window *window)
{
	uint32_t longest = 0;

	for (int w = 0; w < BUDGET_WINDOWS; w++) {
		if (!is_over(state, w, state->hard))
			continue;
		uint64_t need = (uint64_t)state->used[w] + state->added[w] - state->hard[w];
		uint32_t wait = state->added[w] > state->hard[w] || need > UINT32_MAX ? 0 :
		    budget_ring_wait_s(part->held.scope, (enum budget_window)w, (uint32_t)need, c->request->at_us);
		if (wait == 0) {
			*window = (enum budget_window)w;
			return 0;
		}
		if (wait > longest) {
			longest = wait;
			*window = (enum budget_window)w;
		}
	}
	return longest;
}

/* What one scope says, as a result of its own. */
static struct budget_result
judge(const struct charge *c, const struct part *part, struct budget_state *state)
{
	struct budget_result said = {.verdict = VERDICT_ALLOW};
	bool shared = state->kind == LIMIT_ORGANISATION;
	int soft = window_over(state, state->soft), hard = window_over(state, state->hard);

	if (hard < BUDGET_WINDOWS && !(shared && c->request->stepped_up)) {
		said.verdict = VERDICT_REFUSE;
		said.reason = shared ? REASON_ORGANISATION_HARD : REASON_BUDGET_HARD;
		said.retry_after_s = wait_s(c, part, state, &said.window);
	} else if (hard < BUDGET_WINDOWS) {
		said.reason = REASON_ORGANISATION_PASSED;
		said.window = (enum budget_window)hard;
	} else if (soft < BUDGET_WINDOWS && !c->request->stepped_up) {
		said.verdict = VERDICT_STEP_UP;
		said.reason = shared ? REASON_ORGANISATION_SOFT : REASON_BUDGET_SOFT;
		said.window = (enum budget_window)soft;
	}
	bool observes = c->request->observe || part->held.record.limits.mode == LIMIT_OBSERVE;
	if (observes && said.verdict != VERDICT_ALLOW) {
		said.verdict = VERDICT_ALLOW;
		said.reason = REASON_BUDGET_OBSERVED;
		said.retry_after_s = 0;
	}
	state->verdict = said.verdict;
	return said;
}

/* Whether what one scope says goes before what others said so far. */
static bool
goes_before(const struct budget_result *said, const struct budget_result *so_far)
{
	if (said->verdict != so_far->verdict)
		return said->verdict < so_far->verdict;
	if (said->verdict == VERDICT_REFUSE)
		return so_far->retry_after_s != 0 &&
		    (said->retry_after_s == 0 || said->retry_after_s > so_far->retry_after_s);
	return so_far->reason == REASON_NONE && said->reason != REASON_NONE;
}

static void
decide(struct charge *c, struct budget_result *result)
{
	result->verdict = VERDICT_ALLOW;
	for (uint32_t i = 0; i < c->n_parts; i++) {
		struct budget_result said = judge(c, &c->part[i], &result->scope_state[i]);

		if (!goes_before(&said, result))
			continue;
		result->verdict = said.verdict;
		result->reason = said.reason;
		result->scope = i;
		result->window = said.window;
		result->retry_after_s = said.retry_after_s;
	}
}

static void
hand_all(const struct charge *c, struct part *part, struct budget_state *state)
{
	struct budget_scope *scope = part->held.scope;

	budget_scope_begin(scope);
	budget_ring_advance(scope, part->now);
	for (uint32_t i = 0; i < c->request->n; i++) {
		if (i < PLACES && part->place[i] != BUDGET_SET_NONE)
			budget_scope_hand_again(&part->held, part->place[i], part->now);
		else
			state->overflow += !budget_scope_hand(&part->held, person_of(c->request, i), part->now);
	}
	if (state->overflow > 0)
		atomic_fetch_add_explicit(&scope->overflow, state->overflow, memory_order_relaxed);
	budget_scope_end(scope);
	/* Who overflowed is in no window. */
	for (int w = 0; w < BUDGET_WINDOWS; w++)
		state->used[w] += state->added[w] - state->overflow;
}

/* With all mutexes held. */
static void
charge_locked(struct charge *c, struct budget_result *result)
{
	/* Closed while we waited: somebody is counting anew. */
	if (atomic_load_explicit(c->map->open, memory_order_acquire) == 0) {
		result->reason = REASON_NOT_OPEN;
		return;
	}
	for (uint32_t i = 0; i < c->n_parts; i++) {
		result->reason = examine(c, &c->part[i], &result->scope_state[i]);
		if (result->reason != REASON_NONE)
			return;
	}
	decide(c, result);
	for (uint32_t i = 0; i < c->n_parts && result->verdict == VERDICT_ALLOW; i++)
		hand_all(c, &c->part[i], &result->scope_state[i]);
}

enum verdict
budget_charge(const struct budget_map *b, const struct budget_request *request, struct budget_result *ret_result)
{
	struct charge c;
	struct budget_result result = {.verdict = VERDICT_UNAVAILABLE, .reason = REASON_BUDGET_BROKEN};

	/* Not all of it: places are many. */
	c.map = b;
	c.request = request;
	c.n_parts = 0;
	c.n_locks = 0;
	if (atomic_load_explicit(b->open, memory_order_acquire) == 0) {
		result.reason = REASON_NOT_OPEN;
	} else if (request_is_sound(request)) {
		collect_parts(&c);
		result.n_scopes = c.n_parts;
		result.reason = lock_all(&c);
		if (result.reason == REASON_NONE)
			charge_locked(&c, &result);
		unlock_all(&c);
	}
	*ret_result = result;
	return result.verdict;
}

enum verdict
budget_charge_weight(const struct budget_map *b, const struct budget_request *request, uint32_t weight,
    uint64_t seed, struct budget_result *ret_result)
{
	struct budget_request unnamed = *request;

	unnamed.persons = NULL;
	unnamed.n = weight;
	unnamed.unnamed_seed = seed;
	return budget_charge(b, &unnamed, ret_result);
}
