/*
 * cookie: finds one cookie in Cookie headers (RFC 6265, section 5.4).
 *
 * Browsers may split the header (HTTP/2) and may send one name twice, with
 * values of different paths or planted by a neighbouring domain. So the search
 * adds up over several headers, and the caller refuses where count is not 1.
 * Pure; any thread.
 */
#ifndef PARSE_COOKIE_H
#define PARSE_COOKIE_H

#include <stddef.h>
#include <stdint.h>

struct cookie_found {
	const uint8_t *value; /* of the first one, borrowed from its header; spaces cut, quotes kept */
	size_t len;
	unsigned count; /* how often the name came; 0: value is NULL */
};

/*
 * Look for `name` (case-sensitive) in one header value and add to `found`,
 * which is zeroed before the first header.
 */
void cookie_find(struct cookie_found *found, const char *name, const void *header, size_t len);

#endif
