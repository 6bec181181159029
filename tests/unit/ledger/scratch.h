/*
 * scratch: a ledger in a temporary directory, for the tests of this folder.
 * Clock and keys are fixed, so that every run makes the same entries.
 */
#ifndef TESTS_LEDGER_SCRATCH_H
#define TESTS_LEDGER_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ledger/ledger.h"

#ifndef SCRATCH_PARENT
#define SCRATCH_PARENT "/tmp"
#endif

#define SCRATCH_NOW_US UINT64_C(1794000000000000) /* 2026-11-07 */
#define SCRATCH_PERSONS 3

struct scratch {
	char root[64];   /* the temporary directory */
	char dir[80];    /* of the ledger */
	char copy[80];   /* a place for a second one */
	struct note_signer signer;
	struct bytes key; /* the verifier key, terminated */
	struct period_keys *keys;
};

static inline uint64_t
scratch_now_us(void *context)
{
	(void)context;
	return SCRATCH_NOW_US;
}

static const struct clock scratch_clock = {.now_us = scratch_now_us};

__attribute__((format(printf, 1, 2))) static inline void
scratch_shell(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	assert_true(vsnprintf(command, sizeof(command), format, args) < (int)sizeof(command));
	va_end(args);
	assert_int_equal(system(command), 0);
}

static inline void
scratch_init(struct scratch *s)
{
	static const uint8_t seed[ED25519_KEY_LEN] = {7, 7, 7};
	char keys[96];

	(void)snprintf(s->root, sizeof(s->root), "%s/test_ledger.XXXXXX", SCRATCH_PARENT);
	assert_non_null(mkdtemp(s->root));
	(void)snprintf(s->dir, sizeof(s->dir), "%s/ledger", s->root);
	(void)snprintf(s->copy, sizeof(s->copy), "%s/copy", s->root);
	(void)snprintf(keys, sizeof(keys), "%s/keys", s->root);
	assert_int_equal(note_signer_make("ledger.example/test", seed, &s->signer), ERR_NONE);
	bytes_init(&s->key, 512);
	assert_int_equal(note_verifier_format(&s->signer.verifier, &s->key), ERR_NONE);
	assert_int_equal(bytes_append(&s->key, "", 1), ERR_NONE);
	assert_int_equal(period_keys_open(keys, &s->keys), ERR_NONE);
}

static inline void
scratch_wipe(struct scratch *s)
{
	period_keys_free(s->keys);
	bytes_wipe(&s->key);
	scratch_shell("rm -rf '%s'", s->root);
}

static inline enum err
scratch_try_open(struct scratch *s, struct ledger **ret_ledger, const char **why)
{
	struct ledger_options options = {
	    .dir = s->dir, .signer = &s->signer, .keys = s->keys, .clock = &scratch_clock};

	return ledger_open(&options, ret_ledger, why);
}

static inline struct ledger *
scratch_open(struct scratch *s)
{
	struct ledger *ledger = NULL;
	const char *why = "";

	if (scratch_try_open(s, &ledger, &why) != ERR_NONE)
		fail_msg("the ledger does not open: %s", why);
	return ledger;
}

/* The disclosure with this sequence of this worker; its persons are named after both. */
static inline enum err
scratch_add(struct ledger *ledger, uint16_t worker, uint64_t sequence)
{
	char ids[SCRATCH_PERSONS][24];
	struct person_ref persons[SCRATCH_PERSONS];
	struct ledger_entry entry = {.kind = LEDGER_DISCLOSURE,
	    .source = {.node = 1, .worker = worker, .segment = 2, .offset = (uint32_t)(4096 + sequence), .writer = 100,
	        .sequence = sequence},
	    .disclosure = {.kind = DISCLOSURE_HANDED, .at_us = SCRATCH_NOW_US + sequence, .identity = 5,
	        .n_persons = SCRATCH_PERSONS, .persons = persons}};

	for (int i = 0; i < SCRATCH_PERSONS; i++) {
		int len = snprintf(ids[i], sizeof(ids[i]), "p%u-%llu-%d", worker, (unsigned long long)sequence, i);

		persons[i] = (struct person_ref){
		    .id = (const uint8_t *)ids[i], .id_len = (uint8_t)len, .space = 1, .fields = 3};
	}
	return ledger_add(ledger, &entry);
}

/* Sequences first..last of worker 0, one commit. */
static inline void
scratch_grow(struct scratch *s, uint64_t first, uint64_t last)
{
	struct ledger *ledger = scratch_open(s);

	for (uint64_t i = first; i <= last; i++)
		assert_int_equal(scratch_add(ledger, 0, i), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
}

/* The text of a file in the ledger's directory; the caller wipes it. */
static inline void
scratch_read(const struct scratch *s, const char *name, struct bytes *ret_data)
{
	char path[200];

	bytes_init(ret_data, 1U << 24);
	(void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	assert_int_equal(file_read(path, ret_data), ERR_NONE);
}

#endif
