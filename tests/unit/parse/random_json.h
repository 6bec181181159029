/*
 * random_json: random shapes, and random documents that such shapes often match.
 *
 * A document is text with random white space and escapes. Its names are unique
 * within an object, so that a parser which keeps one of two members can be the
 * reference.
 */
#ifndef TESTS_RANDOM_JSON_H
#define TESTS_RANDOM_JSON_H

#include "base/bytes.h"
#include "parse/path.h"
#include "transcript.h"

#define RANDOM_SHAPES 2

/* A shape as words and as paths; `compiled` comes from the words alone. */
struct random_shape {
	char words[SHAPE_WAYS_MAX + 1 + METER_FIELDS_MAX][64];
	struct shape_text text;
	struct record_shape compiled;
	struct json_path ways[SHAPE_WAYS_MAX];
	struct json_path id; /* unset where the key is the identifier */
	struct json_path fields[METER_FIELDS_MAX];
};

struct random_case {
	struct random_shape shapes[RANDOM_SHAPES];
	struct record_shape compiled[RANDOM_SHAPES];
	size_t n_shapes;
	struct bytes text;
};

/* Roll a case; its text is wiped and written anew. */
void random_case_roll(struct random_case *c, struct dice *dice);

#endif
