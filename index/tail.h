/*
 * tail: the log of what is not yet sealed, "tail-<sequence>".
 *
 * Append-only; one frame per flush, so at most the last frame can be torn.
 * Little-endian.
 *
 *   file header, 32 bytes
 *      0  8  "TQTAIL01"
 *      8  8  sequence
 *     16  8  first ledger entry that it may hold
 *     24  4  zero
 *     28  4  CRC-32C of bytes 0..27
 *   frame, 32 bytes and then its content
 *      0  4  0x4c465154 ("TQFL")
 *      4  4  bytes of content
 *      8  8  the ledger entries below this one have been taken
 *     16  8  file offset of this frame
 *     24  4  CRC-32C of the content
 *     28  4  CRC-32C of bytes 0..27
 *   content: how many periods (LEB128); for each its yyyymm and how many
 *   persons its dictionary must have (LEB128 both); then a run of events
 *   (event.h) from an all-zero base to the end
 *
 * Crash states: a bad frame with no good frame after it is the torn end and is
 * cut; its entries are asked for again. A bad frame before a good one is
 * ERR_CORRUPT.
 */
#ifndef INDEX_TAIL_H
#define INDEX_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct tail {
	int fd;
	uint64_t sequence;
	uint64_t next_entry;
	uint64_t end;
};

struct tail_sink {
	enum err (*frame)(void *context, const uint8_t *content, size_t len);
	void *context;
};

#define TAIL_NAME_LEN 32
void tail_name(uint64_t sequence, char ret_name[TAIL_NAME_LEN]);

/* A new log that starts at `next_entry`; durable on return but for its name in the folder. */
MUST_CHECK enum err tail_create(struct tail *tail, int dir_fd, uint64_t sequence, uint64_t next_entry);

/* Open and hand every frame's content to `sink`. A torn end is cut unless `read_only`. */
MUST_CHECK enum err tail_open(struct tail *tail, int dir_fd, uint64_t sequence, bool read_only,
    const struct tail_sink *sink, const char **why);

/* Append one frame; durable on return. After an error the log is as before. */
MUST_CHECK enum err tail_append(struct tail *tail, uint64_t next_entry, const struct bytes *content);

void tail_close(struct tail *tail);

#endif
