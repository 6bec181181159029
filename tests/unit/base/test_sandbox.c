#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"

/* What a process in the sandbox tries; its exit status says what came of it. */
enum outcome { ALLOWED = 0, REFUSED = 1, NO_SANDBOX = 99 };

static char dir[64];

/* 0..255 an exit status, 1000 + signal where it was killed. */
static int
try(enum sandbox_profile profile, enum outcome (*what)(void))
{
	const char *const write_paths[] = { dir, NULL };
	const struct sandbox_paths paths = { .write = write_paths };
	const char *why = "";
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (sandbox_enter(profile, &paths, &why) != ERR_NONE)
			_exit(NO_SANDBOX);
		_exit((int)what());
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static enum outcome
open_inside(void)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/a", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 ? ALLOWED : REFUSED;
}

static enum outcome
open_outside(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? ALLOWED : REFUSED;
}

static enum outcome
run_a_program(void)
{
	char name[] = "true";
	char *const arguments[] = { name, NULL };

	execv("/bin/true", arguments);
	return REFUSED;
}

static enum outcome
start_a_process(void)
{
	return fork() >= 0 ? ALLOWED : REFUSED;
}

static enum outcome
open_a_network_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? ALLOWED : REFUSED;
}

static enum outcome
make_memory_executable(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory != MAP_FAILED ? ALLOWED : REFUSED;
}

static void
the_engine_reaches_its_own_files_and_no_others(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_ENGINE, open_inside), ALLOWED);
	assert_int_equal(try(SANDBOX_ENGINE, open_outside), sandbox_has_landlock() ? REFUSED : ALLOWED);
}

static void
the_web_worker_opens_no_file_at_all(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_WEB, open_inside), REFUSED);
	assert_int_equal(try(SANDBOX_WEB, open_outside), REFUSED);
}

static void
nobody_runs_programs_or_starts_processes(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_ENGINE, run_a_program), 1000 + SIGSYS);
	assert_int_equal(try(SANDBOX_WEB, run_a_program), 1000 + SIGSYS);
	assert_int_equal(try(SANDBOX_ENGINE, start_a_process), 1000 + SIGSYS);
	assert_int_equal(try(SANDBOX_WEB, start_a_process), 1000 + SIGSYS);
}

static void
nobody_opens_a_network_socket(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_ENGINE, open_a_network_socket), 1000 + SIGSYS);
	assert_int_equal(try(SANDBOX_WEB, open_a_network_socket), 1000 + SIGSYS);
}

static void
memory_is_never_writable_and_executable(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_ENGINE, make_memory_executable), REFUSED);
	assert_int_equal(try(SANDBOX_WEB, make_memory_executable), REFUSED);
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_sandbox_XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
tear_down(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	return (unlink(path) != 0 && errno != ENOENT) || rmdir(dir) != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_reaches_its_own_files_and_no_others),
		cmocka_unit_test(the_web_worker_opens_no_file_at_all),
		cmocka_unit_test(nobody_runs_programs_or_starts_processes),
		cmocka_unit_test(nobody_opens_a_network_socket),
		cmocka_unit_test(memory_is_never_writable_and_executable),
	};
	const char *why = "";

	if (sandbox_available(&why) != ERR_NONE) {
		(void)printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
