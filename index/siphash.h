/*
 * siphash: SipHash-2-4 (Aumasson and Bernstein, 2012), so that nobody who
 * chooses identifiers can choose where they fall in a hash table.
 */
#ifndef INDEX_SIPHASH_H
#define INDEX_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t half[2];
};

uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
