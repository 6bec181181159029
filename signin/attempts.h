/*
 * attempts: how often a secret may be tried.
 *
 * One record per (account, factor) for everybody together, and one more per device that signed in to that account
 * before: an attack from elsewhere uses up the common record and locks nobody out of a known device. The delay grows
 * (15 s after the third failure, doubling), and ten failures in 24 hours end the trying until those 24 hours are over:
 * the French authority's doctrine allows ten.
 *
 * An attempt is counted when it starts and forgiven when it succeeds, so that parallel attempts gain nothing.
 * Plain data for the store; no clock, no I/O.
 */
#ifndef SIGNIN_ATTEMPTS_H
#define SIGNIN_ATTEMPTS_H

#include <stdint.h>

#include "base/err.h"

#define ATTEMPTS_MAX 10

struct attempts {
	uint32_t count;     /* since first_us, successful ones forgiven */
	uint64_t first_us;  /* 0: none */
	uint64_t newest_us;
};

/* Microseconds until the next attempt is allowed; 0: now. A clock that went back shortens nothing. */
uint64_t attempts_wait_us(const struct attempts *attempts, uint64_t at_us);

/* Count one attempt, or ERR_BUSY with the wait in `*ret_wait_us` and nothing counted. */
MUST_CHECK enum err attempts_take(struct attempts *attempts, uint64_t at_us, uint64_t *ret_wait_us);

/* The attempt succeeded: forget all failures. */
void attempts_forgive(struct attempts *attempts);

#endif
