/*
 * csv_scan: finds the persons in a CSV response (RFC 4180) while it streams by.
 *
 * A push scanner like json_scan: fixed state in the caller's memory, no heap,
 * no I/O; the bytes may be cut anywhere.
 *
 * The first line names the columns; a UTF-8 byte order mark before it is
 * skipped. Names are compared byte by byte after unquoting. Lines end with CRLF
 * or LF, the last one may lack its end. Refused are: no person column; a column
 * name of the shape that comes twice; a line with more or fewer cells than the
 * first; a quote inside an unquoted cell; anything but a separator or line end
 * after a closing quote; a quote left open; a CR without LF outside quotes; a
 * NUL byte; an identifier that canon_make() refuses.
 * Other cells may be in any encoding that keeps ASCII, such as windows-1252.
 * A field counts as shown where its cell is not empty.
 *
 * One scanner, one thread at a time. Never blocks.
 */
#ifndef PARSE_CSV_SCAN_H
#define PARSE_CSV_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "parse/shape.h"

#define CSV_COLUMNS_MAX 512

/* Private, save that the caller provides the memory. */
struct csv_scan {
	const struct column_shape *shape;
	struct scan_sink sink;
	struct scan_limits limits;
	uint64_t offset; /* of the first byte of the present feed */
	uint64_t closed;
	const char *why;
	enum err err;
	uint64_t named;     /* set of roles whose column was found */
	uint32_t fields;    /* shown in the present line */
	uint16_t n_columns; /* 0 until the header line has ended */
	uint16_t column;
	uint16_t text_len; /* over CANON_RAW_MAX: did not fit */
	uint8_t place;     /* where in a cell the scan is */
	uint8_t bom;       /* bytes of the byte order mark seen; 3: no more looked for */
	uint8_t some;      /* the cell is not empty */
	uint8_t text[CANON_RAW_MAX];
	struct canon_id id;
	uint8_t roles[CSV_COLUMNS_MAX]; /* 0 nothing, 1 the identifier, 2 + i field i */
};

/* Begin. The shape is borrowed until the end. `limits->depth` is not used. */
void csv_scan_init(struct csv_scan *scan, const struct column_shape *shape,
    const struct scan_limits *limits, const struct scan_sink *sink);

/* The next bytes; errors as of json_scan_feed(). The sink sees shape number 0. */
MUST_CHECK enum err csv_scan_feed(struct csv_scan *scan, const void *data, size_t len);

/* No more bytes will come. */
MUST_CHECK enum err csv_scan_finish(struct csv_scan *scan);

/* How many bytes can be released: up to the end of the last line that was reported. */
uint64_t csv_scan_closed(const struct csv_scan *scan);

/* Why the scan was refused, a static sentence; NULL while it was not. */
const char *csv_scan_why(const struct csv_scan *scan);

#endif
