/* form: see the header. Never blocks; any thread. */
#include "parse/form.h"

#include <stdbool.h>
#include <string.h>

#include "parse/hex.h"
#include "parse/utf8.h"

/* Decode [p, end) onto itself; its new length in `ret_len`, or a reason to refuse. */
static const char *
decode(uint8_t *start, const uint8_t *end, size_t *ret_len)
{
	const uint8_t *p = start;
	uint8_t *out = start;

	while (p < end) {
		int byte = *p == '+' ? ' ' : *p;

		if (*p <= ' ' || *p >= 0x7f || *p == ';')
			return "a form with a byte that should be encoded";
		if (*p == '%') {
			byte = end - p < 3 ? -1 : hex_byte(p + 1);
			p += 2;
		}
		if (byte <= 0)
			return "a form with a bad percent encoding";
		*out++ = (uint8_t)byte;
		p++;
	}
	*ret_len = (size_t)(out - start);
	return utf8_valid(start, *ret_len) ? NULL : "a form that is not UTF-8";
}

static enum err
take_pair(uint8_t *start, uint8_t *end, const struct form_sink *sink, const char **why)
{
	uint8_t *equals = memchr(start, '=', (size_t)(end - start));
	uint8_t *value = equals != NULL ? equals + 1 : end;
	struct form_pair pair = {.name = start, .value = value};
	const char *fault = decode(start, equals != NULL ? equals : end, &pair.name_len);
	enum err err;

	if (fault == NULL)
		fault = decode(value, end, &pair.value_len);
	if (fault != NULL) {
		*why = fault;
		return ERR_FORMAT;
	}
	err = sink->pair(sink->context, &pair);
	if (err != ERR_NONE)
		*why = "the receiver of the form stopped the reading";
	return err;
}

enum err
form_parse(uint8_t *data, size_t len, const struct form_sink *sink, const char **why)
{
	uint8_t *p = data, *end = len != 0 ? data + len : data;
	size_t n_pairs = 0;

	while (p < end) {
		uint8_t *next = memchr(p, '&', (size_t)(end - p));
		uint8_t *stop = next != NULL ? next : end;
		enum err err = ERR_NONE;

		if (stop != p && n_pairs++ == sink->pairs_max) {
			*why = "a form with too many pairs";
			return ERR_RANGE;
		}
		if (stop != p)
			err = take_pair(p, stop, sink, why);
		if (err != ERR_NONE)
			return err;
		p = next != NULL ? stop + 1 : end;
	}
	return ERR_NONE;
}
