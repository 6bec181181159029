/* io: pread and pwrite to the end. Blocks on the disk. */
#include "index/io.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum err
io_error(void)
{
	switch (errno) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return ERR_SPACE;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

enum err
io_read(int fd, uint64_t offset, void *data, size_t len)
{
	uint8_t *p = data;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_error();
		if (n == 0)
			return ERR_RANGE;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err
io_write(int fd, uint64_t offset, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_error();
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

enum err
io_size(int fd, uint64_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return io_error();
	*ret_size = (uint64_t)st.st_size;
	return ERR_NONE;
}
