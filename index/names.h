/*
 * names: the dictionary of one period in memory, person <-> dense number.
 *
 * Numbers are given in the order of first sight, from 0. The names lie one
 * after the other in one mapping (namespace u8, length u8, identifier), every
 * 8th is remembered by its offset: a name of 11 bytes costs 13 bytes, one byte
 * of offset, and 5 to 11 bytes of hash slot where the hash is needed. The
 * hash is built when the first person is looked for by name; a dictionary that
 * is only read by number never pays for it.
 *
 * The names are secrets: names_wipe() zeroes them.
 */
#ifndef INDEX_NAMES_H
#define INDEX_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/person.h"

/* Most persons of one period. */
#define NAMES_MAX (1U << 31)

struct name {
	const uint8_t *id;
	uint8_t id_len;
	uint8_t space;
};

struct names {
	uint8_t *arena; /* private mapping of `cap` bytes */
	size_t len;
	size_t cap;
	uint64_t *marks; /* offset of the names 0, 8, 16 ... */
	size_t marks_cap;
	uint32_t n;
	uint32_t *slots; /* 2^slot_bits: tag above, number + 1 below; 0 is free */
	unsigned slot_bits;
	uint8_t seed[PERSON_KEY_LEN]; /* random: nobody who chooses identifiers chooses where they fall */
};

MUST_CHECK enum err names_init(struct names *names);
void names_wipe(struct names *names);

/* Give the next number, without looking whether the person has one. ERR_SPACE when full. */
MUST_CHECK enum err names_append(struct names *names, const struct name *name);

/*
 * Give the next `n` numbers to the names that lie in `len` bytes as they do in
 * the arena. ERR_CORRUPT, with nothing appended, where they are not exactly so many names.
 */
MUST_CHECK enum err names_append_all(struct names *names, const uint8_t *bytes, size_t len, uint32_t n);

/* The number of a person, given now if need be. */
MUST_CHECK enum err names_intern(struct names *names, const struct name *name, uint32_t *ret_number);

/* The number of a person; ERR_NOT_FOUND. Walks all names while there is no hash. */
MUST_CHECK enum err names_find(const struct names *names, const struct name *name, uint32_t *ret_number);

/* The person of a number below `n`; borrowed until the next append. */
void names_get(const struct names *names, uint32_t number, struct name *ret_name);

/* The bytes of the names from number `first` on, as they lie in the arena. */
const uint8_t *names_bytes(const struct names *names, uint32_t first, size_t *ret_len);

/* Ask the processor for the slot of a name that is about to be interned. */
void names_prefetch(const struct names *names, const struct name *name);

#endif
