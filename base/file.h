/*
 * file: whole files, read and written carefully.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"

/*
 * Append the whole of `path` to `b` (ERR_RANGE past its limit). Refuses what
 * is not a regular file. ERR_NOT_FOUND where there is none.
 */
MUST_CHECK enum err file_read(const char *path, struct bytes *b);

/*
 * The same for a secret: also refuses (ERR_DENIED) a file that group or others
 * may read or that belongs to somebody else than root or this user.
 */
MUST_CHECK enum err file_read_secret(const char *path, struct bytes *b);

/*
 * Replace `path` so that a crash leaves the old or the new content, never a
 * mix: temporary name, fsync, rename, fsync of the directory.
 */
MUST_CHECK enum err file_replace(const char *path, const void *data, size_t len, mode_t mode);

/* mkdir -p for the last components; ERR_NONE where it exists as a directory. */
MUST_CHECK enum err file_make_dir(const char *path, mode_t mode);

/* fsync a directory, so that names in it are durable. */
MUST_CHECK enum err file_sync_dir(const char *path);

/* Write all of it, going on after short writes and EINTR. */
MUST_CHECK enum err file_write_all(int fd, const void *data, size_t len);

#endif
