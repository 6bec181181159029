/*
 * A child appends and is killed at any moment; what it was told to be
 * committed must be there afterwards, once, and the ledger must go on.
 */
#include "scratch.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger/verify.h"

#define ROUNDS 300

static struct scratch scratch;

/* Seen by parent and child: the last sequence whose commit returned. */
static volatile uint64_t *committed;

static uint32_t
next_random(uint32_t *state)
{
	/* xorshift32 (Marsaglia 2003): the same run every time. */
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void __attribute__((noreturn))
append_for_ever(uint32_t seed)
{
	struct ledger *ledger;
	struct ledger_source source = {.sequence = 0};
	const char *why;
	uint64_t next;

	if (scratch_try_open(&scratch, &ledger, &why) != ERR_NONE)
		_exit(2);
	if (ledger_position(ledger, 1, 0, &source) == ERR_NONE && source.sequence < *committed)
		_exit(3);
	next = source.sequence + 1;
	for (;;) {
		/* Mostly small batches, now and then one over several tiles. */
		uint32_t n = next_random(&seed) % 40 + 1;

		if (n == 7)
			n = 700;
		for (uint32_t i = 0; i < n; i++)
			if (scratch_add(ledger, 0, next++) != ERR_NONE)
				_exit(4);
		if (ledger_commit(ledger) != ERR_NONE)
			_exit(5);
		*committed = next - 1;
	}
}

/* All sequences from 1 on, each once; returns the last. */
static uint64_t
read_all(void)
{
	struct ledger_reader *reader;
	struct ledger_record record;
	const char *why = "";
	uint64_t last = 0;
	enum err err;

	if (ledger_reader_open(scratch.dir, &scratch.signer.verifier, NULL, &reader, &why) != ERR_NONE)
		fail_msg("after a crash: %s", why);
	while ((err = ledger_read(reader, &record)) == ERR_NONE)
		assert_true(record.entry.source.sequence == ++last);
	assert_int_equal(err, ERR_NOT_FOUND);
	ledger_reader_free(reader);
	return last;
}

static void
assert_whole(bool tidy)
{
	struct ledger_report *report = malloc(sizeof(*report));

	assert_non_null(report);
	assert_int_equal(ledger_verify(scratch.dir, (const char *)scratch.key.data, NULL, NULL, report), ERR_NONE);
	for (size_t i = 0; i < report->n_findings && (!report->whole || tidy); i++)
		print_message("%s: %s\n", report->findings[i].file, report->findings[i].words);
	assert_true(report->whole);
	if (tidy)
		assert_int_equal(report->n_findings, 0);
	free(report);
}

static void
kill_after(pid_t child, uint32_t microseconds)
{
	struct timespec pause = {.tv_nsec = (long)microseconds * 1000};
	int status;

	/* The moment itself is what is tested; nothing is awaited. */
	(void)nanosleep(&pause, NULL);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSIGNALED(status))
		fail_msg("the child gave up with %d", WEXITSTATUS(status));
}

static void
a_process_killed_at_any_moment_loses_nothing_committed_and_repeats_nothing(void **state)
{
	uint32_t seed = 2463534242U;

	(void)state;
	/* A ledger must exist before the first child, so that there is one to read whatever happens. */
	scratch_grow(&scratch, 1, 1);
	*committed = 1;
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t child_seed = next_random(&seed);
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			append_for_ever(child_seed | 1);
		kill_after(child, next_random(&seed) % 25000);
		uint64_t last = read_all();
		assert_true(last >= *committed);
		*committed = last;
		/* What the crash left lying about is no damage. */
		assert_whole(false);
		if (last > 20000) {
			scratch_shell("rm -rf '%s'", scratch.dir);
			scratch_grow(&scratch, 1, 1);
			*committed = 1;
		}
	}
	ledger_free(scratch_open(&scratch));
	assert_whole(true);
}

static void
a_crash_in_the_very_first_commit_is_recovered(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 60; i++) {
		pid_t child;

		scratch_shell("rm -rf '%s'", scratch.dir);
		*committed = 0;
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			append_for_ever(i | 1);
		kill_after(child, i * 150);
		ledger_free(scratch_open(&scratch));
		uint64_t last = read_all();
		assert_true(last >= *committed);
		assert_whole(true);
		scratch_grow(&scratch, last + 1, last + 3);
		assert_true(read_all() == last + 3);
	}
}

static int
set_up(void **state)
{
	(void)state;
	scratch_init(&scratch);
	void *shared = mmap(NULL, sizeof(*committed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	committed = shared;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_wipe(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_process_killed_at_any_moment_loses_nothing_committed_and_repeats_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_crash_in_the_very_first_commit_is_recovered, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
