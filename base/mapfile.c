/* mapfile: files mapped shared. Blocks on the file system. */
#include "base/mapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static enum err
err_of_errno(void)
{
	switch (errno) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_SPACE;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

static enum err
map_fd(int fd, size_t size, int protection, struct mapfile *ret_file)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return err_of_errno();
	ret_file->memory = memory;
	ret_file->size = size;
	return ERR_NONE;
}

static enum err
temporary_name(const char *path, char out[PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s.new", path) < PATH_MAX ? ERR_NONE : ERR_RANGE;
}

/* Every block now: a page that finds none later raises SIGBUS in whoever touches it. */
static enum err
allocate(int fd, size_t size)
{
	int failed;

	do
		failed = posix_fallocate(fd, 0, (off_t)size);
	while (failed == EINTR);
	errno = failed;
	return failed == 0 ? ERR_NONE : err_of_errno();
}

enum err
mapfile_create(struct mapfile *ret_file, const char *path, size_t size, mode_t mode)
{
	char name[PATH_MAX];
	enum err err = temporary_name(path, name);

	if (err != ERR_NONE)
		return err;
	if (size == 0 || size > INT64_MAX)
		return ERR_RANGE;
	/* A new inode: whoever has a left-over one mapped must not see it change its size. */
	if (unlink(name) != 0 && errno != ENOENT)
		return err_of_errno();
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_of_errno();
	err = fchmod(fd, mode) != 0 ? err_of_errno() : allocate(fd, size);
	if (err == ERR_NONE)
		err = map_fd(fd, size, PROT_READ | PROT_WRITE, ret_file);
	close(fd);
	if (err != ERR_NONE)
		(void)unlink(name);
	return err;
}

void
mapfile_discard(struct mapfile *file, const char *path)
{
	char name[PATH_MAX];

	mapfile_close(file);
	if (temporary_name(path, name) == ERR_NONE)
		(void)unlink(name);
}

enum err
mapfile_publish(const char *path)
{
	char name[PATH_MAX], dir[PATH_MAX];
	enum err err = temporary_name(path, name);

	if (err != ERR_NONE)
		return err;
	if (rename(name, path) != 0)
		return err_of_errno();
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return file_sync_dir(".");
	size_t len = slash == path ? 1 : (size_t)(slash - path);
	memcpy(dir, path, len);
	dir[len] = '\0';
	return file_sync_dir(dir);
}

enum err
mapfile_open(struct mapfile *ret_file, const char *path, enum mapfile_access access)
{
	bool write = access == MAPFILE_WRITE;
	enum err err;
	struct stat st;
	int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return err_of_errno();
	if (fstat(fd, &st) != 0)
		err = ERR_IO;
	else if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		err = ERR_FORMAT;
	else
		err = map_fd(fd, (size_t)st.st_size, write ? PROT_READ | PROT_WRITE : PROT_READ, ret_file);
	close(fd);
	return err;
}

void
mapfile_close(struct mapfile *file)
{
	if (file->memory != NULL)
		(void)munmap(file->memory, file->size);
	file->memory = NULL;
	file->size = 0;
}
