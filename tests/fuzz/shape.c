/*
 * shape: lines are the words of a shape: paths of records, an empty line, the
 * identifier, the fields. What compiles is sound, and stays so or is found out
 * when bytes of it change.
 */
#include <string.h>

#include "fuzz.h"
#include "parse/json_scan.h"
#include "parse/shape.h"

#define INPUT_MAX 2048

/* Cut the next line off *p. */
static char *
next_line(char **p)
{
	char *line = *p;

	if (line != NULL)
		*p = strchr(line, '\n');
	if (line != NULL && *p != NULL)
		*(*p)++ = '\0';
	return line;
}

static void
read_words(struct shape_text *text, char *p)
{
	char *line;

	while ((line = next_line(&p)) != NULL && *line != '\0' && text->n_records < SHAPE_WAYS_MAX)
		text->records[text->n_records++] = line;
	line = next_line(&p);
	text->id = line != NULL ? line : "key";
	while ((line = next_line(&p)) != NULL && text->n_fields < METER_FIELDS_MAX)
		text->fields[text->n_fields++] = line;
}

static enum err
ignore(void *context, unsigned shape, const struct canon_id *id, uint32_t fields)
{
	(void)context;
	(void)shape;
	(void)id;
	(void)fields;
	return ERR_NONE;
}

/* A shape that shape_check() lets pass is safe to scan with, whatever it means. */
static void
scan_with(const struct record_shape *shape)
{
	static const char doc[] = "{\"a\":[{\"id\":1,\"b\":[{\"id\":\"2\"}],\"c\":{\"id\":3}}],\"id\":4}";
	const struct scan_sink sink = {ignore, NULL};
	const struct scan_limits limits = {0};
	struct json_scan scan;

	if (json_scan_init(&scan, shape, 1, &limits, &sink) == ERR_NONE &&
	    json_scan_feed(&scan, doc, strlen(doc)) == ERR_NONE)
		FUZZ_CHECK(json_scan_finish(&scan) <= ERR_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct record_shape shape;
	struct shape_text text = {0};
	char words[INPUT_MAX + 1];
	const char *why = NULL;

	if (len < 4 || len > INPUT_MAX)
		return 0;
	memcpy(words, data + 4, len - 4);
	words[len - 4] = '\0';
	text.flags = data[0] & SHAPE_OPTIONAL;
	text.canon = data[1] & CANON_ALL;
	read_words(&text, words);
	if (shape_compile(&shape, &text, &why) != ERR_NONE) {
		FUZZ_CHECK(why != NULL);
		return 0;
	}
	FUZZ_CHECK(shape_check(&shape) == ERR_NONE);
	scan_with(&shape);
	((uint8_t *)&shape)[((size_t)data[2] | (size_t)data[3] << 8) % sizeof(shape)] ^= data[1];
	if (shape_check(&shape) == ERR_NONE)
		scan_with(&shape);
	return 0;
}
