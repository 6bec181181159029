/* json_match: see the header. Owns nothing; never blocks. */
#include "parse/json_match.h"

#include <string.h>

#include "parse/json_edge.h"

/* The record of a track that is on the way to records and in none of its own. */
#define NO_RECORD JSON_OPEN_MAX

void
json_refuse(struct json_scan *scan, enum err err, const char *why)
{
	if (scan->err != ERR_NONE)
		return;
	scan->err = err;
	scan->why = why;
}

static inline const struct record_shape *
shape_of(const struct json_scan *scan, const struct json_track *track)
{
	return &scan->shapes[track->shape];
}

static inline const struct shape_node *
node_of(const struct json_scan *scan, const struct json_track *track)
{
	return &shape_of(scan, track)->nodes[track->node];
}

/* Add a pending track; the dead node needs none. */
static void
push(struct json_scan *scan, uint8_t node, uint8_t shape, uint8_t record)
{
	const struct shape_node *to;

	if (node == 0)
		return;
	if (scan->n_tracks == JSON_TRACKS_MAX) {
		json_refuse(scan, ERR_FORMAT, "paths that lead to too many places at once");
		return;
	}
	to = &scan->shapes[shape].nodes[node];
	if (record == NO_RECORD)
		scan->watch |= JSON_WATCH_WAY;
	if ((to->ends & SHAPE_END_ID) != 0)
		scan->watch |= JSON_WATCH_ID;
	scan->tracks[scan->n_tracks++] = (struct json_track){.fields = to->fields, .node = node,
	    .shape = shape, .last = (uint8_t)(JSON_HINT_FIRST + node), .record = record};
}

void
json_match_root(struct json_scan *scan)
{
	for (uint32_t i = 0; i < scan->n_shapes; i++)
		push(scan, scan->shapes[i].way_root, (uint8_t)i, NO_RECORD);
}

void
json_match_element(struct json_scan *scan)
{
	const struct json_frame *frame = &scan->frames[scan->depth - 1];

	for (uint32_t i = frame->first_track; i < scan->pending; i++) {
		const struct json_track *track = &scan->tracks[i];

		push(scan, node_of(scan, track)->any_index, track->shape, track->record);
	}
}

/* Follow one track along a name; the node it leads to. */
static uint8_t
follow_name(struct json_scan *scan, struct json_track *track, const uint8_t *name, size_t len)
{
	const struct record_shape *shape = shape_of(scan, track);
	const struct shape_node *node = &shape->nodes[track->node];
	unsigned edge = json_edge_find(shape, node, name, len);

	if (edge == JSON_NO_EDGE)
		return node->any_name;
	if ((track->seen >> edge & 1) != 0)
		json_refuse(scan, ERR_FORMAT, JSON_WHY_TWICE);
	track->seen |= (uint64_t)1 << edge;
	return shape->edges[node->first_edge + edge].node;
}

/* The name may be an identifier: keep it until the value begins and a record opens. */
static void
keep_name(struct json_scan *scan, const uint8_t *name, size_t len)
{
	scan->text_len = (uint16_t)(len > CANON_RAW_MAX ? CANON_RAW_MAX + 1 : len);
	if (len <= CANON_RAW_MAX)
		memmove(scan->text, name, len);
}

void
json_match_name(struct json_scan *scan, const uint8_t *name, size_t len)
{
	const struct json_frame *frame = &scan->frames[scan->depth - 1];
	uint32_t end = scan->pending;

	for (uint32_t i = frame->first_track; i < end; i++) {
		struct json_track *track = &scan->tracks[i];
		const struct record_shape *shape = shape_of(scan, track);
		uint8_t node = follow_name(scan, track, name, len);

		if ((shape->nodes[node].ends & SHAPE_END_RECORD) != 0 &&
		    (shape->flags & SHAPE_ID_IS_KEY) != 0)
			keep_name(scan, name, len);
		push(scan, node, track->shape, track->record);
	}
}

/* A record begins; its identifier may be known already from its name. */
static void
open_record(struct json_scan *scan, const struct json_track *way)
{
	const struct record_shape *shape = shape_of(scan, way);
	uint8_t slot = (uint8_t)scan->n_records;
	struct json_record *record = &scan->records[slot];
	enum err err = ERR_NONE;
	const char *why = NULL;

	if (slot == JSON_OPEN_MAX) {
		json_refuse(scan, ERR_FORMAT, "too many records inside one another");
		return;
	}
	record->shape = way->shape;
	record->fields = 0;
	record->id.len = 0;
	if ((shape->flags & SHAPE_ID_IS_KEY) != 0)
		err = canon_make(shape->canon, scan->text, scan->text_len, &record->id, &why);
	if (err != ERR_NONE)
		json_refuse(scan, err, why);
	scan->n_records++;
	push(scan, shape->record_root, way->shape, slot);
}

/* Does strictness apply here? Not inside a record of the shape itself. */
static bool
must_lead_on(const struct json_scan *scan, const struct json_track *way)
{
	if ((shape_of(scan, way)->flags & SHAPE_OPTIONAL) != 0)
		return false;
	for (uint32_t i = 0; i < scan->n_records; i++)
		if (scan->records[i].shape == way->shape)
			return false;
	return true;
}

static bool
kind_leads_on(const struct shape_node *node, enum json_kind kind)
{
	switch (kind) {
	case JSON_NULL:
		return true;
	case JSON_OBJECT:
		return node->n_edges != 0 || node->any_name != 0;
	case JSON_ARRAY:
		return node->any_index != 0;
	default:
		return false;
	}
}

/* A value begins on the way to records, and may be one. */
static void
begin_way(struct json_scan *scan, const struct json_track *way, enum json_kind kind)
{
	const struct shape_node *node = node_of(scan, way);
	bool by_key = (shape_of(scan, way)->flags & SHAPE_ID_IS_KEY) != 0;

	if ((node->ends & SHAPE_END_RECORD) != 0) {
		if (kind != JSON_NULL || by_key)
			open_record(scan, way);
	} else if (!kind_leads_on(node, kind) && must_lead_on(scan, way)) {
		json_refuse(scan, ERR_FORMAT, "a value of another kind on the way to the records");
	}
}

/* What kinds of values are no identifiers, or NULL. */
static const char *
check_id_kind(enum json_kind kind)
{
	if (kind == JSON_NULL)
		return "a record whose identifier is null";
	if (kind != JSON_STRING && kind != JSON_NUMBER)
		return "an identifier that is neither string nor integer";
	return NULL;
}

void
json_match_begin(struct json_scan *scan, enum json_kind kind, bool *ret_keep)
{
	uint32_t end = scan->n_tracks;
	bool keep;

	scan->n_outer = scan->n_records;
	for (uint32_t i = scan->pending; (scan->watch & JSON_WATCH_WAY) != 0 && i < end; i++)
		if (scan->tracks[i].record == NO_RECORD)
			begin_way(scan, &scan->tracks[i], kind);
	keep = (scan->watch & JSON_WATCH_ID) != 0;
	if (keep && (kind == JSON_OBJECT || kind == JSON_ARRAY))
		json_refuse(scan, ERR_FORMAT, check_id_kind(kind));
	*ret_keep = keep;
}

void
json_match_adopt(struct json_scan *scan, struct json_frame *frame)
{
	uint32_t kept = scan->pending;

	frame->first_track = (uint8_t)kept;
	frame->n_records = (uint8_t)scan->n_outer;
	frame->empty = 0;
	for (uint32_t i = kept; i < scan->n_tracks; i++) {
		const struct shape_node *node = node_of(scan, &scan->tracks[i]);

		if (node->fields != 0)
			frame->empty = 1;
		else if ((node->ends & SHAPE_GOES_ON) == 0)
			continue;
		scan->tracks[kept++] = scan->tracks[i];
	}
	scan->n_tracks = scan->pending = kept;
	scan->watch = 0;
}

void
json_match_some(struct json_scan *scan, struct json_frame *frame)
{
	frame->empty = 0;
	for (uint32_t i = frame->first_track; i < scan->pending; i++) {
		const struct json_track *track = &scan->tracks[i];

		if (track->record != NO_RECORD)
			scan->records[track->record].fields |= track->fields;
	}
}

static bool
is_integer(const uint8_t *text, size_t len)
{
	if (len == 2 && memcmp(text, "-0", 2) == 0)
		return false;
	for (size_t i = 0; i < len && i < CANON_RAW_MAX; i++)
		if (text[i] == '.' || text[i] == 'e' || text[i] == 'E')
			return false;
	return true;
}

void
json_match_id(struct json_scan *scan, const struct json_track *track, enum json_kind kind,
    const uint8_t *text, size_t len)
{
	struct canon_id *id = &scan->records[track->record].id;
	const char *why = check_id_kind(kind);
	enum err err = ERR_FORMAT;

	if (why == NULL && kind == JSON_NUMBER && !is_integer(text, len))
		why = "an identifier that is a number but no plain integer";
	if (why == NULL)
		err = canon_make(shape_of(scan, track)->canon, text, len, id, &why);
	if (err != ERR_NONE)
		json_refuse(scan, err, why);
}

void
json_match_scalar(struct json_scan *scan, enum json_kind kind, const uint8_t *text, size_t len)
{
	for (uint32_t i = scan->pending; i < scan->n_tracks && scan->err == ERR_NONE; i++) {
		const struct json_track *track = &scan->tracks[i];
		const struct shape_node *node = node_of(scan, track);

		if (track->record == NO_RECORD)
			continue;
		if (len != 0)
			scan->records[track->record].fields |= track->fields;
		if ((node->ends & SHAPE_END_ID) != 0)
			json_match_id(scan, track, kind, text, len);
	}
	scan->n_tracks = scan->pending;
	scan->watch = 0;
}

/* Strict: an object on the way to records must have one of the members that lead there. */
static void
close_way(struct json_scan *scan, const struct json_track *way)
{
	const struct shape_node *node = node_of(scan, way);

	if ((node->ends & SHAPE_END_RECORD) != 0 || node->n_edges == 0 || node->any_name != 0)
		return;
	if (way->seen == 0 && must_lead_on(scan, way))
		json_refuse(scan, ERR_FORMAT, "an object without the member that leads to the records");
}

void
json_match_close(struct json_scan *scan, const struct json_frame *frame)
{
	for (uint32_t i = frame->first_track; frame->object && i < scan->pending; i++)
		if (scan->tracks[i].record == NO_RECORD)
			close_way(scan, &scan->tracks[i]);
	scan->n_tracks = scan->pending = frame->first_track;
	scan->n_outer = frame->n_records;
}

void
json_match_report(struct json_scan *scan, uint64_t at)
{
	for (uint32_t i = scan->n_outer; i < scan->n_records && scan->err == ERR_NONE; i++) {
		const struct json_record *record = &scan->records[i];
		const struct scan_sink *sink = &scan->sink;
		enum err err;

		if (record->id.len == 0) {
			json_refuse(scan, ERR_FORMAT, "a record without identifier");
			return;
		}
		err = sink->person(sink->context, record->shape, &record->id, record->fields);
		if (err != ERR_NONE)
			json_refuse(scan, err, "the receiver of the persons stopped the scan");
	}
	if (scan->err != ERR_NONE)
		return;
	scan->n_records = scan->n_outer;
	if (scan->n_records == 0)
		scan->closed = at;
}
