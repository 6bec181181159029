/*
 * demo: sign-in accounts for the demonstration platform.
 *
 * `training accounts` lists the platform's accounts, tab-separated: login, name, profile, organisation, person. Each
 * becomes an identity of the daemon with a password of its own; staff get a second factor too. What they are stands in
 * a JSON file that only its owner may read: [{login, password, totp_secret, profile, organisation, person}].
 *
 * All functions block, and say in `why` what is wrong.
 */
#ifndef LAB_DEMO_H
#define LAB_DEMO_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

#define DEMO_WHY_MAX 512

struct demo_options {
	const char *socket_path; /* of the daemon */
	const char *accounts;    /* the tab-separated list */
	const char *out;         /* the JSON file, kept where it has an account already */
};

struct demo_counts {
	size_t organisations; /* added now */
	size_t added;
	size_t renewed;       /* known to the daemon, but their secrets were lost */
	size_t kept;
};

MUST_CHECK enum err demo_setup(
    const struct demo_options *options, struct demo_counts *ret_counts, char why[DEMO_WHY_MAX]);

/* The accounts of the file; the caller owns the array. */
MUST_CHECK enum err demo_read(const char *path, json_t **ret_accounts, char why[DEMO_WHY_MAX]);

/* The first accounts of each profile, at most `each`; the caller owns the array. */
json_t *demo_few(const json_t *accounts, size_t each);

/* The code of an account at `at_us`. ERR_NOT_FOUND: no such account, or one without a second factor. */
MUST_CHECK enum err demo_code(
    const json_t *accounts, const char *login, uint64_t at_us, char ret_code[7], char why[DEMO_WHY_MAX]);

#endif
