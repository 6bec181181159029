/* Budgets against a naive model: a list of all that was handed, searched in full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "core/budget.h"
#include "core/budget_area.h"
#include "core/budget_set.h"
#include "world.h"

#define HANDED_MAX 200000

struct handed {
	uint64_t at_us;
	uint32_t person;
};

static struct handed handed[HANDED_MAX];
static uint32_t n_handed;

/* Distinct persons handed in [from, to]. */
static uint32_t
distinct_in(uint64_t from_us, uint64_t to_us, uint32_t persons)
{
	static uint8_t seen[4096];
	uint32_t n = 0;

	memset(seen, 0, sizeof(seen));
	for (uint32_t i = n_handed; i-- > 0 && handed[i].at_us >= from_us;) {
		if (handed[i].at_us <= to_us && handed[i].person < persons && !seen[handed[i].person]++)
			n++;
	}
	return n;
}

/* What the windows of whole buckets must say. */
static uint32_t
bucket_count(uint64_t at_us, uint64_t bucket_us, uint32_t n, uint32_t persons)
{
	return distinct_in((at_us / bucket_us - (n - 1)) * bucket_us, at_us, persons);
}

static void
hand_some(struct world *w, struct budget_ref me, uint64_t *random, uint64_t at, uint32_t population,
    const uint32_t hard[BUDGET_WINDOWS])
{
	static const uint64_t bucket_us[] = {MINUTE, HOUR, DAY};
	static const uint32_t buckets[] = {61, 25, 31};
	uint32_t first = (uint32_t)(world_random(random) % population);
	uint32_t n = 1 + (uint32_t)(world_random(random) % 12);

	if (first + n > population)
		n = population - first;
	struct budget_result r = world_charge(w, me, NULL, first, n, at, true);
	for (int i = 0; i < BUDGET_WINDOWS; i++) {
		uint32_t before = bucket_count(at, bucket_us[i], buckets[i], population);

		if (r.verdict != VERDICT_ALLOW)
			assert_int_equal(r.scope_state[0].used[i], before);
		else
			assert_int_equal(r.scope_state[0].used[i], before + r.scope_state[0].added[i]);
		assert_true(r.scope_state[0].used[i] <= hard[i]);
	}
	for (uint32_t i = 0; r.verdict == VERDICT_ALLOW && i < n; i++) {
		assert_true(n_handed < HANDED_MAX);
		handed[n_handed++] = (struct handed){at, first + i};
	}
}

/* Whatever interval one looks at, also across bucket boundaries. */
static void
check_sliding(const uint32_t hard[BUDGET_WINDOWS], uint32_t population, uint64_t *random)
{
	static const uint64_t span[] = {HOUR, DAY, 30 * DAY};

	for (int i = 0; i < 600; i++) {
		uint64_t from = handed[world_random(random) % n_handed].at_us;

		for (int w = 0; w < BUDGET_WINDOWS; w++)
			assert_true(distinct_in(from, from + span[w], population) <= hard[w]);
	}
}

static void
run(uint64_t seed, uint64_t pause_us, const uint32_t hard[BUDGET_WINDOWS], uint32_t population, int charges)
{
	struct limits limits = {.kind = LIMIT_IDENTITY, .soft = {LIMIT_NONE, LIMIT_NONE, LIMIT_NONE}};
	struct world w;
	struct budget_ref me;
	uint64_t random = seed, at = T0 + seed * 12345678;

	world_make(&w, &world_small);
	memcpy(limits.hard, hard, sizeof(limits.hard));
	assert_int_equal(limit_table_open(&w.state.limits, &limits, T0, &me), ERR_NONE);
	n_handed = 0;
	for (int i = 0; i < charges; i++) {
		hand_some(&w, me, &random, at, population, hard);
		/* Now and then a long silence, so that windows pass entirely. */
		at += world_random(&random) % (world_random(&random) % 50 == 0 ? 200 * pause_us : pause_us);
	}
	check_sliding(hard, population, &random);
	world_drop(&w);
}

static void
no_interval_of_an_hour_holds_more_than_the_limit(void **state)
{
	const uint32_t hard[] = {40, 4000, 4000};

	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		run(seed, 3 * MINUTE, hard, 3000, 2500);
}

static void
no_interval_of_a_day_holds_more_than_the_limit(void **state)
{
	const uint32_t hard[] = {60, 90, 3000};

	(void)state;
	for (uint64_t seed = 11; seed <= 16; seed++)
		run(seed, HOUR, hard, 2000, 2500);
}

static void
no_interval_of_30_days_holds_more_than_the_limit(void **state)
{
	const uint32_t hard[] = {200, 200, 230};

	(void)state;
	for (uint64_t seed = 21; seed <= 26; seed++)
		run(seed, DAY, hard, 1500, 2500);
}

/* The set alone, small, so that it wraps, fills and shifts. */
static void
a_set_keeps_whom_it_should_through_purges(void **state)
{
	struct budget_entry entries[100];
	struct budget_set set = {entries, 97};
	uint32_t minute_of[400] = {0};
	uint64_t random = 9;
	uint32_t now = 28800000, held = 0;

	(void)state;
	memset(entries, 0, sizeof(entries));
	for (int i = 0; i < 20000; i++) {
		uint32_t who = (uint32_t)(world_random(&random) % 400);
		uint64_t person = person_unnamed(77, who);
		uint32_t at = budget_set_find(set, person);

		assert_true((at != BUDGET_SET_NONE) == (minute_of[who] != 0));
		if (at == BUDGET_SET_NONE && held < 90) {
			assert_true(budget_set_insert(set, person, now));
			minute_of[who] = now;
			held++;
		}
		now += (uint32_t)(world_random(&random) % 1000);
		if (i % 37 != 0)
			continue;
		held = 0;
		for (uint32_t j = 0; j < 400; j++) {
			if (minute_of[j] / 1440 + 31 <= now / 1440)
				minute_of[j] = 0;
			held += minute_of[j] != 0;
		}
		assert_int_equal(budget_set_purge(set, now), held);
		for (uint32_t j = 0; j < 400; j++)
			assert_true((budget_set_find(set, person_unnamed(77, j)) != BUDGET_SET_NONE) == (minute_of[j] != 0));
	}
}

static void
a_set_with_copies_left_by_a_crash_is_repaired_with_the_latest_minutes(void **state)
{
	struct budget_entry entries[64];
	struct budget_set set = {entries, 64};
	uint64_t random = 4;

	(void)state;
	for (int round = 0; round < 500; round++) {
		memset(entries, 0, sizeof(entries));
		for (uint32_t i = 0; i < 40; i++)
			assert_true(budget_set_insert(set, person_unnamed(5, i), 1000 + i));
		/* A copy of what follows, over an entry that was being removed. */
		uint32_t hole = budget_set_find(set, person_unnamed(5, (uint32_t)(world_random(&random) % 40)));
		uint64_t gone = entries[hole].person;
		uint32_t next = (hole + 1) % 64;
		bool copied = entries[next].person != 0;
		if (copied) {
			entries[hole].minute = 5000;
			entries[hole].person = entries[next].person;
		}
		assert_int_equal(budget_set_repair(set), copied ? 39 : 40);
		for (uint32_t i = 0; i < 40; i++) {
			uint64_t person = person_unnamed(5, i);

			if (!copied || person != gone)
				assert_int_not_equal(budget_set_find(set, person), BUDGET_SET_NONE);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_interval_of_an_hour_holds_more_than_the_limit),
	    cmocka_unit_test(no_interval_of_a_day_holds_more_than_the_limit),
	    cmocka_unit_test(no_interval_of_30_days_holds_more_than_the_limit),
	    cmocka_unit_test(a_set_keeps_whom_it_should_through_purges),
	    cmocka_unit_test(a_set_with_copies_left_by_a_crash_is_repaired_with_the_latest_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
