#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Rights that only make sense for files; directories take all. */
#define RIGHTS_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE \
	(RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)
/* Everything that the first version of Landlock knows: what is not granted is refused. */
#define RIGHTS_ALL ((1ULL << 13) - 1)

/* What both processes need: memory, time, threads, sockets that exist, waiting. */
static const int calls_common[] = {
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(futex), SCMP_SYS(getcpu),
	SCMP_SYS(getegid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpeername), SCMP_SYS(getpid),
	SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(gettid),
	SCMP_SYS(getuid), SCMP_SYS(gettimeofday), SCMP_SYS(lseek), SCMP_SYS(madvise), SCMP_SYS(membarrier),
	SCMP_SYS(mlock), SCMP_SYS(mremap), SCMP_SYS(munlock), SCMP_SYS(munmap),
	SCMP_SYS(nanosleep), SCMP_SYS(newfstatat), SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pread64),
	SCMP_SYS(prlimit64), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
	SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(sendfile), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	SCMP_SYS(sigaltstack), SCMP_SYS(signalfd4), SCMP_SYS(stat), SCMP_SYS(sysinfo), SCMP_SYS(tgkill),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(uname), SCMP_SYS(write), SCMP_SYS(writev),
};

/* Files in its own directories, and the locks of the database. */
static const int calls_files[] = {
	SCMP_SYS(access), SCMP_SYS(chmod), SCMP_SYS(chown), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fadvise64),
	SCMP_SYS(fallocate), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(fdatasync),
	SCMP_SYS(flock), SCMP_SYS(fstatfs), SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(getcwd), SCMP_SYS(getdents64),
	SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_init1), SCMP_SYS(inotify_rm_watch), SCMP_SYS(ioprio_set),
	SCMP_SYS(linkat), SCMP_SYS(lstat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(msync), SCMP_SYS(open),
	SCMP_SYS(openat), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(preadv), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(rmdir),
	SCMP_SYS(sched_setscheduler), SCMP_SYS(setpriority), SCMP_SYS(statfs), SCMP_SYS(statx), SCMP_SYS(sync_file_range),
	SCMP_SYS(truncate), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(umask), SCMP_SYS(copy_file_range),
};

static int
allow(scmp_filter_ctx filter, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		if (code != 0)
			return code;
	}
	return 0;
}

/* Memory is never both written and executed: asked for that, the kernel says no. */
static int
refuse_executable_memory(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int code = 0;

	for (size_t i = 0; code == 0 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		if (code == 0)
			code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls[i], 1,
			    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	}
	return code;
}

/* Threads, no processes. The flags of clone3 cannot be looked at, so it is absent; libraries fall back to clone. */
static int
allow_threads(scmp_filter_ctx filter)
{
	int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (code != 0)
		return code;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

/* Libraries ask for files (time zones, providers): told no, they go on. */
static int
refuse_files(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(faccessat),
		SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(statx), SCMP_SYS(lstat), SCMP_SYS(getcwd) };
	int code = 0;

	for (size_t i = 0; code == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls[i], 0);
	return code;
}

/* Calls whose arguments decide. */
static int
allow_some(scmp_filter_ctx filter, enum sandbox_profile profile)
{
	int code = allow_threads(filter);

	if (code == 0)
		code = refuse_executable_memory(filter);
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0));
	/* Standard input and output ask whether they are terminals. */
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
	if (code == 0 && profile == SANDBOX_ENGINE)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	if (code == 0 && profile == SANDBOX_WEB)
		code = refuse_files(filter);
	return code;
}

static enum err
filter_calls(enum sandbox_profile profile)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int code;

	if (filter == NULL)
		return ERR_NOMEM;
	code = allow(filter, calls_common, sizeof(calls_common) / sizeof(calls_common[0]));
	if (code == 0 && profile == SANDBOX_ENGINE)
		code = allow(filter, calls_files, sizeof(calls_files) / sizeof(calls_files[0]));
	if (code == 0)
		code = allow_some(filter, profile);
	if (code == 0)
		code = seccomp_load(filter);
	seccomp_release(filter);
	return code == 0 ? ERR_NONE : ERR_UNSUPPORTED;
}

enum err
sandbox_available(const char **why)
{
	int status;
	pid_t child = fork();

	if (child < 0) {
		*why = "no process could be started to try the sandbox";
		return ERR_UNSUPPORTED;
	}
	if (child == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter_calls(SANDBOX_ENGINE) == ERR_NONE ? 0 : 1);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_NONE;
	*why = "this kernel does not let a process filter its system calls (seccomp)";
	return ERR_UNSUPPORTED;
}

bool
sandbox_has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

enum err
sandbox_drop(uid_t uid, gid_t gid, gid_t group, const char **why)
{
	gid_t groups[1] = { group };

	if (geteuid() != 0)
		return ERR_NONE;
	*why = "privileges could not be dropped";
	if (setgroups(group == 0 ? 0 : 1, groups) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return ERR_DENIED;
	/* Changing the user has emptied the capabilities; make sure that it cannot be undone. */
	if (uid != 0 && setresuid(0, 0, 0) == 0)
		return ERR_DENIED;
	return ERR_NONE;
}

static enum err
grant(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = rights };
	struct stat status;
	long code;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if (fstat(fd, &status) != 0) {
		close(fd);
		return ERR_IO;
	}
	if (!S_ISDIR(status.st_mode))
		beneath.allowed_access &= RIGHTS_FILE;
	beneath.parent_fd = fd;
	code = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(fd);
	return code == 0 ? ERR_NONE : ERR_IO;
}

static enum err
grant_all(int ruleset, const struct sandbox_paths *paths)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; err == ERR_NONE && paths->read != NULL && paths->read[i] != NULL; i++)
		err = grant(ruleset, paths->read[i], RIGHTS_READ);
	for (size_t i = 0; err == ERR_NONE && paths->write != NULL && paths->write[i] != NULL; i++)
		err = grant(ruleset, paths->write[i], RIGHTS_WRITE);
	return err;
}

static enum err
confine_files(const struct sandbox_paths *paths, const char **why)
{
	static const struct sandbox_paths none = { NULL, NULL };
	struct landlock_ruleset_attr attributes = { .handled_access_fs = RIGHTS_ALL };
	int ruleset;
	enum err err;

	if (!sandbox_has_landlock())
		return ERR_NONE;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (ruleset < 0) {
		*why = "the kernel refuses a Landlock ruleset";
		return ERR_UNSUPPORTED;
	}
	err = grant_all(ruleset, paths == NULL ? &none : paths);
	if (err != ERR_NONE)
		*why = "a directory that is to stay reachable is missing";
	else if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
		*why = "the kernel refuses to restrict this process (Landlock)";
		err = ERR_UNSUPPORTED;
	}
	close(ruleset);
	return err;
}

enum err
sandbox_enter(enum sandbox_profile profile, const struct sandbox_paths *paths, const char **why)
{
	const struct rlimit no_core = { 0, 0 };
	enum err err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_CORE, &no_core) != 0) {
		*why = "the process could not be closed to debuggers";
		return ERR_UNSUPPORTED;
	}
	err = confine_files(paths, why);
	if (err != ERR_NONE)
		return err;
	err = filter_calls(profile);
	if (err != ERR_NONE)
		*why = "the system call filter could not be loaded";
	return err;
}
