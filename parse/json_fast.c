/* json_fast: see the header. Owns nothing; never blocks. */
#include "parse/json_fast.h"

#include <string.h>

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

static inline const uint8_t *
digits_end(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* To after the digits that must be at p, or NULL. */
static inline const uint8_t *
some_digits_end(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = digits_end(p, end);

	return stop != p ? stop : NULL;
}

/* To after the number at p, or NULL. It may go on where that is the end. */
static const uint8_t *
number_end(const uint8_t *p, const uint8_t *end)
{
	p += *p == '-';
	p = *p == '0' ? p + 1 : some_digits_end(p, end);
	if (p != NULL && p < end && *p == '.')
		p = some_digits_end(p + 1, end);
	if (p == NULL || p == end || (*p | 0x20) != 'e')
		return p;
	p += end - p > 1 && (p[1] == '+' || p[1] == '-') ? 2 : 1;
	return some_digits_end(p, end);
}

/* A value that is no object or array. */
struct scalar {
	enum json_kind kind;
	const uint8_t *at;
	size_t len; /* 0 where it is "" or null */
	const uint8_t *after;
};

/* Five bytes can be read at p. */
static inline bool
take_word(struct scalar *ret, const uint8_t *p)
{
	bool null = memcmp(p, "null", 4) == 0, yes = memcmp(p, "true", 4) == 0;

	if (!null && !yes && memcmp(p, "false", 5) != 0)
		return false;
	ret->kind = null ? JSON_NULL : JSON_BOOL;
	ret->at = p;
	ret->len = null ? 0 : 1;
	ret->after = p + (null || yes ? 4 : 5);
	return true;
}

/* Read the scalar at p, if there is one that ends well before `end`. */
static inline bool
take_scalar(struct scalar *ret, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop;

	if (*p == '"') {
		stop = text_end(p + 1, end);
		if (stop == end || *stop != '"')
			return false;
		*ret = (struct scalar){JSON_STRING, p + 1, (size_t)(stop - p) - 1, stop + 1};
	} else if (*p == '-' || (*p >= '0' && *p <= '9')) {
		if ((stop = number_end(p, end)) == NULL)
			return false;
		*ret = (struct scalar){JSON_NUMBER, p, (size_t)(stop - p), stop};
	} else if (!take_word(ret, p)) {
		return false;
	}
	return end - ret->after >= TAIL;
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
match_member(struct json_scan *scan, const struct spot *spot, unsigned edge,
    const struct scalar *value)
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
	if (value->len != 0)
		scan->records[track->record].fields |= to->fields;
	if ((to->ends & SHAPE_END_ID) != 0 && scan->err == ERR_NONE)
		json_match_id(scan, track, value->kind, value->at, value->len);
}

/* Take the member whose name begins at p; NULL where it is not of the plain kind. */
static inline const uint8_t *
take_member(struct json_scan *scan, const struct spot *spot, const uint8_t *p, const uint8_t *end)
{
	unsigned edge = JSON_NO_EDGE;
	struct scalar value;
	const uint8_t *name_end;

	if (spot->track != NULL)
		edge = expected_edge(scan, spot, p);
	name_end = edge != JSON_NO_EDGE ? p + spot->edges[edge].name_len : span_text(p, end);
	if (end - name_end < TAIL || name_end[0] != '"' || name_end[1] != ':' ||
	    !take_scalar(&value, name_end + (name_end[2] == ' ' ? 3 : 2), end))
		return NULL;
	if (spot->track != NULL) {
		if (edge == JSON_NO_EDGE)
			edge = other_edge(scan, spot, p, name_end);
		match_member(scan, spot, edge, &value);
	}
	return value.after;
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
