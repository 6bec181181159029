/* bed: a folder for an index, keys for its periods, and what its answers look like as bytes. */
#ifndef TESTS_INDEX_BED_H
#define TESTS_INDEX_BED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "index/index.h"
#include "model.h"

struct bed {
	char dir[64];
	uint32_t gone; /* the period whose key was destroyed; 0: none */
	uint8_t salt;  /* keys differ with it */
	unsigned asked;
	struct index_options options;
};

void bed_make(struct bed *bed, uint32_t seal_events);
void bed_remove(struct bed *bed);
enum err bed_key(void *context, uint32_t period, uint8_t ret_key[INDEX_KEY_LEN]);

/* Open or fail the test. */
struct index *bed_open(struct bed *bed);

/* Every answer to a fixed set of questions, in the order in which it came, as text. */
void bed_answers(struct index *index, uint64_t seed, uint64_t from_us, uint64_t to_us, struct bytes *out);

/* The one file in the folder whose name starts so; its path. */
void bed_path(const struct bed *bed, const char *prefix, char path[512]);

#endif
