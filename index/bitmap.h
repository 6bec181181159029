/*
 * bitmap: Roaring bitmaps in their portable format (Lemire et al., 2018;
 * RoaringFormatSpec), written one at a time and read as a union.
 */
#ifndef INDEX_BITMAP_H
#define INDEX_BITMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

/* Append the bitmap of `n` ascending values; returns its length. */
MUST_CHECK enum err bitmap_put(struct bytes *out, const uint32_t *values, size_t n, uint32_t *ret_len);

/* A union of bitmaps; NULL is the empty one. */
struct bitmap;

void bitmap_free(struct bitmap *bitmap);

/* Add a serialised bitmap. ERR_CORRUPT where the bytes are none. */
MUST_CHECK enum err bitmap_or(struct bitmap **bitmap, const uint8_t *data, size_t len);

/* End the union: its values, ascending, in memory that the caller frees; NULL where there are none. */
MUST_CHECK enum err bitmap_values(struct bitmap *bitmap, uint32_t **ret_values, size_t *ret_n);

#endif
