/* fold: a pure function over the letters that French names use (Latin-1, Œ, Ÿ). */
#include "services/training/fold.h"

#include <stdint.h>
#include <string.h>

/* U+00C0 to U+00FF, in order; '*' marks what becomes two letters, '.' what is no letter. */
static const char latin1[] = "AAAAAA*CEEEEIIIIDNOOOOO.OUUUUY**AAAAAA*CEEEEIIIIDNOOOOO.OUUUUY*Y";

struct sink {
	char *out;
	size_t size;
	size_t len;
	bool gap; /* a space is due before the next letter */
};

static void
put_letter(struct sink *sink, char c)
{
	if (sink->gap && sink->len > 0 && sink->len + 1 < sink->size)
		sink->out[sink->len++] = ' ';
	sink->gap = false;
	if (sink->len + 1 < sink->size)
		sink->out[sink->len++] = c;
}

static void
put_pair(struct sink *sink, const char *pair)
{
	put_letter(sink, pair[0]);
	put_letter(sink, pair[1]);
}

static void
put_code(struct sink *sink, uint32_t code)
{
	if (code >= 'a' && code <= 'z')
		put_letter(sink, (char)(code - 32));
	else if ((code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9'))
		put_letter(sink, (char)code);
	else if (code == 0xc6 || code == 0xe6)
		put_pair(sink, "AE");
	else if (code == 0x152 || code == 0x153)
		put_pair(sink, "OE");
	else if (code == 0xdf)
		put_pair(sink, "SS");
	else if (code == 0xde || code == 0xfe)
		put_pair(sink, "TH");
	else if (code == 0x178)
		put_letter(sink, 'Y');
	else if (code >= 0xc0 && code <= 0xff && latin1[code - 0xc0] != '.')
		put_letter(sink, latin1[code - 0xc0]);
	else
		sink->gap = true;
}

void
fold_text(const char *text, char *out, size_t size)
{
	struct sink sink = {.out = out, .size = size};
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		bool pair = *p >= 0xc2 && *p <= 0xdf && (p[1] & 0xc0) == 0x80;
		put_code(&sink, pair ? (uint32_t)(*p & 0x1f) << 6 | (p[1] & 0x3f) : *p < 0x80 ? *p : 0);
		p += pair ? 2 : 1;
	}
	out[sink.len] = '\0';
}

bool
fold_is_identifier(const char *text)
{
	return strlen(text) == 8 && strspn(text, "0123456789") == 7 && text[7] >= 'A' && text[7] <= 'Z';
}
