/* manifest: the list of files. Blocks on the disk; one thread. */
#include "index/manifest.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/file.h"
#include "index/io.h"

#define HEADER_LEN 40
#define SEGMENT_LEN 24
#define PERIOD_LEN 8
#define MANIFEST_MAX (64U << 20)

static const uint8_t magic[8] = {'T', 'Q', 'I', 'N', 'D', 'E', 'X', '1'};

static enum err
path_of(const char *dir, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/manifest", dir) < PATH_MAX ? ERR_NONE : ERR_RANGE;
}

static void
take_lists(const uint8_t *p, struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_segments; i++, p += SEGMENT_LEN)
		manifest->segments[i] = (struct manifest_segment){
		    get_u64(p), get_u64(p + 8), get_u32(p + 16), get_u32(p + 20)};
	for (size_t i = 0; i < manifest->n_periods; i++, p += PERIOD_LEN)
		manifest->periods[i] = (struct manifest_period){get_u32(p), get_u32(p + 4)};
}

static enum err
parse(const struct bytes *b, struct manifest *ret_manifest)
{
	struct manifest manifest = {0};

	if (b->len < HEADER_LEN + 4 || memcmp(b->data, magic, 8) != 0
	    || get_u32(b->data + b->len - 4) != codec_crc32c(0, b->data, b->len - 4))
		return ERR_CORRUPT;
	manifest.next_entry = get_u64(b->data + 8);
	manifest.tail = get_u64(b->data + 16);
	manifest.next_segment = get_u64(b->data + 24);
	manifest.n_segments = get_u32(b->data + 32);
	manifest.n_periods = get_u32(b->data + 36);
	if (b->len != HEADER_LEN + manifest.n_segments * SEGMENT_LEN + manifest.n_periods * PERIOD_LEN + 4)
		return ERR_CORRUPT;
	manifest.segments = calloc(manifest.n_segments + 1, sizeof(*manifest.segments));
	manifest.periods = calloc(manifest.n_periods + 1, sizeof(*manifest.periods));
	if (manifest.segments == NULL || manifest.periods == NULL) {
		manifest_wipe(&manifest);
		return ERR_NOMEM;
	}
	take_lists(b->data + HEADER_LEN, &manifest);
	*ret_manifest = manifest;
	return ERR_NONE;
}

enum err
manifest_read(const char *dir, struct manifest *ret_manifest, const char **why)
{
	char path[PATH_MAX];
	struct bytes b;
	enum err err = path_of(dir, path);

	if (err != ERR_NONE)
		return err;
	bytes_init(&b, MANIFEST_MAX);
	err = file_read(path, &b);
	if (err == ERR_NONE)
		err = parse(&b, ret_manifest);
	bytes_wipe(&b);
	if (err == ERR_CORRUPT)
		return because(err, why, "the manifest of the index was changed: rebuild the index");
	return err;
}

static void
put_all(const struct manifest *manifest, uint8_t *p)
{
	memcpy(p, magic, 8);
	put_u64(p + 8, manifest->next_entry);
	put_u64(p + 16, manifest->tail);
	put_u64(p + 24, manifest->next_segment);
	put_u32(p + 32, (uint32_t)manifest->n_segments);
	put_u32(p + 36, (uint32_t)manifest->n_periods);
	p += HEADER_LEN;
	for (size_t i = 0; i < manifest->n_segments; i++, p += SEGMENT_LEN) {
		const struct manifest_segment *segment = &manifest->segments[i];

		put_u64(p, segment->sequence);
		put_u64(p + 8, segment->size);
		put_u32(p + 16, segment->period);
		put_u32(p + 20, segment->header_crc);
	}
	for (size_t i = 0; i < manifest->n_periods; i++, p += PERIOD_LEN) {
		put_u32(p, manifest->periods[i].period);
		put_u32(p + 4, manifest->periods[i].persons);
	}
}

enum err
manifest_write(const char *dir, const struct manifest *manifest)
{
	size_t len = HEADER_LEN + manifest->n_segments * SEGMENT_LEN + manifest->n_periods * PERIOD_LEN;
	char path[PATH_MAX];
	enum err err = path_of(dir, path);

	if (err != ERR_NONE)
		return err;
	uint8_t *data = malloc(len + 4);
	if (data == NULL)
		return ERR_NOMEM;
	put_all(manifest, data);
	put_u32(data + len, codec_crc32c(0, data, len));
	err = file_replace(path, data, len + 4, 0600);
	free(data);
	return err;
}

void
manifest_wipe(struct manifest *manifest)
{
	free(manifest->segments);
	free(manifest->periods);
	*manifest = (struct manifest){0};
}
