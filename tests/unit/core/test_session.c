#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/session.h"
#include "core/session.c"
#include "world.h"

#define CAPACITY 500u
#define SMALL 128u /* half of its index, so that that is rebuilt often */

static struct session_table table;
static void *memory;

static int
make_sized(uint32_t capacity)
{
	memory = world_memory(session_table_size(capacity));
	session_table_init(&table, memory, capacity);
	return 0;
}

static int
make(void **state)
{
	(void)state;
	return make_sized(CAPACITY);
}

static int
make_small(void **state)
{
	(void)state;
	return make_sized(SMALL);
}

static int
drop(void **state)
{
	(void)state;
	munmap(memory, session_table_size(table.capacity));
	return 0;
}

/* A record whose every part follows from number and version, so that a torn copy shows itself. */
static struct session_record
record_of(uint32_t number, uint32_t version)
{
	struct session_record r = {.who = {.session = number, .identity = version}, .expires_at_us = version};

	memcpy(r.key, &(uint64_t){person_unnamed(1, number)}, 8);
	memcpy(r.key + 8, &(uint64_t){person_unnamed(2, number)}, 8);
	r.headers_len = 100 + version * 37 % 1400;
	memset(r.headers, (int)(version & 0xff), r.headers_len);
	return r;
}

static bool
is_whole(const struct session_record *r)
{
	uint32_t version = r->who.identity;

	if (r->expires_at_us != version || r->headers_len != 100 + version * 37 % 1400)
		return false;
	for (uint32_t i = 0; i < r->headers_len; i++) {
		if ((uint8_t)r->headers[i] != (uint8_t)version)
			return false;
	}
	return true;
}

static void
put(uint32_t number, uint32_t version)
{
	struct session_record r = record_of(number, version);

	assert_int_equal(session_table_put(&table, &r), ERR_NONE);
}

static enum err
find_number(uint32_t number, struct session_record *ret)
{
	struct session_record r = record_of(number, 0);

	return session_table_find(&table, r.key, ret);
}

static enum err
remove_number(uint32_t number)
{
	struct session_record r = record_of(number, 0);

	return session_table_remove(&table, r.key);
}

static void
a_session_that_was_put_is_found_whole_until_it_is_removed(void **state)
{
	struct session_record r;

	(void)state;
	assert_int_equal(find_number(1, &r), ERR_NOT_FOUND);
	put(1, 9);
	assert_int_equal(find_number(1, &r), ERR_NONE);
	assert_true(is_whole(&r));
	put(1, 10);
	assert_int_equal(find_number(1, &r), ERR_NONE);
	assert_int_equal(r.who.identity, 10);
	assert_true(is_whole(&r));
	assert_int_equal(session_table_count(&table), 1);
	assert_int_equal(remove_number(1), ERR_NONE);
	assert_int_equal(remove_number(1), ERR_NOT_FOUND);
	assert_int_equal(find_number(1, &r), ERR_NOT_FOUND);
	assert_int_equal(session_table_count(&table), 0);
}

static void
a_full_table_refuses_newcomers_and_still_replaces(void **state)
{
	struct session_record r = record_of(CAPACITY, 1);

	(void)state;
	for (uint32_t i = 0; i < CAPACITY; i++)
		put(i, 1);
	assert_int_equal(session_table_put(&table, &r), ERR_SPACE);
	for (uint32_t i = 0; i < CAPACITY; i++)
		put(i, 2);
	assert_int_equal(remove_number(0), ERR_NONE);
	assert_int_equal(session_table_put(&table, &r), ERR_NONE);
	assert_int_equal(session_table_count(&table), CAPACITY);
}

static void
records_out_of_bounds_are_refused(void **state)
{
	struct session_record r = record_of(1, 1);

	(void)state;
	r.headers_len = SESSION_HEADERS_MAX + 1;
	assert_int_equal(session_table_put(&table, &r), ERR_RANGE);
	r = record_of(1, 1);
	r.n_budgets = SESSION_BUDGETS_MAX + 1;
	assert_int_equal(session_table_put(&table, &r), ERR_RANGE);
}

/* Puts and removals at random against an array, through many rebuilds of the index. */
static void
the_table_agrees_with_a_plain_array_through_a_long_life(void **state)
{
	uint32_t version_of[1000] = {0}, held = 0;
	uint64_t random = 5;
	struct session_record r;

	(void)state;
	for (uint32_t i = 1; i < 60000; i++) {
		uint32_t number = (uint32_t)(world_random(&random) % 1000);

		if (version_of[number] != 0 && world_random(&random) % 2 == 0) {
			assert_int_equal(remove_number(number), ERR_NONE);
			version_of[number] = 0;
			held--;
		} else if (version_of[number] != 0 || held < CAPACITY) {
			held += version_of[number] == 0;
			put(number, i);
			version_of[number] = i;
		}
		assert_int_equal(session_table_count(&table), held);
		number = (uint32_t)(world_random(&random) % 1000);
		enum err err = find_number(number, &r);
		assert_int_equal(err, version_of[number] == 0 ? ERR_NOT_FOUND : ERR_NONE);
		if (err == ERR_NONE) {
			assert_int_equal(r.who.identity, version_of[number]);
			assert_true(is_whole(&r));
		}
	}
	assert_true(atomic_load(&table.area->generation) > 0);
}

static bool
remove_even(void *context, const struct session_record *record)
{
	(*(uint32_t *)context)++;
	if (record->who.session % 2 == 0)
		assert_int_equal(session_table_remove(&table, record->key), ERR_NONE);
	return true;
}

static void
each_shows_every_session_once_and_may_remove_it(void **state)
{
	uint32_t shown = 0;

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		put(i, 1);
	session_table_each(&table, remove_even, &shown);
	assert_int_equal(shown, 200);
	assert_int_equal(session_table_count(&table), 100);
}

/*
 * Readers against the writer. Numbers 0..49 are always there, in changing
 * versions; 50..199 come and go, and churn the index until it is rebuilt.
 */
struct race {
	_Atomic bool stop;
	_Atomic uint32_t finds;
	_Atomic uint32_t faults;
	_Atomic uint32_t busy;
};

static void *
read_on(void *context)
{
	struct race *race = context;
	uint64_t random = (uint64_t)(uintptr_t)&race;
	struct session_record r;

	while (!atomic_load(&race->stop)) {
		uint32_t number = (uint32_t)(world_random(&random) % 200);
		enum err err = find_number(number, &r);

		if (err == ERR_NONE && (!is_whole(&r) || r.who.session != number))
			atomic_fetch_add(&race->faults, 1);
		if (err == ERR_NOT_FOUND && number < 50)
			atomic_fetch_add(&race->faults, 1);
		if (err == ERR_BUSY)
			atomic_fetch_add(&race->busy, 1);
		atomic_fetch_add(&race->finds, 1);
	}
	return NULL;
}

static void
readers_never_see_a_torn_session_nor_miss_one_that_exists(void **state)
{
	struct race race = {0};
	pthread_t reader[3];
	uint64_t random = 8;

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		put(i, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, read_on, &race), 0);
	for (uint32_t i = 1; i < 40000 || atomic_load(&race.finds) < 20000; i++) {
		uint32_t number = 50 + (uint32_t)(world_random(&random) % 150);

		put((uint32_t)(world_random(&random) % 50), i);
		if (remove_number(number) != ERR_NONE && session_table_count(&table) < SMALL)
			put(number, i);
	}
	atomic_store(&race.stop, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(reader[i], NULL), 0);
	assert_int_equal(race.faults, 0);
	assert_int_equal(race.busy, 0);
	assert_true(atomic_load(&table.area->generation) > 10);
}

/* Changes the same ten sessions without end. */
static void
write_forever(uint64_t seed)
{
	for (uint32_t i = 1;; i++) {
		uint32_t number = (uint32_t)(world_random(&seed) % 20);

		if (number < 10)
			put(number, i);
		else if (remove_number(number) != ERR_NONE)
			put(number, i);
	}
}

static void
a_writer_that_is_killed_leaves_a_table_that_reads_whole_and_can_be_taken_over(void **state)
{
	uint64_t random = 3;
	struct session_record r;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		put(i, 1);
	for (int round = 0; round < 150; round++) {
		pid_t pid = fork();

		if (pid == 0)
			write_forever((uint64_t)round);
		for (uint64_t spin = world_random(&random) % 400000; spin > 0; spin--)
			atomic_signal_fence(memory_order_seq_cst);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		for (uint32_t i = 0; i < 10; i++) {
			assert_int_equal(find_number(i, &r), ERR_NONE);
			assert_true(is_whole(&r));
		}
		session_table_adopt(&table);
		uint32_t found = 0;
		for (uint32_t i = 0; i < 20; i++)
			found += find_number(i, &r) == ERR_NONE;
		assert_int_equal(session_table_count(&table), found);
	}
	/* Nothing leaked: it can still be filled to the brim. */
	for (uint32_t i = 0; session_table_count(&table) < SMALL; i++)
		put(i, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
#define TEST_SMALL(name) cmocka_unit_test_setup_teardown(name, make_small, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_session_that_was_put_is_found_whole_until_it_is_removed),
	    TEST(a_full_table_refuses_newcomers_and_still_replaces),
	    TEST(records_out_of_bounds_are_refused),
	    TEST(the_table_agrees_with_a_plain_array_through_a_long_life),
	    TEST(each_shows_every_session_once_and_may_remove_it),
	    TEST_SMALL(readers_never_see_a_torn_session_nor_miss_one_that_exists),
	    TEST_SMALL(a_writer_that_is_killed_leaves_a_table_that_reads_whole_and_can_be_taken_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
