/*
 * Power is lost before each single step that a commit takes on the disk. What
 * was not synced is lost as badly as a disk may lose it: contents of files are
 * cut, new names are gone, a rename may or may not have happened. The linker
 * puts the functions below between the ledger and the C library.
 */
/* In memory where there is such a place: what counts is the order of steps, not a disk. */
#define SCRATCH_PARENT (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")

#include <unistd.h>

#include "scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

#include "ledger/verify.h"

#define FILES_MAX 512

/* A file that this commit made or wrote. */
struct made {
	char path[PATH_MAX];
	char dir[PATH_MAX];
	int fd;
	bool content_synced;
	bool name_synced;
	bool is_dir;
	bool renamed; /* to `path` */
	char before[PATH_MAX]; /* copy of what stood at `path` before; "" for nothing */
};

static struct {
	bool armed;
	unsigned left; /* steps until the power goes */
	bool keep_renames;
	unsigned n;
	struct made files[FILES_MAX];
} disk;

static struct scratch scratch;

int __real_open64(const char *path, int flags, ...);
int __real_openat64(int dir, const char *path, int flags, ...);
int __real_mkdirat(int dir, const char *path, mode_t mode);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlinkat(int dir, const char *path, int flags);

static void
path_of_fd(int fd, char out[PATH_MAX])
{
	char link[64];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, out, PATH_MAX - 1);
	out[len > 0 ? len : 0] = '\0';
}

static void
lose_power(void)
{
	/* Names from the newest to the oldest, so that directories are empty when their turn comes. */
	for (unsigned i = disk.n; i-- > 0;) {
		struct made *f = &disk.files[i];

		if (f->renamed && !f->name_synced && !disk.keep_renames) {
			(void)unlink(f->path);
			if (f->before[0] != '\0')
				(void)__real_rename(f->before, f->path);
		} else if (!f->renamed && !f->name_synced) {
			(void)(f->is_dir ? rmdir(f->path) : unlink(f->path));
		} else if (!f->is_dir && !f->content_synced && truncate(f->path, 10) != 0) {
			_exit(9);
		}
	}
	_exit(0);
}

static void
step(void)
{
	if (disk.armed && disk.left-- == 0)
		lose_power();
}

static struct made *
note(const char *path)
{
	if (disk.n == FILES_MAX)
		_exit(8);
	struct made *f = &disk.files[disk.n++];
	memset(f, 0, sizeof(*f));
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	memcpy(f->dir, f->path, sizeof(f->dir));
	*strrchr(f->dir, '/') = '\0';
	return f;
}

static int
opened(int fd, int flags)
{
	char path[PATH_MAX];

	if (fd < 0 || !disk.armed || (flags & O_CREAT) == 0)
		return fd;
	path_of_fd(fd, path);
	note(path)->fd = fd;
	return fd;
}

int
__wrap_open64(const char *path, int flags, ...)
{
	if ((flags & O_CREAT) != 0)
		step();
	return opened(__real_open64(path, flags, 0640), flags);
}

int
__wrap_openat64(int dir, const char *path, int flags, ...)
{
	if ((flags & O_CREAT) != 0)
		step();
	return opened(__real_openat64(dir, path, flags, 0640), flags);
}

int
__wrap_mkdirat(int dir, const char *path, mode_t mode)
{
	char full[PATH_MAX + 256], parent[PATH_MAX];

	step();
	int result = __real_mkdirat(dir, path, mode);
	if (result == 0 && disk.armed) {
		path_of_fd(dir, parent);
		(void)snprintf(full, sizeof(full), "%s/%s", parent, path);
		struct made *f = note(full);
		f->is_dir = true;
		f->fd = -1;
	}
	return result;
}

int
__wrap_fsync(int fd)
{
	char path[PATH_MAX];

	step();
	int result = __real_fsync(fd);
	path_of_fd(fd, path);
	for (unsigned i = 0; i < disk.n && result == 0; i++) {
		if (strcmp(disk.files[i].path, path) == 0)
			disk.files[i].content_synced = true;
		if (strcmp(disk.files[i].dir, path) == 0)
			disk.files[i].name_synced = true;
	}
	return result;
}

int
__wrap_rename(const char *from, const char *to)
{
	char before[PATH_MAX];

	step();
	if (!disk.armed)
		return __real_rename(from, to);
	(void)snprintf(before, sizeof(before), "%s.before%u", to, disk.n);
	bool stood = link(to, before) == 0;
	for (unsigned i = 0; i < disk.n; i++) {
		struct made *f = &disk.files[i];

		if (strcmp(f->path, from) != 0)
			continue;
		(void)snprintf(f->path, sizeof(f->path), "%s", to);
		f->renamed = true;
		f->name_synced = false;
		if (stood)
			memcpy(f->before, before, sizeof(before));
	}
	return __real_rename(from, to);
}

int
__wrap_unlinkat(int dir, const char *path, int flags)
{
	step();
	return __real_unlinkat(dir, path, flags);
}

static void
remove_before(void)
{
	scratch_shell("rm -f '%s'/*.before*", scratch.dir);
}

/* In a child: open, add, and commit until the power goes. Exit 0: it went; 1: the commit was through first. */
static int
commit_until(unsigned steps, bool keep_renames, uint64_t first, uint64_t last)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct ledger *ledger = NULL;
		const char *why;

		if (scratch_try_open(&scratch, &ledger, &why) != ERR_NONE)
			_exit(7);
		for (uint64_t i = first; i <= last; i++)
			if (scratch_add(ledger, 0, i) != ERR_NONE)
				_exit(6);
		disk.left = steps;
		disk.keep_renames = keep_renames;
		disk.armed = true;
		_exit(ledger_commit(ledger) == ERR_NONE ? 1 : 5);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The ledger holds exactly 1..old or 1..last, says so after reopening, and goes on. Returns which. */
static uint64_t
assert_recovered(uint64_t old, uint64_t last)
{
	struct ledger_report *report = malloc(sizeof(*report));
	struct ledger *ledger = scratch_open(&scratch);
	struct ledger_source source;
	struct merkle_head head;

	assert_non_null(report);
	ledger_head(ledger, &head);
	assert_true(head.size == old || head.size == last);
	if (ledger_position(ledger, 1, 0, &source) != ERR_NONE)
		source.sequence = 0;
	assert_true(source.sequence == head.size);
	assert_int_equal(ledger_verify(scratch.dir, (const char *)scratch.key.data, NULL, NULL, report), ERR_NONE);
	for (size_t i = 0; i < report->n_findings; i++)
		print_message("%s: %s\n", report->findings[i].file, report->findings[i].words);
	assert_true(report->whole);
	assert_int_equal(report->n_findings, 0);
	for (uint64_t i = head.size + 1; i <= last + 5; i++)
		assert_int_equal(scratch_add(ledger, 0, i), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	assert_int_equal(ledger_verify(scratch.dir, (const char *)scratch.key.data, NULL, NULL, report), ERR_NONE);
	assert_true(report->whole);
	assert_int_equal(report->entries_checked, last + 5);
	assert_int_equal(report->n_findings, 0);
	free(report);
	return head.size;
}

/* From a ledger of `old` entries to one of `last`, with the power lost before every step in turn. */
static void
lose_power_everywhere(uint64_t old, uint64_t last, bool keep_renames)
{
	bool old_seen = false, new_seen = false;
	unsigned steps = 0;

	for (int done = 0; done == 0; steps++) {
		scratch_shell("rm -rf '%s'", scratch.dir);
		if (old > 0)
			scratch_grow(&scratch, 1, old);
		else
			ledger_free(scratch_open(&scratch));
		done = commit_until(steps, keep_renames, old + 1, last);
		if (done > 1)
			fail_msg("after %u steps the child gave up with %d", steps, done);
		remove_before();
		if (assert_recovered(old, last) == old)
			old_seen = true;
		else
			new_seen = true;
	}
	assert_true(steps > 10);
	assert_true(old_seen && new_seen);
}

static void
power_lost_at_any_step_of_a_small_commit_leaves_the_old_or_the_new_log(void **state)
{
	(void)state;
	lose_power_everywhere(100, 120, false);
	lose_power_everywhere(100, 120, true);
}

static void
power_lost_at_any_step_of_the_first_commit_leaves_the_old_or_the_new_log(void **state)
{
	(void)state;
	lose_power_everywhere(0, 3, false);
	lose_power_everywhere(0, 3, true);
}

static void
power_lost_at_any_step_of_a_commit_over_several_tiles_leaves_the_old_or_the_new_log(void **state)
{
	(void)state;
	lose_power_everywhere(250, 800, false);
	lose_power_everywhere(256, 512, true);
}

static int
set_up(void **state)
{
	(void)state;
	scratch_init(&scratch);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_wipe(&scratch);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(power_lost_at_any_step_of_a_small_commit_leaves_the_old_or_the_new_log),
	    TEST(power_lost_at_any_step_of_the_first_commit_leaves_the_old_or_the_new_log),
	    TEST(power_lost_at_any_step_of_a_commit_over_several_tiles_leaves_the_old_or_the_new_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
