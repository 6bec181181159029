/*
 * sandbox: give up what a process does not need, for good: privileges, system
 * calls (seccomp), files (Landlock). For programs, after they have opened what
 * they need and before they read the first byte from outside.
 *
 * Order: sandbox_drop(), then sandbox_enter(). Both hold for all threads that
 * are started later; call them while the process has one thread.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum sandbox_profile {
	SANDBOX_ENGINE, /* files in its own directories, Unix sockets; no exec, no fork, no network */
	SANDBOX_WEB,    /* Unix sockets that are open or accepted; no file may be opened */
	SANDBOX_PROFILE_MAX
};

struct sandbox_paths {
	const char *const *read;  /* directories or files, ended by NULL; or NULL */
	const char *const *write; /* read, write, make, remove below these */
};

/*
 * Whether this kernel lets a process filter its system calls: tried out in a
 * child process. ERR_UNSUPPORTED with words in *why.
 */
MUST_CHECK enum err sandbox_available(const char **why);

/* Whether the kernel has Landlock too; without it files are kept by permissions alone. */
bool sandbox_has_landlock(void);

/*
 * Become `uid`, `gid` and the supplementary group `group` (0: none) for good,
 * with no capability left. Does nothing where the process is not root.
 */
MUST_CHECK enum err sandbox_drop(uid_t uid, gid_t gid, gid_t group, const char **why);

/*
 * Enter: no new privileges, no core dumps, not traceable; the profile's system
 * calls; with SANDBOX_ENGINE the paths, where the kernel has Landlock. A path
 * that does not exist is ERR_NOT_FOUND. A forbidden call ends the process.
 */
MUST_CHECK enum err sandbox_enter(enum sandbox_profile profile, const struct sandbox_paths *paths, const char **why);

#endif
