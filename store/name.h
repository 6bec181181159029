/*
 * name: numbers for names, given once and never reused, so that a map, a
 * journal or a ledger written years ago still means the same thing.
 */
#ifndef STORE_NAME_H
#define STORE_NAME_H

#include "store/store.h"

#define STORE_NAME_TEXT_MAX 64 /* with the final NUL */

/* Stored as numbers: never change one. */
enum store_name_kind {
	STORE_NAME_ROUTE = 1,
	STORE_NAME_METER = 2,
	STORE_NAME_SPACE = 3,
	STORE_NAME_PROFILE = 4,
	STORE_NAME_TERRITORY = 5,
	STORE_NAME_PROVIDER = 6,
};

/* The number of `name`, given now if it has none; from 1 on. */
MUST_CHECK enum err store_name_number(struct store *store, enum store_name_kind kind, const char *name,
    uint32_t *ret_number);

/* The same without giving one: ERR_NOT_FOUND. */
MUST_CHECK enum err store_name_find(struct store *store, enum store_name_kind kind, const char *name,
    uint32_t *ret_number);

MUST_CHECK enum err store_name_text(struct store *store, enum store_name_kind kind, uint32_t number,
    char ret_name[STORE_NAME_TEXT_MAX]);

/* The name of a place, from 0 on, in a meter's list of fields: the bit in its masks. ERR_NOT_FOUND. */
MUST_CHECK enum err store_field_name(struct store *store, uint32_t meter, uint32_t place,
    char ret_name[STORE_NAME_TEXT_MAX]);
/* Name a place, once and for all: ERR_EXISTS. */
MUST_CHECK enum err store_field_put(struct store *store, uint32_t meter, uint32_t place, const char *name);

#endif
