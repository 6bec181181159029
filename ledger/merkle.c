/*
 * merkle: RFC 9162 section 2.1. Pure computation.
 *
 * Proofs are described recursively in the RFC; here both come from one walk
 * over (begin, end) spans. A span that is complete and aligned has a node of
 * its own and is asked of the source; the ragged right edge is folded from
 * such nodes.
 */
#include "ledger/merkle.h"

#include <string.h>

#include "base/bytes.h"

void
merkle_leaf(struct hasher *hasher, const void *entry, size_t len, struct merkle_hash *ret_hash)
{
	hasher_start(hasher);
	hasher_add(hasher, "\x00", 1);
	hasher_add(hasher, entry, len);
	hasher_finish(hasher, ret_hash->bytes);
}

void
merkle_node(struct hasher *hasher, const struct merkle_hash *left, const struct merkle_hash *right,
    struct merkle_hash *ret_hash)
{
	uint8_t block[1 + 2 * SHA256_LEN];

	block[0] = 1;
	memcpy(block + 1, left->bytes, SHA256_LEN);
	memcpy(block + 1 + SHA256_LEN, right->bytes, SHA256_LEN);
	hasher_start(hasher);
	hasher_add(hasher, block, sizeof(block));
	hasher_finish(hasher, ret_hash->bytes);
}

bool
merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_LEN) == 0;
}

void
merkle_range_init(struct merkle_range *range)
{
	*range = (struct merkle_range){.size = 0};
}

void
merkle_range_append(struct merkle_range *range, struct hasher *hasher, unsigned level,
    const struct merkle_hash *subtree)
{
	struct merkle_hash carry = *subtree;
	unsigned l = level;

	/* Like adding one to a binary number: each carry merges two equal subtrees. */
	for (; l < MERKLE_LEVELS_MAX - 1 && (range->size >> l & 1) != 0; l++)
		merkle_node(hasher, &range->nodes[l], &carry, &carry);
	range->nodes[l] = carry;
	range->size += UINT64_C(1) << level;
}

void
merkle_range_root(const struct merkle_range *range, struct hasher *hasher, struct merkle_hash *ret_root)
{
	struct merkle_hash root;
	bool started = false;

	for (unsigned l = 0; l < MERKLE_LEVELS_MAX; l++) {
		if ((range->size >> l & 1) == 0)
			continue;
		if (started)
			merkle_node(hasher, &range->nodes[l], &root, &root);
		else
			root = range->nodes[l];
		started = true;
	}
	if (!started) {
		hasher_start(hasher);
		hasher_finish(hasher, root.bytes);
	}
	*ret_root = root;
}

/* Largest power of two smaller than n, as its exponent; n >= 2. */
static unsigned
split_level(uint64_t n)
{
	return 63U - (unsigned)__builtin_clzll(n - 1);
}

/* The hash over leaves begin..end-1; begin is a multiple of the span's largest power of two. */
static enum err
span_hash(const struct merkle_source *source, uint64_t begin, uint64_t end, struct merkle_hash *ret_hash)
{
	struct merkle_range range;
	struct merkle_hash node;

	merkle_range_init(&range);
	/* Complete subtrees from left to right, the largest that fits first. */
	while (begin < end) {
		unsigned level = 63U - (unsigned)__builtin_clzll(end - begin);
		enum err err = source->node(source->context, level, begin >> level, &node);

		if (err != ERR_NONE)
			return err;
		merkle_range_append(&range, source->hasher, level, &node);
		begin += UINT64_C(1) << level;
	}
	merkle_range_root(&range, source->hasher, ret_hash);
	return ERR_NONE;
}

enum err
merkle_root(const struct merkle_source *source, uint64_t size, struct merkle_hash *ret_root)
{
	if (size > MERKLE_SIZE_MAX)
		return ERR_RANGE;
	return span_hash(source, 0, size, ret_root);
}

/* Put what was gathered from the root down into the order of the RFC, which begins at the bottom. */
static void
reverse(struct merkle_proof *proof)
{
	for (size_t i = 0; i < proof->n / 2; i++) {
		struct merkle_hash swap = proof->path[i];

		proof->path[i] = proof->path[proof->n - 1 - i];
		proof->path[proof->n - 1 - i] = swap;
	}
}

enum err
merkle_prove_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
    struct merkle_proof *ret_proof)
{
	struct merkle_proof proof = {.n = 0};
	uint64_t begin = 0, end = size;

	if (size > MERKLE_SIZE_MAX || index >= size)
		return ERR_RANGE;
	while (end - begin > 1) {
		uint64_t middle = begin + (UINT64_C(1) << split_level(end - begin));
		bool left = index < middle;
		enum err err = span_hash(source, left ? middle : begin, left ? end : middle, &proof.path[proof.n]);

		if (err != ERR_NONE)
			return err;
		proof.n++;
		if (left)
			end = middle;
		else
			begin = middle;
	}
	reverse(&proof);
	*ret_proof = proof;
	return ERR_NONE;
}

enum err
merkle_prove_consistency(const struct merkle_source *source, uint64_t old_size, uint64_t size,
    struct merkle_proof *ret_proof)
{
	struct merkle_proof proof = {.n = 0};
	uint64_t begin = 0, end = size;
	enum err err = ERR_NONE;

	if (size > MERKLE_SIZE_MAX || old_size == 0 || old_size > size)
		return ERR_RANGE;
	/* Down to the span that ends where the old tree ends. */
	while (end != old_size && err == ERR_NONE) {
		uint64_t middle = begin + (UINT64_C(1) << split_level(end - begin));
		bool left = old_size <= middle;

		err = span_hash(source, left ? middle : begin, left ? end : middle, &proof.path[proof.n++]);
		if (left)
			end = middle;
		else
			begin = middle;
	}
	/* That span is the whole old tree: its root is known already and not repeated. */
	if (err == ERR_NONE && begin != 0)
		err = span_hash(source, begin, end, &proof.path[proof.n++]);
	if (err != ERR_NONE)
		return err;
	reverse(&proof);
	*ret_proof = proof;
	return ERR_NONE;
}

bool
merkle_check_inclusion(struct hasher *hasher, const struct merkle_head *head, uint64_t index,
    const struct merkle_hash *leaf, const struct merkle_proof *proof)
{
	struct merkle_hash root = *leaf;
	uint64_t fn = index, sn = head->size - 1;

	if (head->size > MERKLE_SIZE_MAX || index >= head->size || proof->n > MERKLE_PROOF_MAX)
		return false;
	for (size_t i = 0; i < proof->n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			merkle_node(hasher, &proof->path[i], &root, &root);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(hasher, &root, &proof->path[i], &root);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && merkle_equal(&root, &head->root) && !hasher_failed(hasher);
}

/* The walk of section 2.1.4.2 once the trivial cases are gone; `first` is the node that both trees share. */
static bool
check_paths(struct hasher *hasher, const struct merkle_head *old_head, const struct merkle_head *head,
    const struct merkle_hash *first, const struct merkle_hash *path, size_t n)
{
	struct merkle_hash fr = *first, sr = *first;
	uint64_t fn = old_head->size - 1, sn = head->size - 1;

	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			merkle_node(hasher, &path[i], &fr, &fr);
			merkle_node(hasher, &path[i], &sr, &sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(hasher, &sr, &path[i], &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && merkle_equal(&fr, &old_head->root) && merkle_equal(&sr, &head->root) &&
	    !hasher_failed(hasher);
}

bool
merkle_check_consistency(struct hasher *hasher, const struct merkle_head *old_head,
    const struct merkle_head *head, const struct merkle_proof *proof)
{
	uint64_t size = old_head->size;

	if (head->size > MERKLE_SIZE_MAX || size > head->size || proof->n > MERKLE_PROOF_MAX)
		return false;
	if (size == head->size)
		return proof->n == 0 && merkle_equal(&old_head->root, &head->root);
	if (size == 0)
		return proof->n == 0;
	if (proof->n == 0)
		return false;
	/* An old tree of complete shape stands in the new one as a node: the proof leaves it out. */
	if ((size & (size - 1)) == 0)
		return check_paths(hasher, old_head, head, &old_head->root, proof->path, proof->n);
	return check_paths(hasher, old_head, head, &proof->path[0], proof->path + 1, proof->n - 1);
}
