/* canon: see the header. Never blocks; any thread. */
#include "parse/canon.h"

#include <stdbool.h>
#include <string.h>

#include "parse/utf8.h"

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static uint8_t
change_case(uint32_t rule, uint8_t c)
{
	if ((rule & CANON_UPPER) != 0 && c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 'A');
	if ((rule & CANON_LOWER) != 0 && c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A' + 'a');
	return c;
}

static bool
is_filler(uint32_t rule, uint8_t c)
{
	return (rule & CANON_DIGITS) != 0 && (c == ' ' || c == '.' || c == '-' || c == '/');
}

/* One byte after trimming: kept in `id`, dropped, or a reason to refuse. */
static const char *
take_byte(uint32_t rule, uint8_t c, bool last, struct canon_id *id)
{
	/* Spaces that dropped zeroes uncovered: the form of a form is itself. */
	if ((rule & CANON_TRIM) != 0 && id->len == 0 && is_space(c))
		return NULL;
	if (c < 0x20 || c == 0x7f)
		return "an identifier with a control character";
	if (is_filler(rule, c))
		return NULL;
	if ((rule & CANON_DIGITS) != 0 && !is_digit(c))
		return "an identifier with other than digits";
	if ((rule & CANON_NO_ZEROES) != 0 && id->len == 0 && c == '0' && !last)
		return NULL;
	if (id->len == PERSON_ID_MAX)
		return "an identifier that is too long";
	id->text[id->len++] = change_case(rule, c);
	return NULL;
}

static void
trim(const uint8_t **p, const uint8_t **end)
{
	while (*p < *end && is_space(**p))
		(*p)++;
	while (*p < *end && is_space((*end)[-1]))
		(*end)--;
}

/* Fillers at the end must not hide which digit is the last one. */
static void
trim_fillers(uint32_t rule, const uint8_t *p, const uint8_t **end)
{
	while (p < *end && is_filler(rule, (*end)[-1]))
		(*end)--;
}

#define EACH(byte) (0x0101010101010101 * (uint64_t)(byte))

/* Eight bytes of printable ASCII with the case changed that the rule says; false where they are not of that kind. */
static bool
change_word(uint32_t rule, const uint8_t *raw, uint8_t *out)
{
	uint8_t first = (rule & CANON_UPPER) != 0 ? 'a' : 'A';
	uint64_t word, letters;

	memcpy(&word, raw, sizeof(word));
	/* The high bit of a sum says whether a byte below 0x80 reaches a bound; no sum of such bytes carries over. */
	if (((word | (word + EACH(0x80 - 0x7f)) | ~(word + EACH(0x80 - 0x20))) & EACH(0x80)) != 0)
		return false;
	letters = (word + EACH(0x80 - first)) & ~(word + EACH(0x80 - first - 26)) & EACH(0x80);
	if ((rule & (CANON_UPPER | CANON_LOWER)) != 0)
		word ^= letters >> 2;
	memcpy(out, &word, sizeof(word));
	return true;
}

/*
 * What most identifiers are, short and printable ASCII, without the rules that
 * need more than a look at each byte. False where it is not of that kind.
 */
static bool
make_plain(uint32_t rule, const uint8_t *raw, size_t len, struct canon_id *ret_id)
{
	uint8_t padded[8], text[PERSON_ID_MAX];
	const uint8_t *from = raw;
	size_t room = len;

	if ((rule & (CANON_DIGITS | CANON_NO_ZEROES)) != 0 || len == 0 || len > PERSON_ID_MAX ||
	    ((rule & CANON_TRIM) != 0 && (raw[0] == ' ' || raw[len - 1] == ' ')))
		return false;
	if (len < sizeof(padded)) {
		memset(padded, '0', sizeof(padded));
		memcpy(padded, raw, len);
		from = padded;
		room = sizeof(padded);
	}
	for (size_t i = 0; i < room - 8; i += 8)
		if (!change_word(rule, from + i, text + i))
			return false;
	/* The last eight, some of them perhaps for the second time. */
	if (!change_word(rule, from + room - 8, text + room - 8))
		return false;
	memcpy(ret_id->text, text, len);
	ret_id->len = (uint8_t)len;
	return true;
}

enum err
canon_make(uint32_t rule, const uint8_t *raw, size_t len, struct canon_id *ret_id,
    const char **why)
{
	const uint8_t *p = raw, *end = raw + len;
	struct canon_id id = {.len = 0};
	const char *fault = NULL;

	if (make_plain(rule, raw, len, ret_id))
		return ERR_NONE;
	if (len > CANON_RAW_MAX) {
		*why = "an identifier that is too long";
		return ERR_FORMAT;
	}
	if (!utf8_valid(raw, len))
		fault = "an identifier that is not UTF-8";
	if ((rule & CANON_TRIM) != 0)
		trim(&p, &end);
	trim_fillers(rule, p, &end);
	for (; fault == NULL && p < end; p++)
		fault = take_byte(rule, *p, p + 1 == end, &id);
	if (fault == NULL && id.len == 0)
		fault = "an empty identifier";
	if (fault != NULL) {
		*why = fault;
		return ERR_FORMAT;
	}
	*ret_id = id;
	return ERR_NONE;
}

static uint32_t
rule_word(const char *word, size_t len)
{
	static const struct {
		const char *word;
		uint32_t rule;
	} words[] = {{"trim", CANON_TRIM}, {"upper", CANON_UPPER}, {"lower", CANON_LOWER},
	    {"digits", CANON_DIGITS}, {"no-zeroes", CANON_NO_ZEROES}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && memcmp(words[i].word, word, len) == 0)
			return words[i].rule;
	return 0;
}

enum err
canon_rule_parse(const char *text, uint32_t *ret_rule, const char **why)
{
	uint32_t rule = CANON_EXACT;
	const char *p = text;

	while (strcmp(text, "exact") != 0) {
		size_t len = strcspn(p, "+");
		uint32_t one = rule_word(p, len);

		if (one == 0) {
			*why = "not one of exact, trim, upper, lower, digits, no-zeroes, joined with +";
			return ERR_FORMAT;
		}
		rule |= one;
		if (p[len] == '\0')
			break;
		p += len + 1;
	}
	if (!canon_rule_valid(rule)) {
		*why = "upper and lower contradict each other";
		return ERR_FORMAT;
	}
	*ret_rule = rule;
	return ERR_NONE;
}

bool
canon_rule_valid(uint32_t rule)
{
	return (rule & ~(uint32_t)CANON_ALL) == 0 &&
	    (rule & (CANON_UPPER | CANON_LOWER)) != (CANON_UPPER | CANON_LOWER);
}
