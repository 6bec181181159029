/* pattern: see the header. Never blocks; any thread. */
#include "parse/pattern.h"

#include <string.h>

#include "parse/utf8.h"

/* Stands for a {name} in a compiled text; no path holds it. */
#define PART '\0'

struct compiler {
	const char *p;
	struct route_pattern pattern;
	bool part_here; /* the present segment has its {name} */
	enum err err;
	const char *why;
};

static void
refuse(struct compiler *c, enum err err, const char *why)
{
	if (c->err != ERR_NONE)
		return;
	c->err = err;
	c->why = why;
}

static void
add(struct compiler *c, uint8_t byte)
{
	if (c->pattern.len == PATTERN_TEXT_MAX)
		refuse(c, ERR_RANGE, "a route of more than 240 bytes");
	else
		c->pattern.text[c->pattern.len++] = byte;
}

static void
read_part(struct compiler *c)
{
	size_t len = strcspn(++c->p, "}/{*");

	if (len == 0 || c->p[len] != '}')
		refuse(c, ERR_FORMAT, "a route with a brace left open or empty");
	else if (c->part_here)
		refuse(c, ERR_FORMAT, "a route with two names in one segment");
	else if (c->pattern.n_parts == PATTERN_PARTS_MAX)
		refuse(c, ERR_RANGE, "a route with more than 8 names");
	if (c->err != ERR_NONE)
		return;
	c->part_here = true;
	c->pattern.n_parts++;
	add(c, PART);
	c->p += len + 1;
}

static void
read_rest(struct compiler *c)
{
	if (strcmp(c->p, "**") != 0 || c->pattern.text[c->pattern.len - 1] != '/')
		refuse(c, ERR_FORMAT, "a route with a star elsewhere than in /** at its end");
	else
		c->p += 2;
	c->pattern.rest = 1;
}

/* What follows a slash must not be another slash, nor a segment that points elsewhere. */
static void
read_slash(struct compiler *c)
{
	const char *next = c->p + 1;
	size_t len = strcspn(next, "/");

	if (*next == '/')
		refuse(c, ERR_FORMAT, "a route with an empty segment");
	else if ((len == 1 && next[0] == '.') || (len == 2 && memcmp(next, "..", 2) == 0))
		refuse(c, ERR_FORMAT, "a route with a segment . or ..");
	c->part_here = false;
	add(c, '/');
	c->p++;
}

static void
read_literal(struct compiler *c)
{
	uint8_t byte = (uint8_t)*c->p++;

	if (byte <= ' ' || byte == 0x7f || strchr("%?#;\\}", byte) != NULL)
		refuse(c, ERR_FORMAT, "a route with a byte that a decoded path cannot hold");
	add(c, byte);
}

static void
read_next(struct compiler *c)
{
	if (*c->p == '{')
		read_part(c);
	else if (*c->p == '*')
		read_rest(c);
	else if (*c->p == '/')
		read_slash(c);
	else
		read_literal(c);
}

enum err
pattern_compile(struct route_pattern *ret_pattern, const char *text, const char **why)
{
	struct compiler c = {.p = text};

	if (!utf8_valid((const uint8_t *)text, strlen(text)))
		refuse(&c, ERR_FORMAT, "a route that is not UTF-8");
	if (*text != '/')
		refuse(&c, ERR_FORMAT, "a route that does not begin with a slash");
	while (c.err == ERR_NONE && *c.p != '\0')
		read_next(&c);
	if (c.err != ERR_NONE) {
		*why = c.why;
		return c.err;
	}
	*ret_pattern = c.pattern;
	return ERR_NONE;
}

/*
 * Match one segment of the pattern, [t, t_end), against one of the path. With at
 * most one {name} in it, what is before and after that is fixed in length.
 */
static bool
match_segment(const uint8_t *t, size_t t_len, const uint8_t *p, size_t p_len,
    struct pattern_parts *parts)
{
	const uint8_t *part = memchr(t, PART, t_len);
	size_t before, after;

	if (part == NULL)
		return t_len == p_len && memcmp(t, p, t_len) == 0;
	before = (size_t)(part - t);
	after = t_len - before - 1;
	if (p_len <= before + after || memcmp(t, p, before) != 0 ||
	    memcmp(part + 1, p + p_len - after, after) != 0)
		return false;
	parts->part[parts->n].at = p + before;
	parts->part[parts->n++].len = p_len - before - after;
	return true;
}

static size_t
segment_len(const uint8_t *p, size_t len)
{
	const uint8_t *slash = len != 0 ? memchr(p, '/', len) : NULL;

	return slash != NULL ? (size_t)(slash - p) : len;
}

/* Both t and p are at a slash in each round. */
static bool
match_all(const struct route_pattern *pattern, const uint8_t *p, size_t len,
    struct pattern_parts *parts)
{
	const uint8_t *t = pattern->text;
	size_t left = pattern->len;

	while (left != 0 && len != 0 && *p == '/') {
		size_t t_len = segment_len(t + 1, left - 1), p_len = segment_len(p + 1, len - 1);

		if (pattern->rest && left == 1)
			return true;
		if (!match_segment(t + 1, t_len, p + 1, p_len, parts))
			return false;
		t += t_len + 1;
		left -= t_len + 1;
		p += p_len + 1;
		len -= p_len + 1;
	}
	return left == 0 && len == 0;
}

bool
pattern_match(const struct route_pattern *pattern, const void *path, size_t len,
    struct pattern_parts *ret_parts)
{
	struct pattern_parts parts = {.n = 0};

	if (len != 0 && memchr(path, 0, len) != NULL)
		return false;
	if (!match_all(pattern, path, len, &parts))
		return false;
	if (ret_parts != NULL)
		*ret_parts = parts;
	return true;
}
