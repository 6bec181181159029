/* heads: a small hash from number to number that only grows; values are never NONE. */
#ifndef INDEX_HEADS_H
#define INDEX_HEADS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HEADS_NONE UINT32_MAX

struct head {
	uint32_t key;
	uint32_t value; /* HEADS_NONE: free */
};

struct heads {
	struct head *slots; /* 2^bits */
	unsigned bits;
	size_t n;
};

void heads_wipe(struct heads *heads);

/* The value of `key`, or HEADS_NONE. */
uint32_t heads_get(const struct heads *heads, uint32_t key);

/* Make room, so that the next heads_set() has a place. */
MUST_CHECK enum err heads_reserve(struct heads *heads);

void heads_set(struct heads *heads, uint32_t key, uint32_t value);

#endif
