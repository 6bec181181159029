/* clock: the system's time. Never blocks; any thread. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static uint64_t
read_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000U + (uint64_t)t.tv_nsec / 1000U;
}

static uint64_t
system_now_us(void *context)
{
	_Atomic uint64_t *newest = context;
	uint64_t now = read_us(CLOCK_REALTIME);
	uint64_t seen = atomic_load_explicit(newest, memory_order_relaxed);

	while (now > seen)
		if (atomic_compare_exchange_weak(newest, &seen, now))
			return now;
	return seen;
}

const struct clock *
clock_system(void)
{
	static _Atomic uint64_t newest;
	static const struct clock system_clock = {system_now_us, &newest};

	return &system_clock;
}

uint64_t
clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void
clock_format(uint64_t at_us, char out[25])
{
	time_t seconds = (time_t)(at_us / 1000000U);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	size_t len = strftime(out, 25, "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(out + len, 25 - len, ".%03uZ", (unsigned)(at_us / 1000U % 1000U));
}
