/*
 * path: a JSON path, compiled to plain bytes without pointers.
 *
 * Syntax, a small part of RFC 9535 without `..`, filters and slices:
 *   $            the value itself
 *   .name        a member; name is A-Z a-z 0-9 _ - and any non-ASCII UTF-8
 *   ['a name']   a member with any name; \' and \\ are the only escapes
 *   .*           every member of an object (not of an array)
 *   [*]          every element of an array (not of an object)
 * Names are compared with decoded JSON strings byte by byte. Pure; any thread.
 */
#ifndef PARSE_PATH_H
#define PARSE_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PATH_STEPS_MAX 16
#define PATH_NAME_MAX 64   /* bytes of one name */
#define PATH_NAMES_MAX 255 /* bytes of all names of one path */

enum path_step_kind { PATH_NAME, PATH_ANY_NAME, PATH_ANY_INDEX };

struct path_step {
	uint8_t kind; /* enum path_step_kind */
	uint8_t at;   /* of the name in `names` */
	uint8_t len;
};

struct json_path {
	uint8_t n_steps;
	uint8_t names_len;
	struct path_step steps[PATH_STEPS_MAX];
	char names[PATH_NAMES_MAX];
};

/*
 * Compile `text`. ERR_FORMAT with `why` for anything outside the syntax,
 * ERR_RANGE with `why` past a bound. `ret_path` is untouched on failure.
 */
MUST_CHECK enum err path_compile(struct json_path *ret_path, const char *text, const char **why);

#endif
