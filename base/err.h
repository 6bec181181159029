/*
 * err: the one list of error codes of the project, and its words.
 *
 * Every function that can fail returns `enum err` and is marked MUST_CHECK.
 * Outputs (`ret_*`) are untouched on failure. Where a refusal deserves more
 * than a code, the function takes `const char **why` and points it at a static
 * sentence that can be shown to an operator.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum err {
	ERR_NONE = 0,
	ERR_NOMEM,       /* out of memory */
	ERR_IO,          /* a file or socket failed; errno says how */
	ERR_SPACE,       /* no room: disk, table or buffer is full */
	ERR_FORMAT,      /* bytes that do not follow their format */
	ERR_CORRUPT,     /* bytes that were well formed once and were changed */
	ERR_RANGE,       /* a value or size outside its bounds */
	ERR_NOT_FOUND,   /* no such thing */
	ERR_EXISTS,      /* such a thing exists already */
	ERR_DENIED,      /* refused by a rule */
	ERR_EXPIRED,     /* was valid, is no longer */
	ERR_BUSY,        /* somebody else holds it; try again */
	ERR_CRYPTO,      /* a cryptographic operation failed */
	ERR_UNSUPPORTED, /* the kernel, a library or a format version lacks it */
	ERR_USAGE,       /* the caller's words are off */
	ERR_MAX
};

/* A short English phrase for `err`; never NULL. */
const char *err_text(enum err err);

/* The stable machine name ("not-found"), as printed by --json; never NULL. */
const char *err_name(enum err err);

#endif
