/*
 * Disks that fail: errors of write and sync (injected between the journal and the
 * system, see meson.build), directories that are missing, replaced or full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

ssize_t __real_pwritev64v2(int fd, const struct iovec *parts, int n, off_t at, int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *parts, int n, off_t at, int flags);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static struct ground ground;
static atomic_int broken[2];    /* errno that writes to the directory give; 0: whole */
static atomic_bool sync_only;   /* writes pass, their sync fails */
static atomic_int torn_bytes;   /* of a failing write, this much reaches the file */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER; /* a batch waits for this */
static atomic_bool hold_batches;

static int
error_for(int fd)
{
	char link[64], path[256];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path));
	for (int i = 0; i < 2; i++) {
		size_t len = strlen(ground.dirs[i]);

		if (n > (ssize_t)len && memcmp(path, ground.dirs[i], len) == 0)
			return atomic_load(&broken[i]);
	}
	return 0;
}

ssize_t
__wrap_pwritev64v2(int fd, const struct iovec *parts, int n, off_t at, int flags)
{
	int error = error_for(fd);
	size_t torn = (size_t)atomic_load(&torn_bytes);

	/* Only batches: headers and zeroes pass. */
	if (atomic_load(&hold_batches) && at > 0 && flags != 0) {
		pthread_mutex_lock(&held);
		pthread_mutex_unlock(&held);
	}
	if (error == 0 || (atomic_load(&sync_only) && flags == 0))
		return __real_pwritev64v2(fd, parts, n, at, flags);
	if (torn != 0 && torn < parts->iov_len && at > 0)
		(void)!__real_pwritev64v2(fd, &(struct iovec){parts->iov_base, torn}, 1, at, flags);
	errno = error;
	return -1;
}

int
__wrap_fdatasync(int fd)
{
	int error = error_for(fd);

	if (error == 0)
		return __real_fdatasync(fd);
	errno = error;
	return -1;
}

static void
wait_status(struct journal_writer *w, const char *part)
{
	char words[600];

	for (int i = 0; i < 3000; i++) {
		(void)journal_status(w, words, sizeof(words));
		if (strstr(words, part) != NULL)
			return;
		/* There is no event for the preparing thread's progress, which takes up to seconds here. */
		poll(NULL, 0, 10);
	}
	fail_msg("\"%s\" never came, it is: %s", part, words);
}

static void
check_all_read(uint64_t n)
{
	struct harvest h;

	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), n);
	for (size_t i = 0; i < h.n; i++)
		assert_int_equal(h.list[i].number, i + 1);
	assert_int_equal(h.remarks[JOURNAL_REMARK_DAMAGED] + h.remarks[JOURNAL_REMARK_MISSING], 0);
	harvest_close(&h);
}

static void
move_and_return(enum journal_sync sync)
{
	struct journal_options o = ground_options(&ground, 2);
	struct journal_writer *w;
	struct journal_stats stats;
	char words[600];

	o.sync = sync;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	wait_status(w, "first directory: a segment is ready; second directory: a segment is ready");
	assert_true(journal_status(w, words, sizeof(words)));
	atomic_store(&broken[0], EIO);
	assert_true(give_durably(w, 2));
	assert_true(give_durably(w, 3));
	assert_int_equal(count_segments(ground.dirs[1]), 1);
	assert_false(journal_status(w, words, sizeof(words)));
	assert_non_null(strstr(words, "in the second directory"));
	assert_non_null(strstr(words, "first directory: Input/output error"));
	atomic_store(&broken[0], 0);
	wait_status(w, "first directory: a segment is ready");
	assert_true(give_durably(w, 4));
	assert_true(journal_status(w, words, sizeof(words)));
	assert_int_equal(count_segments(ground.dirs[0]), 2);
	journal_stats_get(w, &stats);
	assert_int_equal(stats.failovers, 1);
	assert_int_equal(stats.given_up, 0);
	journal_writer_close(w);
	check_all_read(4);
}

static void
a_failed_write_moves_the_same_batch_to_the_second_directory_and_later_back(void **state)
{
	(void)state;
	move_and_return(JOURNAL_SYNC_AUTO);
}

static void
a_failed_sync_does_the_same_though_the_bytes_were_written(void **state)
{
	(void)state;
	/* The batch then stands in both directories, and is read once. */
	atomic_store(&sync_only, true);
	move_and_return(JOURNAL_SYNC_BUFFERED);
}

static void
a_torn_batch_in_the_first_directory_is_read_from_the_second(void **state)
{
	struct journal_options o = ground_options(&ground, 2);
	struct journal_writer *w;
	uint64_t sequence;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	atomic_store(&torn_bytes, JOURNAL_BLOCK);
	atomic_store(&broken[0], EIO);
	assert_int_equal(give(w, 2, 2000, &sequence), ERR_NONE);
	assert_int_equal(settle(w, sequence).durable, 2);
	assert_true(give_durably(w, 3));
	journal_writer_close(w);
	check_all_read(3);
}

static void
when_both_fail_all_waiters_fail_and_appending_is_refused_until_one_works(void **state)
{
	struct journal_options o = ground_options(&ground, 2);
	struct journal_progress progress;
	struct journal_writer *w;
	struct journal_stats stats;
	uint64_t sequence = 0;
	char words[600];
	struct harvest h;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	wait_status(w, "first directory: a segment is ready; second directory: a segment is ready");
	atomic_store(&broken[0], EIO);
	atomic_store(&broken[1], ENOSPC);
	for (uint64_t i = 2; i <= 11; i++)
		assert_int_equal(give(w, i, 1, &sequence), ERR_NONE);
	progress = settle(w, sequence);
	assert_int_equal(progress.durable, 1);
	assert_int_equal(progress.settled, 11);
	assert_int_equal(give(w, 12, 1, &sequence), ERR_IO);
	assert_false(journal_status(w, words, sizeof(words)));
	assert_non_null(strstr(words, "down"));
	assert_non_null(strstr(words, "No space left on device"));
	atomic_store(&broken[1], 0);
	wait_status(w, "second directory: a segment is ready");
	assert_true(give_durably(w, 12));
	assert_non_null((journal_status(w, words, sizeof(words)), strstr(words, "in the second directory")));
	journal_stats_get(w, &stats);
	assert_int_equal(stats.given_up, 10);
	journal_writer_close(w);

	/* What was given up is no gap: it never left. */
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 2);
	assert_int_equal(h.list[1].number, 12);
	assert_int_equal(h.list[1].cursor.sequence, 12);
	assert_int_equal(harvest_remarks(&h), 0);
	harvest_close(&h);
}

static void
failures_are_told_before_anything_new_is_taken(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	uint64_t sequence;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	atomic_store(&broken[0], EIO);
	assert_int_equal(give(w, 2, 1, &sequence), ERR_NONE);
	journal_kick(w);
	struct pollfd p = {.fd = journal_descriptor(w), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 30000), 1);
	atomic_store(&broken[0], 0);
	wait_status(w, "a segment is ready");
	/* It works again; but the caller does not know yet that entry 2 failed. */
	assert_int_equal(give(w, 3, 1, &sequence), ERR_IO);
	assert_int_equal(settle(w, 2).durable, 1);
	assert_true(give_durably(w, 3));
	assert_int_equal(journal_durable(w), 3);
	journal_writer_close(w);
}

static void
while_one_batch_is_synced_the_next_gathers_into_one(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	struct journal_stats stats;
	uint64_t sequence = 0;

	(void)state;
	o.sync = JOURNAL_SYNC_DIRECT;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	pthread_mutex_lock(&held);
	atomic_store(&hold_batches, true);
	assert_int_equal(give(w, 2, 1, &sequence), ERR_NONE);
	journal_kick(w);
	for (uint64_t i = 3; i <= 100; i++) {
		assert_int_equal(give(w, i, 1, &sequence), ERR_NONE);
		journal_kick(w);
	}
	assert_int_equal(journal_durable(w), 1);
	atomic_store(&hold_batches, false);
	pthread_mutex_unlock(&held);
	assert_int_equal(settle(w, sequence).durable, 100);
	journal_stats_get(w, &stats);
	/* The first alone, 2 (perhaps with some that came before the thread took it), the rest. */
	assert_in_range(stats.batches, 2, 3);
	journal_writer_close(w);
	check_all_read(100);
}

static void
a_full_disk_lasts_as_long_as_the_prepared_segments(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	uint64_t sequence = 0, durable = 0;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, ++durable));
	wait_status(w, "first directory: a segment is ready");
	/* Writes into what is there pass; making more fails. */
	struct rlimit small = {1U << 20, RLIM_INFINITY}, before;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (;;) {
		if (give(w, durable + 1, 4000, &sequence) != ERR_NONE || settle(w, sequence).durable < sequence)
			break;
		durable++;
	}
	assert_true(durable > 10);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	wait_status(w, "first directory: a segment is ready");
	assert_true(give_durably(w, durable + 1));
	journal_writer_close(w);
}

static void
a_directory_that_is_none_is_passed_over(void **state)
{
	struct journal_options o = ground_options(&ground, 2);
	struct journal_writer *w;
	char words[600];

	(void)state;
	assert_int_equal(rmdir(ground.dirs[0]), 0);
	assert_int_equal(mkfifo(ground.dirs[0], 0600), 0);
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	assert_false(journal_status(w, words, sizeof(words)));
	assert_non_null(strstr(words, "Not a directory"));
	/* The directory comes (back), as when a disk is mounted late. */
	assert_int_equal(unlink(ground.dirs[0]), 0);
	assert_int_equal(mkdir(ground.dirs[0], 0700), 0);
	wait_status(w, "first directory: a segment is ready");
	assert_true(give_durably(w, 2));
	assert_int_equal(count_segments(ground.dirs[0]), 1);
	assert_int_equal(count_segments(ground.dirs[1]), 1);
	journal_writer_close(w);
	check_all_read(2);
}

static void
a_segment_that_is_removed_under_its_writer_is_noticed(void **state)
{
	struct journal_options o = ground_options(&ground, 2);
	struct journal_writer *w;
	struct harvest h;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	assert_int_equal(unlink(segment_path(ground.dirs[0], 0)), 0);
	assert_true(give_durably(w, 2));
	journal_writer_close(w);
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 1);
	assert_int_equal(h.list[0].number, 2);
	harvest_close(&h);
}

/* In a child: 6 MiB are room for two segments of 2 MiB, and for a third only when one was removed. */
static void
fill_small_disk(void)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	uint64_t sequence = 0, durable = 0;
	struct harvest h;
	size_t removed;

	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (;;) {
		if (give(w, durable + 1, 4000, &sequence) != ERR_NONE || settle(w, sequence).durable < sequence)
			break;
		durable++;
	}
	assert_true(durable > 10);
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), durable);
	assert_int_equal(journal_reader_remove_finished(h.reader, &removed), ERR_NONE);
	assert_true(removed >= 1);
	wait_status(w, "a segment is ready");
	assert_true(give_durably(w, durable + 1));
	assert_int_equal(harvest_more(&h), 1);
	assert_int_equal(harvest_remarks(&h), 0);
	harvest_close(&h);
	journal_writer_close(w);
}

static void
a_small_file_system_that_fills_recovers_when_the_reader_removes(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", ground.dirs[0], "tmpfs", 0, "size=6m") != 0)
			_exit(77);
		fill_small_disk();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: no right to mount a small file system here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
make(void **state)
{
	(void)state;
	ground_make(&ground);
	atomic_store(&broken[0], 0);
	atomic_store(&broken[1], 0);
	atomic_store(&sync_only, false);
	atomic_store(&torn_bytes, 0);
	atomic_store(&hold_batches, false);
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	ground_remove(&ground);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_failed_write_moves_the_same_batch_to_the_second_directory_and_later_back),
	    TEST(a_failed_sync_does_the_same_though_the_bytes_were_written),
	    TEST(a_torn_batch_in_the_first_directory_is_read_from_the_second),
	    TEST(when_both_fail_all_waiters_fail_and_appending_is_refused_until_one_works),
	    TEST(failures_are_told_before_anything_new_is_taken),
	    TEST(while_one_batch_is_synced_the_next_gathers_into_one),
	    TEST(a_full_disk_lasts_as_long_as_the_prepared_segments),
	    TEST(a_directory_that_is_none_is_passed_over),
	    TEST(a_segment_that_is_removed_under_its_writer_is_noticed),
	    TEST(a_small_file_system_that_fills_recovers_when_the_reader_removes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
