/*
 * shape: where the records of persons are in a response, compiled to plain
 * bytes without pointers, so that it can lie in a mapped file; and the sink
 * that every scanner of responses reports to.
 *
 * A JSON shape (struct record_shape) says by which paths (alternatives, or a
 * list inside another) records are reached, where in a record its person's
 * identifier is, and which fields of it are told apart. The paths are compiled
 * to two small deterministic automata: nodes joined by named edges. One finds
 * records from the root of the document, the other finds the identifier and
 * the fields from the root of a record. Paths without `..` have a fixed length,
 * so the automaton needs one node per open object or array and no more.
 *
 * What is outside the records, in objects that enclose them, is not metered.
 *
 * A field counts as shown where its path leads to something that is not null,
 * "", [] or {}. With a wildcard in the path one such value is enough.
 *
 * Pure; any thread.
 */
#ifndef PARSE_SHAPE_H
#define PARSE_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "parse/bounds.h"
#include "parse/canon.h"

#define SHAPE_WAYS_MAX 4 /* record paths of one shape */
#define SHAPE_NODES_MAX 120
#define SHAPE_EDGES_MAX 128
#define SHAPE_NAMES_MAX 3072 /* bytes of all names, each with a quote after it */
#define SHAPE_NAMES_SLACK 16 /* more bytes, so that any name can be read 16 bytes at once */
#define SHAPE_FANOUT_MAX 64  /* edges of one node */

/* Flags of a shape. Without any it is strict. */
enum shape_flag {
	/*
	 * Strict (flag absent): every value on the way to the records is of the
	 * kind the path needs, or null, and every object on the way has the member
	 * that leads on; so that a platform that moves its records elsewhere is
	 * refused instead of passed uncounted. Inside a record of the shape further
	 * ones are never demanded. With this flag, what does not match holds no
	 * records.
	 */
	SHAPE_OPTIONAL = 1 << 0,
	/* The identifier is the record's own key: {"P1": {...}, "P2": {...}}. */
	SHAPE_ID_IS_KEY = 1 << 1
};

enum shape_end {
	SHAPE_END_RECORD = 1 << 0, /* a record path ends at this node */
	SHAPE_END_ID = 1 << 1,     /* the identifier's path ends at this node */
	SHAPE_GOES_ON = 1 << 2     /* some path goes on beyond this node */
};

/* Node 0 is the dead node: nothing of interest below. */
struct shape_node {
	uint64_t tags;      /* set of shape_tag() of its edges' names */
	uint32_t fields;    /* fields whose path ends here */
	uint8_t ends;       /* enum shape_end */
	uint8_t any_name;   /* node of a member that no edge names */
	uint8_t any_index;  /* node of an element */
	uint8_t first_edge; /* its edges are neighbours, in the order of shape_tag() */
	uint8_t n_edges;
	uint8_t spare[7];
};

struct shape_edge {
	uint16_t name_at;
	uint8_t name_len;
	uint8_t node;
};

struct record_shape {
	uint32_t canon;      /* enum canon_rule flags */
	uint32_t flags;      /* enum shape_flag */
	uint8_t way_root;    /* node of the document */
	uint8_t record_root; /* node of a record */
	uint8_t n_nodes;
	uint8_t n_edges;
	uint16_t names_len;
	uint16_t n_fields;
	struct shape_node nodes[SHAPE_NODES_MAX];
	struct shape_edge edges[SHAPE_EDGES_MAX];
	uint8_t names[SHAPE_NAMES_MAX + SHAPE_NAMES_SLACK];
};

/* The words of a JSON shape, as a configuration says them. */
struct shape_text {
	const char *records[SHAPE_WAYS_MAX]; /* paths from the document: "$.people[*]" */
	size_t n_records;
	const char *id; /* path from the record: "$.id"; "$" where it is the record itself; or "key" */
	const char *fields[METER_FIELDS_MAX]; /* paths from the record; number i is bit i */
	size_t n_fields;
	uint32_t canon; /* enum canon_rule flags */
	uint32_t flags; /* SHAPE_OPTIONAL or 0 */
};

/*
 * Compile a JSON shape. ERR_FORMAT with `why` for a path outside the syntax of
 * parse/path.h, a wildcard in the identifier's path, "key" where a record path
 * ends with [*] or is $, or a rule that contradicts itself; ERR_RANGE with
 * `why` past a bound.
 */
MUST_CHECK enum err shape_compile(struct record_shape *ret_shape, const struct shape_text *text,
    const char **why);

/*
 * Whether every number in `shape` is within its bounds and every edge leads
 * away from the root: what a reader of a mapped file asks once before it trusts
 * a shape. ERR_CORRUPT otherwise.
 */
MUST_CHECK enum err shape_check(const struct record_shape *shape);

/* A number below 64 that tells most names apart; a member's name is looked up by it first. */
static inline unsigned
shape_tag(const uint8_t *name, size_t len)
{
	return len == 0 ? 0 : ((unsigned)len + name[0] + 3U * name[len - 1]) & 63U;
}

/* A CSV shape: columns found by the names in the header line. */
#define COLUMN_NAME_MAX 64

struct column_name {
	uint8_t len; /* 1..COLUMN_NAME_MAX */
	uint8_t text[COLUMN_NAME_MAX];
};

struct column_shape {
	uint32_t canon;    /* enum canon_rule flags */
	uint8_t separator; /* ',' ';' or tab */
	uint8_t n_fields;
	struct column_name id;
	struct column_name fields[METER_FIELDS_MAX];
};

struct column_text {
	const char *id;
	const char *fields[METER_FIELDS_MAX];
	size_t n_fields;
	uint32_t canon;
	char separator;
};

/* ERR_FORMAT with `why` for a bad separator, name or rule; ERR_RANGE for a name too long. */
MUST_CHECK enum err column_compile(struct column_shape *ret_shape, const struct column_text *text,
    const char **why);

/* Bounds that hold for one response. */
struct scan_limits {
	uint64_t bytes; /* longest response; 0: no bound */
	uint32_t depth; /* deepest nesting of JSON, up to JSON_DEPTH_MAX; 0: JSON_DEPTH_DEFAULT */
};

/* Who is told of the persons. */
struct scan_sink {
	/*
	 * One record has ended. `shape` is its number in the list the scanner was
	 * given, `id` its canonical identifier (borrowed for the call), bit i of
	 * `fields` says that field i was shown. The same person may come several
	 * times. Anything but ERR_NONE stops the scan with that error.
	 */
	enum err (*person)(void *context, unsigned shape, const struct canon_id *id, uint32_t fields);
	void *context;
};

#endif
