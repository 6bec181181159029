/* sort: stable radix sorts for large arrays of 64-bit keys. */
#ifndef INDEX_SORT_H
#define INDEX_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct pair {
	uint64_t key;
	uint32_t value;
};

/* Ascending by key; pairs of one key keep their order. ERR_NOMEM: nothing moved. */
MUST_CHECK enum err sort_pairs(struct pair *pairs, size_t n);

/* Ascending. ERR_NOMEM: nothing moved. */
MUST_CHECK enum err sort_keys(uint64_t *keys, size_t n);

/* Ascending without doubles; returns how many are left. For small arrays. */
size_t sort_unique_u32(uint32_t *values, size_t n);

#endif
