#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "core/words.h"
#include "world.h"

#define WORDS 256u

static _Atomic uint64_t sequence, cell[WORDS];
static _Atomic uint64_t flips, copies[2 * WORDS];
static _Atomic bool stop;
static _Atomic uint32_t reads, faults;

static bool
all_same(const uint64_t *words)
{
	for (size_t i = 1; i < WORDS; i++) {
		if (words[i] != words[0])
			return false;
	}
	return true;
}

static void *
read_cell(void *context)
{
	uint64_t words[WORDS];

	(void)context;
	while (!atomic_load(&stop)) {
		uint64_t begun = words_read_begin(&sequence);

		words_load(words, cell, WORDS);
		if (words_read_ok(&sequence, begun)) {
			atomic_fetch_add(&reads, 1);
			atomic_fetch_add(&faults, !all_same(words));
		}
	}
	return NULL;
}

static void *
read_copies(void *context)
{
	uint64_t words[WORDS];
	bool whole;

	(void)context;
	while (!atomic_load(&stop)) {
		(void)words_read(&flips, copies, words, WORDS, &whole);
		if (whole) {
			atomic_fetch_add(&reads, 1);
			atomic_fetch_add(&faults, !all_same(words));
		}
	}
	return NULL;
}

static void
write_all(uint64_t value)
{
	uint64_t words[WORDS];

	for (size_t i = 0; i < WORDS; i++)
		words[i] = value;
	words_write_begin(&sequence);
	words_store(cell, words, WORDS);
	words_write_end(&sequence);
	words_flip(&flips, copies, words, WORDS);
}

static void
race(void *(*reader)(void *))
{
	pthread_t thread[3];

	atomic_store(&stop, false);
	atomic_store(&reads, 0);
	atomic_store(&faults, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, NULL), 0);
	for (uint64_t i = 0; i < world_races(20000) || atomic_load(&reads) < 1000; i++) {
		write_all(i);
		/* Now and then the readers get a chance. */
		if (i % 16 == 0)
			(void)sched_yield();
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(faults, 0);
}

static void
a_sequence_lock_never_passes_a_torn_copy(void **state)
{
	(void)state;
	race(read_cell);
}

static void
flipped_copies_never_pass_a_torn_one(void **state)
{
	(void)state;
	race(read_copies);
}

static void
a_write_that_was_cut_off_hides_the_cell_and_holds_up_no_flipped_copy(void **state)
{
	uint64_t words[WORDS] = {0};
	bool whole;

	(void)state;
	words_flip(&flips, copies, words, WORDS);
	words_write_begin(&sequence);
	atomic_store(&copies[(1 - flips % 2) * WORDS], 99);
	assert_false(words_read_ok(&sequence, words_read_begin(&sequence)));
	(void)words_read(&flips, copies, words, WORDS, &whole);
	assert_true(whole && all_same(words) && words[0] == 0);
	/* The next write ends it. */
	write_all(5);
	assert_true(words_read_ok(&sequence, words_read_begin(&sequence)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sequence_lock_never_passes_a_torn_copy),
	    cmocka_unit_test(flipped_copies_never_pass_a_torn_one),
	    cmocka_unit_test(a_write_that_was_cut_off_hides_the_cell_and_holds_up_no_flipped_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
