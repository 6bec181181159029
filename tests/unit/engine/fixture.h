/*
 * fixture: an engine in a directory of its own, with a clock that the test
 * turns, asked through a socket pair as the command line or the web worker would.
 */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "engine/engine.h"
#include "engine/ops.h"

extern struct engine *engine;

/* For cmocka. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Stop the engine and open another on the same directory, as after a restart; `rebuild` with new maps. */
void fixture_restart(bool rebuild);

/* The clock: starts at a fixed day, stands still. */
uint64_t fixture_now_us(void);
void fixture_pass_s(uint64_t seconds);

/* The data directory, and the text of the configuration before the routes. */
const char *fixture_dir(void);
/* The fields of the meter in the configuration that is written next, as a list of quoted names. */
void fixture_set_fields(const char *list);
/* Write the configuration with other words for the budgets, meters or routes; then ask for config.reload. */
void fixture_write_config(const char *budgets, const char *routes);

/*
 * Ask as `permit` may; takes the request's reference. The answer's rows are
 * gathered in "rows". Released by the caller.
 */
json_t *fixture_ask(enum op_permit permit, json_t *request);
/* The same with printf-like JSON text; must be answered ok. */
json_t *fixture_get(enum op_permit permit, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ask, must be refused with this error. */
void fixture_refused(enum op_permit permit, const char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ask, must be answered ok; the answer is dropped. */
void fixture_do(const char *format, ...) __attribute__((format(printf, 1, 2)));

int64_t fixture_number(const json_t *object, const char *key);
const char *fixture_text(const json_t *object, const char *key);

/* An identity with a password ("correct horse battery") and without second factor; signs in; the token into `out`. */
void fixture_sign_in(const char *login, char out[64]);

/* As the gate: a writer of journals in a folder of the data directory. */
struct journal_writer;
struct journal_writer *fixture_journal(const char *folder);
/* As the gate: journal a disclosure of persons P0..Pn-1 by this identity now. */
void fixture_disclose(uint32_t identity, uint32_t organisation, uint32_t first, uint32_t n);

#endif
