/*
 * person: the 64-bit keyed hash that stands for a person in budgets.
 *
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012)
 * under the 128-bit key in the state map: whoever chooses identifiers cannot
 * aim for collisions, and the budgets map alone names nobody. Pure.
 */
#ifndef CORE_PERSON_H
#define CORE_PERSON_H

#include <stddef.h>
#include <stdint.h>

#include "core/disclosure.h"

#define PERSON_KEY_LEN 16

uint64_t person_siphash(const uint8_t key[PERSON_KEY_LEN], const void *data, size_t len);

/* Of (namespace, canonical identifier); never 0. `len` is at most PERSON_ID_MAX, longer ones are cut. */
uint64_t person_hash(const uint8_t key[PERSON_KEY_LEN], uint8_t space, const uint8_t *id, size_t len);

/* The number `i` of the unnamed persons of a charge with that seed; never 0, distinct for distinct `i`. */
uint64_t person_unnamed(uint64_t seed, uint32_t i);

/* Sort in place, drop repetitions and zeroes; returns how many remain. */
size_t person_sort_unique(uint64_t *persons, size_t n);

#endif
