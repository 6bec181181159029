/*
 * prng: reproducible numbers for invented data; never for secrets.
 *
 * SplitMix64 (Steele, Lea, Flood 2014). A stream per (seed, purpose, index)
 * makes each person independent of how many others are made.
 */
#ifndef SERVICES_TRAINING_PRNG_H
#define SERVICES_TRAINING_PRNG_H

#include <stdint.h>

struct prng {
	uint64_t state;
};

static inline uint64_t
prng_mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t
prng_next(struct prng *prng)
{
	prng->state += UINT64_C(0x9e3779b97f4a7c15);
	return prng_mix(prng->state);
}

static inline struct prng
prng_stream(uint64_t seed, uint64_t purpose, uint64_t index)
{
	return (struct prng){prng_mix(prng_mix(prng_mix(seed + 1) + purpose) + index)};
}

/* 0 to `bound` - 1, by multiplication (Lemire 2019, without its rejection step). */
static inline uint32_t
prng_below(struct prng *prng, uint32_t bound)
{
	return (uint32_t)((prng_next(prng) >> 32) * bound >> 32);
}

#endif
