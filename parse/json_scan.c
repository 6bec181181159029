/*
 * json_scan: the grammar of RFC 8259 as a machine that can stop after any byte.
 *
 * Tokens that lie whole in one feed are read where they are; only one that is
 * cut, or that holds escapes and is wanted, goes through scan->text. What the
 * tokens mean for the records is json_match's business.
 * Owns nothing; never blocks.
 */
#include "parse/json_scan.h"

#include <string.h>

#include "parse/json_fast.h"
#include "parse/json_match.h"
#include "parse/json_text.h"
#include "parse/span.h"

/* What may come next. From IN_STRING on, the inside of a token. */
enum expect {
	EXPECT_VALUE,
	EXPECT_FIRST_ELEMENT, /* or ] */
	EXPECT_NAME,
	EXPECT_FIRST_NAME, /* or } */
	EXPECT_COLON,
	EXPECT_COMMA, /* or the end of the object or array */
	EXPECT_END,
	IN_STRING,
	IN_NUMBER,
	IN_LITERAL
};

/* The grammar of numbers; NUMBER_OVER: the byte is no part of it. */
enum number_part {
	NUMBER_MINUS,
	NUMBER_ZERO,
	NUMBER_INTEGER,
	NUMBER_POINT,
	NUMBER_FRACTION,
	NUMBER_E,
	NUMBER_SIGN,
	NUMBER_EXPONENT,
	NUMBER_OVER
};

/* Text of a token, where it lies. */
struct token {
	const uint8_t *at;
	size_t len;
};

static void
refuse(struct json_scan *scan, const char *why)
{
	json_refuse(scan, ERR_FORMAT, why);
}

/* Where in the document p is. */
static inline uint64_t
offset_of(const struct json_scan *scan, const uint8_t *p)
{
	return scan->offset + (uint64_t)(p - scan->feed);
}

static inline struct json_frame *
top_frame(struct json_scan *scan)
{
	return &scan->frames[scan->depth - 1];
}

static inline void
value_ended(struct json_scan *scan)
{
	scan->expect = scan->depth != 0 ? EXPECT_COMMA : EXPECT_END;
}

/* A scalar that somebody waits for has ended just before p. */
static inline void
scalar_ended(struct json_scan *scan, enum json_kind kind, struct token token, const uint8_t *p)
{
	if (!scan->watch) {
		json_match_plain(scan, token.len != 0);
		return;
	}
	json_match_scalar(scan, kind, token.at, token.len);
	if (scan->n_outer != scan->n_records)
		json_match_report(scan, offset_of(scan, p));
}

/* The string that ended just before p was `text`. */
static inline void
string_ended(struct json_scan *scan, bool is_name, struct token token, const uint8_t *p)
{
	if (!is_name) {
		if (json_match_pending(scan))
			scalar_ended(scan, JSON_STRING, token, p);
		value_ended(scan);
		return;
	}
	if (top_frame(scan)->first_track != scan->pending)
		json_match_name(scan, token.at, token.len);
	scan->expect = EXPECT_COLON;
}

/* Go on with a string that is not plain, or is cut. */
static const uint8_t *
string_run(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	p = json_text_run(scan, p, end);
	if (scan->part == JSON_TEXT_OVER) {
		struct token token = {scan->text, scan->keep ? scan->text_len : scan->some};

		string_ended(scan, scan->is_name, token, p);
	}
	return p;
}

/* p is after the opening quote. */
static inline __attribute__((always_inline)) const uint8_t *
string_begin(struct json_scan *scan, bool is_name, bool keep, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = span_text(p, end);

	if (stop < end && *stop == '"') {
		struct token token = {p, (size_t)(stop - p)};

		string_ended(scan, is_name, token, stop + 1);
		return stop + 1;
	}
	json_text_begin(scan, keep);
	scan->is_name = is_name;
	scan->part = JSON_TEXT_PLAIN;
	scan->expect = IN_STRING;
	return string_run(scan, p, end);
}

static inline enum number_part
number_next(enum number_part part, uint8_t c)
{
	switch (part) {
	case NUMBER_MINUS:
		return c == '0' ? NUMBER_ZERO : c >= '1' && c <= '9' ? NUMBER_INTEGER : NUMBER_OVER;
	case NUMBER_INTEGER:
		if (c >= '0' && c <= '9')
			return NUMBER_INTEGER;
		/* fallthrough */
	case NUMBER_ZERO:
		return c == '.' ? NUMBER_POINT : (c | 0x20) == 'e' ? NUMBER_E : NUMBER_OVER;
	case NUMBER_POINT:
		return c >= '0' && c <= '9' ? NUMBER_FRACTION : NUMBER_OVER;
	case NUMBER_FRACTION:
		if (c >= '0' && c <= '9')
			return NUMBER_FRACTION;
		return (c | 0x20) == 'e' ? NUMBER_E : NUMBER_OVER;
	case NUMBER_E:
		if (c == '+' || c == '-')
			return NUMBER_SIGN;
		/* fallthrough */
	case NUMBER_SIGN:
	case NUMBER_EXPONENT:
		return c >= '0' && c <= '9' ? NUMBER_EXPONENT : NUMBER_OVER;
	default:
		return NUMBER_OVER;
	}
}

static void
number_ended(struct json_scan *scan, const uint8_t *p)
{
	if (scan->part != NUMBER_ZERO && scan->part != NUMBER_INTEGER &&
	    scan->part != NUMBER_FRACTION && scan->part != NUMBER_EXPONENT) {
		refuse(scan, "a number that is not one");
		return;
	}
	if (json_match_pending(scan)) {
		struct token token = {scan->text, scan->keep ? scan->text_len : 1};

		scalar_ended(scan, JSON_NUMBER, token, p);
	}
	value_ended(scan);
}

static const uint8_t *
number_run(struct json_scan *scan, const uint8_t *start, const uint8_t *end)
{
	enum number_part part = scan->part, next = part;
	const uint8_t *p = start;

	while (p < end && (next = number_next(part, *p)) != NUMBER_OVER) {
		part = next;
		p++;
	}
	scan->part = (uint8_t)part;
	json_text_add(scan, start, (size_t)(p - start));
	if (next == NUMBER_OVER)
		number_ended(scan, p);
	return p;
}

static const uint8_t *
number_begin(struct json_scan *scan, bool keep, const uint8_t *p, const uint8_t *end)
{
	json_text_begin(scan, keep);
	scan->expect = IN_NUMBER;
	scan->part = NUMBER_MINUS;
	if (*p != '-')
		return number_run(scan, p, end);
	json_text_add(scan, p, 1);
	return number_run(scan, p + 1, end);
}

static const char *
literal_word(uint32_t letter)
{
	return letter == 't' ? "true" : letter == 'f' ? "false" : "null";
}

/* `part` bytes of the word have been seen. */
static const uint8_t *
literal_run(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	const char *word = literal_word(scan->code);

	while (p < end && word[scan->part] != '\0') {
		if (*p != (uint8_t)word[scan->part]) {
			refuse(scan, "a word other than true, false and null");
			return p;
		}
		p++;
		scan->part++;
	}
	if (word[scan->part] != '\0')
		return p;
	if (json_match_pending(scan)) {
		bool null = scan->code == 'n';

		scalar_ended(scan, null ? JSON_NULL : JSON_BOOL, (struct token){NULL, null ? 0 : 1}, p);
	}
	value_ended(scan);
	return p;
}

static const uint8_t *
literal_begin(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	scan->code = *p;
	scan->part = 0;
	scan->expect = IN_LITERAL;
	return literal_run(scan, p, end);
}

static inline void
container_begin(struct json_scan *scan, bool object)
{
	struct json_frame *frame = &scan->frames[scan->depth];

	if (scan->depth == scan->limits.depth) {
		refuse(scan, "objects and arrays nested too deep");
		return;
	}
	scan->depth++;
	frame->object = object;
	if (json_match_pending(scan)) {
		json_match_adopt(scan, frame);
	} else {
		frame->first_track = (uint8_t)scan->pending;
		frame->n_records = (uint8_t)scan->n_records;
		frame->empty = 0;
	}
	scan->expect = object ? EXPECT_FIRST_NAME : EXPECT_FIRST_ELEMENT;
}

/* p is after the closing bracket. */
static inline void
container_end(struct json_scan *scan, bool object, const uint8_t *p)
{
	struct json_frame *frame = top_frame(scan);

	if (frame->object != object) {
		refuse(scan, "an object or array closed by the other's bracket");
		return;
	}
	if (frame->first_track != scan->pending || frame->n_records != scan->n_records) {
		json_match_close(scan, frame);
		if (scan->n_outer != scan->n_records)
			json_match_report(scan, offset_of(scan, p));
	}
	scan->depth--;
	value_ended(scan);
}

static inline enum json_kind
kind_of(uint8_t c)
{
	switch (c) {
	case '"':
		return JSON_STRING;
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

/* A value that is no string. */
static const uint8_t *
other_value(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	enum json_kind kind = kind_of(*p);
	bool keep = false;

	if (kind == JSON_NUMBER && *p != '-' && (*p < '0' || *p > '9')) {
		refuse(scan, "something that is not a value");
		return p;
	}
	if (json_match_pending(scan))
		json_match_begin(scan, kind, &keep);
	switch (kind) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		container_begin(scan, kind == JSON_OBJECT);
		return p + 1;
	case JSON_NUMBER:
		return number_begin(scan, keep, p, end);
	default:
		return literal_begin(scan, p, end);
	}
}

static inline __attribute__((always_inline)) const uint8_t *
value(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	bool keep = false;

	if (*p != '"')
		return other_value(scan, p, end);
	if (scan->watch)
		json_match_begin(scan, JSON_STRING, &keep);
	return string_begin(scan, false, keep, p + 1, end);
}

static inline __attribute__((always_inline)) const uint8_t *
name(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	bool keep = top_frame(scan)->first_track != scan->pending;

	if (*p != '"') {
		refuse(scan, "an object with something else than a name");
		return p;
	}
	return string_begin(scan, true, keep, p + 1, end);
}

static inline const uint8_t *
colon(struct json_scan *scan, const uint8_t *p)
{
	if (*p != ':')
		refuse(scan, "a name without colon");
	scan->expect = EXPECT_VALUE;
	return p + 1;
}

static inline void
element_begin(struct json_scan *scan)
{
	if (top_frame(scan)->first_track != scan->pending)
		json_match_element(scan);
	scan->expect = EXPECT_VALUE;
}

/* After a value. */
static inline const uint8_t *
comma(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	if (*p == '}' || *p == ']') {
		container_end(scan, *p == '}', p + 1);
	} else if (*p != ',') {
		refuse(scan, "a value without comma or end after it");
	} else if (top_frame(scan)->object) {
		scan->expect = EXPECT_NAME;
	} else {
		element_begin(scan);
		if (end - p > 1 && p[1] > ' ')
			return value(scan, p + 1, end);
	}
	return p + 1;
}

/* p is where a member should begin. */
static const uint8_t *
members(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	bool ended;

	if (*p != '"')
		return name(scan, p, end);
	p = json_fast_members(scan, p, end, &ended);
	scan->expect = ended ? EXPECT_COMMA : EXPECT_NAME;
	return ended ? p : name(scan, p, end);
}

/* After { or [: the end, or the first member or element. */
static inline const uint8_t *
first(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	struct json_frame *frame = top_frame(scan);

	if (*p == (frame->object ? '}' : ']')) {
		container_end(scan, frame->object, p + 1);
		return p + 1;
	}
	if (frame->empty)
		json_match_some(scan, frame);
	if (frame->object)
		return members(scan, p, end);
	element_begin(scan);
	return value(scan, p, end);
}

/* One token, or what there is of it. */
static inline const uint8_t *
token(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	switch ((enum expect)scan->expect) {
	case EXPECT_VALUE:
		return value(scan, p, end);
	case EXPECT_FIRST_ELEMENT:
	case EXPECT_FIRST_NAME:
		return first(scan, p, end);
	case EXPECT_NAME:
		return members(scan, p, end);
	case EXPECT_COLON:
		return colon(scan, p);
	case EXPECT_COMMA:
		return comma(scan, p, end);
	case EXPECT_END:
		refuse(scan, "something after the end of the document");
		return p;
	case IN_STRING:
		return string_run(scan, p, end);
	case IN_NUMBER:
		return number_run(scan, p, end);
	case IN_LITERAL:
		return literal_run(scan, p, end);
	}
	return end;
}

static void
feed(struct json_scan *scan, const uint8_t *p, const uint8_t *end)
{
	if (scan->expect >= IN_STRING)
		p = token(scan, p, end);
	while (p < end && scan->err == ERR_NONE) {
		if (*p <= ' ')
			p = span_space(p, end);
		if (p < end)
			p = token(scan, p, end);
	}
}

enum err
json_scan_init(struct json_scan *scan, const struct record_shape *shapes, size_t n_shapes,
    const struct scan_limits *limits, const struct scan_sink *sink)
{
	if (n_shapes == 0 || n_shapes > JSON_SHAPES_MAX || limits->depth > JSON_DEPTH_MAX)
		return ERR_RANGE;
	/* The large arrays at the end are written before they are read. */
	memset(scan, 0, offsetof(struct json_scan, text));
	scan->shapes = shapes;
	scan->n_shapes = (uint32_t)n_shapes;
	scan->limits = *limits;
	scan->sink = *sink;
	if (scan->limits.depth == 0)
		scan->limits.depth = JSON_DEPTH_DEFAULT;
	if (scan->limits.bytes == 0)
		scan->limits.bytes = UINT64_MAX;
	scan->expect = EXPECT_VALUE;
	json_match_root(scan);
	return scan->err;
}

enum err
json_scan_feed(struct json_scan *scan, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t room = scan->limits.bytes - scan->offset;
	size_t n = len < room ? len : (size_t)room;

	if (scan->err != ERR_NONE || len == 0)
		return scan->err;
	scan->feed = p;
	feed(scan, p, p + n);
	scan->offset += n;
	if (n < len)
		json_refuse(scan, ERR_RANGE, "a document longer than the limit");
	return scan->err;
}

enum err
json_scan_finish(struct json_scan *scan)
{
	if (scan->err == ERR_NONE && scan->expect == IN_NUMBER && scan->depth == 0) {
		/* Only a number can be ended by the end itself. */
		scan->feed = NULL;
		number_ended(scan, NULL);
	}
	if (scan->err == ERR_NONE && scan->expect != EXPECT_END)
		refuse(scan, "a document that is cut short");
	return scan->err;
}

uint64_t
json_scan_closed(const struct json_scan *scan)
{
	return scan->closed;
}

const char *
json_scan_why(const struct json_scan *scan)
{
	return scan->why;
}
