/* budget_set: linear probing, removal by moving back what follows (Knuth, TAOCP volume 3, section 6.4, algorithm R). */
#include "core/budget_set.h"

#include "core/budget_ring.h"

static uint64_t
person_at(struct budget_set set, uint32_t i)
{
	return atomic_load_explicit(&set.entry[i].person, memory_order_relaxed);
}

static void
set_person(struct budget_set set, uint32_t i, uint64_t person)
{
	atomic_store_explicit(&set.entry[i].person, person, memory_order_relaxed);
}

static uint32_t
after(struct budget_set set, uint32_t i)
{
	return i + 1 == set.n ? 0 : i + 1;
}

/* Where the person is, or the empty entry where a search for it ends; BUDGET_SET_NONE: neither. */
static uint32_t
probe(struct budget_set set, uint64_t person)
{
	uint32_t at = budget_set_home(set, person);

	for (uint32_t steps = 0; steps < set.n; steps++, at = after(set, at)) {
		uint64_t here = person_at(set, at);

		if (here == person || here == 0)
			return at;
	}
	return BUDGET_SET_NONE;
}

uint32_t
budget_set_find(struct budget_set set, uint64_t person)
{
	uint32_t at = probe(set, person);

	return at == BUDGET_SET_NONE || person_at(set, at) == 0 ? BUDGET_SET_NONE : at;
}

/* The minute first: should this end in between, whoever was there before counts in a later minute, not an earlier. */
static void
fill(struct budget_set set, uint32_t at, uint64_t person, uint32_t minute)
{
	store32(&set.entry[at].minute, minute);
	budget_settle();
	set_person(set, at, person);
	budget_settle();
}

bool
budget_set_insert(struct budget_set set, uint64_t person, uint32_t minute)
{
	uint32_t at = probe(set, person);

	if (at == BUDGET_SET_NONE || person_at(set, at) != 0)
		return false;
	fill(set, at, person, minute);
	return true;
}

/* Whether `home` lies behind `hole` and up to `at`, going round. */
static bool
lies_between(uint32_t hole, uint32_t home, uint32_t at)
{
	if (hole <= at)
		return hole < home && home <= at;
	return hole < home || home <= at;
}

/*
 * What follows is copied over the removed one and emptied at the end only, so
 * that nobody is ever missing, only sometimes there twice.
 */
static void
remove_at(struct budget_set set, uint32_t hole)
{
	uint32_t at = hole;

	for (uint32_t steps = 1; steps < set.n; steps++) {
		at = after(set, at);
		uint64_t person = person_at(set, at);

		if (person == 0)
			break;
		if (lies_between(hole, budget_set_home(set, person), at))
			continue;
		fill(set, hole, person, load32(&set.entry[at].minute));
		hole = at;
	}
	set_person(set, hole, 0);
	budget_settle();
}

uint32_t
budget_set_purge(struct budget_set set, uint32_t now)
{
	uint32_t oldest = budget_ring_oldest(BUDGET_MONTH, now), left = 0;

	for (uint32_t i = 0; i < set.n; i++) {
		/* Another one may have moved here. Those moved round the end to here were looked at before. */
		while (person_at(set, i) != 0 && load32(&set.entry[i].minute) < oldest)
			remove_at(set, i);
	}
	for (uint32_t i = 0; i < set.n; i++)
		left += person_at(set, i) != 0;
	return left;
}

/* Bring one entry to where a search finds it. False: it is there. */
static bool
repair_at(struct budget_set set, uint32_t i)
{
	uint64_t person = person_at(set, i);
	uint32_t minute = load32(&set.entry[i].minute);

	if (person == 0)
		return false;
	uint32_t at = probe(set, person);
	if (at == i || at == BUDGET_SET_NONE)
		return false;
	if (person_at(set, at) == 0)
		fill(set, at, person, minute);
	else if (load32(&set.entry[at].minute) < minute)
		store32(&set.entry[at].minute, minute);
	remove_at(set, i);
	return true;
}

uint32_t
budget_set_repair(struct budget_set set)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < set.n; i++) {
		for (uint32_t steps = 0; steps < set.n && repair_at(set, i); steps++)
			;
	}
	for (uint32_t i = 0; i < set.n; i++)
		left += person_at(set, i) != 0;
	return left;
}

void
budget_set_clear(struct budget_set set)
{
	for (uint32_t i = 0; i < set.n; i++) {
		/* Pages never touched stay so. */
		if (person_at(set, i) != 0)
			set_person(set, i, 0);
	}
	budget_settle();
}
