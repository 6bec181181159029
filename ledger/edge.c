/* edge: the right edge of the log. Blocks on the disk. */
#include "ledger/edge.h"

#include <string.h>

static enum err
load_tile(struct tilestore *store, uint64_t size, uint32_t level, uint8_t tile[TILE_LEN])
{
	uint64_t count = tile_level_count(size, level);
	uint32_t width = 0;
	struct bytes data;
	enum err err;

	if (count % TILE_WIDTH == 0)
		return ERR_NONE;
	bytes_init(&data, TILE_LEN + 1);
	err = tilestore_read_at(store, size, level, count / TILE_WIDTH, &data, &width);
	if (err == ERR_NONE && data.len < (size_t)width * SHA256_LEN)
		err = ERR_CORRUPT;
	if (err == ERR_NONE)
		memcpy(tile, data.data, (size_t)width * SHA256_LEN);
	bytes_wipe(&data);
	return err == ERR_RANGE ? ERR_CORRUPT : err;
}

enum err
edge_load(struct tilestore *store, struct hasher *hasher, const struct merkle_head *head, struct edge *ret_edge,
    struct merkle_range *ret_range)
{
	struct merkle_range range;
	struct merkle_hash root;

	merkle_range_init(&range);
	ret_edge->size = head->size;
	/* From the largest subtrees to the single leaves, as they stand from left to right. */
	for (uint32_t level = TILE_LEVELS_MAX; level-- > 0;) {
		uint8_t *tile = ret_edge->tiles[level];
		enum err err = load_tile(store, head->size, level, tile);

		if (err != ERR_NONE)
			return err;
		for (uint64_t i = 0; i < tile_level_count(head->size, level) % TILE_WIDTH; i++) {
			struct merkle_hash hash;

			memcpy(hash.bytes, tile + i * SHA256_LEN, SHA256_LEN);
			merkle_range_append(&range, hasher, TILE_HEIGHT * level, &hash);
		}
	}
	merkle_range_root(&range, hasher, &root);
	if (hasher_failed(hasher))
		return ERR_CRYPTO;
	if (!merkle_equal(&root, &head->root))
		return ERR_CORRUPT;
	*ret_range = range;
	return ERR_NONE;
}

enum err
edge_append(struct edge *edge, struct tilestore *store, struct hasher *hasher, const struct merkle_hash *leaf)
{
	struct merkle_hash hash = *leaf;

	edge->size++;
	for (uint32_t level = 0; level < TILE_LEVELS_MAX; level++) {
		uint64_t count = tile_level_count(edge->size, level);
		uint8_t *tile = edge->tiles[level];

		memcpy(tile + (count - 1) % TILE_WIDTH * SHA256_LEN, hash.bytes, SHA256_LEN);
		if (count % TILE_WIDTH != 0)
			return ERR_NONE;
		struct tile_id id = {.level = level, .index = count / TILE_WIDTH - 1, .width = TILE_WIDTH};
		enum err err = tilestore_write(store, &id, tile, TILE_LEN);
		if (err != ERR_NONE)
			return err;
		tile_hash(hasher, tile, &hash);
	}
	return ERR_NONE;
}

enum err
edge_write_partials(const struct edge *edge, struct tilestore *store, uint64_t old_size)
{
	enum err err = ERR_NONE;

	for (uint32_t level = 0; level < TILE_LEVELS_MAX && err == ERR_NONE; level++) {
		uint64_t count = tile_level_count(edge->size, level);
		struct tile_id id = {.level = level, .index = count / TILE_WIDTH, .width = count % TILE_WIDTH};

		if (id.width != 0 && count != tile_level_count(old_size, level))
			err = tilestore_write(store, &id, edge->tiles[level], (size_t)id.width * SHA256_LEN);
	}
	return err;
}
