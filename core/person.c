/* person: SipHash-2-4 over a namespace and an identifier. Pure; any thread. */
#include "core/person.h"

#include <string.h>

#include "base/codec.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline void
sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

uint64_t
person_siphash(const uint8_t key[PERSON_KEY_LEN], const void *data, size_t len)
{
	uint64_t k0 = get_u64(key), k1 = get_u64(key + 8);
	struct sip s = {
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573,
	};
	const uint8_t *p = data;
	uint64_t last = (uint64_t)len << 56;

	for (size_t left = len; left >= 8; left -= 8, p += 8)
		sip_word(&s, get_u64(p));
	for (size_t i = 0; i < len % 8; i++)
		last |= (uint64_t)p[i] << 8 * i;
	sip_word(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t
person_hash(const uint8_t key[PERSON_KEY_LEN], uint8_t space, const uint8_t *id, size_t len)
{
	uint8_t named[1 + PERSON_ID_MAX];

	if (len > PERSON_ID_MAX)
		len = PERSON_ID_MAX;
	named[0] = space;
	memcpy(named + 1, id, len);
	uint64_t hash = person_siphash(key, named, 1 + len);
	return hash == 0 ? 1 : hash;
}

/*
 * The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014): a bijection that maps 0 alone
 * to 0, so numbers of one charge differ as long as their inputs do and are not 0.
 */
uint64_t
person_unnamed(uint64_t seed, uint32_t i)
{
	uint64_t x;

	if (seed == 0)
		seed = 1;
	x = seed + i;
	if (x < seed)
		x++; /* wrapped: step over 0 */
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void
sift_down(uint64_t *heap, size_t root, size_t n)
{
	uint64_t moved = heap[root];

	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= n)
			break;
		if (child + 1 < n && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= moved)
			break;
		heap[root] = heap[child];
		root = child;
	}
	heap[root] = moved;
}

/* Heapsort: in place, and no input makes it slow. */
static void
sort_large(uint64_t *persons, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(persons, i, n);
	for (size_t i = n; i-- > 1;) {
		uint64_t top = persons[0];

		persons[0] = persons[i];
		persons[i] = top;
		sift_down(persons, 0, i);
	}
}

static void
sort_small(uint64_t *persons, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t moved = persons[i];
		size_t j = i;

		for (; j > 0 && persons[j - 1] > moved; j--)
			persons[j] = persons[j - 1];
		persons[j] = moved;
	}
}

size_t
person_sort_unique(uint64_t *persons, size_t n)
{
	size_t kept = 0;

	if (n <= 64)
		sort_small(persons, n);
	else
		sort_large(persons, n);
	for (size_t i = 0; i < n; i++) {
		if (persons[i] != 0 && (kept == 0 || persons[kept - 1] != persons[i]))
			persons[kept++] = persons[i];
	}
	return kept;
}
