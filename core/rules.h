/*
 * rules: routes, meters, namespaces and settings, compiled from the
 * configuration to plain bytes; and their place in the state map.
 *
 * The engine compiles a struct rules in its own memory and publishes it. A
 * worker keeps a copy, compares rules_generation() when a request starts (one
 * load), copies anew where it changed, and from then on reads plain memory. A
 * request keeps copies of its route and meters, so that it ends by the rules
 * it began with. This header is stable: its structures are part of the map's layout.
 */
#ifndef CORE_RULES_H
#define CORE_RULES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/capability.h"
#include "core/disclosure.h"
#include "parse/list_scan.h"
#include "parse/pattern.h"
#include "parse/shape.h"

#define RULES_ROUTES_MAX 1024
#define RULES_METERS_MAX 64
#define RULES_SPACES_MAX 32
#define ROUTE_METERS_MAX 4
#define RULES_NAME_MAX 64  /* with the final NUL */
#define RULES_PATH_MAX 128 /* with the final NUL */

/* Methods as a set; what is none of these is METHOD_OTHER, which no route can name. */
enum rules_method {
	METHOD_GET = 1 << 0,
	METHOD_HEAD = 1 << 1,
	METHOD_POST = 1 << 2,
	METHOD_PUT = 1 << 3,
	METHOD_PATCH = 1 << 4,
	METHOD_DELETE = 1 << 5,
	METHOD_OPTIONS = 1 << 6,
	METHOD_ANY = (1 << 7) - 1,
	METHOD_OTHER = 1 << 15
};

/* RFC 9110 section 9.2.1. */
#define METHOD_SAFE (METHOD_GET | METHOD_HEAD | METHOD_OPTIONS)

enum route_treatment {
	ROUTE_REFUSED = 0, /* never compiled in; what forgotten initialisation means */
	ROUTE_METERED,     /* by meter[0..n_meters) */
	ROUTE_WEIGHED,     /* each response is charged `weight` unnamed persons */
	ROUTE_EXEMPT
};

enum route_flag {
	ROUTE_PUBLIC = 1 << 0,        /* no session needed; exempt only */
	ROUTE_SECOND_FACTOR = 1 << 1, /* only for sessions that stepped up within step_up_valid_s */
	ROUTE_API = 1 << 2            /* answers problem details, never pages or redirects */
};

struct route {
	uint16_t number;       /* given by the store */
	uint16_t methods;      /* set of enum rules_method */
	uint16_t capabilities; /* set of enum capability */
	uint8_t treatment;     /* enum route_treatment */
	uint8_t n_meters;
	uint8_t meter[ROUTE_METERS_MAX]; /* places in rules.meter; several for JSON only */
	uint32_t flags;        /* enum route_flag */
	uint32_t weight;
	char name[RULES_NAME_MAX];
	struct route_pattern pattern;
};

enum meter_kind { METER_JSON = 1, METER_CSV, METER_HEADER };

/* What becomes of a response that the meter cannot read. */
enum meter_unparsable { UNPARSABLE_REFUSE = 0, UNPARSABLE_WEIGH };

struct meter {
	uint16_t number;     /* given by the store */
	uint8_t kind;        /* enum meter_kind */
	uint8_t space;       /* number of the namespace */
	uint8_t unparsable;  /* enum meter_unparsable */
	uint8_t n_fields;
	uint16_t spare;
	uint32_t weight;     /* UNPARSABLE_WEIGH */
	uint32_t canon;      /* enum canon_rule flags */
	uint64_t max_hold_bytes; /* 0: settings.hold_limit_bytes */
	char name[RULES_NAME_MAX];
	char header[RULES_NAME_MAX]; /* METER_HEADER: lower-case name of the response header */
	union {
		struct record_shape record; /* METER_JSON */
		struct column_shape column; /* METER_CSV */
		struct list_shape list;     /* METER_HEADER */
	} shape;
};

struct space {
	uint8_t number;
	char name[RULES_NAME_MAX];
};

enum rules_mode { RULES_ENFORCE = 0, RULES_OBSERVE };
enum rules_undeclared { UNDECLARED_REFUSE = 0, UNDECLARED_WEIGH };

struct rules_settings {
	uint64_t hold_limit_bytes;  /* whole responses up to this; 8 MiB by default */
	uint32_t undeclared;        /* enum rules_undeclared */
	uint32_t undeclared_weight; /* persons */
	uint32_t mode;              /* enum rules_mode: RULES_OBSERVE counts and says, refuses nothing for budgets */
	uint32_t step_up_valid_s;   /* how long a shown second factor counts */
	char sign_in_path[RULES_PATH_MAX];
	char step_up_path[RULES_PATH_MAX];
	char brand[RULES_NAME_MAX];     /* UTF-8, for pages */
	char support[RULES_PATH_MAX];   /* whom to turn to: address or telephone number, UTF-8 */
};

/* About 900 KiB. */
struct rules {
	struct rules_settings settings;
	uint32_t n_routes;
	uint32_t n_meters;
	uint32_t n_spaces;
	uint32_t spare;
	struct space space[RULES_SPACES_MAX];
	struct meter meter[RULES_METERS_MAX];
	struct route route[RULES_ROUTES_MAX]; /* in the configuration's order */
};

struct rules_store; /* as it lies in the map, see rules.c */

/* A view, in private memory. */
struct rules_area {
	struct rules_store *store;
};

size_t rules_area_size(void);
void rules_area_init(struct rules_area *a, void *memory);
void rules_area_attach(struct rules_area *a, void *memory);

/* Changes whenever rules change; 0: none were published yet. */
uint64_t rules_generation(const struct rules_area *a);

/*
 * Copy what is in force. ERR_NOT_FOUND: nothing published; ERR_BUSY: it kept
 * changing (try at the next request); ERR_CORRUPT: shapes or numbers out of
 * bounds. `ret_rules` is undefined after a failure: copy to spare memory.
 */
MUST_CHECK enum err rules_copy(const struct rules_area *a, struct rules *ret_rules, uint64_t *ret_generation);

/* The writer. ERR_CORRUPT where rules_check() says so; then nothing changed. */
MUST_CHECK enum err rules_publish(struct rules_area *a, const struct rules *rules);

/* Whether every count, index, text and shape is within its bounds. */
MUST_CHECK enum err rules_check(const struct rules *rules);

/*
 * The first route, in the configuration's order, that has the method and
 * matches the path (decoded, without query); NULL: undeclared.
 */
const struct route *rules_match(const struct rules *rules, uint32_t method, const void *path, size_t len);

/* The bit of a method's name ("GET"), METHOD_OTHER for any other. */
uint32_t rules_method_bit(const void *name, size_t len);

#endif
