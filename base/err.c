/* err: the words of each error code. Pure table; may be called anywhere. */
#include "base/err.h"

static const struct {
	const char *name;
	const char *text;
} words[ERR_MAX] = {
	[ERR_NONE] = {"none", "no error"},
	[ERR_NOMEM] = {"no-memory", "out of memory"},
	[ERR_IO] = {"io", "input or output failed"},
	[ERR_SPACE] = {"no-space", "no room left"},
	[ERR_FORMAT] = {"format", "not in the expected format"},
	[ERR_CORRUPT] = {"corrupt", "changed or damaged"},
	[ERR_RANGE] = {"range", "outside the allowed range"},
	[ERR_NOT_FOUND] = {"not-found", "not found"},
	[ERR_EXISTS] = {"exists", "exists already"},
	[ERR_DENIED] = {"denied", "refused"},
	[ERR_EXPIRED] = {"expired", "expired"},
	[ERR_BUSY] = {"busy", "in use, try again"},
	[ERR_CRYPTO] = {"crypto", "a cryptographic operation failed"},
	[ERR_UNSUPPORTED] = {"unsupported", "not supported here"},
	[ERR_USAGE] = {"usage", "called with the wrong words"},
};

const char *
err_text(enum err err)
{
	if ((unsigned)err >= ERR_MAX)
		return "unknown error";
	return words[err].text;
}

const char *
err_name(enum err err)
{
	if ((unsigned)err >= ERR_MAX)
		return "unknown";
	return words[err].name;
}
