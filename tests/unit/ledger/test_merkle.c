#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "ledger/merkle.h"

#define LEAVES_MAX 300

static struct hasher *hasher;
static struct merkle_hash leaves[LEAVES_MAX];

/* The leaves, roots and paths with which implementations of RFC 6962 have been tested since the first one. */
static const char *const known_leaves[8] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};

static const char *const known_roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

struct known_path {
	uint64_t from;
	uint64_t size;
	size_t n;
	const char *path[3];
};

static const struct known_path known_inclusions[] = {
    {0, 1, 0, {NULL}},
    {0, 8, 3,
        {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5, 8, 3,
        {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, 1, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1, 5, 3,
        {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

static const struct known_path known_consistencies[] = {
    {1, 1, 0, {NULL}},
    {1, 8, 3,
        {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6, 8, 3,
        {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 5, 2,
        {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    {6, 7, 3,
        {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
};

static struct merkle_hash
hash_of_hex(const char *hex)
{
	struct merkle_hash hash;

	assert_int_equal(bytes_from_hex(hex, strlen(hex), hash.bytes, sizeof(hash.bytes)), ERR_NONE);
	return hash;
}

/* The recursive definition of RFC 9162 section 2.1.1, word for word: the yardstick for all else. */
static struct merkle_hash
naive_root(size_t begin, size_t end)
{
	struct merkle_hash left, right;
	size_t k = 1;

	if (begin == end) {
		hasher_start(hasher);
		hasher_finish(hasher, left.bytes);
		return left;
	}
	if (end - begin == 1)
		return leaves[begin];
	while (k * 2 < end - begin)
		k *= 2;
	left = naive_root(begin, begin + k);
	right = naive_root(begin + k, end);
	merkle_node(hasher, &left, &right, &left);
	return left;
}

/* PATH(m, D[n]) of section 2.1.3.1. */
static void
naive_path(size_t m, size_t begin, size_t end, struct merkle_proof *proof)
{
	size_t k = 1;

	if (end - begin <= 1)
		return;
	while (k * 2 < end - begin)
		k *= 2;
	if (m < k) {
		naive_path(m, begin, begin + k, proof);
		proof->path[proof->n++] = naive_root(begin + k, end);
	} else {
		naive_path(m - k, begin + k, end, proof);
		proof->path[proof->n++] = naive_root(begin, begin + k);
	}
}

/* SUBPROOF(m, D[n], b) of section 2.1.4.1. */
static void
naive_subproof(size_t m, size_t begin, size_t end, bool known, struct merkle_proof *proof)
{
	size_t k = 1;

	if (m == end - begin) {
		if (!known)
			proof->path[proof->n++] = naive_root(begin, end);
		return;
	}
	while (k * 2 < end - begin)
		k *= 2;
	if (m <= k) {
		naive_subproof(m, begin, begin + k, known, proof);
		proof->path[proof->n++] = naive_root(begin + k, end);
	} else {
		naive_subproof(m - k, begin + k, end, false, proof);
		proof->path[proof->n++] = naive_root(begin, begin + k);
	}
}

static enum err
naive_node(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	(void)context;
	*ret_hash = naive_root((size_t)(index << level), (size_t)((index + 1) << level));
	return ERR_NONE;
}

static struct merkle_source
source_of_leaves(void)
{
	return (struct merkle_source){.node = naive_node, .hasher = hasher};
}

static void
use_known_leaves(void)
{
	for (size_t i = 0; i < 8; i++) {
		uint8_t raw[16];
		size_t len = strlen(known_leaves[i]) / 2;

		assert_int_equal(bytes_from_hex(known_leaves[i], 2 * len, raw, len), ERR_NONE);
		merkle_leaf(hasher, raw, len, &leaves[i]);
	}
}

static void
use_counted_leaves(void)
{
	for (size_t i = 0; i < LEAVES_MAX; i++)
		merkle_leaf(hasher, &i, sizeof(i), &leaves[i]);
}

static bool
proofs_equal(const struct merkle_proof *a, const struct merkle_proof *b)
{
	return a->n == b->n && memcmp(a->path, b->path, a->n * sizeof(a->path[0])) == 0;
}

static void
the_roots_of_the_eight_known_leaves_come_out(void **state)
{
	struct merkle_range range;
	struct merkle_hash root, expected;

	(void)state;
	use_known_leaves();
	merkle_range_init(&range);
	for (size_t n = 0; n <= 8; n++) {
		if (n > 0)
			merkle_range_append(&range, hasher, 0, &leaves[n - 1]);
		merkle_range_root(&range, hasher, &root);
		expected = hash_of_hex(known_roots[n]);
		assert_true(merkle_equal(&root, &expected));
	}
}

static void
the_known_inclusion_paths_come_out_and_are_accepted(void **state)
{
	struct merkle_source source = source_of_leaves();

	(void)state;
	use_known_leaves();
	for (size_t i = 0; i < sizeof(known_inclusions) / sizeof(known_inclusions[0]); i++) {
		const struct known_path *known = &known_inclusions[i];
		struct merkle_head head = {known->size, hash_of_hex(known_roots[known->size])};
		struct merkle_proof proof;

		assert_int_equal(merkle_prove_inclusion(&source, known->from, known->size, &proof), ERR_NONE);
		assert_int_equal(proof.n, known->n);
		for (size_t k = 0; k < proof.n; k++) {
			struct merkle_hash expected = hash_of_hex(known->path[k]);

			assert_true(merkle_equal(&proof.path[k], &expected));
		}
		assert_true(merkle_check_inclusion(hasher, &head, known->from, &leaves[known->from], &proof));
	}
}

static void
the_known_consistency_paths_come_out_and_are_accepted(void **state)
{
	struct merkle_source source = source_of_leaves();

	(void)state;
	use_known_leaves();
	for (size_t i = 0; i < sizeof(known_consistencies) / sizeof(known_consistencies[0]); i++) {
		const struct known_path *known = &known_consistencies[i];
		struct merkle_head old_head = {known->from, hash_of_hex(known_roots[known->from])};
		struct merkle_head head = {known->size, hash_of_hex(known_roots[known->size])};
		struct merkle_proof proof;

		assert_int_equal(merkle_prove_consistency(&source, known->from, known->size, &proof), ERR_NONE);
		assert_int_equal(proof.n, known->n);
		for (size_t k = 0; k < proof.n; k++) {
			struct merkle_hash expected = hash_of_hex(known->path[k]);

			assert_true(merkle_equal(&proof.path[k], &expected));
		}
		assert_true(merkle_check_consistency(hasher, &old_head, &head, &proof));
	}
}

static void
every_tree_up_to_three_hundred_leaves_has_the_root_of_the_definition(void **state)
{
	struct merkle_source source = source_of_leaves();
	struct merkle_range range;
	struct merkle_hash root, expected;

	(void)state;
	use_counted_leaves();
	merkle_range_init(&range);
	for (size_t n = 0; n <= LEAVES_MAX; n++) {
		if (n > 0)
			merkle_range_append(&range, hasher, 0, &leaves[n - 1]);
		assert_true(range.size == n);
		expected = naive_root(0, n);
		merkle_range_root(&range, hasher, &root);
		assert_true(merkle_equal(&root, &expected));
		assert_int_equal(merkle_root(&source, n, &root), ERR_NONE);
		assert_true(merkle_equal(&root, &expected));
	}
}

static void
every_inclusion_path_is_that_of_the_definition_and_fits_only_its_own_leaf(void **state)
{
	struct merkle_source source = source_of_leaves();

	(void)state;
	use_counted_leaves();
	for (size_t n = 1; n <= LEAVES_MAX; n += n < 70 ? 1 : 23) {
		struct merkle_head head = {n, naive_root(0, n)};

		for (size_t m = 0; m < n; m++) {
			struct merkle_proof proof, expected = {.n = 0};

			naive_path(m, 0, n, &expected);
			assert_int_equal(merkle_prove_inclusion(&source, m, n, &proof), ERR_NONE);
			assert_true(proofs_equal(&proof, &expected));
			assert_true(merkle_check_inclusion(hasher, &head, m, &leaves[m], &proof));
			assert_false(merkle_check_inclusion(hasher, &head, m ^ 1, &leaves[m], &proof));
			assert_false(merkle_check_inclusion(hasher, &head, m + n, &leaves[m], &proof));
			assert_false(merkle_check_inclusion(hasher, &head, m, &leaves[(m + 1) % LEAVES_MAX], &proof));
		}
	}
}

static void
every_consistency_path_is_that_of_the_definition_and_is_accepted(void **state)
{
	struct merkle_source source = source_of_leaves();

	(void)state;
	use_counted_leaves();
	for (size_t n = 1; n <= LEAVES_MAX; n += n < 70 ? 1 : 23) {
		struct merkle_head head = {n, naive_root(0, n)};

		for (size_t m = 1; m <= n; m++) {
			struct merkle_head old_head = {m, naive_root(0, m)};
			struct merkle_proof proof, expected = {.n = 0};

			naive_subproof(m, 0, n, true, &expected);
			assert_int_equal(merkle_prove_consistency(&source, m, n, &proof), ERR_NONE);
			assert_true(proofs_equal(&proof, &expected));
			assert_true(merkle_check_consistency(hasher, &old_head, &head, &proof));
			old_head.root.bytes[7] ^= 1;
			assert_false(merkle_check_consistency(hasher, &old_head, &head, &proof));
		}
	}
}

static void
a_proof_that_was_bent_in_any_way_is_refused(void **state)
{
	struct merkle_source source = source_of_leaves();
	struct merkle_head head = {13, {{0}}}, old_head = {6, {{0}}};
	struct merkle_proof inclusion, consistency, bent;

	(void)state;
	use_counted_leaves();
	head.root = naive_root(0, 13);
	old_head.root = naive_root(0, 6);
	assert_int_equal(merkle_prove_inclusion(&source, 4, 13, &inclusion), ERR_NONE);
	assert_int_equal(merkle_prove_consistency(&source, 6, 13, &consistency), ERR_NONE);
	for (size_t i = 0; i < inclusion.n * SHA256_LEN; i++) {
		bent = inclusion;
		bent.path[i / SHA256_LEN].bytes[i % SHA256_LEN] ^= 0x10;
		assert_false(merkle_check_inclusion(hasher, &head, 4, &leaves[4], &bent));
	}
	for (size_t i = 0; i < consistency.n * SHA256_LEN; i++) {
		bent = consistency;
		bent.path[i / SHA256_LEN].bytes[i % SHA256_LEN] ^= 0x10;
		assert_false(merkle_check_consistency(hasher, &old_head, &head, &bent));
	}
	for (size_t n = 0; n <= MERKLE_PROOF_MAX + 1; n++) {
		bent = inclusion;
		bent.n = n;
		assert_int_equal(merkle_check_inclusion(hasher, &head, 4, &leaves[4], &bent), n == inclusion.n);
		bent = consistency;
		bent.n = n;
		assert_int_equal(merkle_check_consistency(hasher, &old_head, &head, &bent), n == consistency.n);
	}
}

static void
sizes_and_places_that_make_no_sense_are_refused(void **state)
{
	struct merkle_source source = source_of_leaves();
	struct merkle_head one = {1, {{1}}}, two = {2, {{2}}}, none = {0, {{0}}}, huge = {UINT64_MAX, {{3}}};
	struct merkle_proof proof = {.n = 0};

	(void)state;
	assert_int_equal(merkle_prove_inclusion(&source, 0, 0, &proof), ERR_RANGE);
	assert_int_equal(merkle_prove_inclusion(&source, 3, 3, &proof), ERR_RANGE);
	assert_int_equal(merkle_prove_inclusion(&source, 0, UINT64_MAX, &proof), ERR_RANGE);
	assert_int_equal(merkle_prove_consistency(&source, 0, 3, &proof), ERR_RANGE);
	assert_int_equal(merkle_prove_consistency(&source, 4, 3, &proof), ERR_RANGE);
	assert_false(merkle_check_inclusion(hasher, &none, 0, &none.root, &proof));
	assert_false(merkle_check_inclusion(hasher, &huge, 0, &huge.root, &proof));
	assert_false(merkle_check_consistency(hasher, &two, &one, &proof));
	assert_false(merkle_check_consistency(hasher, &one, &two, &proof));
	assert_false(merkle_check_consistency(hasher, &one, &huge, &proof));
	assert_true(merkle_check_consistency(hasher, &none, &two, &proof));
	assert_true(merkle_check_consistency(hasher, &two, &two, &proof));
	proof.n = 1;
	assert_false(merkle_check_consistency(hasher, &none, &two, &proof));
	assert_false(merkle_check_consistency(hasher, &two, &two, &proof));
}

static int
set_up(void **state)
{
	(void)state;
	return hasher_open(&hasher) != ERR_NONE;
}

static int
tear_down(void **state)
{
	(void)state;
	hasher_free(hasher);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_roots_of_the_eight_known_leaves_come_out),
	    cmocka_unit_test(the_known_inclusion_paths_come_out_and_are_accepted),
	    cmocka_unit_test(the_known_consistency_paths_come_out_and_are_accepted),
	    cmocka_unit_test(every_tree_up_to_three_hundred_leaves_has_the_root_of_the_definition),
	    cmocka_unit_test(every_inclusion_path_is_that_of_the_definition_and_fits_only_its_own_leaf),
	    cmocka_unit_test(every_consistency_path_is_that_of_the_definition_and_is_accepted),
	    cmocka_unit_test(a_proof_that_was_bent_in_any_way_is_refused),
	    cmocka_unit_test(sizes_and_places_that_make_no_sense_are_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
