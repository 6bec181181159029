/* file: careful whole-file input and output. Blocks on the disk. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
err_of_errno(void)
{
	switch (errno) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return ERR_SPACE;
	default:
		return ERR_IO;
	}
}

static enum err
read_fd(int fd, struct bytes *b)
{
	for (;;) {
		enum err err = bytes_reserve(b, 1);

		if (err != ERR_NONE)
			return err;
		ssize_t n = read(fd, b->data + b->len, b->cap - b->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return ERR_NONE;
		b->len += (size_t)n;
	}
}

static enum err
read_checked(const char *path, struct bytes *b, bool secret)
{
	struct stat st;
	enum err err = ERR_NONE;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_of_errno();
	if (fstat(fd, &st) != 0)
		err = ERR_IO;
	else if (!S_ISREG(st.st_mode))
		err = ERR_FORMAT;
	else if (secret && ((st.st_mode & 077) != 0 || (st.st_uid != 0 && st.st_uid != geteuid())))
		err = ERR_DENIED;
	/* One byte more than the file, so that its end is seen without growing. */
	else if (b->len < b->limit && (size_t)st.st_size < b->limit - b->len)
		err = bytes_reserve(b, (size_t)st.st_size + 1);
	if (err == ERR_NONE)
		err = read_fd(fd, b);
	close(fd);
	return err;
}

enum err
file_read(const char *path, struct bytes *b)
{
	return read_checked(path, b, false);
}

enum err
file_read_secret(const char *path, struct bytes *b)
{
	return read_checked(path, b, true);
}

enum err
file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_of_errno();
		p += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err
file_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_of_errno();
	enum err err = fsync(fd) == 0 ? ERR_NONE : ERR_IO;
	close(fd);
	return err;
}

static enum err
sync_parent(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return file_sync_dir(".");
	size_t len = slash == path ? 1 : (size_t)(slash - path);
	if (len >= sizeof(dir))
		return ERR_RANGE;
	memcpy(dir, path, len);
	dir[len] = '\0';
	return file_sync_dir(dir);
}

enum err
file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
	char temporary[PATH_MAX];
	enum err err;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return ERR_RANGE;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_of_errno();
	err = file_write_all(fd, data, len);
	if (err == ERR_NONE && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		err = err_of_errno();
	if (close(fd) != 0 && err == ERR_NONE)
		err = err_of_errno();
	if (err == ERR_NONE && rename(temporary, path) != 0)
		err = err_of_errno();
	if (err != ERR_NONE) {
		(void)unlink(temporary);
		return err;
	}
	return sync_parent(path);
}

enum err
file_make_dir(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0 || len >= sizeof(part))
		return ERR_RANGE;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) != 0 && errno != EEXIST)
			return err_of_errno();
	}
	if (stat(path, &st) != 0)
		return err_of_errno();
	return S_ISDIR(st.st_mode) ? ERR_NONE : ERR_EXISTS;
}
