/* set: distinct persons. Never blocks; one thread. */
#include "index/set.h"

#include <stdlib.h>

#include "index/sort.h"

#define LIST_FIRST 1024
#define LIST_MAX 65536

void
set_init(struct set *set, uint32_t persons)
{
	*set = (struct set){.persons = persons};
}

void
set_wipe(struct set *set)
{
	free(set->list);
	free(set->bits);
	*set = (struct set){0};
}

static size_t
words_of(const struct set *set)
{
	return (size_t)set->persons / 64 + 1;
}

static void
set_bit(struct set *set, uint32_t person)
{
	set->bits[person / 64] |= 1ULL << person % 64;
}

static enum err
list_to_bits(struct set *set)
{
	set->bits = calloc(words_of(set), sizeof(*set->bits));
	if (set->bits == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < set->n; i++)
		set_bit(set, set->list[i]);
	free(set->list);
	set->list = NULL;
	return ERR_NONE;
}

/* Room in the list, or the change to bits. */
static enum err
reserve(struct set *set, size_t more)
{
	size_t cap = set->cap != 0 ? set->cap : LIST_FIRST;

	if (set->bits != NULL || set->n + more <= set->cap)
		return ERR_NONE;
	if (set->n + more > LIST_MAX)
		return list_to_bits(set);
	while (cap < set->n + more)
		cap *= 2;
	uint32_t *grown = realloc(set->list, cap * sizeof(*grown));
	if (grown == NULL)
		return ERR_NOMEM;
	set->list = grown;
	set->cap = cap;
	return ERR_NONE;
}

enum err
set_add(struct set *set, const uint32_t *persons, size_t n)
{
	enum err err = reserve(set, n);

	if (err != ERR_NONE)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (persons[i] >= set->persons)
			return ERR_CORRUPT;
		if (set->bits != NULL)
			set_bit(set, persons[i]);
		else
			set->list[set->n++] = persons[i];
	}
	return ERR_NONE;
}

size_t
set_finish(struct set *set)
{
	if (set->bits == NULL) {
		set->n = sort_unique_u32(set->list, set->n);
		return set->n;
	}
	set->n = 0;
	for (size_t i = 0; i < words_of(set); i++)
		set->n += (size_t)__builtin_popcountll(set->bits[i]);
	return set->n;
}

enum err
set_next(const struct set *set, size_t *at, uint32_t *ret_person)
{
	if (set->bits == NULL) {
		if (*at >= set->n)
			return ERR_NOT_FOUND;
		*ret_person = set->list[(*at)++];
		return ERR_NONE;
	}
	for (size_t word = *at / 64; word < words_of(set); word++) {
		uint64_t left = set->bits[word];

		if (word == *at / 64)
			left &= ~0ULL << *at % 64;
		if (left == 0)
			continue;
		size_t bit = word * 64 + (size_t)__builtin_ctzll(left);
		*ret_person = (uint32_t)bit;
		*at = bit + 1;
		return ERR_NONE;
	}
	return ERR_NOT_FOUND;
}
