/*
 * manifest: which files count, "manifest". Replaced atomically; a segment that
 * it does not list does not exist.
 *
 * Little-endian.
 *      0  8  "TQINDEX1"
 *      8  8  the ledger entries below this one are in the segments
 *     16  8  sequence of the tail
 *     24  8  sequence of the next segment
 *     32  4  how many segments
 *     36  4  how many periods
 *     40     per segment, 24 bytes: sequence (8), size of its file (8),
 *            period (4), CRC-32C of its header (4)
 *            per period, 8 bytes: yyyymm (4), persons its dictionary must have (4)
 *     end 4  CRC-32C of all before
 */
#ifndef INDEX_MANIFEST_H
#define INDEX_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct manifest_segment {
	uint64_t sequence;
	uint64_t size;
	uint32_t period;
	uint32_t header_crc;
};

struct manifest_period {
	uint32_t period;
	uint32_t persons;
};

struct manifest {
	uint64_t next_entry;
	uint64_t tail;
	uint64_t next_segment;
	struct manifest_segment *segments; /* owned */
	size_t n_segments;
	struct manifest_period *periods; /* owned */
	size_t n_periods;
};

/* ERR_NOT_FOUND where there is none. */
MUST_CHECK enum err manifest_read(const char *dir, struct manifest *ret_manifest, const char **why);
MUST_CHECK enum err manifest_write(const char *dir, const struct manifest *manifest);
void manifest_wipe(struct manifest *manifest);

#endif
