#include "parse/utf8.h"

struct utf8_lead
utf8_lead(uint8_t c)
{
	if (c < 0xc2 || c > 0xf4)
		return (struct utf8_lead){0, 0, 0};
	if (c < 0xe0)
		return (struct utf8_lead){1, 0x80, 0xbf};
	if (c < 0xf0)
		return (struct utf8_lead){2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf};
	return (struct utf8_lead){3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf};
}

size_t
utf8_sequence(const uint8_t *p, const uint8_t *end)
{
	struct utf8_lead lead = utf8_lead(*p);

	if (lead.need == 0 || end - p <= lead.need || p[1] < lead.low || p[1] > lead.high)
		return 0;
	for (size_t i = 2; i <= lead.need; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return lead.need + 1U;
}

bool
utf8_valid(const uint8_t *text, size_t len)
{
	const uint8_t *p = text, *end = text + len;

	while (p < end) {
		size_t n = *p < 0x80 ? 1 : utf8_sequence(p, end);

		if (n == 0)
			return false;
		p += n;
	}
	return true;
}
