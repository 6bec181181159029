/* siphash: a keyed hash for tables. Pure; any thread. */
#include "index/siphash.h"

#include <string.h>

#include "base/codec.h"

static inline uint64_t
rotate(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

static inline void
round_once(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static inline void
absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	round_once(v);
	round_once(v);
	v[0] ^= word;
}

uint64_t
siphash(const struct siphash_key *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t last[8] = {0};
	uint64_t v[4] = {
	    key->half[0] ^ 0x736f6d6570736575ULL,
	    key->half[1] ^ 0x646f72616e646f6dULL,
	    key->half[0] ^ 0x6c7967656e657261ULL,
	    key->half[1] ^ 0x7465646279746573ULL,
	};

	for (size_t left = len; left >= 8; left -= 8, p += 8)
		absorb(v, get_u64(p));
	memcpy(last, p, len % 8);
	last[7] = (uint8_t)len;
	absorb(v, get_u64(last));
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_once(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
