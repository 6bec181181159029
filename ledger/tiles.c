/* tiles: C2SP tlog-tiles names and contents. Pure computation. */
#include "ledger/tiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three digits per group; 2^62 / 256 has 17 digits. */
#define GROUPS_MAX 6

static size_t
put_index(uint64_t index, char *out, size_t room)
{
	unsigned groups[GROUPS_MAX];
	size_t n = 0, len = 0;

	do {
		groups[n++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index != 0 && n < GROUPS_MAX);
	while (n-- > 0)
		len += (size_t)snprintf(out + len, room - len, n > 0 ? "x%03u/" : "%03u", groups[n]);
	return len;
}

void
tile_path(const struct tile_id *id, char out[TILE_PATH_MAX])
{
	size_t len;

	if (id->level == TILE_ENTRIES)
		len = (size_t)snprintf(out, TILE_PATH_MAX, "tile/entries/");
	else
		len = (size_t)snprintf(out, TILE_PATH_MAX, "tile/%u/", (unsigned)(id->level & 0x3f));
	len += put_index(id->index, out + len, TILE_PATH_MAX - len);
	if (id->width != TILE_WIDTH)
		(void)snprintf(out + len, TILE_PATH_MAX - len, ".p/%u", (unsigned)id->width);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number as it stands at the front of `*at`; the final comparison in tile_parse_path() settles its spelling. */
static uint64_t
take_number(const char **at)
{
	uint64_t number = 0;

	for (; is_digit(**at) && number < MERKLE_SIZE_MAX / 10; (*at)++)
		number = number * 10 + (uint64_t)(**at - '0');
	return number;
}

enum err
tile_parse_path(const char *path, struct tile_id *ret_id)
{
	struct tile_id id = {.width = TILE_WIDTH};
	char spelled[TILE_PATH_MAX];
	const char *at = path;

	if (strncmp(at, "tile/", 5) != 0)
		return ERR_FORMAT;
	at += 5;
	if (strncmp(at, "entries/", 8) == 0) {
		id.level = TILE_ENTRIES;
		at += 8;
	} else {
		uint64_t level = take_number(&at);

		if (level >= TILE_LEVELS_MAX || *at++ != '/')
			return ERR_FORMAT;
		id.level = (uint32_t)level;
	}
	for (; *at == 'x' || *at == '/' || is_digit(*at); at++) {
		if (!is_digit(*at))
			continue;
		if (id.index > MERKLE_SIZE_MAX / 10)
			return ERR_FORMAT;
		id.index = id.index * 10 + (uint64_t)(*at - '0');
	}
	if (strncmp(at, ".p/", 3) == 0) {
		at += 3;
		uint64_t width = take_number(&at);

		if (width < 1 || width >= TILE_WIDTH)
			return ERR_FORMAT;
		id.width = (uint32_t)width;
	}
	/* What was read leniently must be spelled just like this. */
	tile_path(&id, spelled);
	if (strcmp(path, spelled) != 0)
		return ERR_FORMAT;
	*ret_id = id;
	return ERR_NONE;
}

uint64_t
tile_level_count(uint64_t size, uint32_t level)
{
	return level == TILE_ENTRIES ? size : size >> TILE_HEIGHT * level;
}

uint32_t
tile_width_at(uint64_t size, uint32_t level, uint64_t index)
{
	uint64_t count = tile_level_count(size, level);

	if (index >= count / TILE_WIDTH + 1)
		return 0;
	uint64_t left = count - index * TILE_WIDTH;
	return left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH;
}

const uint8_t *
bundle_take(struct reader *r, size_t *ret_len)
{
	const uint8_t *head = reader_take(r, 2);

	if (head == NULL)
		return NULL;
	size_t len = (size_t)head[0] << 8 | head[1];
	const uint8_t *entry = reader_take(r, len);
	if (entry != NULL)
		*ret_len = len;
	return entry;
}

void
tile_hash(struct hasher *hasher, const uint8_t tile[TILE_LEN], struct merkle_hash *ret_hash)
{
	struct merkle_range range;
	struct merkle_hash hash;

	merkle_range_init(&range);
	for (size_t i = 0; i < TILE_WIDTH; i++) {
		memcpy(hash.bytes, tile + i * SHA256_LEN, SHA256_LEN);
		merkle_range_append(&range, hasher, 0, &hash);
	}
	merkle_range_root(&range, hasher, ret_hash);
}
