/*
 * names_file: the dictionary of one period on disk, "names-yyyymm".
 *
 * Append-only, encrypted with AES-256-GCM (NIST SP 800-38D) in blocks, each
 * with a random nonce. The key is HMAC-SHA-256 of the period's key over
 * "tourniquet index names 1", so that nonces of other users of the period's
 * key do not matter. All integers little-endian.
 *
 *   file header, 48 bytes
 *      0  8  "TQNAMES1"
 *      8  4  period, yyyymm
 *     12  4  zero
 *     16 12  nonce
 *     28 16  GCM tag over nothing, with bytes 0..15 as additional data: it
 *            tells a wrong key from a changed file
 *     44  4  CRC-32C of bytes 0..43
 *   block, 32 bytes and then its content
 *      0  4  number of its first person
 *      4  4  how many persons, at least 1
 *      8  4  bytes of content
 *     12 12  nonce
 *     24  4  CRC-32C of the encrypted content and its tag
 *     28  4  CRC-32C of bytes 0..27
 *     32     encrypted content, then its 16-byte GCM tag; additional data:
 *            period (4) and bytes 0..11 of the block
 *   content: per person namespace u8, length u8, identifier
 *
 * Crash states: a torn block at the end is no part of the dictionary and is
 * overwritten by the next one. Whoever refers to a number makes the dictionary
 * durable first and remembers how many persons it needs; fewer is ERR_CORRUPT.
 */
#ifndef INDEX_NAMES_FILE_H
#define INDEX_NAMES_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "index/index.h"
#include "index/names.h"

struct names_file {
	int fd;
	uint32_t period;
	uint32_t n;   /* persons in the file */
	uint64_t end; /* where the next block goes */
	uint8_t key[INDEX_KEY_LEN];
};

#define NAMES_FILE_NAME_LEN 24
void names_file_name(uint32_t period, char ret_name[NAMES_FILE_NAME_LEN]);

/*
 * Open, and unless `read_only` create where there is none and nobody is
 * needed, and read the persons into `names` (empty before). ERR_CRYPTO where
 * the key does not fit, ERR_CORRUPT where fewer than `needed` persons are there.
 * Unless `read_only`, all persons that were read are durable.
 */
MUST_CHECK enum err names_file_open(struct names_file *file, int dir_fd, uint32_t period,
    const uint8_t key[INDEX_KEY_LEN], bool read_only, uint32_t needed, struct names *names,
    const char **why);

/* Append the persons that the file lacks; durable on return. */
MUST_CHECK enum err names_file_append(struct names_file *file, const struct names *names);

/* Wipes the key. */
void names_file_close(struct names_file *file);

#endif
