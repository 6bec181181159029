/*
 * segment: sealed events of one period, "segment-<sequence>". Immutable,
 * mapped into memory, sorted by stream and time. A stream is what one identity
 * was handed on behalf of one organisation; it is cut into buckets of one hour.
 *
 * Little-endian; offsets from the start of the file.
 *
 *   header, 128 bytes
 *      0  8  "TQSEGM01"            48  8  offset of the streams' table
 *      8  8  sequence              56  8  offset of the organisations' table
 *     16  8  size of the file      64  8  offset of the reverse table
 *     24  8  first time            72  4  period, yyyymm
 *     32  8  last time             76  4  streams
 *     40  8  sightings             80  4  reverse blocks
 *     84  4  persons the dictionary must have
 *     88  4  CRC-32C from the streams' table to the end
 *     92     zero                 124  4  CRC-32C of bytes 0..123
 *   stream bodies: directory, then per bucket its events and its bitmaps
 *     directory, per bucket: hour since 1970, minus the bucket's before
 *       (LEB128); sightings (LEB128); bytes of events (LEB128); their CRC-32C
 *       (4); how many bitmaps (LEB128); per bitmap: meter, fields, bytes
 *       (LEB128 each), CRC-32C (4)
 *     events: a run as in event.h, from the start of the hour, the identity and
 *       organisation of the stream, all else zero
 *     bitmaps: of persons, one per meter and fields, in Roaring's portable
 *       format. A bucket has bitmaps for all its sightings or none at all
 *       (where it has few sightings, or many different fields)
 *   reverse blocks: pairs of person and stream number, ascending, without
 *     doubles: person minus the one before (first: minus 0), then the stream (LEB128 both)
 *   streams' table, by identity, then organisation, 48 bytes each
 *      0  4  identity              24  8  first time
 *      4  4  organisation          32  8  last time
 *      8  8  offset of the body    40  4  sightings
 *     16  4  bytes of directory    44  4  CRC-32C of the directory
 *     20  4  buckets
 *   organisations' table: stream numbers (4) by organisation, then identity
 *   reverse table, 20 bytes each: first person (4), offset (8), bytes (4), CRC-32C (4)
 *
 * All tables are verified on opening, the rest when it is read.
 */
#ifndef INDEX_SEGMENT_H
#define INDEX_SEGMENT_H

#include <stdint.h>

#include "base/err.h"
#include "index/active.h"
#include "index/event.h"
#include "index/manifest.h"

#define SEGMENT_HEADER_LEN 128
#define SEGMENT_STREAM_LEN 48
#define SEGMENT_REVERSE_LEN 20

#define SEGMENT_NAME_LEN 32
void segment_name(uint64_t sequence, char ret_name[SEGMENT_NAME_LEN]);

/* The first eight bytes. */
extern const uint8_t segment_magic[8];

struct segment {
	const uint8_t *map;
	uint64_t size;
	uint64_t sequence;
	uint64_t first_us;
	uint64_t last_us;
	uint64_t n_people;
	const uint8_t *streams;
	const uint8_t *organisations;
	const uint8_t *reverse;
	uint32_t period;
	uint32_t n_streams;
	uint32_t n_reverse;
	uint32_t header_crc;
};

struct stream {
	uint32_t identity;
	uint32_t organisation;
	uint64_t offset;
	uint32_t dir_len;
	uint32_t n_buckets;
	uint64_t first_us;
	uint64_t last_us;
	uint32_t n_people;
	uint32_t dir_crc;
};

/* One hour of a stream, and the place in the directory to go on from. */
struct bucket {
	uint64_t hour;
	uint64_t n_people;
	const uint8_t *events;
	uint64_t events_len;
	uint32_t events_crc;
	uint64_t n_bitmaps;
	const uint8_t *bitmaps; /* the directory's entries */
	/* inner */
	const uint8_t *dir;
	const uint8_t *dir_end;
	const uint8_t *content;
	const uint8_t *content_end;
	uint32_t left;
};

struct bucket_bitmap {
	uint16_t meter;
	uint32_t fields;
	const uint8_t *data;
	uint64_t len;
	uint32_t crc;
};

/*
 * Write the events of `period` as segment `sequence`, durable but for its name
 * in the folder; says in `ret_listed` what the manifest has to say.
 */
MUST_CHECK enum err segment_write(int dir_fd, uint64_t sequence, uint32_t period, uint32_t persons,
    const struct active *active, struct manifest_segment *ret_listed);

MUST_CHECK enum err segment_open(struct segment *segment, int dir_fd,
    const struct manifest_segment *listed);
void segment_close(struct segment *segment);

void segment_stream(const struct segment *segment, uint32_t number, struct stream *ret_stream);

/* The first stream of this identity or a higher one. */
uint32_t segment_identity(const struct segment *segment, uint32_t identity);

/* The first place in the organisations' table of this organisation or a higher one. */
uint32_t segment_organisation(const struct segment *segment, uint32_t organisation);

/* The stream at a place of the organisations' table. */
uint32_t segment_organisation_stream(const struct segment *segment, uint32_t place);

/* Before the first bucket of a stream; verifies its directory. */
MUST_CHECK enum err bucket_start(const struct segment *segment, const struct stream *stream,
    struct bucket *ret_bucket);

/* To the next bucket; ERR_NOT_FOUND after the last. */
MUST_CHECK enum err bucket_next(struct bucket *bucket);

/* Verify the bytes of the bucket's events. */
MUST_CHECK enum err bucket_verify(const struct bucket *bucket);

/* The bitmaps of a bucket, one after the other, `n_bitmaps` times. */
struct bitmap_walk {
	const uint8_t *dir;
	const uint8_t *data;
};
void bitmap_walk_start(const struct bucket *bucket, struct bitmap_walk *walk);
void bitmap_walk_next(const struct bucket *bucket, struct bitmap_walk *walk,
    struct bucket_bitmap *ret_bitmap);
MUST_CHECK enum err bitmap_verify(const struct bucket_bitmap *bitmap);

/* The base that the events of a bucket start from. */
void bucket_base(const struct bucket *bucket, const struct stream *stream, struct event_base *ret_base);

/* Call `found` with every stream that was handed `person`. */
MUST_CHECK enum err segment_streams_of(const struct segment *segment, uint32_t person,
    enum err (*found)(void *context, uint32_t stream), void *context);

/* Verify every byte. */
MUST_CHECK enum err segment_check(const struct segment *segment);

#endif
