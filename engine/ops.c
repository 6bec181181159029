/* ops: finding operations, and taking requests apart. */
#include "engine/ops.h"

#include <string.h>

/* Rows of one frame of a list. */
#define ROWS_AT_ONCE 200u

static const struct op *const families[] = { ops_signin, ops_session, ops_order, ops_budget, ops_learn, ops_identity,
	ops_organisation, ops_touched, ops_ledger, ops_daemon, ops_scim };

const struct op *
ops_find(const char *name)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct op *op = families[i]; op->name != NULL; op++)
			if (strcmp(op->name, name) == 0)
				return op;
	return NULL;
}

/* The value of a key that may be absent or null: then NULL. */
static json_t *
given(const struct op_call *call, const char *key)
{
	json_t *value = json_object_get(op_request(call), key);

	return json_is_null(value) ? NULL : value;
}

bool
op_has(const struct op_call *call, const char *key)
{
	return given(call, key) != NULL;
}

/* No byte below a blank, and no DEL: such texts go to headers, logs and terminals. */
static bool
printable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

bool
op_text_optional(struct op_call *call, const char *key, size_t max, const char **ret)
{
	json_t *value = given(call, key);
	const char *text = json_string_value(value);

	if (value == NULL) {
		*ret = NULL;
		return true;
	}
	if (text == NULL) {
		op_refuse(call, ERR_USAGE, "%s must be a text", key);
		return false;
	}
	if (json_string_length(value) > max || strlen(text) != json_string_length(value)) {
		op_refuse(call, ERR_RANGE, "%s is longer than %zu bytes", key, max);
		return false;
	}
	if (!printable(text)) {
		op_refuse(call, ERR_FORMAT, "%s has control characters", key);
		return false;
	}
	*ret = text;
	return true;
}

bool
op_text(struct op_call *call, const char *key, size_t max, const char **ret)
{
	const char *text;

	if (!op_text_optional(call, key, max, &text))
		return false;
	if (text == NULL || text[0] == '\0') {
		op_refuse(call, ERR_USAGE, "%s is missing", key);
		return false;
	}
	*ret = text;
	return true;
}

bool
op_number_optional(struct op_call *call, const char *key, uint64_t max, uint64_t *ret)
{
	json_t *value = given(call, key);

	if (value == NULL) {
		*ret = 0;
		return true;
	}
	if (!json_is_integer(value)) {
		op_refuse(call, ERR_USAGE, "%s must be a whole number", key);
		return false;
	}
	if (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max) {
		op_refuse(call, ERR_RANGE, "%s must be between 0 and %llu", key, (unsigned long long)max);
		return false;
	}
	*ret = (uint64_t)json_integer_value(value);
	return true;
}

bool
op_number(struct op_call *call, const char *key, uint64_t max, uint64_t *ret)
{
	if (given(call, key) == NULL) {
		op_refuse(call, ERR_USAGE, "%s is missing", key);
		return false;
	}
	return op_number_optional(call, key, max, ret);
}

bool
op_bool_optional(struct op_call *call, const char *key, bool *ret)
{
	json_t *value = given(call, key);

	if (value != NULL && !json_is_boolean(value)) {
		op_refuse(call, ERR_USAGE, "%s must be true or false", key);
		return false;
	}
	*ret = json_is_true(value);
	return true;
}

void
op_listing_begin(struct op_listing *listing, struct op_call *call)
{
	*listing = (struct op_listing){ .call = call, .rows = json_array() };
}

bool
op_listing_put(struct op_listing *listing, json_t *row)
{
	if (row == NULL || json_array_append_new(listing->rows, row) != 0)
		return false;
	listing->n++;
	if (json_array_size(listing->rows) == ROWS_AT_ONCE) {
		op_rows(listing->call, listing->rows);
		listing->rows = json_array();
	}
	return true;
}

void
op_listing_end(struct op_listing *listing, enum err err)
{
	if (err != ERR_NONE) {
		json_decref(listing->rows);
		op_refuse(listing->call, err, "the store could not be read");
		return;
	}
	op_rows(listing->call, listing->rows);
	op_answer(listing->call, json_pack("{sI}", "rows_sent", (json_int_t)listing->n));
}
