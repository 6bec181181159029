/*
 * mapfile: files mapped shared into memory, for tables that several processes
 * use. Blocks on the file system; the bytes in the mapping are the caller's.
 *
 * A file that another process cuts while it is mapped raises SIGBUS: only
 * trusted processes may write to these directories.
 */
#ifndef BASE_MAPFILE_H
#define BASE_MAPFILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct mapfile {
	void *memory; /* NULL: not mapped */
	size_t size;
};

enum mapfile_access { MAPFILE_READ, MAPFILE_WRITE };

/*
 * Make a file of zeroes at `path` + ".new" (replacing a left-over one), mapped
 * for writing. All its blocks are allocated, so that a disk that fills later
 * harms nobody who touches a page. It takes its place with mapfile_publish(),
 * when its content is formatted: nobody ever opens a half-made map. ERR_SPACE:
 * the disk has no room, and nothing is left behind.
 */
MUST_CHECK enum err mapfile_create(struct mapfile *ret_file, const char *path, size_t size, mode_t mode);
MUST_CHECK enum err mapfile_publish(const char *path);
/* Instead: unmap and remove what was made. */
void mapfile_discard(struct mapfile *file, const char *path);

/* ERR_NOT_FOUND, ERR_DENIED, ERR_FORMAT (no regular file, or empty), ERR_IO. */
MUST_CHECK enum err mapfile_open(struct mapfile *ret_file, const char *path, enum mapfile_access access);

/* Unmap; does nothing where nothing is mapped. */
void mapfile_close(struct mapfile *file);

#endif
