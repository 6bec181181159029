/* inside: what the store's files share. Private to store/. */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "store/db.h"
#include "store/store.h"

struct store {
	struct db *db;
	bool open; /* the caller has a transaction */
};

/* Open a transaction where the caller has none; `own` goes to inside_end(). */
MUST_CHECK enum err inside_begin(struct store *store, bool *ret_own);
/* Commit or roll back what inside_begin() opened, as `err` says; returns the outcome. */
MUST_CHECK enum err inside_end(struct store *store, bool own, enum err err);

/* The first column of the first row, or ERR_NOT_FOUND. */
MUST_CHECK enum err inside_number(struct store *store, const char *sql, const struct db_value *values, size_t n,
    uint64_t *ret_number);
/* A statement that must change a row: else ERR_NOT_FOUND. */
MUST_CHECK enum err inside_change(struct store *store, const char *sql, const struct db_value *values, size_t n);

#endif
