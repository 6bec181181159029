/* fixture: a store in a directory of its own. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/account.h"

extern struct store *store;

/* For cmocka: open an empty store, and remove it. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Close and open again. */
void fixture_reopen(void);
const char *fixture_path(void);

/* An identity of "local" with this login, in `organisation`, created by `creator`. */
uint32_t fixture_identity(const char *login, uint32_t organisation, uint32_t creator);
uint32_t fixture_organisation(const char *key, const char *territory);

#endif
