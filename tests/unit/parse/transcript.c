#include "transcript.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t
dice_roll(struct dice *dice, uint32_t sides)
{
	/* SplitMix64. */
	uint64_t z = dice->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) >> 32) % sides;
}

static void say(struct transcript *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct transcript *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += (size_t)vsnprintf(t->text + t->len, TRANSCRIPT_MAX - t->len, format, args);
	va_end(args);
	if (t->len >= TRANSCRIPT_MAX)
		abort();
}

static enum err
note_person(void *context, unsigned shape, const struct canon_id *id, uint32_t fields)
{
	say(context, "%u:%.*s/%x ", shape, (int)id->len, (const char *)id->text, fields);
	return ERR_NONE;
}

static size_t
next_piece(struct cut cut, size_t left)
{
	size_t n = cut.most;

	if (n == 0)
		return left;
	if (cut.dice != NULL)
		n = 1 + dice_roll(cut.dice, (uint32_t)cut.most);
	return n < left ? n : left;
}

static void
verdict(struct transcript *t, uint64_t closed, const char *why)
{
	t->closed = closed;
	say(t, "%s%s", t->err == ERR_NONE ? "end" : "refused: ", t->err == ERR_NONE ? "" : why);
}

/* Each piece in memory of its own size, so that a sanitizer sees a read past its end. */
static uint8_t *
copy_of(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len != 0 ? len : 1);

	if (copy == NULL)
		abort();
	if (len != 0)
		memcpy(copy, data, len);
	return copy;
}

void
transcript_json(struct transcript *t, const struct record_shape *shapes, size_t n,
    const void *data, size_t len, struct cut cut)
{
	const struct scan_sink sink = {note_person, t};
	const struct scan_limits limits = {0};
	const uint8_t *p = data;
	struct json_scan scan;

	/* What the scanner does not set must not matter. */
	memset(&scan, 0xa5, sizeof(scan));
	t->len = 0;
	t->text[0] = '\0';
	t->err = json_scan_init(&scan, shapes, n, &limits, &sink);
	while (t->err == ERR_NONE && len != 0) {
		size_t piece = next_piece(cut, len);
		uint8_t *copy = copy_of(p, piece);

		t->err = json_scan_feed(&scan, copy, piece);
		free(copy);
		p += piece;
		len -= piece;
	}
	if (t->err == ERR_NONE)
		t->err = json_scan_finish(&scan);
	verdict(t, json_scan_closed(&scan), json_scan_why(&scan));
}

void
transcript_csv(struct transcript *t, const struct column_shape *shape, const void *data,
    size_t len, struct cut cut)
{
	const struct scan_sink sink = {note_person, t};
	const struct scan_limits limits = {0};
	const uint8_t *p = data;
	struct csv_scan scan;

	memset(&scan, 0xa5, sizeof(scan));
	t->len = 0;
	t->text[0] = '\0';
	t->err = ERR_NONE;
	csv_scan_init(&scan, shape, &limits, &sink);
	while (t->err == ERR_NONE && len != 0) {
		size_t piece = next_piece(cut, len);
		uint8_t *copy = copy_of(p, piece);

		t->err = csv_scan_feed(&scan, copy, piece);
		free(copy);
		p += piece;
		len -= piece;
	}
	if (t->err == ERR_NONE)
		t->err = csv_scan_finish(&scan);
	verdict(t, csv_scan_closed(&scan), csv_scan_why(&scan));
}
