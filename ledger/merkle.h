/*
 * merkle: the hash tree of RFC 9162 section 2.1 (the same as RFC 6962): leaf
 * and node hashes, a compact range that grows leaf by leaf, and proofs of
 * inclusion and consistency, made and checked. Pure computation, no I/O.
 *
 * A node is named by (level, index): it covers the 2^level leaves from
 * index * 2^level on, and only complete ones have a name.
 */
#ifndef LEDGER_MERKLE_H
#define LEDGER_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ledger/crypto.h"

/* Tree sizes stay below 2^62, so that no sum of two of them overflows. */
#define MERKLE_SIZE_MAX (UINT64_C(1) << 62)
#define MERKLE_LEVELS_MAX 64

/* The longest path: a consistency proof names one more node than there are levels. */
#define MERKLE_PROOF_MAX (MERKLE_LEVELS_MAX + 1)

struct merkle_hash {
	uint8_t bytes[SHA256_LEN];
};

/* SHA-256(0x00 || entry) */
void merkle_leaf(struct hasher *hasher, const void *entry, size_t len, struct merkle_hash *ret_hash);
/* SHA-256(0x01 || left || right); `ret_hash` may be one of the two. */
void merkle_node(struct hasher *hasher, const struct merkle_hash *left, const struct merkle_hash *right,
    struct merkle_hash *ret_hash);
bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/*
 * The right edge of a tree: nodes[l] is the complete subtree of 2^l leaves
 * for each bit l that is set in `size`; the others are unused.
 */
struct merkle_range {
	uint64_t size;
	struct merkle_hash nodes[MERKLE_LEVELS_MAX];
};

void merkle_range_init(struct merkle_range *range);
/* Append the complete subtree of 2^level leaves; `size` must be a multiple of 2^level. A leaf has level 0. */
void merkle_range_append(struct merkle_range *range, struct hasher *hasher, unsigned level,
    const struct merkle_hash *subtree);
/* The root of the tree so far; of the empty tree SHA-256(""). */
void merkle_range_root(const struct merkle_range *range, struct hasher *hasher, struct merkle_hash *ret_root);

/* Where proofs get nodes from. */
struct merkle_source {
	enum err (*node)(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash);
	void *context;
	struct hasher *hasher;
};

struct merkle_proof {
	size_t n;
	struct merkle_hash path[MERKLE_PROOF_MAX];
};

/* The root over the first `size` leaves. */
MUST_CHECK enum err merkle_root(const struct merkle_source *source, uint64_t size, struct merkle_hash *ret_root);
/* RFC 9162 section 2.1.3.1. ERR_RANGE unless index < size <= MERKLE_SIZE_MAX. */
MUST_CHECK enum err merkle_prove_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
    struct merkle_proof *ret_proof);
/* RFC 9162 section 2.1.4.1. ERR_RANGE unless 0 < old_size <= size <= MERKLE_SIZE_MAX. */
MUST_CHECK enum err merkle_prove_consistency(const struct merkle_source *source, uint64_t old_size, uint64_t size,
    struct merkle_proof *ret_proof);

/* One tree as its checkpoint states it. */
struct merkle_head {
	uint64_t size;
	struct merkle_hash root;
};

/* RFC 9162 section 2.1.3.2: does `leaf` stand at `index` of that tree? */
bool merkle_check_inclusion(struct hasher *hasher, const struct merkle_head *head, uint64_t index,
    const struct merkle_hash *leaf, const struct merkle_proof *proof);
/* RFC 9162 section 2.1.4.2: is `old_head` a prefix of `head`? An empty old tree is one of any. */
bool merkle_check_consistency(struct hasher *hasher, const struct merkle_head *old_head,
    const struct merkle_head *head, const struct merkle_proof *proof);

#endif
