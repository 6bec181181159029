/*
 * set: distinct persons of one period while they are counted: a short list
 * first, one bit per person of the period once the list is full.
 */
#ifndef INDEX_SET_H
#define INDEX_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct set {
	uint32_t persons; /* every member is below */
	uint32_t *list;
	size_t n;
	size_t cap;
	uint64_t *bits; /* NULL while the list is in use */
};

/* Owns no memory yet. */
void set_init(struct set *set, uint32_t persons);
void set_wipe(struct set *set);

/* ERR_CORRUPT for a person that the period does not have. */
MUST_CHECK enum err set_add(struct set *set, const uint32_t *persons, size_t n);

/* Call once after the last add: gives the number of members. */
size_t set_finish(struct set *set);

/* Members ascending, `*at` from 0; ERR_NOT_FOUND after the last. */
MUST_CHECK enum err set_next(const struct set *set, size_t *at, uint32_t *ret_person);

#endif
