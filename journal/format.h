/*
 * format: the bytes of a journal segment, and the codec of its entries.
 *
 * A segment is one file, `n<node>-w<worker>-s<segment>.tqj` (decimal, padded
 * with zeroes to 5, 5 and 10 digits). It is written once from front to back in
 * blocks of 4096 bytes; a block that is durable is never written again.
 * Integers are little-endian. It is made at its full size, filled with zeroes
 * and synced before its name appears, so that a later sync writes data alone.
 *
 *   block 0      segment header
 *     0   8  magic "TQJRNL1\n"
 *     8   2  version, 1
 *    10   2  node
 *    12   2  worker
 *    14   2  zero
 *    16   4  segment number, never 0; even in the first directory, odd in the
 *            second, rising for each (node, worker)
 *    20   4  period, year * 100 + month, UTC
 *    24   4  size of the file in bytes
 *    28   4  zero
 *    32   8  writer: random number of the writer's instance
 *    40   8  created, microseconds since 1970
 *    48  32  HPKE encapsulated key (RFC 9180, DHKEM(X25519, HKDF-SHA256),
 *            HKDF-SHA256, AES-256-GCM, base mode; info = JOURNAL_SEAL_INFO,
 *            aad = bytes 0..47 of this header)
 *    80  48  the segment's AES-256 key, sealed (32 bytes and the tag)
 *   128   4  CRC-32C of bytes 0..127
 *   132      zeroes to the end of the block
 *
 *   blocks 1..   batches, one after another, each starting on a block
 *     0   4  magic "TQB1"; "TQE1" marks the end of a segment
 *     4   4  segment number
 *     8   4  batch number in the segment, from 0
 *    12   4  number of entries, 0 in the end mark
 *    16   8  sequence of the first entry; in the end mark, of the next entry
 *    24   8  follows: the last sequence of this writer that was durable when
 *            the batch was written. Sequences between it and the first entry
 *            were given up, and their responses never left
 *    32   8  time that the entries' times are relative to, microseconds
 *    40   4  length of the ciphertext, without tag
 *    44   4  CRC-32C of tag and ciphertext
 *    48   4  CRC-32C of bytes 0..47
 *    52   4  zero
 *    56  16  AES-256-GCM tag; nonce = batch number as 12 bytes, aad = bytes
 *            0..43 of this header
 *    72      ciphertext of the entries, then zeroes to the end of the block
 *
 * A batch is written only when the one before it is durable. Hence: bytes that
 * are no valid batch with no valid batch behind them are a torn tail, whose
 * responses never left; with a valid batch behind them they are damage. An end
 * mark that was found says that nothing may be missing before it.
 *
 *   entry (sequence = that of the batch's first entry + its place)
 *     varint  length of what follows
 *     u8      kind, enum disclosure_kind
 *     varint  time, zigzag, relative to the entry before it or to the header
 *     varint  session, identity, organisation, route, meter, reason, weight
 *     varint  number of persons
 *     persons: u8 length of the identifier, +0x80 if space and fields follow
 *              because they differ from the person before (for the first
 *              person: from 0 and 0): u8 space, varint fields; then the
 *              identifier's bytes
 *
 * Numbers are never given twice: the highest of a (node, worker) is shown by its
 * file, or, when that was removed, stands in decimal in `n<node>-w<worker>.mark`.
 */
#ifndef JOURNAL_FORMAT_H
#define JOURNAL_FORMAT_H

#include "base/bytes.h"
#include "base/codec.h"
#include "base/err.h"
#include "core/disclosure.h"

#define JOURNAL_BLOCK 4096U
#define JOURNAL_SEAL_INFO "tourniquet journal segment 1"
#define JOURNAL_KEY_LEN 32
#define JOURNAL_TAG_LEN 16

/* Most bytes of entries in one batch, before encryption. */
#define JOURNAL_BATCH_MAX (1U << 20)

/* Bounds of the size of a segment. */
#define JOURNAL_SEGMENT_MIN (2U << 20)
#define JOURNAL_SEGMENT_MAX (1U << 30)
#define JOURNAL_SEGMENT_DEFAULT (16U << 20)

/* Room for the longest file name, with its terminating zero. */
#define JOURNAL_NAME_MAX 40

/* Most bytes that one entry can take. */
#define JOURNAL_ENTRY_MAX (128U + DISCLOSURE_PERSONS_MAX * (1U + 1U + 5U + PERSON_ID_MAX))

/*
 * Where an entry stands: unique, and rising for the entries of one writer.
 * `offset` is the batch's place in the file + 72 + the entry's place in the
 * plaintext.
 */
struct journal_position {
	uint16_t node;
	uint16_t worker;
	uint32_t segment;
	uint32_t offset;
};

struct segment_header {
	uint16_t node;
	uint16_t worker;
	uint32_t segment;
	uint32_t period;
	uint32_t size;
	uint64_t writer;
	uint64_t created_us;
	uint8_t enc[32];
	uint8_t sealed[JOURNAL_KEY_LEN + JOURNAL_TAG_LEN];
};

#define SEGMENT_HEADER_AAD 48U
#define SEGMENT_HEADER_LEN 132U

struct batch_header {
	bool end; /* an end mark */
	uint32_t segment;
	uint32_t number;
	uint32_t n_entries;
	uint64_t first;
	uint64_t follows;
	uint64_t base_us;
	uint32_t len;
	uint32_t body_crc;
};

#define BATCH_HEADER_AAD 44U
#define BATCH_TAG_AT 56U
#define BATCH_HEADER_LEN 72U

/* The period (year * 100 + month, UTC) that a time falls in. */
uint32_t journal_period(uint64_t at_us);

/* Names; `out` holds JOURNAL_NAME_MAX bytes. */
void format_name_segment(char *out, uint16_t node, uint16_t worker, uint32_t segment);
void format_name_mark(char *out, uint16_t node, uint16_t worker);
/* Take a segment's name apart. ERR_FORMAT for any other name. */
MUST_CHECK enum err format_name_parse(const char *name, struct journal_position *ret_at);

/* Write the first SEGMENT_HEADER_AAD bytes, which the seal binds; then the rest. */
void format_put_segment_aad(uint8_t *out, const struct segment_header *h);
void format_put_segment(uint8_t *out, const struct segment_header *h);
/* ERR_FORMAT: no header. ERR_UNSUPPORTED: another version. ERR_CORRUPT: its sum is off. */
MUST_CHECK enum err format_get_segment(const uint8_t *in, struct segment_header *ret_h);

/* Write a batch's header without its tag; everything before it must be known. */
void format_put_batch_aad(uint8_t *out, const struct batch_header *h);
void format_put_batch(uint8_t *out, const struct batch_header *h);
/* ERR_NOT_FOUND: nothing was written here. ERR_FORMAT, ERR_CORRUPT: no valid header. */
MUST_CHECK enum err format_get_batch(const uint8_t *in, struct batch_header *ret_h);

/* Bytes that a batch of `len` bytes of ciphertext takes in the file. */
static inline uint32_t
format_batch_room(uint32_t len)
{
	return (BATCH_HEADER_LEN + len + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

/*
 * Write an entry to `out`, which has room for JOURNAL_ENTRY_MAX bytes, relative
 * to `*io_time_us`, which moves to the entry's time. Returns the bytes written.
 * The disclosure must keep its bounds (format_check_entry).
 */
size_t format_put_entry(uint8_t *out, const struct disclosure *d, uint64_t *io_time_us);

/* ERR_RANGE for a disclosure outside the bounds of core/disclosure.h. */
MUST_CHECK enum err format_check_entry(const struct disclosure *d);

/*
 * Take the next entry from `r`; its persons go to `persons`, which has room for
 * DISCLOSURE_PERSONS_MAX and borrows from the reader's bytes. ERR_FORMAT.
 */
MUST_CHECK enum err format_get_entry(
    struct reader *r, uint64_t *io_time_us, struct person_ref *persons, struct disclosure *ret_d);

#endif
