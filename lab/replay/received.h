/*
 * received: the persons that stand in the bytes a client received.
 *
 * The training platform's identifiers, seven digits and a capital letter, fit into 64 bits; a set of them is an open
 * table. Extraction reads JSON (any member named "id" that holds an identifier, whole documents through jansson) and
 * CSV (the column "id"); of a response that was cut short every identifier that arrived counts. No I/O.
 */
#ifndef LAB_REPLAY_RECEIVED_H
#define LAB_REPLAY_RECEIVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RECEIVED_ID_LEN 8

struct received {
	uint64_t *slots; /* 0: empty */
	size_t room;     /* a power of two, or 0 */
	size_t count;
};

void received_wipe(struct received *set);

/* `id` has exactly RECEIVED_ID_LEN characters. What is no identifier is not added: false, as for one known already. */
bool received_add(struct received *set, const char *id);
bool received_has(const struct received *set, const char *id);

/* Is every one of `part` in `whole`? */
bool received_within(const struct received *part, const struct received *whole);

/* Add the persons of a response; the number of new ones. */
size_t received_take(struct received *set, const uint8_t *body, size_t len, bool complete);

/* Call `each` for every person until it returns false. */
void received_each(const struct received *set, bool (*each)(void *context, const char *id), void *context);

#endif
