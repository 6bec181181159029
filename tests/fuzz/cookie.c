/*
 * cookie: a header searched whole finds what the same header finds when each
 * pair comes in a header of its own.
 */
#include <string.h>

#include "fuzz.h"
#include "parse/cookie.h"

static const char name[] = "__Host-t";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cookie_found whole = {0}, parts = {0};
	size_t start = 0;

	cookie_find(&whole, name, data, len);
	for (size_t i = 0; i <= len; i++) {
		if (i < len && data[i] != ';')
			continue;
		cookie_find(&parts, name, data + start, i - start);
		start = i + 1;
	}
	FUZZ_CHECK(whole.count == parts.count);
	FUZZ_CHECK(whole.value == parts.value && whole.len == parts.len);
	FUZZ_CHECK((whole.count == 0) == (whole.value == NULL));
	if (whole.value == NULL)
		return 0;
	FUZZ_CHECK(whole.value > data && whole.value + whole.len <= data + len);
	FUZZ_CHECK(whole.len == 0 || memchr(whole.value, ';', whole.len) == NULL);
	return 0;
}
