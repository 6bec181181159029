#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "core/limits.h"
#include "core/words.h"
#include "world.h"

#define SLOTS 40u
#define ENTRIES 20000u

static struct limit_table table;
static void *memory;

static int
make(void **state)
{
	(void)state;
	memory = world_memory(limit_table_size(SLOTS));
	limit_table_init(&table, memory, SLOTS, 4, ENTRIES);
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	munmap(memory, limit_table_size(SLOTS));
	return 0;
}

static struct limits
limits_of(uint32_t hard)
{
	return (struct limits){
		.kind = LIMIT_IDENTITY, .organisation = 6, .subject = hard, .soft = {1, 1, 1}, .hard = {hard, hard, hard}};
}

static struct budget_ref
open_scope(uint32_t hard, uint64_t at_us)
{
	struct limits l = limits_of(hard);
	struct budget_ref ref;

	assert_int_equal(limit_table_open(&table, &l, at_us, &ref), ERR_NONE);
	return ref;
}

static void
a_region_holds_at_least_the_persons_it_was_made_for(void **state)
{
	(void)state;
	for (uint32_t persons = 0; persons < 100000; persons += 1 + persons / 50)
		assert_true(limit_persons_in(limit_entries_for(persons)) >= persons);
	assert_true(limit_persons_in(limit_entries_for(LIMIT_PERSONS_MAX)) >= LIMIT_PERSONS_MAX);
}

static void
limits_out_of_bounds_are_refused(void **state)
{
	struct limits l = limits_of(10);
	struct budget_ref ref;

	(void)state;
	l.soft[BUDGET_DAY] = 11;
	assert_int_equal(limit_table_open(&table, &l, T0, &ref), ERR_RANGE);
	l.soft[BUDGET_DAY] = LIMIT_NONE;
	l.hard[BUDGET_MONTH] = LIMIT_NONE;
	assert_int_equal(limit_table_open(&table, &l, T0, &ref), ERR_RANGE);
	l.hard[BUDGET_MONTH] = 10;
	l.kind = LIMIT_UNUSED;
	assert_int_equal(limit_table_open(&table, &l, T0, &ref), ERR_RANGE);
	l.kind = LIMIT_IDENTITY;
	assert_int_equal(limit_table_open(&table, &l, T0, &ref), ERR_NONE);
}

static void
a_slot_is_given_on_only_an_hour_after_it_was_closed(void **state)
{
	struct budget_ref first = open_scope(10, T0);
	struct limit_record r;

	(void)state;
	assert_int_equal(limit_table_close(&table, first, T0), ERR_NONE);
	assert_int_equal(limit_table_get(&table, first, &r), ERR_NOT_FOUND);
	assert_int_equal(limit_table_close(&table, first, T0), ERR_NOT_FOUND);
	assert_int_not_equal(open_scope(10, T0 + HOUR - 1).slot, first.slot);
	struct budget_ref next = open_scope(10, T0 + HOUR);
	assert_int_equal(next.slot, first.slot);
	assert_int_not_equal(next.generation, first.generation);
	assert_int_equal(limit_table_get(&table, first, &r), ERR_NOT_FOUND);
	assert_int_equal(limit_table_get(&table, next, &r), ERR_NONE);
	assert_int_equal(r.limits.hard[BUDGET_DAY], 10);
	assert_int_equal(r.lock, 6 % 4);
}

static void
a_full_table_or_arena_says_so(void **state)
{
	struct limits l = limits_of(ENTRIES);
	struct budget_ref ref;

	(void)state;
	assert_int_equal(limit_table_open(&table, &l, T0, &ref), ERR_SPACE);
	for (uint32_t i = 0; i < SLOTS; i++)
		(void)open_scope(10, T0);
	l = limits_of(10);
	assert_int_equal(limit_table_open(&table, &l, T0, &ref), ERR_SPACE);
}

/* All regions in use, of two open scopes or of one that grows, must be apart and inside. */
struct regions {
	struct limit_region list[2 * SLOTS];
	size_t n;
};

static bool
collect(void *context, struct budget_ref ref, const struct limit_record *record)
{
	struct regions *r = context;

	(void)ref;
	r->list[r->n++] = record->region;
	if (record->previous.entries != 0)
		r->list[r->n++] = record->previous;
	return true;
}

static void
check_regions(void)
{
	struct regions r = {.n = 0};

	limit_table_each(&table, collect, &r);
	for (size_t i = 0; i < r.n; i++) {
		assert_true(r.list[i].first + r.list[i].entries <= ENTRIES);
		for (size_t j = 0; j < i; j++) {
			assert_true(r.list[i].first + r.list[i].entries <= r.list[j].first ||
			    r.list[j].first + r.list[j].entries <= r.list[i].first);
		}
	}
}

static void
regions_never_overlap_through_a_long_life(void **state)
{
	struct budget_ref refs[SLOTS];
	uint32_t n = 0, grown = 0;
	uint64_t random = 1, at = T0;

	(void)state;
	for (int i = 0; i < 3000; i++, at += HOUR / 7) {
		uint32_t pick = (uint32_t)(world_random(&random) % (n + 1));
		struct limits l = limits_of(10 + (uint32_t)(world_random(&random) % 400));

		if (pick == n && n < SLOTS / 2) {
			refs[n++] = open_scope(l.hard[0], at);
		} else if (pick < n && world_random(&random) % 3 == 0) {
			assert_int_equal(limit_table_close(&table, refs[pick], at), ERR_NONE);
			refs[pick] = refs[--n];
		} else if (pick < n) {
			enum err err = limit_table_set(&table, refs[pick], &l);

			grown += err == ERR_NONE;
			if (err == ERR_BUSY || world_random(&random) % 2 == 0)
				assert_int_equal(limit_table_moved(&table, refs[pick]), ERR_NONE);
		}
		if (i % 500 == 0)
			limit_table_adopt(&table);
		check_regions();
	}
	assert_true(grown > 100);
}

static void
a_writer_killed_in_the_middle_of_a_change_leaves_the_former_limits(void **state)
{
	struct budget_ref ref = open_scope(10, T0), other = open_scope(10, T0);
	_Atomic uint64_t *slot = (_Atomic uint64_t *)memory + 8; /* behind the area's eight words */
	struct limit_record r;

	(void)state;
	/* Half of the idle copy has been written over, the flip did not come. */
	for (size_t i = 0; i < WORDS_OF(struct limit_record) / 2; i++)
		slot[1 + (1 - slot[0] % 2) * WORDS_OF(struct limit_record) + i] = UINT64_MAX;
	limit_table_adopt(&table);
	assert_int_equal(limit_table_get(&table, ref, &r), ERR_NONE);
	assert_int_equal(r.limits.hard[BUDGET_DAY], 10);
	assert_int_equal(limit_table_get(&table, other, &r), ERR_NONE);
	(void)open_scope(10, T0 + HOUR);
	check_regions();
}

struct race {
	struct budget_ref ref;
	_Atomic bool stop;
	_Atomic uint32_t reads;
	_Atomic uint32_t faults;
};

static void *
read_on(void *context)
{
	struct race *race = context;
	struct limit_record r;

	while (!atomic_load(&race->stop)) {
		if (limit_table_get(&table, race->ref, &r) != ERR_NONE || r.limits.hard[0] != r.limits.hard[1] ||
		    r.limits.hard[1] != r.limits.hard[2])
			atomic_fetch_add(&race->faults, 1);
		atomic_fetch_add(&race->reads, 1);
	}
	return NULL;
}

static void
readers_never_see_limits_half_written(void **state)
{
	struct race race = {.ref = open_scope(50, T0)};
	pthread_t reader;

	(void)state;
	assert_int_equal(pthread_create(&reader, NULL, read_on, &race), 0);
	for (uint32_t i = 0; i < world_races(100000) || atomic_load(&race.reads) < 10000; i++) {
		struct limits l = limits_of(1 + i % 50);

		assert_int_equal(limit_table_set(&table, race.ref, &l), ERR_NONE);
	}
	atomic_store(&race.stop, true);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_int_equal(race.faults, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_region_holds_at_least_the_persons_it_was_made_for),
	    TEST(limits_out_of_bounds_are_refused),
	    TEST(a_slot_is_given_on_only_an_hour_after_it_was_closed),
	    TEST(a_full_table_or_arena_says_so),
	    TEST(regions_never_overlap_through_a_long_life),
	    TEST(a_writer_killed_in_the_middle_of_a_change_leaves_the_former_limits),
	    TEST(readers_never_see_limits_half_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
