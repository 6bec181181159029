/*
 * session: the table of sessions in the state map.
 *
 * One writer (the engine), any number of readers without locks. A find copies;
 * what it copied is consistent. A writer killed at any moment leaves every
 * session as it was before or as it is after. How is told in session.c.
 * This header is stable: struct session_record is part of the map's layout.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/limits.h"
#include "core/scope.h"

#define SESSION_KEY_LEN 16       /* first bytes of SHA-256(cookie token) */
#define SESSION_HEADERS_MAX 1536
#define SESSION_BUDGETS_MAX 4    /* identity, its creator, organisation */

enum session_flag {
	SESSION_API = 1 << 0 /* no browser: problem details instead of pages */
};

/* Times in microseconds since 1970. */
struct session_record {
	uint8_t key[SESSION_KEY_LEN];
	struct session_attributes who;
	uint64_t created_at_us;
	uint64_t expires_at_us;
	uint64_t second_factor_at_us; /* when it was last shown; 0: never in this session */
	uint32_t level;               /* factors shown at sign-in: 1 or 2 */
	uint32_t flags;               /* enum session_flag */
	struct budget_ref budgets[SESSION_BUDGETS_MAX];
	uint32_t n_budgets;
	uint32_t headers_len;
	/*
	 * Request headers for the platform, rendered by the engine: lines
	 * "Name: value\r\n", no other CR, LF or NUL. Bytes after headers_len are
	 * undefined in what a find returns.
	 */
	char headers[SESSION_HEADERS_MAX];
};

struct session_area; /* as it lies in the map, see session.c */

/* A view of the table, in private memory. */
struct session_table {
	struct session_area *area;
	uint32_t capacity; /* sessions */
};

/* Bytes for a table; a multiple of 64. */
size_t session_table_size(uint32_t capacity);
/* Format zeroed memory. */
void session_table_init(struct session_table *t, void *memory, uint32_t capacity);
void session_table_attach(struct session_table *t, void *memory, uint32_t capacity);

/*
 * Readers. Expiry is the caller's to judge: compare expires_at_us. ERR_NOT_FOUND;
 * ERR_BUSY after many collisions with the writer (answer "unavailable").
 */
MUST_CHECK enum err session_table_find(const struct session_table *t, const uint8_t key[SESSION_KEY_LEN],
    struct session_record *ret_record);

/* The same without headers (headers_len and headers are undefined): to judge again before a release. */
MUST_CHECK enum err session_table_find_brief(const struct session_table *t, const uint8_t key[SESSION_KEY_LEN],
    struct session_record *ret_record);

/* The writer: insert or replace. ERR_SPACE at capacity; ERR_RANGE for a headers_len or n_budgets out of bounds. */
MUST_CHECK enum err session_table_put(struct session_table *t, const struct session_record *record);
MUST_CHECK enum err session_table_remove(struct session_table *t, const uint8_t key[SESSION_KEY_LEN]);
uint32_t session_table_count(const struct session_table *t);

/* Each session, until `visit` returns false. `visit` may remove or replace the session it is shown, no other. */
void session_table_each(struct session_table *t,
    bool (*visit)(void *context, const struct session_record *record), void *context);

/* The writer, when it takes over a table that another one left, perhaps in the middle of a change. */
void session_table_adopt(struct session_table *t);

#endif
