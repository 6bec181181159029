/* bitmap: the only place with CRoaring's header. Never blocks; one thread. */
#include "index/bitmap.h"

#include <stdlib.h>

#include <roaring/roaring.h>

/* CRoaring's own type under the project's name; never defined. */
static roaring_bitmap_t *
inside(struct bitmap *bitmap)
{
	return (roaring_bitmap_t *)bitmap;
}

static struct bitmap *
outside(roaring_bitmap_t *roaring)
{
	return (struct bitmap *)roaring;
}

enum err
bitmap_put(struct bytes *out, const uint32_t *values, size_t n, uint32_t *ret_len)
{
	roaring_bitmap_t *roaring = roaring_bitmap_of_ptr(n, values);
	enum err err;

	if (roaring == NULL)
		return ERR_NOMEM;
	(void)roaring_bitmap_run_optimize(roaring);
	size_t len = roaring_bitmap_portable_size_in_bytes(roaring);
	err = len > UINT32_MAX ? ERR_RANGE : bytes_reserve(out, len);
	if (err == ERR_NONE) {
		(void)roaring_bitmap_portable_serialize(roaring, (char *)out->data + out->len);
		out->len += len;
		*ret_len = (uint32_t)len;
	}
	roaring_bitmap_free(roaring);
	return err;
}

void
bitmap_free(struct bitmap *bitmap)
{
	if (bitmap != NULL)
		roaring_bitmap_free(inside(bitmap));
}

enum err
bitmap_or(struct bitmap **bitmap, const uint8_t *data, size_t len)
{
	roaring_bitmap_t *more = roaring_bitmap_portable_deserialize_safe((const char *)data, len);

	if (more == NULL)
		return ERR_CORRUPT;
	if (*bitmap == NULL) {
		*bitmap = outside(more);
		return ERR_NONE;
	}
	/* Lazy: containers count their members once, in bitmap_values(). */
	roaring_bitmap_lazy_or_inplace(inside(*bitmap), more, true);
	roaring_bitmap_free(more);
	return ERR_NONE;
}

enum err
bitmap_values(struct bitmap *bitmap, uint32_t **ret_values, size_t *ret_n)
{
	if (bitmap == NULL) {
		*ret_values = NULL;
		*ret_n = 0;
		return ERR_NONE;
	}
	roaring_bitmap_repair_after_lazy(inside(bitmap));
	size_t n = (size_t)roaring_bitmap_get_cardinality(inside(bitmap));
	uint32_t *values = malloc((n + 1) * sizeof(*values));
	if (values == NULL)
		return ERR_NOMEM;
	roaring_bitmap_to_uint32_array(inside(bitmap), values);
	*ret_values = values;
	*ret_n = n;
	return ERR_NONE;
}
