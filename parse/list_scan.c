/* list_scan: see the header. Never blocks; any thread. */
#include "parse/list_scan.h"

#include <stdbool.h>
#include <string.h>

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Cut white space at both ends; the list's own, whatever the rule says. */
static void
trim(const uint8_t **p, const uint8_t **end)
{
	while (*p < *end && is_space(**p))
		(*p)++;
	while (*p < *end && is_space((*end)[-1]))
		(*end)--;
}

static enum err
take_element(const struct list_shape *shape, const uint8_t *p, const uint8_t *end,
    const struct scan_sink *sink, const char **why)
{
	struct canon_id id;
	enum err err;

	trim(&p, &end);
	if ((err = canon_make(shape->canon, p, (size_t)(end - p), &id, why)) != ERR_NONE)
		return err;
	err = sink->person(sink->context, 0, &id, shape->fields);
	if (err != ERR_NONE)
		*why = "the receiver of the persons stopped the scan";
	return err;
}

enum err
list_scan(const struct list_shape *shape, const void *value, size_t len,
    const struct scan_sink *sink, const char **why)
{
	const uint8_t *p = value;
	const uint8_t *end = len != 0 ? p + len : p;

	trim(&p, &end);
	if (p == end)
		return ERR_NONE;
	for (;;) {
		const uint8_t *comma = memchr(p, ',', (size_t)(end - p));
		enum err err = take_element(shape, p, comma != NULL ? comma : end, sink, why);

		if (err != ERR_NONE || comma == NULL)
			return err;
		p = comma + 1;
	}
}
