/*
 * scan: reads a response with its route's meters and gathers the persons in it,
 * each once per meter, with the fields of all its records together.
 *
 * A response that is complete is read in one go with the worker's own gather;
 * one that comes in pieces has a gather for itself, from a small store of them.
 */
#ifndef GATE_SCAN_H
#define GATE_SCAN_H

#include "gate/gate.h"

#include "parse/csv_scan.h"
#include "parse/json_scan.h"

/* One person, as one meter saw it. */
struct gathered {
	uint64_t hash;
	uint32_t fields;
	uint32_t at; /* of the identifier in `ids` */
	uint8_t len;
	uint8_t meter; /* place among the route's meters */
};

struct gather {
	const struct meter *meter[ROUTE_METERS_MAX];
	unsigned n_meters;
	uint8_t key[PERSON_KEY_LEN];
	union {
		struct json_scan json;
		struct csv_scan csv;
	} scan;
	struct gathered *persons;
	uint32_t n;
	uint32_t cap;
	uint8_t *ids;
	size_t ids_len;
	size_t ids_cap;
	uint32_t *table; /* of places in `persons`, plus one; a power of two of them */
	uint32_t table_cap;
	uint32_t table_size;
	struct gather *next; /* in the store */
};

/*
 * Begin to read a response of the route of `g`; the map must be there. The
 * gather is the worker's own where `whole`, good until the next call. NULL: out of memory.
 */
struct gather *gate_gather_begin(const struct gate_request *g, bool whole);
void gate_gather_drop(struct gather **gather);

/* Errors as of the scanners; ERR_RANGE also for more persons than one charge can name; ERR_NOMEM. */
MUST_CHECK enum err gate_gather_feed(struct gather *gather, const void *data, size_t len);
MUST_CHECK enum err gate_gather_finish(struct gather *gather);
/* Bytes that can be released once what was gathered is accounted for. */
uint64_t gate_gather_closed(const struct gather *gather);
/* A static sentence. */
const char *gate_gather_why(const struct gather *gather);

/* A response header of a METER_HEADER route; may come several times. */
MUST_CHECK enum err gate_gather_header(struct gather *gather, const void *value, size_t len);

/* Accounted for: begin to gather anew, in the middle of the response. */
void gate_gather_clear(struct gather *gather);

#endif
