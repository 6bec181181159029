/*
 * csv_scan: byte 0 chooses the shape, byte 1 how the rest is cut. However it is
 * cut, the scanner says the same.
 */
#include <string.h>

#include "fuzz.h"
#include "parse/csv_scan.h"
#include "transcript.h"

#define INPUT_MAX 4096

static const struct column_text texts[] = {
    {.id = "id", .fields = {"name", "email"}, .n_fields = 2, .separator = ','},
    {.id = "id", .fields = {"a;b"}, .n_fields = 1, .separator = ';', .canon = CANON_TRIM | CANON_LOWER},
    {.id = "a", .fields = {"b", "c", "\"", "\xef\xbb\xbfq"}, .n_fields = 4, .separator = '\t'}};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct transcript whole, cut;
	struct column_shape shape;
	struct dice dice;
	const char *why;

	if (len < 2 || len > INPUT_MAX)
		return 0;
	FUZZ_CHECK(column_compile(&shape, &texts[data[0] % 3], &why) == ERR_NONE);
	dice.state = data[1];
	transcript_csv(&whole, &shape, data + 2, len - 2, (struct cut){0});
	transcript_csv(&cut, &shape, data + 2, len - 2, (struct cut){.most = 1});
	FUZZ_CHECK(strcmp(whole.text, cut.text) == 0 && whole.closed == cut.closed);
	transcript_csv(&cut, &shape, data + 2, len - 2, (struct cut){.most = 1U + data[1] % 64, .dice = &dice});
	FUZZ_CHECK(strcmp(whole.text, cut.text) == 0 && whole.closed == cut.closed);
	FUZZ_CHECK(whole.closed <= len - 2);
	return 0;
}
