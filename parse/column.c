/* column: compiles the shape of a CSV response, see parse/shape.h. Never blocks; any thread. */
#include <stdbool.h>
#include <string.h>

#include "parse/shape.h"

static enum err
set_name(struct column_name *name, const char *text, const char **why)
{
	size_t len = strlen(text);

	if (len == 0) {
		*why = "a column without name";
		return ERR_FORMAT;
	}
	if (len > COLUMN_NAME_MAX) {
		*why = "a name of more than 64 bytes for a column";
		return ERR_RANGE;
	}
	name->len = (uint8_t)len;
	memcpy(name->text, text, len);
	return ERR_NONE;
}

static bool
same_name(const struct column_name *a, const struct column_name *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static const char *
check_names(const struct column_shape *shape)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		for (size_t j = 0; j < i; j++)
			if (same_name(&shape->fields[i], &shape->fields[j]))
				return "a column named twice";
		if (same_name(&shape->fields[i], &shape->id))
			return "a column that is both the identifier and a field";
	}
	return NULL;
}

enum err
column_compile(struct column_shape *ret_shape, const struct column_text *text, const char **why)
{
	struct column_shape shape = {.canon = text->canon, .separator = (uint8_t)text->separator,
	    .n_fields = (uint8_t)text->n_fields};
	enum err err;

	if (text->separator != ',' && text->separator != ';' && text->separator != '\t')
		*why = "a separator other than comma, semicolon and tab";
	else if (text->n_fields > METER_FIELDS_MAX)
		*why = "more than 32 fields";
	else if (!canon_rule_valid(text->canon))
		*why = "a rule for identifiers that contradicts itself";
	else
		*why = NULL;
	if (*why != NULL)
		return ERR_FORMAT;
	if ((err = set_name(&shape.id, text->id, why)) != ERR_NONE)
		return err;
	for (size_t i = 0; i < text->n_fields; i++)
		if ((err = set_name(&shape.fields[i], text->fields[i], why)) != ERR_NONE)
			return err;
	if ((*why = check_names(&shape)) != NULL)
		return ERR_FORMAT;
	*ret_shape = shape;
	return ERR_NONE;
}
