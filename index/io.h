/* io: files of the index at known offsets; reasons to go with errors. */
#ifndef INDEX_IO_H
#define INDEX_IO_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Point `why` (may be NULL) at the static sentence `text` and give back `err`. */
MUST_CHECK static inline enum err
because(enum err err, const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return err;
}

/* What to say of an error for which nothing better is said later. */
static inline void
suppose(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
}

/* The error that errno stands for. */
enum err io_error(void);

/* Exactly `len` bytes from `offset`; ERR_RANGE where the file ends before. */
MUST_CHECK enum err io_read(int fd, uint64_t offset, void *data, size_t len);
MUST_CHECK enum err io_write(int fd, uint64_t offset, const void *data, size_t len);
MUST_CHECK enum err io_size(int fd, uint64_t *ret_size);

#endif
