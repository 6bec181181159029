/*
 * segment: one segment file from the writing side: prepared ahead under a
 * temporary name, named when it is begun, filled batch by batch, ended.
 *
 * The file is locked (flock) from before its name appears until it is closed,
 * so whoever gets the lock knows that the writer is gone. Every function blocks
 * on the disk. A segment belongs to one thread at a time. Private to journal/.
 */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include <openssl/types.h>
#include <stdatomic.h>

#include "journal/writer.h"

/* Where and how segments are made; lives as long as its segments. */
struct segment_place {
	const char *const *dirs; /* both of them, to see the numbers in use */
	unsigned index;          /* the one meant, 0 or 1 */
	uint16_t node;
	uint16_t worker;
	uint64_t writer;
	uint32_t size;
	mode_t mode;
	gid_t group;
	enum journal_sync sync;
	const atomic_bool *stop; /* gives up preparing when it becomes true */
};

struct segment {
	const struct segment_place *place;
	int fd;
	bool direct;        /* writes are durable when they return */
	bool begun;
	char name[JOURNAL_NAME_MAX + 40]; /* as it is now in the directory */
	struct segment_header header;
	uint32_t next;      /* where the next batch goes */
	uint32_t batches;
	EVP_CIPHER_CTX *cipher;
};

/* Failures leave errno for the operator. */

/* Make and zero a file under a temporary name. ERR_BUSY when told to stop. */
MUST_CHECK enum err segment_prepare(const struct segment_place *place, struct segment **ret_s);

/*
 * Give it a number above all that are in use and above `above`, seal a fresh key
 * to the recipient, write the header, let the name appear durably.
 */
MUST_CHECK enum err segment_begin(struct segment *s, uint32_t above, const struct journal_recipient *recipient);

/* Is there room for a batch of `len` bytes, and an end mark behind it? */
bool segment_has_room(const struct segment *s, uint32_t len);

/*
 * Encrypt `plain` (header->len bytes) and write it durably as the next batch.
 * Fills in segment, number and body_crc of the header. `block` is scratch,
 * aligned to JOURNAL_BLOCK, of format_batch_room(header->len) bytes. After a
 * failure the segment must be closed.
 */
MUST_CHECK enum err segment_append(
    struct segment *s, struct batch_header *header, const uint8_t *plain, uint8_t *block);

/* Close the file; one that was never begun is removed. NULL is fine. */
void segment_release(struct segment *s);

/* Remove temporary files in `dir` that a writer left when it died. */
void segment_sweep(const char *dir);

/* The number that a directory's mark says was removed; 0 without mark. ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err segment_read_mark(const char *dir, uint16_t node, uint16_t worker, uint32_t *ret_number);

#endif
