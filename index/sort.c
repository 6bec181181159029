/* sort: least significant digit first, 11 bits a pass, constant digits skipped. */
#include "index/sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS (1U << DIGIT_BITS)
#define PASSES 6

static unsigned
digit_of(uint64_t key, unsigned pass)
{
	return (unsigned)(key >> pass * DIGIT_BITS) & (DIGITS - 1);
}

/* Counts of one digit to places; false where all keys share the digit. */
static bool
places_of(size_t counts[DIGITS], size_t n, unsigned first_digit)
{
	size_t place = 0;

	if (counts[first_digit] == n)
		return false;
	for (unsigned i = 0; i < DIGITS; i++) {
		size_t count = counts[i];

		counts[i] = place;
		place += count;
	}
	return true;
}

enum err
sort_pairs(struct pair *pairs, size_t n)
{
	size_t counts[DIGITS];
	struct pair *from = pairs;

	if (n < 2)
		return ERR_NONE;
	struct pair *scratch = calloc(n, sizeof(*scratch));
	if (scratch == NULL)
		return ERR_NOMEM;
	struct pair *to = scratch;
	for (unsigned pass = 0; pass < PASSES; pass++) {
		memset(counts, 0, sizeof(counts));
		for (size_t i = 0; i < n; i++)
			counts[digit_of(from[i].key, pass)]++;
		if (!places_of(counts, n, digit_of(from[0].key, pass)))
			continue;
		for (size_t i = 0; i < n; i++)
			to[counts[digit_of(from[i].key, pass)]++] = from[i];
		struct pair *swap = from;
		from = to;
		to = swap;
	}
	if (from != pairs)
		memcpy(pairs, from, n * sizeof(*pairs));
	free(scratch);
	return ERR_NONE;
}

enum err
sort_keys(uint64_t *keys, size_t n)
{
	size_t counts[DIGITS];
	uint64_t *from = keys;

	if (n < 2)
		return ERR_NONE;
	uint64_t *scratch = calloc(n, sizeof(*scratch));
	if (scratch == NULL)
		return ERR_NOMEM;
	uint64_t *to = scratch;
	for (unsigned pass = 0; pass < PASSES; pass++) {
		memset(counts, 0, sizeof(counts));
		for (size_t i = 0; i < n; i++)
			counts[digit_of(from[i], pass)]++;
		if (!places_of(counts, n, digit_of(from[0], pass)))
			continue;
		for (size_t i = 0; i < n; i++)
			to[counts[digit_of(from[i], pass)]++] = from[i];
		uint64_t *swap = from;
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof(*keys));
	free(scratch);
	return ERR_NONE;
}

static int
compare_u32(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

size_t
sort_unique_u32(uint32_t *values, size_t n)
{
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), compare_u32);
	for (size_t i = 1; i < n; i++)
		if (values[i] != values[kept])
			values[++kept] = values[i];
	return kept + 1;
}
