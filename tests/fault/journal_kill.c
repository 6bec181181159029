/*
 * A writer that is killed at any moment: what it told durable is read back, in
 * order, without remark; what it had prepared is swept away by the next one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

#define ROUNDS 300

/* What the child tells, in memory that survives it. */
struct told {
	_Atomic uint64_t appended;
	_Atomic uint64_t durable;
};

static struct told *told;

static void
write_for_ever(const struct ground *g, unsigned seed)
{
	struct journal_options o = ground_options(g, 2);
	struct journal_progress progress;
	struct journal_writer *w;
	uint64_t sequence = 0;

	if (journal_writer_open(&o, &w) != ERR_NONE)
		_exit(1);
	for (;;) {
		unsigned burst = 1 + (unsigned)rand_r(&seed) % 30;

		for (unsigned i = 0; i < burst; i++)
			if (give(w, sequence + 1, (uint32_t)rand_r(&seed) % 200, &sequence) != ERR_NONE)
				_exit(2);
		atomic_store(&told->appended, sequence);
		journal_kick(w);
		/* Often without waiting, so that batches gather behind the one under way. */
		progress = rand_r(&seed) % 3 == 0 ? settle(w, sequence) : settle(w, journal_durable(w));
		atomic_store(&told->durable, progress.durable);
	}
}

static void
pause_us(long us)
{
	const struct timespec t = {0, us * 1000};

	nanosleep(&t, NULL);
}

/* Most rounds begin only when something is durable, so that a slow machine kills writers at work too. */
static void
await_work(void)
{
	for (unsigned waits = 0; atomic_load(&told->durable) == 0 && waits < 100000; waits++)
		pause_us(100);
}

static void
run_and_kill(const struct ground *g, unsigned *seed)
{
	int status;
	pid_t pid;

	atomic_store(&told->appended, 0);
	atomic_store(&told->durable, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_for_ever(g, (unsigned)rand_r(seed));
	if (rand_r(seed) % 2 == 0)
		await_work();
	pause_us(rand_r(seed) % 25000);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
what_was_told_durable_is_there_in_order(void **state)
{
	uint64_t durable = 0, read_back = 0;
	unsigned seed = 20260101, rounds_with_entries = 0;
	struct ground g;

	(void)state;
	ground_make(&g);
	for (int round = 0; round < ROUNDS; round++) {
		struct harvest h;
		size_t removed;

		run_and_kill(&g, &seed);
		harvest_open(&h, &g);
		harvest_more(&h);
		assert_true(h.n >= atomic_load(&told->durable));
		for (size_t i = 0; i < h.n; i++)
			assert_true(h.list[i].number == i + 1 && h.list[i].cursor.sequence == i + 1);
		/* The kernel finishes a write that was begun, so a death of the process tears no batch. */
		assert_int_equal(h.remarks[JOURNAL_REMARK_DAMAGED] + h.remarks[JOURNAL_REMARK_MISSING], 0);
		assert_int_equal(journal_reader_remove_finished(h.reader, &removed), ERR_NONE);
		assert_int_equal(count_segments(g.dirs[0]), 0);
		durable += atomic_load(&told->durable);
		read_back += h.n;
		rounds_with_entries += h.n != 0 ? 1 : 0;
		harvest_close(&h);
	}
	print_message("%u rounds, %u with entries; told durable %llu, read back %llu\n", ROUNDS, rounds_with_entries,
	    (unsigned long long)durable, (unsigned long long)read_back);
	assert_true(rounds_with_entries > ROUNDS / 4);
	ground_remove(&g);
}

static unsigned
count_temporaries(const char *dir)
{
	const struct dirent *entry;
	unsigned n = 0;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		n += strstr(entry->d_name, ".new") != NULL ? 1 : 0;
	closedir(d);
	return n;
}

static void
what_the_dead_had_prepared_is_swept_away(void **state)
{
	struct journal_writer *w;
	struct ground g;

	(void)state;
	ground_make(&g);
	for (unsigned seed = 1, round = 0; round < 10; round++)
		run_and_kill(&g, &seed);
	struct journal_options o = ground_options(&g, 2);
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	journal_writer_close(w);
	assert_int_equal(count_temporaries(g.dirs[0]) + count_temporaries(g.dirs[1]), 0);
	ground_remove(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_told_durable_is_there_in_order),
	    cmocka_unit_test(what_the_dead_had_prepared_is_swept_away),
	};

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
