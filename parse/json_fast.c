/* json_fast: see the header. Owns nothing; never blocks. */
#include "parse/json_fast.h"

#include "parse/json_edge.h"
#include "parse/json_match.h"
#include "parse/span.h"
#include "parse/utf8.h"

/* Nothing nearer to the end of a feed is looked at, so that bytes can be read ahead. */
#define TAIL 24

/* Where the innermost object's record is in its shape; all NULL where nobody asks. */
struct spot {
	struct json_track *track;
	const struct record_shape *shape;
	const struct shape_node *node;
	const struct shape_edge *edges; /* of the node */
};

/* Go on with a string at a byte that is not ASCII, to its quote or something else. */
static const uint8_t *
wide_text_end(const uint8_t *p, const uint8_t *end)
{
	size_t n;

	while (p < end && *p >= 0x80 && (n = utf8_sequence(p, end)) != 0)
		p = span_text(p + n, end);
	return p;
}

/* To the quote that ends a string without escapes, or to something else. */
static inline const uint8_t *
text_end(const uint8_t *p, const uint8_t *end)
{
	p = span_text(p, end);
	return p < end && *p >= 0x80 ? wide_text_end(p, end) : p;
}

/* p is after a name's quote: to after the quote of a string value, or NULL. */
static inline const uint8_t *
value_after(const uint8_t *p)
{
	if (*p != ':')
		return NULL;
	p += p[1] == ' ' ? 2 : 1;
	return *p == '"' ? p + 1 : NULL;
}

/* The edge that this object's members have led one to expect, if it is the one at p. */
static inline unsigned
expected_edge(const struct json_scan *scan, const struct spot *spot, const uint8_t *p)
{
	unsigned edge = scan->hints[spot->track->last];

	if (edge < spot->node->n_edges && json_edge_is_at(spot->shape, &spot->edges[edge], p))
		return edge;
	return JSON_NO_EDGE;
}

/* The edge of the name [p, name_end), which is another than expected. */
static unsigned
other_edge(struct json_scan *scan, const struct spot *spot, const uint8_t *p,
    const uint8_t *name_end)
{
	unsigned edge = json_edge_find(spot->shape, spot->node, p, (size_t)(name_end - p));

	if (edge != JSON_NO_EDGE)
		scan->hints[spot->track->last] = (uint8_t)edge;
	return edge;
}

/* What json_match_name(), _begin and _scalar would do for the only track of a record. */
static inline void
match_member(struct json_scan *scan, const struct spot *spot, unsigned edge, const uint8_t *value,
    size_t len)
{
	const struct shape_node *to = &spot->shape->nodes[spot->node->any_name];
	struct json_track *track = spot->track;

	if (edge != JSON_NO_EDGE) {
		if ((track->seen >> edge & 1) != 0)
			json_refuse(scan, ERR_FORMAT, JSON_WHY_TWICE);
		track->seen |= (uint64_t)1 << edge;
		track->last = (uint8_t)(spot->node->first_edge + edge);
		to = &spot->shape->nodes[spot->edges[edge].node];
	}
	if (len != 0)
		scan->records[track->record].fields |= to->fields;
	if ((to->ends & SHAPE_END_ID) != 0 && scan->err == ERR_NONE)
		json_match_id(scan, track, value, len);
}

/* Take the member whose name begins at p; NULL where it is not of the plain kind. */
static inline const uint8_t *
take_member(struct json_scan *scan, const struct spot *spot, const uint8_t *p, const uint8_t *end)
{
	unsigned edge = JSON_NO_EDGE;
	const uint8_t *name_end, *value, *value_end;

	if (spot->track != NULL)
		edge = expected_edge(scan, spot, p);
	name_end = edge != JSON_NO_EDGE ? p + spot->edges[edge].name_len : span_text(p, end);
	if (end - name_end < TAIL || *name_end != '"' || (value = value_after(name_end + 1)) == NULL)
		return NULL;
	value_end = text_end(value, end);
	if (end - value_end < TAIL || *value_end != '"')
		return NULL;
	if (spot->track != NULL) {
		if (edge == JSON_NO_EDGE)
			edge = other_edge(scan, spot, p, name_end);
		match_member(scan, spot, edge, value, (size_t)(value_end - value));
	}
	return value_end + 1;
}

/* Is the innermost object of one record's concern, or of nobody's? */
static bool
find_spot(struct json_scan *scan, struct spot *ret_spot)
{
	const struct json_frame *frame = &scan->frames[scan->depth - 1];
	struct json_track *track = &scan->tracks[frame->first_track];
	uint32_t n_tracks = scan->pending - frame->first_track;

	*ret_spot = (struct spot){.track = NULL};
	if (n_tracks == 0)
		return true;
	if (n_tracks > 1 || track->record == JSON_OPEN_MAX)
		return false;
	ret_spot->track = track;
	ret_spot->shape = &scan->shapes[track->shape];
	ret_spot->node = &ret_spot->shape->nodes[track->node];
	ret_spot->edges = ret_spot->shape->edges + ret_spot->node->first_edge;
	return true;
}

const uint8_t *
json_fast_members(struct json_scan *scan, const uint8_t *p, const uint8_t *end, bool *ret_ended)
{
	struct spot spot;

	*ret_ended = false;
	if (end - p < TAIL || !find_spot(scan, &spot))
		return p;
	for (;;) {
		const uint8_t *next = take_member(scan, &spot, p + 1, end);

		if (next == NULL)
			return p;
		p = next;
		*ret_ended = true;
		if (*p != ',' || scan->err != ERR_NONE)
			return p;
		/* A comma alone is no place to stop: go on only where a name follows. */
		next = p[1] > ' ' ? p + 1 : span_space(p + 1, end);
		if (end - next < TAIL || *next != '"')
			return p;
		p = next;
		*ret_ended = false;
	}
}
