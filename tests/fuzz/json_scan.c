/*
 * json_scan: byte 0 chooses the shapes, byte 1 how the rest is cut. However it
 * is cut, the scanner says the same; what it accepts, jansson can read too.
 */
#include <jansson.h>
#include <string.h>

#include "fuzz.h"
#include "parse/json_scan.h"
#include "transcript.h"

#define INPUT_MAX 4096
#define SHAPES 2

static const struct shape_text texts[][SHAPES] = {
    {{.records = {"$.people[*]"}, .n_records = 1, .id = "$.id",
         .fields = {"$.name", "$.contact.email", "$.tags"}, .n_fields = 3}},
    {{.records = {"$[*]"}, .n_records = 1, .id = "$.id", .canon = CANON_TRIM | CANON_UPPER}},
    {{.records = {"$"}, .n_records = 1, .id = "$", .canon = CANON_DIGITS | CANON_NO_ZEROES}},
    {{.records = {"$.*"}, .n_records = 1, .id = "key", .fields = {"$", "$.*", "$[*].a"}, .n_fields = 3}},
    {{.records = {"$.a[*]", "$.a[*].b[*]", "$.a[*].*", "$.a"}, .n_records = 4, .id = "$.id",
         .fields = {"$.*", "$[*]", "$.*.*"}, .n_fields = 3, .flags = SHAPE_OPTIONAL}},
    {{.records = {"$.none"}, .n_records = 1, .id = "$.id", .flags = SHAPE_OPTIONAL}},
    {{.records = {"$[*].a", "$[*].b"}, .n_records = 2, .id = "$.id"},
        {.records = {"$[*]"}, .n_records = 1, .id = "$.a.id", .fields = {"$.b"}, .n_fields = 1,
            .flags = SHAPE_OPTIONAL}},
    {{.records = {"$.*[*]"}, .n_records = 1, .id = "$", .flags = SHAPE_OPTIONAL},
        {.records = {"$.*.*", "$.*"}, .n_records = 2, .id = "key", .flags = SHAPE_OPTIONAL}}};

static size_t
make_shapes(uint8_t choice, struct record_shape *shapes)
{
	const struct shape_text *text = texts[choice % (sizeof(texts) / sizeof(texts[0]))];
	size_t n = 0;
	const char *why;

	for (; n < SHAPES && text[n].n_records != 0; n++) {
		FUZZ_CHECK(shape_compile(&shapes[n], &text[n], &why) == ERR_NONE);
		FUZZ_CHECK(shape_check(&shapes[n]) == ERR_NONE);
	}
	return n;
}

/* Numbers that are too large for jansson are JSON all the same. */
static void
check_with_jansson(const uint8_t *data, size_t len)
{
	json_error_t error;
	json_t *root = json_loadb((const char *)data, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	FUZZ_CHECK(root != NULL || json_error_code(&error) == json_error_numeric_overflow);
	json_decref(root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct record_shape shapes[SHAPES];
	static struct transcript whole, cut;
	struct dice dice;
	size_t n;

	if (len < 2 || len > INPUT_MAX)
		return 0;
	n = make_shapes(data[0], shapes);
	dice.state = data[1];
	transcript_json(&whole, shapes, n, data + 2, len - 2, (struct cut){0});
	transcript_json(&cut, shapes, n, data + 2, len - 2, (struct cut){.most = 1});
	FUZZ_CHECK(strcmp(whole.text, cut.text) == 0 && whole.closed == cut.closed);
	transcript_json(&cut, shapes, n, data + 2, len - 2, (struct cut){.most = 1U + data[1] % 64, .dice = &dice});
	FUZZ_CHECK(strcmp(whole.text, cut.text) == 0 && whole.closed == cut.closed);
	FUZZ_CHECK(whole.closed <= len - 2);
	if (whole.err == ERR_NONE)
		check_with_jansson(data + 2, len - 2);
	return 0;
}
