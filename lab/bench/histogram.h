/*
 * histogram: how often which duration came, in logarithmic buckets of less
 * than one percent, from a nanosecond to more than an hour. Bounded, no I/O.
 */
#ifndef LAB_BENCH_HISTOGRAM_H
#define LAB_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 128u /* per power of two */
#define HISTOGRAM_BUCKETS (36u * HISTOGRAM_STEPS)

struct histogram {
	uint64_t count;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);

/* The duration that `share` (0 to 1) of all do not exceed, in nanoseconds; 0 when there is none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
