#include "histogram.h"

#include <math.h>

#define STEP_BITS 7u /* of HISTOGRAM_STEPS */

/* Below HISTOGRAM_STEPS each value has its own bucket; above, the highest bits choose. */
static uint32_t
bucket_of(uint64_t ns)
{
	uint32_t power, at;

	if (ns < HISTOGRAM_STEPS)
		return (uint32_t)ns;
	power = 63u - (uint32_t)__builtin_clzll(ns) - STEP_BITS;
	at = (power + 1) * HISTOGRAM_STEPS + (uint32_t)((ns >> power) - HISTOGRAM_STEPS);
	return at < HISTOGRAM_BUCKETS ? at : HISTOGRAM_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t
value_of(uint32_t bucket)
{
	uint32_t power;

	if (bucket < HISTOGRAM_STEPS)
		return bucket;
	power = bucket / HISTOGRAM_STEPS - 1;
	return ((uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << power) + ((1ULL << power) >> 1);
}

void
histogram_add(struct histogram *histogram, uint64_t ns)
{
	histogram->bucket[bucket_of(ns)]++;
	histogram->count++;
}

uint64_t
histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count), seen = 0;

	if (histogram->count == 0)
		return 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->bucket[i];
		if (seen >= wanted && seen > 0)
			return value_of(i);
	}
	return value_of(HISTOGRAM_BUCKETS - 1);
}
