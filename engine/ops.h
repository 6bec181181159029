/*
 * ops: the operations of the control protocol (doc/control.md), one table.
 *
 * Each family stands in a file op_<family>.c which exports one array, ended by
 * an entry without a name. An operation runs on the engine's loop and must not
 * block: work that takes longer than a few milliseconds goes through
 * op_defer(), and the call is answered when it is done. Every call is answered
 * exactly once, by op_answer() or op_refuse(); after that `call` is gone.
 */
#ifndef ENGINE_OPS_H
#define ENGINE_OPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct engine;
struct op_call;

/* Who may call. OP_OPERATOR alone is the default and stricter. */
enum op_permit {
	OP_OPERATOR = 1 << 0, /* the control socket */
	OP_WEB = 1 << 1,      /* the web worker's inherited descriptor */
};

struct op {
	const char *name;
	unsigned permit; /* of enum op_permit */
	/* Keys a request may have besides op and id, separated by blanks. */
	const char *keys;
	void (*run)(struct engine *engine, struct op_call *call);
};

extern const struct op ops_signin[];
extern const struct op ops_identity[];
extern const struct op ops_organisation[];
extern const struct op ops_session[];
extern const struct op ops_order[];
extern const struct op ops_budget[];
extern const struct op ops_learn[];
extern const struct op ops_touched[];
extern const struct op ops_ledger[];
extern const struct op ops_daemon[];
extern const struct op ops_scim[];

/* The operation of that name, or NULL. */
const struct op *ops_find(const char *name);

/* The request; borrowed, valid until the call is answered. */
json_t *op_request(const struct op_call *call);

/*
 * Arguments. Each returns true and sets its output, or has refused the call
 * (the caller just returns). `max` counts bytes; texts are UTF-8 without NUL.
 * An optional argument that is absent gives NULL, 0 or false.
 */
MUST_CHECK bool op_text(struct op_call *call, const char *key, size_t max, const char **ret);
MUST_CHECK bool op_text_optional(struct op_call *call, const char *key, size_t max, const char **ret);
MUST_CHECK bool op_number(struct op_call *call, const char *key, uint64_t max, uint64_t *ret);
MUST_CHECK bool op_number_optional(struct op_call *call, const char *key, uint64_t max, uint64_t *ret);
MUST_CHECK bool op_bool_optional(struct op_call *call, const char *key, bool *ret);
bool op_has(const struct op_call *call, const char *key);

/* Answer with `object` (reference taken; NULL means nothing to add); "ok" and "id" are added. */
void op_answer(struct op_call *call, json_t *object);

/* Refuse with words, in printf form. */
void op_refuse(struct op_call *call, enum err err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Refuse, with further members for the answer (reference taken), such as retry_after_s. */
void op_refuse_with(struct op_call *call, enum err err, json_t *more, const char *message);

/*
 * Intermediate frames. op_rows() takes the reference of an array; long lists
 * are sent as several of them.
 */
void op_progress(struct op_call *call, uint64_t done, uint64_t of, const char *what);
void op_rows(struct op_call *call, json_t *rows);

/*
 * A list sent as it is made, some rows at a time: op_listing_begin(), a row
 * after the other (reference taken; NULL means no memory; false: stop), and
 * op_listing_end(), which answers the call with how many rows were sent, or
 * refuses it where making the list failed.
 */
struct op_listing {
	struct op_call *call;
	json_t *rows;
	uint64_t n;
};

void op_listing_begin(struct op_listing *listing, struct op_call *call);
MUST_CHECK bool op_listing_put(struct op_listing *listing, json_t *row);
void op_listing_end(struct op_listing *listing, enum err err);

/*
 * Work off the loop. `work` runs on a pool thread and may touch `job` alone;
 * `done` runs on the loop afterwards and answers the call. `job` is the
 * caller's and is freed by `done`. At most OP_DEFER_MAX jobs wait: beyond,
 * the call is refused with ERR_BUSY and op_defer() returns false (the caller
 * frees `job`). A peer that leaves does not cancel: `done` still runs.
 */
#define OP_DEFER_MAX 256

MUST_CHECK bool op_defer(struct engine *engine, struct op_call *call, void (*work)(void *job),
    void (*done)(struct engine *engine, struct op_call *call, void *job), void *job);

#endif
