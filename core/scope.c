/* scope: text to terms, terms to numbers, numbers back to text, and the match. Pure; any thread. */
#include "core/scope.h"

#include <string.h>

#include "core/capability.h"

static const char *const kind_names[SCOPE_KIND_MAX] = {
	[SCOPE_SESSION] = "session",
	[SCOPE_IDENTITY] = "identity",
	[SCOPE_LINEAGE] = "lineage",
	[SCOPE_ORGANISATION] = "organisation",
	[SCOPE_TERRITORY] = "territory",
	[SCOPE_PROFILE] = "profile",
	[SCOPE_IDP] = "idp",
	[SCOPE_ROUTE] = "route",
	[SCOPE_CAPABILITY] = "capability",
};

const char *
scope_kind_name(enum scope_kind kind)
{
	if ((unsigned)kind >= SCOPE_KIND_MAX)
		return "everyone";
	return kind_names[kind];
}

/* Where the reading stands in the text. */
struct cursor {
	const char *at;
	const char *end;
};

static enum err
refuse(enum err err, const char *sentence, const char **why)
{
	*why = sentence;
	return err;
}

static void
skip_blanks(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
}

static bool
skip_byte(struct cursor *c, char byte)
{
	skip_blanks(c);
	if (c->at >= c->end || *c->at != byte)
		return false;
	c->at++;
	return true;
}

static bool
is_bare(char byte)
{
	unsigned char u = (unsigned char)byte;

	return u > ' ' && u != 0x7f && strchr("&=\"\\", byte) == NULL;
}

static enum scope_kind
kind_of_name(const char *name, size_t len)
{
	for (unsigned i = 0; i < SCOPE_KIND_MAX; i++) {
		if (strlen(kind_names[i]) == len && memcmp(kind_names[i], name, len) == 0)
			return (enum scope_kind)i;
	}
	return SCOPE_KIND_MAX;
}

static enum err
read_kind(struct cursor *c, enum scope_kind *ret_kind, const char **why)
{
	const char *start;

	skip_blanks(c);
	start = c->at;
	while (c->at < c->end && is_bare(*c->at))
		c->at++;
	enum scope_kind kind = kind_of_name(start, (size_t)(c->at - start));
	if (kind == SCOPE_KIND_MAX)
		return refuse(ERR_FORMAT, "unknown kind of scope; there are session, identity, lineage, organisation, "
		              "territory, profile, idp, route, capability, and everyone alone", why);
	*ret_kind = kind;
	return ERR_NONE;
}

/* After the opening quote, to after the closing one. */
static enum err
read_quoted(struct cursor *c, char out[SCOPE_VALUE_MAX], const char **why)
{
	size_t len = 0;

	while (c->at < c->end && *c->at != '"') {
		if (*c->at == '\\') {
			c->at++;
			if (c->at >= c->end || (*c->at != '"' && *c->at != '\\'))
				return refuse(ERR_FORMAT, "a backslash stands before a quote or a backslash only", why);
		}
		if ((unsigned char)*c->at < ' ' || *c->at == 0x7f)
			return refuse(ERR_FORMAT, "a control character in a value", why);
		if (len == SCOPE_VALUE_MAX - 1)
			return refuse(ERR_RANGE, "a value is longer than 127 bytes", why);
		out[len++] = *c->at++;
	}
	if (c->at >= c->end)
		return refuse(ERR_FORMAT, "a quote is not closed", why);
	c->at++;
	if (len == 0)
		return refuse(ERR_FORMAT, "a value is empty", why);
	out[len] = '\0';
	return ERR_NONE;
}

static enum err
read_bare(struct cursor *c, char out[SCOPE_VALUE_MAX], const char **why)
{
	const char *start = c->at;

	while (c->at < c->end && is_bare(*c->at))
		c->at++;
	size_t len = (size_t)(c->at - start);
	if (len == 0)
		return refuse(ERR_FORMAT, "a value is missing", why);
	if (len >= SCOPE_VALUE_MAX)
		return refuse(ERR_RANGE, "a value is longer than 127 bytes", why);
	memcpy(out, start, len);
	out[len] = '\0';
	return ERR_NONE;
}

static enum err
read_term(struct cursor *c, struct scope_text *text, uint32_t *seen, const char **why)
{
	enum scope_kind kind;
	enum err err = read_kind(c, &kind, why);

	if (err != ERR_NONE)
		return err;
	if (*seen & 1u << kind)
		return refuse(ERR_FORMAT, "two terms of the same kind contradict each other", why);
	if (!skip_byte(c, '='))
		return refuse(ERR_FORMAT, "a kind of scope is followed by = and a value", why);
	char *out = text->term[text->n].value;
	err = skip_byte(c, '"') ? read_quoted(c, out, why) : read_bare(c, out, why);
	if (err != ERR_NONE)
		return err;
	*seen |= 1u << kind;
	text->term[text->n++].kind = kind;
	return ERR_NONE;
}

static bool
is_everyone(struct cursor c)
{
	static const char word[] = "everyone";
	size_t len = sizeof(word) - 1;

	skip_blanks(&c);
	if ((size_t)(c.end - c.at) < len || memcmp(c.at, word, len) != 0)
		return false;
	c.at += len;
	skip_blanks(&c);
	return c.at == c.end;
}

enum err
scope_parse(const char *text, size_t len, struct scope_text *ret_text, const char **why)
{
	struct cursor c = {text, text + len};
	struct scope_text read = {0};
	uint32_t seen = 0;

	if (is_everyone(c)) {
		*ret_text = read;
		return ERR_NONE;
	}
	skip_blanks(&c);
	if (c.at == c.end)
		return refuse(ERR_FORMAT, "the scope is empty; say everyone where all are meant", why);
	do {
		enum err err = read_term(&c, &read, &seen, why);

		if (err != ERR_NONE)
			return err;
	} while (skip_byte(&c, '&'));
	if (c.at != c.end)
		return refuse(ERR_FORMAT, "terms are joined by &; quote values with blanks", why);
	*ret_text = read;
	return ERR_NONE;
}

/* `#123`: 1 to 20 digits, not 0, within 64 bits (32 for all but sessions). */
static enum err
read_number(enum scope_kind kind, const char *digits, uint64_t *ret_number, const char **why)
{
	static const char sentence[] = "after # a number from 1 on is wanted";
	uint64_t number = 0;
	uint64_t most = kind == SCOPE_SESSION ? UINT64_MAX : UINT32_MAX;

	if (*digits == '\0')
		return refuse(ERR_FORMAT, sentence, why);
	for (; *digits != '\0'; digits++) {
		if (*digits < '0' || *digits > '9')
			return refuse(ERR_FORMAT, sentence, why);
		uint64_t digit = (uint64_t)(*digits - '0');
		if (number > (most - digit) / 10)
			return refuse(ERR_FORMAT, "a number is too large", why);
		number = number * 10 + digit;
	}
	if (number == 0)
		return refuse(ERR_FORMAT, sentence, why);
	*ret_number = number;
	return ERR_NONE;
}

static enum err
resolve_term(enum scope_kind kind, const char *value, const struct scope_names *names, uint64_t *ret_number,
    const char **why)
{
	static const char *const nobody[SCOPE_KIND_MAX] = {
		[SCOPE_SESSION] = "no such session",
		[SCOPE_IDENTITY] = "no such identity",
		[SCOPE_LINEAGE] = "no such identity for a lineage",
		[SCOPE_ORGANISATION] = "no such organisation",
		[SCOPE_TERRITORY] = "no such territory",
		[SCOPE_PROFILE] = "no such profile",
		[SCOPE_IDP] = "no such identity provider",
		[SCOPE_ROUTE] = "no such route",
	};
	uint64_t number = 0;

	if (kind == SCOPE_CAPABILITY) {
		uint32_t set;
		enum err err = capability_parse(value, strlen(value), &set, why);

		if (err == ERR_NONE)
			*ret_number = set;
		return err;
	}
	if (value[0] == '#')
		return read_number(kind, value + 1, ret_number, why);
	enum err err = names->number(names->context, kind, value, &number);
	if (err == ERR_NONE && number == 0)
		err = ERR_NOT_FOUND;
	if (err != ERR_NONE)
		return refuse(err, nobody[kind], why);
	*ret_number = number;
	return ERR_NONE;
}

enum err
scope_resolve(const struct scope_text *text, const struct scope_names *names, struct scope *ret_scope,
    const char **why)
{
	struct scope scope = {0};

	for (size_t i = 0; i < text->n && i < SCOPE_KIND_MAX; i++) {
		enum scope_kind kind = text->term[i].kind;

		if ((unsigned)kind >= SCOPE_KIND_MAX)
			return refuse(ERR_FORMAT, "unknown kind of scope", why);
		enum err err = resolve_term(kind, text->term[i].value, names, &scope.value[kind], why);
		if (err != ERR_NONE)
			return err;
		scope.terms |= 1u << kind;
	}
	*ret_scope = scope;
	return ERR_NONE;
}

/* Appends to the text; the room is computed to suffice, see SCOPE_TEXT_MAX. */
static void
append(char **end, const char *text)
{
	size_t len = strlen(text);

	memcpy(*end, text, len + 1);
	*end += len;
}

static void
append_number(char **end, uint64_t number)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	append(end, "#");
	append(end, digits + at);
}

static void
append_value(char **end, const char *value)
{
	bool bare = value[0] != '#';

	for (const char *p = value; *p != '\0'; p++)
		bare = bare && is_bare(*p);
	if (bare) {
		append(end, value);
		return;
	}
	*(*end)++ = '"';
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			*(*end)++ = '\\';
		*(*end)++ = *p;
	}
	*(*end)++ = '"';
	**end = '\0';
}

/* A name that would not read back is not used: a number is always right. */
static bool
is_speakable(const char name[SCOPE_VALUE_MAX])
{
	if (name[0] == '\0' || name[0] == '#' || memchr(name, '\0', SCOPE_VALUE_MAX) == NULL)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	return true;
}

static void
format_term(enum scope_kind kind, uint64_t number, const struct scope_names *names, char **end)
{
	char name[SCOPE_VALUE_MAX];

	append(end, scope_kind_name(kind));
	append(end, "=");
	if (kind == SCOPE_CAPABILITY) {
		char set[CAPABILITY_TEXT_MAX];

		capability_format((uint32_t)number, set);
		append(end, set);
		return;
	}
	if (names != NULL && names->name(names->context, kind, number, name) == ERR_NONE && is_speakable(name))
		append_value(end, name);
	else
		append_number(end, number);
}

/* Eight names of at most 2*127 bytes once escaped: 2032 and quotes would not fit, so long ones become numbers. */
void
scope_format(const struct scope *scope, const struct scope_names *names, char out[SCOPE_TEXT_MAX])
{
	/* Longest term besides a name: " & ", kind, "=", number or all capabilities. */
	const size_t plain_max = 3 + 12 + 1 + CAPABILITY_TEXT_MAX;
	const size_t named_max = plain_max + 2 * SCOPE_VALUE_MAX + 2;
	char *end = out;

	append(&end, scope->terms == 0 ? "everyone" : "");
	for (unsigned i = 0; i < SCOPE_KIND_MAX; i++) {
		size_t later_max = (SCOPE_KIND_MAX - 1 - i) * plain_max;
		bool room = SCOPE_TEXT_MAX - (size_t)(end - out) > named_max + later_max;

		if ((scope->terms & 1u << i) == 0)
			continue;
		append(&end, end == out ? "" : " & ");
		format_term((enum scope_kind)i, scope->value[i], room ? names : NULL, &end);
	}
}

static bool
is_of_lineage(const struct session_attributes *who, uint64_t creator)
{
	if (who->identity == creator)
		return true;
	for (unsigned i = 0; i < LINEAGE_MAX && who->lineage[i] != 0; i++) {
		if (who->lineage[i] == creator)
			return true;
	}
	return false;
}

static bool
match_term(enum scope_kind kind, uint64_t value, const struct session_attributes *who, uint32_t capability,
    uint32_t route)
{
	switch (kind) {
	case SCOPE_SESSION:
		return who->session == value;
	case SCOPE_IDENTITY:
		return who->identity == value;
	case SCOPE_LINEAGE:
		return is_of_lineage(who, value);
	case SCOPE_ORGANISATION:
		return who->organisation == value;
	case SCOPE_TERRITORY:
		return who->territory == value;
	case SCOPE_PROFILE:
		return who->profile == value;
	case SCOPE_IDP:
		return who->idp == value;
	case SCOPE_ROUTE:
		return route == value;
	case SCOPE_CAPABILITY:
		return (capability & value) != 0;
	case SCOPE_KIND_MAX:
		break;
	}
	/* A term that this code does not know: an order must not lapse for that. */
	return true;
}

bool
scope_match(const struct scope *scope, const struct session_attributes *who, uint32_t capability, uint32_t route)
{
	for (uint32_t left = scope->terms & ((1u << SCOPE_KIND_MAX) - 1); left != 0; left &= left - 1) {
		enum scope_kind kind = (enum scope_kind)__builtin_ctz(left);

		if (!match_term(kind, scope->value[kind], who, capability, route))
			return false;
	}
	return true;
}

enum scope_kind
scope_most_specific(const struct scope *scope)
{
	uint32_t chained = scope->terms & ((1u << SCOPE_CAPABILITY) - 1);

	return chained == 0 ? SCOPE_KIND_MAX : (enum scope_kind)__builtin_ctz(chained);
}
