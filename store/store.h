/*
 * store: accounts, sessions, orders, limits and names, durable.
 *
 * A facade: nothing of a database shows in these headers, so that a second
 * backend can stand behind the same functions. One handle belongs to one
 * thread. Every function is one transaction of its own, durable when it
 * returns, unless the caller has opened one with store_begin().
 *
 * Times are microseconds since 1970. Numbers are given once and never reused:
 * ledger and index name them for years.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store;

/*
 * Open the database at `path`, made (mode 0600) where there is none, and bring
 * it to the newest schema. On failure *why says in words what is wrong:
 * ERR_BUSY another process holds it, ERR_UNSUPPORTED it was written by a newer
 * version, ERR_CORRUPT, ERR_SPACE, ERR_DENIED, ERR_IO.
 */
MUST_CHECK enum err store_open(const char *path, struct store **ret_store, const char **why);
void store_close(struct store *store);

/* The schema's number: how many migrations the database has seen. */
MUST_CHECK enum err store_version(struct store *store, uint32_t *ret_version);

/*
 * Several steps as one: all of them are durable after store_commit(), or none.
 * A store_commit() that fails has rolled back. ERR_BUSY where one is open already.
 */
MUST_CHECK enum err store_begin(struct store *store);
MUST_CHECK enum err store_commit(struct store *store);
void store_rollback(struct store *store);

/*
 * `count` consecutive numbers of the sequence ("session", "order"); the first
 * is returned, counting starts at 1.
 */
MUST_CHECK enum err store_take_numbers(struct store *store, const char *sequence, uint64_t count, uint64_t *ret_first);

/* A consistent copy of the database at `path`, while it is in use. */
MUST_CHECK enum err store_backup(struct store *store, const char *path);

#endif
