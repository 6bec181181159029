/* month: made-up disclosures for benchmarks. Pure; one thread, one month each. */
#include "month.h"

#include <stdbool.h>
#include <stddef.h>

#define THIEF 4242U

static uint64_t
roll(struct month *m)
{
	/* xorshift64* (Vigna, 2016) */
	m->chance ^= m->chance >> 12;
	m->chance ^= m->chance << 25;
	m->chance ^= m->chance >> 27;
	return m->chance * 0x2545f4914f6cdd1dULL;
}

static uint64_t
below(struct month *m, uint64_t n)
{
	return (roll(m) >> 32) * n >> 32;
}

/* Every number below n once, out of order, for i = 0 .. n-1: the step is prime and does not divide n. */
static uint64_t
shuffled(uint64_t i, uint64_t n, uint64_t offset)
{
	uint64_t step = n % 15485863 != 0 ? 15485863 : 32452843;

	return (i * step + offset) % n;
}

static void
name_person(struct month *m, uint32_t slot, uint64_t number, uint32_t fields)
{
	for (int i = ID_LEN - 1; i > 0; i--, number /= 10)
		m->ids[slot][i] = (uint8_t)('0' + number % 10);
	m->ids[slot][0] = 'D';
	m->persons[slot] = (struct person_ref){m->ids[slot], ID_LEN, 1, fields};
}

uint32_t
month_thief(const struct plan *plan)
{
	return (uint32_t)(THIEF % plan->identities + 1);
}

/* A page of a list or a single record, by anybody. */
static void
ordinary(struct month *m)
{
	const struct plan *plan = m->plan;
	bool page = below(m, 8) == 0;
	uint32_t n = page ? 10 + (uint32_t)below(m, PAGE - 10 + 1) : 1 + (uint32_t)below(m, 2);

	m->disclosure.identity = 1 + (uint32_t)below(m, plan->identities);
	m->disclosure.route = page ? 1 : 2;
	m->disclosure.n_persons = n;
	for (uint32_t i = 0; i < n; i++) {
		bool sure = m->walked * plan->disclosures < m->made * plan->persons && m->walked < plan->persons;
		uint64_t number = sure ? shuffled(m->walked++, plan->persons, 7) : below(m, plan->persons);

		name_person(m, i, number, page ? 0x0f : 0x0f | (uint32_t)below(m, 4) << 4);
		m->made++;
	}
}

static void
theft(struct month *m)
{
	uint64_t left = m->plan->stolen - m->stolen;

	m->disclosure.identity = month_thief(m->plan);
	m->disclosure.route = 1;
	m->disclosure.n_persons = left < PAGE ? (uint32_t)left : PAGE;
	for (uint32_t i = 0; i < m->disclosure.n_persons; i++)
		name_person(m, i, shuffled(m->stolen++, m->plan->persons, 99), 0x1f);
	m->made += m->disclosure.n_persons;
}

/* Time follows the sightings made. */
const struct disclosure *
month_next(struct month *m)
{
	const struct plan *plan = m->plan;
	struct disclosure *d = &m->disclosure;
	uint64_t span = MONTH_DAYS * INDEX_DAY_US;

	if (m->made >= plan->disclosures)
		return NULL;
	uint64_t at = MONTH_US + (uint64_t)((double)m->made / (double)plan->disclosures * (double)span);
	*d = (struct disclosure){.kind = DISCLOSURE_HANDED, .at_us = at < d->at_us ? d->at_us : at,
	    .meter = 1, .persons = m->persons};
	/* Everybody else goes on meanwhile. */
	bool stealing = d->at_us > THEFT_SINCE_US && below(m, 2) == 0;
	if (stealing && m->stolen < plan->stolen)
		theft(m);
	else
		ordinary(m);
	d->organisation = d->identity % 997 + 1;
	d->session = (uint64_t)d->identity << 8 | 1;
	return d;
}

void
month_start(struct month *month, const struct plan *plan)
{
	*month = (struct month){.plan = plan, .chance = 20260301};
}
