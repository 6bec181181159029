/*
 * json_edge: which edge of a node has a name, asked for each member of each
 * record. Private to parse/. Pure.
 */
#ifndef PARSE_JSON_EDGE_H
#define PARSE_JSON_EDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "parse/path.h"
#include "parse/shape.h"
#include "parse/span.h"

#define JSON_NO_EDGE SHAPE_FANOUT_MAX

/* How many bits are set: where baseline x86-64 has no instruction, better than a call. */
static inline unsigned
json_count_bits(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(x * 0x0101010101010101 >> 56);
}

/*
 * The number among its node's edges of the one with this name, or JSON_NO_EDGE. The
 * edges are in the order of their tags, so the tags below say where to look; it
 * is further on only where two edges share a tag.
 */
static inline unsigned
json_edge_find(const struct record_shape *shape, const struct shape_node *node, const uint8_t *name,
    size_t len)
{
	uint64_t bit;

	if (len > PATH_NAME_MAX)
		return JSON_NO_EDGE;
	bit = (uint64_t)1 << shape_tag(name, len);
	if ((node->tags & bit) == 0)
		return JSON_NO_EDGE;
	for (unsigned i = json_count_bits(node->tags & (bit - 1)); i < node->n_edges; i++) {
		const struct shape_edge *edge = &shape->edges[node->first_edge + i];

		if (edge->name_len == len && memcmp(shape->names + edge->name_at, name, len) == 0)
			return i;
	}
	return JSON_NO_EDGE;
}

/*
 * Does the member name that begins at p, after its quote, and its closing quote
 * equal this edge's? 16 bytes must be readable at p; longer names are a no.
 */
static inline bool
json_edge_is_at(const struct record_shape *shape, const struct shape_edge *edge, const uint8_t *p)
{
	const uint8_t *name = shape->names + edge->name_at;
	unsigned len = edge->name_len + 1U;
#ifdef __SSE2__
	unsigned same = span_bits(_mm_cmpeq_epi8(span_load(name), span_load(p)));

	return len <= 16 && (~same & ((1U << len) - 1)) == 0;
#else
	return len <= 16 && memcmp(name, p, len) == 0;
#endif
}

#endif
