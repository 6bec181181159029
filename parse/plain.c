/*
 * plain: whether a raw request path means the same to every server behind, see
 * parse/pattern.h. Two servers that decode one path differently are how a
 * guarded route is reached by an unguarded name. Never blocks; any thread.
 */
#include <string.h>

#include "parse/hex.h"
#include "parse/pattern.h"
#include "parse/utf8.h"

static bool
is_unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_' || c == '~';
}

static const char *
check_encoded(int byte)
{
	if (byte < 0)
		return "a path with a bad percent encoding";
	if (byte < 0x20 || byte == 0x7f)
		return "a path with an encoded control character";
	if (is_unreserved(byte))
		return "a path with an encoding that nothing needs";
	if (byte == '/' || byte == '\\' || byte == ';' || byte == '%')
		return "a path with an encoded slash, backslash, semicolon or percent sign";
	return NULL;
}

static const char *
check_raw(uint8_t byte)
{
	if (byte <= ' ' || byte >= 0x7f)
		return "a path with a byte that should be encoded";
	if (strchr("\\;?#\"<>`{}", byte) != NULL)
		return "a path with a backslash, semicolon or another byte that should be encoded";
	return NULL;
}

/* p is after a slash. */
static const char *
check_segment(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *slash = p < end ? memchr(p, '/', (size_t)(end - p)) : NULL;
	size_t len = (size_t)((slash != NULL ? slash : end) - p);

	if (slash == p)
		return "a path with an empty segment";
	if ((len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
		return "a path with a segment . or ..";
	return NULL;
}

/* The next byte of a UTF-8 sequence, which is encoded throughout. */
static const char *
check_utf8(const uint8_t **p, const uint8_t *end, int first)
{
	uint8_t bytes[4] = {(uint8_t)first};
	size_t need = utf8_lead(bytes[0]).need;

	for (size_t i = 1; i <= need; i++) {
		int byte = end - *p >= 3 && **p == '%' ? hex_byte(*p + 1) : -1;

		if (byte < 0)
			return "a path that is not UTF-8";
		bytes[i] = (uint8_t)byte;
		*p += 3;
	}
	return need != 0 && utf8_valid(bytes, need + 1) ? NULL : "a path that is not UTF-8";
}

/* Look at what is at *p and step over it. */
static const char *
check_next(const uint8_t **p, const uint8_t *end)
{
	uint8_t raw = *(*p)++;
	int byte;

	if (raw == '/')
		return check_segment(*p, end);
	if (raw != '%')
		return check_raw(raw);
	byte = end - *p >= 2 ? hex_byte(*p) : -1;
	*p += byte < 0 ? 0 : 2;
	return byte < 0x80 ? check_encoded(byte) : check_utf8(p, end, byte);
}

bool
parse_path_is_plain(const void *path, size_t len, const char **why)
{
	const uint8_t *p = path;
	const uint8_t *end = len != 0 ? p + len : p;
	const char *fault = len != 0 && *p == '/' ? NULL : "a path that does not begin with a slash";

	while (fault == NULL && p < end)
		fault = check_next(&p, end);
	if (fault != NULL && why != NULL)
		*why = fault;
	return fault == NULL;
}
