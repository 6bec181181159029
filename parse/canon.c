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

/*
 * What most identifiers are, short and printable ASCII, without the rules that
 * need more than a look at each byte. False where it is not of that kind.
 */
static bool
make_plain(uint32_t rule, const uint8_t *raw, size_t len, struct canon_id *ret_id)
{
	unsigned odd = 0;

	if ((rule & (CANON_DIGITS | CANON_NO_ZEROES)) != 0 || len == 0 || len > PERSON_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		odd |= (unsigned)(raw[i] - 0x20) > 0x5e;
	if (odd != 0 || ((rule & CANON_TRIM) != 0 && (raw[0] == ' ' || raw[len - 1] == ' ')))
		return false;
	ret_id->len = (uint8_t)len;
	if ((rule & (CANON_UPPER | CANON_LOWER)) == 0) {
		memcpy(ret_id->text, raw, len);
		return true;
	}
	for (size_t i = 0; i < len; i++)
		ret_id->text[i] = change_case(rule, raw[i]);
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
