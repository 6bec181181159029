/*
 * json_scan: finds the persons in a JSON response while it streams by.
 *
 * A push scanner: all state is in the caller's struct json_scan (about 5 KiB),
 * no heap, no I/O, no recursion. The bytes may be cut anywhere: the calls of
 * the sink and the verdict depend on the bytes alone.
 *
 * The whole document is held to RFC 8259, also where no path leads: what other
 * parsers might read in another way is refused. Beyond the grammar, refused are
 *   - invalid UTF-8, lone surrogates, a byte order mark, nesting too deep,
 *   - the same name twice in one object where a path names it,
 *   - a record without identifier, or with one that is not a string or an
 *     integer without fraction, exponent and minus zero, or that canon_make()
 *     refuses,
 *   - with a strict shape, a document that does not lead to records at all.
 * Members that only a wildcard matches are all reported, so a repeated name
 * there hides nobody. A record that is null is nobody, unless its key is the
 * identifier.
 *
 * One scanner, one thread at a time. Never blocks.
 */
#ifndef PARSE_JSON_SCAN_H
#define PARSE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "parse/shape.h"

#define JSON_DEPTH_DEFAULT 64
#define JSON_DEPTH_MAX 128
#define JSON_SHAPES_MAX 8
#define JSON_TRACKS_MAX 160 /* places in shapes that are followed at once */
#define JSON_OPEN_MAX 16    /* records inside one another */

/* One place for each edge, and from here on one for each node. */
#define JSON_HINT_FIRST SHAPE_EDGES_MAX
#define JSON_HINTS (SHAPE_EDGES_MAX + SHAPE_NODES_MAX)

/* A place in one automaton of one shape, at one depth. */
struct json_track {
	uint64_t seen;   /* set of edges of `node` whose name this object had already */
	uint32_t fields; /* those of `node` */
	uint8_t node;
	uint8_t shape;
	uint8_t last;   /* edge found last, or JSON_HINT_FIRST + node: the place in json_scan.hints */
	uint8_t record; /* the open record it belongs to; JSON_OPEN_MAX: the way to records */
};

/* An open object or array. */
struct json_frame {
	uint8_t object;      /* 1 object, 0 array */
	uint8_t first_track; /* its tracks end where those of the next frame begin */
	uint8_t n_records;   /* open records around it, without those it is itself */
	uint8_t empty;       /* 1 until its first member or element, if some field ends here */
};

struct json_record {
	struct canon_id id; /* len 0: not seen yet */
	uint32_t fields;
	uint8_t shape;
};

/* Private, save that the caller provides the memory. */
struct json_scan {
	const struct record_shape *shapes;
	struct scan_sink sink;
	struct scan_limits limits;
	const uint8_t *feed; /* the present feed, and ... */
	uint64_t offset;     /* ... where in the document it begins */
	uint64_t closed;
	const char *why;
	enum err err;
	uint32_t depth; /* open objects and arrays */
	uint32_t n_shapes;
	uint32_t n_records; /* open records */
	uint32_t n_outer;   /* open records around the present value, without those it is itself */
	uint32_t n_tracks;
	uint32_t pending; /* first track of the value that comes next */
	uint32_t code;    /* of a cut escape: its code unit; of a literal: its first letter */
	uint8_t expect;   /* what the grammar wants next */
	uint8_t part;     /* how far into a token the scan is */
	uint8_t need;     /* bytes that part still needs */
	uint8_t low;      /* bounds of the next byte of a UTF-8 sequence */
	uint8_t high;
	uint8_t watch;    /* what pending tracks wait for, see json_match.h */
	uint8_t is_name;  /* the string being read is a member's name */
	uint8_t keep;     /* the token's decoded bytes are wanted in `text` */
	uint8_t some;     /* the string is not empty */
	uint16_t text_len; /* over CANON_RAW_MAX: did not fit */
	/*
	 * Records of a list have their members in one order: which edge of its node
	 * came after an edge, or first, the last time. Only a guess, always checked.
	 */
	uint8_t hints[JSON_HINTS];
	uint8_t text[CANON_RAW_MAX];
	struct json_record records[JSON_OPEN_MAX];
	struct json_frame frames[JSON_DEPTH_MAX];
	struct json_track tracks[JSON_TRACKS_MAX];
};

/*
 * Begin. The shapes are borrowed until the end. ERR_RANGE where n_shapes is
 * not in 1..JSON_SHAPES_MAX or the depth is over JSON_DEPTH_MAX.
 */
MUST_CHECK enum err json_scan_init(struct json_scan *scan, const struct record_shape *shapes,
    size_t n_shapes, const struct scan_limits *limits, const struct scan_sink *sink);

/*
 * The next bytes. ERR_FORMAT: refused, json_scan_why() says why; ERR_RANGE:
 * over a limit; or the sink's error. After an error every call returns it again.
 */
MUST_CHECK enum err json_scan_feed(struct json_scan *scan, const void *data, size_t len);

/* No more bytes will come. ERR_FORMAT where the document is cut short. */
MUST_CHECK enum err json_scan_finish(struct json_scan *scan);

/*
 * How many bytes, from the start of the document, can be released once the
 * persons reported so far are accounted for: up to the end of the last record
 * that closed while no other was open. Never falls. What follows the last
 * record is released after json_scan_finish().
 */
uint64_t json_scan_closed(const struct json_scan *scan);

/* Why the scan was refused, a static sentence; NULL while it was not. */
const char *json_scan_why(const struct json_scan *scan);

#endif
