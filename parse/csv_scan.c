/*
 * csv_scan: see the header. A machine over the places inside a cell; runs of
 * ordinary bytes are skipped many at a time. Owns nothing; never blocks.
 */
#include "parse/csv_scan.h"

#include <stdbool.h>
#include <string.h>

#include "parse/span.h"

#define BOM "\xef\xbb\xbf"
#define BOM_LEN 3

enum place {
	CELL_START,
	CELL_BARE,
	CELL_QUOTED,
	CELL_QUOTE, /* after a quote inside quotes: the closing one, or the first of two */
	CELL_CR,    /* after a CR outside quotes, which LF must follow */
	LINE_START  /* after a line end: another line or the end */
};

enum role { ROLE_NONE, ROLE_ID, ROLE_FIELD };

static void
refuse(struct csv_scan *scan, enum err err, const char *why)
{
	if (scan->err != ERR_NONE)
		return;
	scan->err = err;
	scan->why = why;
}

static bool
in_header(const struct csv_scan *scan)
{
	return scan->n_columns == 0;
}

/* Is the text of the present cell wanted, or only whether there is some? */
static bool
is_wanted(const struct csv_scan *scan)
{
	return in_header(scan) || scan->roles[scan->column] == ROLE_ID;
}

static void
add_text(struct csv_scan *scan, const uint8_t *data, size_t len)
{
	if (len == 0)
		return;
	scan->some = 1;
	if (!is_wanted(scan) || scan->text_len > CANON_RAW_MAX)
		return;
	if (len > (size_t)CANON_RAW_MAX - scan->text_len) {
		scan->text_len = CANON_RAW_MAX + 1;
		return;
	}
	memcpy(scan->text + scan->text_len, data, len);
	scan->text_len = (uint16_t)(scan->text_len + len);
}

static bool
text_is(const struct csv_scan *scan, const struct column_name *name)
{
	return scan->text_len == name->len && memcmp(scan->text, name->text, name->len) == 0;
}

static uint8_t
role_of_text(const struct csv_scan *scan)
{
	const struct column_shape *shape = scan->shape;

	if (text_is(scan, &shape->id))
		return ROLE_ID;
	for (uint8_t i = 0; i < shape->n_fields; i++)
		if (text_is(scan, &shape->fields[i]))
			return (uint8_t)(ROLE_FIELD + i);
	return ROLE_NONE;
}

static void
end_header_cell(struct csv_scan *scan)
{
	uint8_t role = role_of_text(scan);
	uint64_t bit = (uint64_t)1 << role;

	if (role != ROLE_NONE && (scan->named & bit) != 0)
		refuse(scan, ERR_FORMAT, "a column name that comes twice");
	scan->named |= bit;
	scan->roles[scan->column] = role;
}

static void
end_data_cell(struct csv_scan *scan)
{
	uint8_t role = scan->roles[scan->column];
	const char *why = NULL;
	enum err err;

	if (role == ROLE_NONE)
		return;
	if (role != ROLE_ID) {
		if (scan->some)
			scan->fields |= (uint32_t)1 << (role - ROLE_FIELD);
		return;
	}
	err = canon_make(scan->shape->canon, scan->text, scan->text_len, &scan->id, &why);
	if (err != ERR_NONE)
		refuse(scan, err, why);
}

static void
end_cell(struct csv_scan *scan)
{
	if (in_header(scan))
		end_header_cell(scan);
	else
		end_data_cell(scan);
	scan->text_len = 0;
	scan->some = 0;
	scan->place = CELL_START;
}

/* A separator: another cell begins. */
static void
next_cell(struct csv_scan *scan)
{
	uint16_t most = in_header(scan) ? CSV_COLUMNS_MAX : scan->n_columns;

	end_cell(scan);
	if (++scan->column == most)
		refuse(scan, ERR_FORMAT, in_header(scan) ? "more than 512 columns"
		                                         : "a line with more cells than the first");
}

static void
report(struct csv_scan *scan, uint64_t at)
{
	enum err err;

	if (scan->err != ERR_NONE)
		return;
	err = scan->sink.person(scan->sink.context, 0, &scan->id, scan->fields);
	if (err != ERR_NONE)
		refuse(scan, err, "the receiver of the persons stopped the scan");
	else
		scan->closed = at;
}

/* A line ends; the next one begins at `at`. */
static void
end_line(struct csv_scan *scan, uint64_t at)
{
	uint16_t n_cells = (uint16_t)(scan->column + 1);

	if (!in_header(scan) && n_cells != scan->n_columns)
		refuse(scan, ERR_FORMAT, "a line with fewer cells than the first");
	end_cell(scan);
	if (in_header(scan)) {
		if ((scan->named >> ROLE_ID & 1) == 0)
			refuse(scan, ERR_FORMAT, "no column of the person");
		scan->n_columns = n_cells;
	} else {
		report(scan, at);
	}
	scan->column = 0;
	scan->fields = 0;
	scan->place = LINE_START;
}

/* A byte outside quotes that is no ordinary one; `at` is the offset after it. */
static void
bare_byte(struct csv_scan *scan, uint8_t c, uint64_t at)
{
	if (c == scan->shape->separator)
		next_cell(scan);
	else if (c == '\n')
		end_line(scan, at);
	else if (c == '\r')
		scan->place = CELL_CR;
	else if (c == 0)
		refuse(scan, ERR_FORMAT, "a NUL byte");
	else if (scan->place == CELL_QUOTE)
		refuse(scan, ERR_FORMAT, "something after a closing quote");
	else
		refuse(scan, ERR_FORMAT, "a quote inside a cell without quotes");
}

static const uint8_t *
bare_run(struct csv_scan *scan, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = span_cell(p, end, scan->shape->separator);

	add_text(scan, p, (size_t)(stop - p));
	scan->place = CELL_BARE;
	return stop;
}

static const uint8_t *
quoted_run(struct csv_scan *scan, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = memchr(p, '"', (size_t)(end - p));

	if (stop == NULL)
		stop = end;
	if (memchr(p, 0, (size_t)(stop - p)) != NULL)
		refuse(scan, ERR_FORMAT, "a NUL byte");
	add_text(scan, p, (size_t)(stop - p));
	if (stop == end)
		return end;
	scan->place = CELL_QUOTE;
	return stop + 1;
}

static const uint8_t *
step(struct csv_scan *scan, const uint8_t *p, const uint8_t *end, uint64_t at)
{
	switch ((enum place)scan->place) {
	case LINE_START:
	case CELL_START:
		scan->place = CELL_START;
		if (*p == '"') {
			scan->place = CELL_QUOTED;
			return p + 1;
		}
		/* fallthrough */
	case CELL_BARE:
		if (span_is_cell(*p, scan->shape->separator))
			return bare_run(scan, p, end);
		bare_byte(scan, *p, at + 1);
		return p + 1;
	case CELL_QUOTED:
		return quoted_run(scan, p, end);
	case CELL_QUOTE:
		if (*p == '"') {
			add_text(scan, p, 1);
			scan->place = CELL_QUOTED;
			return p + 1;
		}
		bare_byte(scan, span_is_cell(*p, scan->shape->separator) ? 'x' : *p, at + 1);
		return p + 1;
	case CELL_CR:
		if (*p != '\n')
			refuse(scan, ERR_FORMAT, "a CR without LF");
		else
			end_line(scan, at + 1);
		return p + 1;
	}
	return end;
}

/* Skip the byte order mark; a part of it alone belongs to the first cell. */
static const uint8_t *
skip_bom(struct csv_scan *scan, const uint8_t *p, const uint8_t *end)
{
	while (p < end && scan->bom < BOM_LEN && *p == (uint8_t)BOM[scan->bom]) {
		p++;
		scan->bom++;
	}
	if (p == end || scan->bom == BOM_LEN)
		return p;
	add_text(scan, (const uint8_t *)BOM, scan->bom);
	if (scan->bom != 0)
		scan->place = CELL_BARE;
	scan->bom = BOM_LEN;
	return p;
}

void
csv_scan_init(struct csv_scan *scan, const struct column_shape *shape,
    const struct scan_limits *limits, const struct scan_sink *sink)
{
	/* The table at the end is written before it is read. */
	memset(scan, 0, offsetof(struct csv_scan, text));
	scan->shape = shape;
	scan->limits = *limits;
	scan->sink = *sink;
	if (scan->limits.bytes == 0)
		scan->limits.bytes = UINT64_MAX;
}

enum err
csv_scan_feed(struct csv_scan *scan, const void *data, size_t len)
{
	uint64_t room = scan->limits.bytes - scan->offset;
	size_t n = len < room ? len : (size_t)room;
	const uint8_t *start = data, *p = start;

	if (scan->err != ERR_NONE || len == 0)
		return scan->err;
	if (scan->bom < BOM_LEN)
		p = skip_bom(scan, p, p + n);
	while (p < start + n && scan->err == ERR_NONE)
		p = step(scan, p, start + n, scan->offset + (uint64_t)(p - start));
	scan->offset += n;
	if (n < len)
		refuse(scan, ERR_RANGE, "a document longer than the limit");
	return scan->err;
}

enum err
csv_scan_finish(struct csv_scan *scan)
{
	if (scan->err != ERR_NONE)
		return scan->err;
	if (scan->place == CELL_QUOTED)
		refuse(scan, ERR_FORMAT, "a quote that is left open");
	else if (scan->place == CELL_CR)
		refuse(scan, ERR_FORMAT, "a CR without LF");
	else if (scan->place != LINE_START)
		end_line(scan, scan->offset);
	return scan->err;
}

uint64_t
csv_scan_closed(const struct csv_scan *scan)
{
	return scan->closed;
}

const char *
csv_scan_why(const struct csv_scan *scan)
{
	return scan->why;
}
