/*
 * transcript: what a scanner said of some bytes, as text that tests compare:
 * `0:P1/3 0:P2/0 end` is shape number, identifier and fields in hexadecimal of
 * each person, then `end` or `refused: why`.
 */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse/csv_scan.h"
#include "parse/json_scan.h"

#define TRANSCRIPT_MAX 65536

struct transcript {
	char text[TRANSCRIPT_MAX];
	size_t len;
	enum err err;
	uint64_t closed;
};

/* Numbers from a seed, the same everywhere. */
struct dice {
	uint64_t state;
};

uint32_t dice_roll(struct dice *dice, uint32_t sides);

/* How bytes are cut: whole, one at a time, or in random pieces up to `most`. */
struct cut {
	size_t most;       /* 0: whole */
	struct dice *dice; /* NULL: pieces of exactly `most` */
};

void transcript_json(struct transcript *t, const struct record_shape *shapes, size_t n,
    const void *data, size_t len, struct cut cut);
void transcript_csv(struct transcript *t, const struct column_shape *shape, const void *data,
    size_t len, struct cut cut);

#endif
