/* cookie: see the header. Never blocks; any thread. */
#include "parse/cookie.h"

#include <stdbool.h>
#include <string.h>

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* One `name=value` between semicolons. */
static void
look_at(struct cookie_found *found, const char *name, const uint8_t *p, const uint8_t *end)
{
	size_t name_len = strlen(name);

	while (p < end && is_space(*p))
		p++;
	while (p < end && is_space(end[-1]))
		end--;
	if ((size_t)(end - p) <= name_len || memcmp(p, name, name_len) != 0 || p[name_len] != '=')
		return;
	p += name_len + 1;
	while (p < end && is_space(*p))
		p++;
	if (found->count++ != 0)
		return;
	found->value = p;
	found->len = (size_t)(end - p);
}

void
cookie_find(struct cookie_found *found, const char *name, const void *header, size_t len)
{
	const uint8_t *p = header;
	const uint8_t *end = len != 0 ? p + len : p;

	while (p < end) {
		const uint8_t *stop = memchr(p, ';', (size_t)(end - p));

		if (stop == NULL)
			stop = end;
		look_at(found, name, p, stop);
		p = stop < end ? stop + 1 : end;
	}
}
