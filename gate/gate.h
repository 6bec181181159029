/*
 * gate: what the files of the nginx module share: its configuration and what it
 * keeps of a request.
 *
 * A request on a guarded location goes through
 *
 *	arrive.c    preaccess phase: plain path, session, route, orders; headers for the platform
 *	hold.c      header filter: may this response be read at all; body filter: keep it
 *	scan.c      who is in it
 *	decide.c    charge the budgets, write the journal entry
 *	release.c   when the entry is durable: ask the orders again, let the response go
 *	stream.c    the same piece by piece for what is longer than the hold limit
 *	answer.c    what is sent instead
 *
 * All of it runs in one worker's event loop; nothing here blocks, save that a
 * charge takes a mutex which others hold for microseconds.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <stdbool.h>

#include "gate/ngx.h"

#include "core/map.h"
#include "gate/queue.h"

struct gather;
struct gate_rules;

extern ngx_module_t ngx_http_tourniquet_module;

/* http{} level. */
struct gate_main_conf {
	ngx_str_t map_dir;
	ngx_str_t journal[2];
	bool guarded; /* some location has the gate on */
};

/* location{} level. */
struct gate_loc_conf {
	ngx_flag_t on;
};

/* Where a request stands. Zero is the closed one: its response is not let through. */
enum gate_state {
	GATE_CLOSED = 0,
	GATE_PASS,      /* nothing to count, or all is accounted for: the response passes untouched */
	GATE_METERED,   /* admitted; its response will be read */
	GATE_WEIGHED,   /* admitted; its response will be charged a weight */
	GATE_HOLDING,   /* the response is arriving and is kept */
	GATE_WAITING,   /* kept until the journal decided about its entry */
	GATE_STREAMING, /* too long to keep: closed records leave piece by piece */
	GATE_ANSWERED,  /* our own answer was sent; what the platform still sends is dropped */
	GATE_SEVERED    /* cut off; nothing passes any more */
};

/* What became of the journal entry that a response waits for. */
enum gate_entry { ENTRY_NONE = 0, ENTRY_PENDING, ENTRY_DURABLE, ENTRY_FAILED };

/* What the gate keeps of a request; lives in the request's pool. */
struct gate_request {
	ngx_http_request_t *request;
	enum gate_state state;
	enum gate_entry entry;
	enum verdict verdict; /* for the log: the last one given, and why */
	enum verdict_reason reason;
	uint32_t retry_after_s; /* with a verdict that stops; 0: unknown */
	uint32_t persons; /* distinct persons, or weight, charged so far */

	bool has_session;
	bool delayed;  /* a slow order was obeyed */
	bool metered;  /* some pass through the phases found a route that counts */
	bool linked;   /* among those that wait for the journal */
	bool is_error; /* the response being held has an error status */
	unsigned epoch; /* of the maps that the session's numbers are from */
	uint8_t key[SESSION_KEY_LEN];
	struct session_attributes who;
	uint64_t second_factor_at_us;
	uint64_t expires_at_us;
	uint32_t session_flags;
	uint32_t n_budgets;
	struct budget_ref budgets[SESSION_BUDGETS_MAX];

	struct gate_rules *rules;  /* the rules it began with; a reference */
	const struct route *route; /* in them; NULL: undeclared */
	char route_name[RULES_NAME_MAX]; /* for the log, which is written after the rules were let go of */
	uint32_t capability;
	uint32_t observed;         /* an order that only watches; 0: none */
	uint64_t orders_generation;
	uint64_t orders_until_us;  /* the answer of the orders holds until then */

	uint64_t sequence;         /* of the journal entry waited for */
	ngx_queue_t waiting;
	struct gate_queue queue;   /* the bytes held */
	struct gather *gather;     /* scanner, where the response is scanned as it comes */
	uint64_t hold_limit;
	uint64_t stream_base;      /* streaming: where in the response the queue begins */
	size_t stream_ready;       /* bytes from there that the entry waited for covers */
	bool stream_last;          /* and that is all */
	ngx_http_event_handler_pt stream_writable; /* whom our write handler stands in for */
	size_t dropped;            /* bytes thrown away after an own answer */
};

#define GATE_BUFFERED 0x08 /* our bit of r->buffered */

/* Microseconds since 1970, as of the beginning of this turn of the event loop. */
static inline uint64_t
gate_now_us(void)
{
	const ngx_time_t *now = ngx_timeofday();

	return (uint64_t)now->sec * 1000000 + (uint64_t)now->msec * 1000;
}

/* request.c: what belongs to `r`, also after an internal redirect; NULL where nothing does. */
struct gate_request *gate_request_get(ngx_http_request_t *r);
/* New or found again, in state GATE_CLOSED; NULL: out of memory. */
struct gate_request *gate_request_make(ngx_http_request_t *r);
/* Forget route and rules, to be judged again. */
void gate_request_reset(struct gate_request *g);

/* arrive.c: the preaccess handler. */
ngx_int_t gate_arrive(ngx_http_request_t *r);

/* hold.c: the filters, and the filters behind ours. */
void gate_filters_install(void);
ngx_int_t gate_next_header(ngx_http_request_t *r);
ngx_int_t gate_next_body(ngx_http_request_t *r, ngx_chain_t *in);

/* variable.c */
ngx_int_t gate_variables_add(ngx_conf_t *cf);

/* config.c */
void *gate_main_conf_create(ngx_conf_t *cf);
void *gate_loc_conf_create(ngx_conf_t *cf);
char *gate_loc_conf_merge(ngx_conf_t *cf, void *parent, void *child);
extern ngx_command_t gate_commands[];

#endif
