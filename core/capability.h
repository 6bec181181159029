/*
 * capability: what a request does, as a set of bits with names.
 *
 * This header is stable: bits are written to journals and to the store.
 */
#ifndef CORE_CAPABILITY_H
#define CORE_CAPABILITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum capability {
	CAPABILITY_SIGN_IN = 1 << 0,
	CAPABILITY_READ = 1 << 1,
	CAPABILITY_SEARCH = 1 << 2,
	CAPABILITY_EXPORT = 1 << 3,
	CAPABILITY_SEND = 1 << 4,
	CAPABILITY_SEND_WIDE = 1 << 5,
	CAPABILITY_ATTACH = 1 << 6,
	CAPABILITY_MANAGE_ACCOUNTS = 1 << 7,
	CAPABILITY_ALL = (1 << 8) - 1
};

#define CAPABILITY_COUNT 8

/* Capabilities that change nothing at the platform; read-only orders let them pass. */
#define CAPABILITY_HARMLESS (CAPABILITY_SIGN_IN | CAPABILITY_READ | CAPABILITY_SEARCH | CAPABILITY_EXPORT)

/* Room for all names joined by commas, with the final NUL. */
#define CAPABILITY_TEXT_MAX 80

/* The name of one bit ("send-wide"); "unknown" for anything else. Never NULL. */
const char *capability_name(uint32_t bit);

/*
 * Read names joined by commas, blanks around them allowed, or `all`.
 * ERR_FORMAT with `why` for an unknown, empty or repeated name.
 */
MUST_CHECK enum err capability_parse(const char *text, size_t len, uint32_t *ret_set, const char **why);

/* The names of a set, joined by commas; `all` for all of them, "" for none. */
void capability_format(uint32_t set, char out[CAPABILITY_TEXT_MAX]);

#endif
