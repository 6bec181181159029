/* segment: read sealed events from their mapping. Blocks on page faults; one thread. */
#include "index/segment.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/codec.h"
#include "index/index.h"
#include "index/io.h"

const uint8_t segment_magic[8] = {'T', 'Q', 'S', 'E', 'G', 'M', '0', '1'};

/* Offsets of the tables follow from one another; anything else is no segment. */
static bool
take_header(struct segment *segment, const struct manifest_segment *listed)
{
	const uint8_t *header = segment->map;
	uint64_t streams = get_u64(header + 48);

	if (memcmp(header, segment_magic, 8) != 0 || get_u32(header + 124) != listed->header_crc
	    || codec_crc32c(0, header, 124) != listed->header_crc)
		return false;
	segment->sequence = get_u64(header + 8);
	segment->first_us = get_u64(header + 24);
	segment->last_us = get_u64(header + 32);
	segment->n_people = get_u64(header + 40);
	segment->period = get_u32(header + 72);
	segment->n_streams = get_u32(header + 76);
	segment->n_reverse = get_u32(header + 80);
	segment->header_crc = listed->header_crc;
	uint64_t organisations = streams + (uint64_t)segment->n_streams * SEGMENT_STREAM_LEN;
	uint64_t reverse = organisations + (uint64_t)segment->n_streams * 4;
	if (segment->sequence != listed->sequence || segment->period != listed->period
	    || get_u64(header + 16) != segment->size || streams < SEGMENT_HEADER_LEN
	    || get_u64(header + 56) != organisations || get_u64(header + 64) != reverse
	    || reverse + (uint64_t)segment->n_reverse * SEGMENT_REVERSE_LEN != segment->size)
		return false;
	segment->streams = segment->map + streams;
	segment->organisations = segment->map + organisations;
	segment->reverse = segment->map + reverse;
	return get_u32(header + 88) == codec_crc32c(0, segment->streams, segment->size - streams);
}

enum err
segment_open(struct segment *segment, int dir_fd, const struct manifest_segment *listed)
{
	char name[SEGMENT_NAME_LEN];
	uint64_t size = 0;

	*segment = (struct segment){0};
	segment_name(listed->sequence, name);
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		enum err err = io_error();

		return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
	}
	enum err err = io_size(fd, &size);
	if (err == ERR_NONE && (size != listed->size || size < SEGMENT_HEADER_LEN))
		err = ERR_CORRUPT;
	void *map = err == ERR_NONE ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	(void)close(fd);
	if (map == MAP_FAILED)
		return err != ERR_NONE ? err : io_error();
	segment->map = map;
	segment->size = size;
	if (!take_header(segment, listed)) {
		segment_close(segment);
		return ERR_CORRUPT;
	}
	return ERR_NONE;
}

void
segment_close(struct segment *segment)
{
	/* The mapping was given as const to readers alone. */
	if (segment->map != NULL)
		(void)munmap((void *)(uintptr_t)segment->map, segment->size);
	*segment = (struct segment){0};
}

void
segment_stream(const struct segment *segment, uint32_t number, struct stream *ret_stream)
{
	const uint8_t *entry = segment->streams + (size_t)number * SEGMENT_STREAM_LEN;

	*ret_stream = (struct stream){
	    .identity = get_u32(entry),
	    .organisation = get_u32(entry + 4),
	    .offset = get_u64(entry + 8),
	    .dir_len = get_u32(entry + 16),
	    .n_buckets = get_u32(entry + 20),
	    .first_us = get_u64(entry + 24),
	    .last_us = get_u64(entry + 32),
	    .n_people = get_u32(entry + 40),
	    .dir_crc = get_u32(entry + 44),
	};
}

uint32_t
segment_identity(const struct segment *segment, uint32_t identity)
{
	uint32_t low = 0, high = segment->n_streams;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (get_u32(segment->streams + (size_t)middle * SEGMENT_STREAM_LEN) < identity)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t
segment_organisation_stream(const struct segment *segment, uint32_t place)
{
	return get_u32(segment->organisations + (size_t)place * 4);
}

uint32_t
segment_organisation(const struct segment *segment, uint32_t organisation)
{
	uint32_t low = 0, high = segment->n_streams;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		size_t number = segment_organisation_stream(segment, middle);

		if (get_u32(segment->streams + number * SEGMENT_STREAM_LEN + 4) < organisation)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum err
bucket_start(const struct segment *segment, const struct stream *stream, struct bucket *ret_bucket)
{
	uint64_t end = (uint64_t)(segment->streams - segment->map);

	if (stream->offset > end || stream->dir_len > end - stream->offset)
		return ERR_CORRUPT;
	const uint8_t *dir = segment->map + stream->offset;
	if (codec_crc32c(0, dir, stream->dir_len) != stream->dir_crc)
		return ERR_CORRUPT;
	*ret_bucket = (struct bucket){
	    .dir = dir,
	    .dir_end = dir + stream->dir_len,
	    .content = dir + stream->dir_len,
	    .content_end = segment->map + end,
	    .left = stream->n_buckets,
	};
	return ERR_NONE;
}

/* A length from the directory, held against what is left of the content. */
static bool
take_content(struct bucket *bucket, uint64_t len)
{
	if (len > (uint64_t)(bucket->content_end - bucket->content))
		return false;
	bucket->content += len;
	return true;
}

static uint32_t
dir_u32(const uint8_t **dir, const uint8_t *end)
{
	const uint8_t *p = *dir;

	if (p == NULL || end - p < 4) {
		*dir = NULL;
		return 0;
	}
	*dir = p + 4;
	return get_u32(p);
}

enum err
bucket_next(struct bucket *bucket)
{
	const uint8_t *dir = bucket->dir;

	if (bucket->left == 0)
		return ERR_NOT_FOUND;
	bucket->left--;
	bucket->hour += varint_get(&dir, bucket->dir_end);
	bucket->n_people = varint_get(&dir, bucket->dir_end);
	bucket->events_len = varint_get(&dir, bucket->dir_end);
	bucket->events_crc = dir_u32(&dir, bucket->dir_end);
	bucket->n_bitmaps = varint_get(&dir, bucket->dir_end);
	bucket->events = bucket->content;
	bucket->bitmaps = dir;
	if (dir == NULL || !take_content(bucket, bucket->events_len))
		return ERR_CORRUPT;
	for (uint64_t i = 0; i < bucket->n_bitmaps; i++) {
		(void)varint_get(&dir, bucket->dir_end);
		(void)varint_get(&dir, bucket->dir_end);
		uint64_t len = varint_get(&dir, bucket->dir_end);
		(void)dir_u32(&dir, bucket->dir_end);
		if (dir == NULL || !take_content(bucket, len))
			return ERR_CORRUPT;
	}
	bucket->dir = dir;
	return ERR_NONE;
}

enum err
bucket_verify(const struct bucket *bucket)
{
	return codec_crc32c(0, bucket->events, bucket->events_len) == bucket->events_crc
	    ? ERR_NONE : ERR_CORRUPT;
}

void
bucket_base(const struct bucket *bucket, const struct stream *stream, struct event_base *ret_base)
{
	*ret_base = (struct event_base){.at_us = bucket->hour * INDEX_HOUR_US,
	    .identity = stream->identity, .organisation = stream->organisation};
}

void
bitmap_walk_start(const struct bucket *bucket, struct bitmap_walk *walk)
{
	*walk = (struct bitmap_walk){bucket->bitmaps, bucket->events + bucket->events_len};
}

void
bitmap_walk_next(const struct bucket *bucket, struct bitmap_walk *walk, struct bucket_bitmap *ret_bitmap)
{
	const uint8_t *dir = walk->dir;
	struct bucket_bitmap bitmap = {.data = walk->data};

	/* bucket_next() has been over the same bytes: they are well formed. */
	bitmap.meter = (uint16_t)varint_get(&dir, bucket->dir);
	bitmap.fields = (uint32_t)varint_get(&dir, bucket->dir);
	bitmap.len = varint_get(&dir, bucket->dir);
	bitmap.crc = dir_u32(&dir, bucket->dir);
	walk->dir = dir;
	walk->data += bitmap.len;
	*ret_bitmap = bitmap;
}

enum err
bitmap_verify(const struct bucket_bitmap *bitmap)
{
	return codec_crc32c(0, bitmap->data, bitmap->len) == bitmap->crc ? ERR_NONE : ERR_CORRUPT;
}

/* The last reverse block that may begin with `person` or before. */
static uint32_t
reverse_block(const struct segment *segment, uint32_t person)
{
	uint32_t low = 0, high = segment->n_reverse;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (get_u32(segment->reverse + (size_t)middle * SEGMENT_REVERSE_LEN) < person)
			low = middle + 1;
		else
			high = middle;
	}
	/* The block before the first that begins with `person` may end with it. */
	return low == 0 ? 0 : low - 1;
}

static enum err
verify_reverse(const struct segment *segment, uint32_t number, const uint8_t **ret_at,
    const uint8_t **ret_end)
{
	const uint8_t *entry = segment->reverse + (size_t)number * SEGMENT_REVERSE_LEN;
	uint64_t offset = get_u64(entry + 4);
	uint32_t len = get_u32(entry + 12);
	uint64_t end = (uint64_t)(segment->streams - segment->map);

	if (offset > end || len > end - offset
	    || codec_crc32c(0, segment->map + offset, len) != get_u32(entry + 16))
		return ERR_CORRUPT;
	*ret_at = segment->map + offset;
	*ret_end = *ret_at + len;
	return ERR_NONE;
}

static enum err
search_block(const struct segment *segment, uint32_t number, uint32_t person,
    enum err (*found)(void *context, uint32_t stream), void *context)
{
	const uint8_t *at, *end;
	uint64_t here = 0;
	enum err err = verify_reverse(segment, number, &at, &end);

	while (err == ERR_NONE && at < end) {
		here += varint_get(&at, end);
		uint64_t stream = varint_get(&at, end);
		if (at == NULL || stream >= segment->n_streams)
			return ERR_CORRUPT;
		if (here > person)
			return ERR_NONE;
		if (here == person)
			err = found(context, (uint32_t)stream);
	}
	return err;
}

enum err
segment_streams_of(const struct segment *segment, uint32_t person,
    enum err (*found)(void *context, uint32_t stream), void *context)
{
	enum err err = ERR_NONE;

	for (uint32_t i = reverse_block(segment, person); i < segment->n_reverse && err == ERR_NONE; i++) {
		if (get_u32(segment->reverse + (size_t)i * SEGMENT_REVERSE_LEN) > person)
			break;
		err = search_block(segment, i, person, found, context);
	}
	return err;
}

static enum err
check_bucket(const struct stream *stream, const struct bucket *bucket, struct sighting *people)
{
	struct event_base base;
	struct bitmap_walk walk;
	struct bucket_bitmap bitmap;
	struct event event;
	const uint8_t *at = bucket->events;
	const uint8_t *end = at + bucket->events_len;
	enum err err = bucket_verify(bucket);

	bucket_base(bucket, stream, &base);
	while (err == ERR_NONE && at < end)
		err = event_get(&at, end, &base, &event, people);
	bitmap_walk_start(bucket, &walk);
	for (uint64_t i = 0; i < bucket->n_bitmaps && err == ERR_NONE; i++) {
		bitmap_walk_next(bucket, &walk, &bitmap);
		err = bitmap_verify(&bitmap);
	}
	return err;
}

static enum err
check_stream(const struct segment *segment, uint32_t number, struct sighting *people)
{
	struct stream stream;
	struct bucket bucket;

	segment_stream(segment, number, &stream);
	enum err err = bucket_start(segment, &stream, &bucket);
	while (err == ERR_NONE) {
		err = bucket_next(&bucket);
		if (err == ERR_NONE)
			err = check_bucket(&stream, &bucket, people);
	}
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err
segment_check(const struct segment *segment)
{
	struct sighting *people = malloc(DISCLOSURE_PERSONS_MAX * sizeof(*people));
	const uint8_t *at, *end;
	enum err err = people != NULL ? ERR_NONE : ERR_NOMEM;

	for (uint32_t i = 0; i < segment->n_streams && err == ERR_NONE; i++)
		err = check_stream(segment, i, people);
	for (uint32_t i = 0; i < segment->n_reverse && err == ERR_NONE; i++)
		err = verify_reverse(segment, i, &at, &end);
	free(people);
	return err;
}
