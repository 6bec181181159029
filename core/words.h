/*
 * words: structures copied in and out of shared memory as 64-bit atomic words,
 * and the sequence lock over them. For core/ alone.
 *
 * The form without fences (H. Boehm, "Can seqlocks get along with programming
 * language memory models?", MSPC 2012, section 4): data words are stored with
 * release and loaded with acquire, so that a reader who sees a word of a later
 * write also sees that write's odd sequence number. On x86-64 these are plain
 * moves, and ThreadSanitizer understands them.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORDS_OF(type) (sizeof(type) / sizeof(uint64_t))

/* How often a reader repeats before it gives up. Each time the writer has made a whole change meanwhile. */
#define WORDS_TRIES 1000

static inline void
words_load(void *to, const _Atomic uint64_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t word = atomic_load_explicit(&from[i], memory_order_acquire);

		memcpy((uint8_t *)to + i * sizeof(word), &word, sizeof(word));
	}
}

static inline void
words_store(_Atomic uint64_t *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)from + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&to[i], word, memory_order_release);
	}
}

/* One writer, around words_store(). Also ends a write that was cut off. */
static inline void
words_write_begin(_Atomic uint64_t *sequence)
{
	uint64_t n = atomic_load_explicit(sequence, memory_order_relaxed);

	atomic_store_explicit(sequence, n | 1, memory_order_relaxed);
}

static inline void
words_write_end(_Atomic uint64_t *sequence)
{
	uint64_t n = atomic_load_explicit(sequence, memory_order_relaxed);

	atomic_store_explicit(sequence, (n | 1) + 1, memory_order_release);
}

/* A reader, around words_load(): odd means that a write is under way. */
static inline uint64_t
words_read_begin(const _Atomic uint64_t *sequence)
{
	return atomic_load_explicit(sequence, memory_order_acquire);
}

static inline bool
words_read_ok(const _Atomic uint64_t *sequence, uint64_t begun)
{
	return (begun & 1) == 0 && atomic_load_explicit(sequence, memory_order_relaxed) == begun;
}

/*
 * Two copies of `n` words, one after the other; the last bit of the number of
 * flips says which is live. One writer fills the idle copy and flips. Unlike
 * under a sequence lock, a writer that is preempted or killed in the middle
 * keeps no reader waiting and leaves nothing half-written.
 */
static inline void
words_flip(_Atomic uint64_t *flips, _Atomic uint64_t *copies, const void *from, size_t n)
{
	uint64_t next = atomic_load_explicit(flips, memory_order_relaxed) + 1;

	words_store(copies + (next & 1) * n, from, n);
	atomic_store_explicit(flips, next, memory_order_release);
}

/* Returns the number of flips whose copy was read. False in `ret_whole`: it kept changing. */
static inline uint64_t
words_read(const _Atomic uint64_t *flips, const _Atomic uint64_t *copies, void *to, size_t n, bool *ret_whole)
{
	uint64_t begun = 0;

	*ret_whole = false;
	for (int tries = 0; tries < WORDS_TRIES && !*ret_whole; tries++) {
		begun = atomic_load_explicit(flips, memory_order_acquire);
		words_load(to, copies + (begun & 1) * n, n);
		*ret_whole = atomic_load_explicit(flips, memory_order_relaxed) == begun;
	}
	return begun;
}

static inline uint64_t
words_round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

#endif
