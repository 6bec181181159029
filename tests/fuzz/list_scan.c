/* list_scan: byte 0 is the rule. What is accepted, joined again, is accepted and says the same. */
#include <string.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "parse/list_scan.h"

#define INPUT_MAX 4096

static enum err
join(void *context, unsigned shape, const struct canon_id *id, uint32_t fields)
{
	struct bytes *b = context;

	FUZZ_CHECK(shape == 0 && fields == 5);
	if (bytes_append_text(b, b->len != 0 ? " ," : "") != ERR_NONE)
		abort();
	return bytes_append(b, id->text, id->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes once, twice;
	const struct scan_sink sink = {join, &once}, again = {join, &twice};
	struct list_shape shape = {.fields = 5};
	const char *why = NULL;

	if (len == 0 || len > INPUT_MAX)
		return 0;
	/* Without it an identifier of spaces that zeroes hid would be another one the second time. */
	shape.canon = (data[0] & CANON_ALL) | CANON_TRIM;
	if (!canon_rule_valid(shape.canon))
		return 0;
	bytes_init(&once, 4 * INPUT_MAX);
	bytes_init(&twice, 4 * INPUT_MAX);
	if (list_scan(&shape, data + 1, len - 1, &sink, &why) == ERR_NONE) {
		FUZZ_CHECK(list_scan(&shape, once.data, once.len, &again, &why) == ERR_NONE);
		FUZZ_CHECK(once.len == twice.len && (once.len == 0 || memcmp(once.data, twice.data, once.len) == 0));
	} else {
		FUZZ_CHECK(why != NULL);
	}
	bytes_wipe(&once);
	bytes_wipe(&twice);
	return 0;
}
