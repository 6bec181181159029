#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ledger/tiles.h"

static void
paths_are_spelled_as_the_specification_spells_them(void **state)
{
	static const struct {
		struct tile_id id;
		const char *path;
	} known[] = {
	    {{0, 256, 0}, "tile/0/000"},
	    {{0, 256, 1234067}, "tile/0/x001/x234/067"},
	    {{3, 112, 273}, "tile/3/273.p/112"},
	    {{1, 1, 1000}, "tile/1/x001/000.p/1"},
	    {{TILE_ENTRIES, 256, 999}, "tile/entries/999"},
	    {{TILE_ENTRIES, 255, 1234067}, "tile/entries/x001/x234/067.p/255"},
	    {{7, 256, MERKLE_SIZE_MAX / TILE_WIDTH}, "tile/7/x018/x014/x398/x509/x481/984"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char path[TILE_PATH_MAX];
		struct tile_id id;

		tile_path(&known[i].id, path);
		assert_string_equal(path, known[i].path);
		assert_int_equal(tile_parse_path(path, &id), ERR_NONE);
		assert_int_equal(id.level, known[i].id.level);
		assert_int_equal(id.width, known[i].id.width);
		assert_true(id.index == known[i].id.index);
	}
}

static void
other_spellings_of_a_path_are_refused(void **state)
{
	static const char *const bad[] = {"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00",
	    "tile/0/0000", "tile/0/x000/000", "tile/00/000", "tile/8/000", "tile/-1/000", "tile/0/001/000",
	    "tile/0/x001/x000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/",
	    "tile/0/000.p", "tile/0/000/", "tile/entries/000.p/1x", "tile/entries", "tile/0/../000",
	    "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "/tile/0/000", "tile/0/000\n"};
	struct tile_id id;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tile_parse_path(bad[i], &id), ERR_FORMAT);
}

static void
a_tree_of_70000_has_the_tiles_that_the_specification_names(void **state)
{
	(void)state;
	/* "273 full level 0 tiles, one partial of width 112, one full level 1 tile, one partial of width 17, ..." */
	assert_int_equal(tile_width_at(70000, 0, 272), 256);
	assert_int_equal(tile_width_at(70000, 0, 273), 112);
	assert_int_equal(tile_width_at(70000, 0, 274), 0);
	assert_int_equal(tile_width_at(70000, TILE_ENTRIES, 273), 112);
	assert_int_equal(tile_width_at(70000, 1, 0), 256);
	assert_int_equal(tile_width_at(70000, 1, 1), 17);
	assert_int_equal(tile_width_at(70000, 1, 2), 0);
	assert_int_equal(tile_width_at(70000, 2, 0), 1);
	assert_int_equal(tile_width_at(70000, 3, 0), 0);
	assert_int_equal(tile_width_at(256, 0, 0), 256);
	assert_int_equal(tile_width_at(256, 0, 1), 0);
	assert_int_equal(tile_width_at(256, 1, 0), 1);
	assert_int_equal(tile_width_at(0, 0, 0), 0);
	assert_int_equal(tile_width_at(MERKLE_SIZE_MAX, 0, UINT64_MAX), 0);
}

static void
a_bundle_gives_its_entries_and_notices_a_torn_one(void **state)
{
	static const uint8_t bundle[] = {0, 2, 'a', 'b', 0, 0, 1, 0, 'c'};
	struct reader r;
	size_t len;

	(void)state;
	reader_init(&r, bundle, sizeof(bundle));
	assert_memory_equal(bundle_take(&r, &len), "ab", 2);
	assert_int_equal(len, 2);
	assert_non_null(bundle_take(&r, &len));
	assert_int_equal(len, 0);
	assert_null(bundle_take(&r, &len));
	assert_true(r.bad);
}

static void
the_hash_of_a_full_tile_is_the_root_of_its_hashes(void **state)
{
	struct merkle_range range;
	struct merkle_hash root, hash;
	struct hasher *hasher;
	uint8_t tile[TILE_LEN];

	(void)state;
	assert_int_equal(hasher_open(&hasher), ERR_NONE);
	merkle_range_init(&range);
	for (unsigned i = 0; i < TILE_WIDTH; i++) {
		merkle_leaf(hasher, &i, sizeof(i), &hash);
		memcpy(tile + i * SHA256_LEN, hash.bytes, SHA256_LEN);
		merkle_range_append(&range, hasher, 0, &hash);
	}
	merkle_range_root(&range, hasher, &root);
	tile_hash(hasher, tile, &hash);
	assert_true(merkle_equal(&root, &hash));
	assert_false(hasher_failed(hasher));
	hasher_free(hasher);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_are_spelled_as_the_specification_spells_them),
	    cmocka_unit_test(other_spellings_of_a_path_are_refused),
	    cmocka_unit_test(a_tree_of_70000_has_the_tiles_that_the_specification_names),
	    cmocka_unit_test(a_bundle_gives_its_entries_and_notices_a_torn_one),
	    cmocka_unit_test(the_hash_of_a_full_tile_is_the_root_of_its_hashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
