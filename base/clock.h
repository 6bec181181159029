/*
 * clock: time as a parameter. Programs pass clock_system(); tests and replays
 * in virtual time pass their own. Nothing in core/ takes a clock at all: it is
 * told the time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
	/* Microseconds since 1970-01-01T00:00:00Z. */
	uint64_t (*now_us)(void *context);
	void *context;
};

static inline uint64_t
clock_now_us(const struct clock *clock)
{
	return clock->now_us(clock->context);
}

/* CLOCK_REALTIME, held so that it never goes back within a process. */
const struct clock *clock_system(void);

/* Microseconds that never step, for durations (CLOCK_MONOTONIC). */
uint64_t clock_monotonic_us(void);

/* RFC 3339 UTC with milliseconds; `out` holds 25 bytes. */
void clock_format(uint64_t at_us, char out[25]);

#endif
