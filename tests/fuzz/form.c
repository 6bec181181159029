/* form: what is accepted, encoded again byte by byte, is accepted and says the same. */
#include <string.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "parse/form.h"
#include "parse/utf8.h"

#define INPUT_MAX 4096

static void
must(enum err err)
{
	FUZZ_CHECK(err == ERR_NONE);
}

static void
encode(struct bytes *b, const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		must(bytes_printf(b, "%%%02X", (unsigned)text[i]));
}

static enum err
encode_pair(void *context, const struct form_pair *pair)
{
	struct bytes *b = context;

	FUZZ_CHECK(utf8_valid(pair->name, pair->name_len) && utf8_valid(pair->value, pair->value_len));
	encode(b, pair->name, pair->name_len);
	must(bytes_append_text(b, "="));
	encode(b, pair->value, pair->value_len);
	must(bytes_append_text(b, "&"));
	return ERR_NONE;
}

/* Read a copy of `in`, and write what it says to `out`. */
static enum err
reread(const uint8_t *in, size_t len, struct bytes *out)
{
	const struct form_sink sink = {encode_pair, out, INPUT_MAX};
	uint8_t *copy = malloc(len != 0 ? len : 1);
	const char *why = NULL;
	enum err err;

	if (copy == NULL)
		abort();
	if (len != 0)
		memcpy(copy, in, len);
	err = form_parse(copy, len, &sink, &why);
	FUZZ_CHECK(err == ERR_NONE || why != NULL);
	free(copy);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes once, twice;

	if (len > INPUT_MAX)
		return 0;
	bytes_init(&once, 16 * INPUT_MAX);
	bytes_init(&twice, 16 * INPUT_MAX);
	if (reread(data, len, &once) == ERR_NONE) {
		must(reread(once.data, once.len, &twice));
		FUZZ_CHECK(once.len == twice.len && (once.len == 0 || memcmp(once.data, twice.data, once.len) == 0));
	}
	bytes_wipe(&once);
	bytes_wipe(&twice);
	return 0;
}
