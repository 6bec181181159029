/* path: see the header. Never blocks; any thread. */
#include "parse/path.h"

#include <stdbool.h>
#include <string.h>

#include "parse/utf8.h"

/* What is left of the text, and what became of it. */
struct cursor {
	const char *p;
	struct json_path path;
	enum err err;
	const char *why;
};

static void
refuse(struct cursor *c, enum err err, const char *why)
{
	if (c->err != ERR_NONE)
		return;
	c->err = err;
	c->why = why;
}

static struct path_step *
add_step(struct cursor *c, enum path_step_kind kind)
{
	struct path_step *step;

	if (c->path.n_steps == PATH_STEPS_MAX) {
		refuse(c, ERR_RANGE, "a path with more than 16 steps");
		return NULL;
	}
	step = &c->path.steps[c->path.n_steps++];
	*step = (struct path_step){.kind = (uint8_t)kind, .at = c->path.names_len};
	return step;
}

static void
add_byte(struct cursor *c, struct path_step *step, char byte)
{
	if (step->len == PATH_NAME_MAX) {
		refuse(c, ERR_RANGE, "a name of more than 64 bytes in a path");
		return;
	}
	if (c->path.names_len == PATH_NAMES_MAX) {
		refuse(c, ERR_RANGE, "a path whose names have more than 255 bytes");
		return;
	}
	c->path.names[c->path.names_len++] = byte;
	step->len++;
}

static bool
is_bare(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || (byte & 0x80) != 0;
}

static void
read_bare(struct cursor *c)
{
	struct path_step *step = add_step(c, PATH_NAME);

	while (c->err == ERR_NONE && is_bare(*c->p))
		add_byte(c, step, *c->p++);
	if (c->err == ERR_NONE && step->len == 0)
		refuse(c, ERR_FORMAT, "a path with a dot and no name after it");
}

static void
read_quoted(struct cursor *c)
{
	struct path_step *step = add_step(c, PATH_NAME);

	while (c->err == ERR_NONE && *c->p != '\'') {
		if (*c->p == '\\' && *++c->p != '\'' && *c->p != '\\')
			refuse(c, ERR_FORMAT, "a path with an escape other than \\' and \\\\");
		else if (*c->p == '\0')
			refuse(c, ERR_FORMAT, "a path with a quote left open");
		else
			add_byte(c, step, *c->p++);
	}
	if (c->err != ERR_NONE)
		return;
	if (c->p[1] != ']')
		refuse(c, ERR_FORMAT, "a path with a bracket left open");
	c->p += 2;
}

static void
read_step(struct cursor *c)
{
	if (strncmp(c->p, "[*]", 3) == 0) {
		(void)add_step(c, PATH_ANY_INDEX);
		c->p += 3;
	} else if (strncmp(c->p, "['", 2) == 0) {
		c->p += 2;
		read_quoted(c);
	} else if (strncmp(c->p, ".*", 2) == 0) {
		(void)add_step(c, PATH_ANY_NAME);
		c->p += 2;
	} else if (*c->p == '.') {
		c->p++;
		read_bare(c);
	} else {
		refuse(c, ERR_FORMAT, "a path with something else than .name, ['name'], .* or [*]");
	}
}

enum err
path_compile(struct json_path *ret_path, const char *text, const char **why)
{
	struct cursor c = {.p = text};

	if (!utf8_valid((const uint8_t *)text, strlen(text)))
		refuse(&c, ERR_FORMAT, "a path that is not UTF-8");
	else if (*c.p++ != '$')
		refuse(&c, ERR_FORMAT, "a path that does not begin with $");
	while (c.err == ERR_NONE && *c.p != '\0')
		read_step(&c);
	if (c.err != ERR_NONE) {
		*why = c.why;
		return c.err;
	}
	*ret_path = c.path;
	return ERR_NONE;
}
