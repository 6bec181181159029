/* fields: see the header. The only file of this folder that includes jansson. */
#include "services/http/fields.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/http/problem.h"

bool
http_date_is_valid(const char *text)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int number[3] = {0, 0, 0};
	int part = 0;

	if (strlen(text) != 10)
		return false;
	for (size_t i = 0; i < 10; i++) {
		bool dash = i == 4 || i == 7;
		if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
		if (dash)
			part++;
		else
			number[part] = number[part] * 10 + text[i] - '0';
	}
	int year = number[0];
	if (year < 1900 || number[1] < 1 || number[1] > 12 || number[2] < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return number[2] <= days[number[1] - 1] + (leap && number[1] == 2 ? 1 : 0);
}

static enum err
refuse(struct http_call *call, const char *name, const char *words)
{
	char detail[200];

	(void)snprintf(detail, sizeof(detail), "%s: %s.", name, words);
	http_problem(call, 422, "invalid", "The request holds something that is not possible", detail);
	return ERR_USAGE;
}

/* NULL, or what is wrong with the value. */
static const char *
text_value(const struct http_field *field, const json_t *json, struct http_value *value)
{
	if (!json_is_string(json))
		return "must be text";
	size_t len = json_string_length(json);
	value->text = json_string_value(json);
	if (strlen(value->text) != len)
		return "holds a character that cannot be stored";
	if (field->kind == HTTP_FIELD_DATE)
		return http_date_is_valid(value->text) ? NULL : "must be a date such as 2026-01-31";
	if ((int64_t)len < field->min)
		return "is too short";
	return (int64_t)len > field->max ? "is too long" : NULL;
}

static const char *
any_value(const struct http_field *field, const json_t *json, struct http_value *value)
{
	value->present = true;
	switch (field->kind) {
	case HTTP_FIELD_TEXT:
	case HTTP_FIELD_DATE:
		return text_value(field, json, value);
	case HTTP_FIELD_NUMBER:
		value->number = json_integer_value(json);
		if (!json_is_integer(json))
			return "must be a whole number";
		return value->number < field->min || value->number > field->max
		    ? "is outside what is possible" : NULL;
	case HTTP_FIELD_BOOL:
		value->flag = json_is_true(json);
		return json_is_boolean(json) ? NULL : "must be true or false";
	case HTTP_FIELD_KIND_MAX:
		break;
	}
	return "is not known";
}

static enum err
read_members(struct http_call *call, const struct http_field *fields, size_t count,
    struct http_values *values)
{
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_object_get(values->document, fields[i].name);
		const char *wrong = NULL;
		if (json != NULL) {
			known++;
			wrong = any_value(&fields[i], json, &values->of[i]);
		} else if (!fields[i].optional) {
			wrong = "is missing";
		}
		if (wrong != NULL)
			return refuse(call, fields[i].name, wrong);
	}
	if (known != json_object_size(values->document))
		return refuse(call, "request", "it holds a member that is not known here");
	return ERR_NONE;
}

enum err
http_fields_read(struct http_call *call, const struct http_field *fields, size_t count,
    struct http_values *ret_values)
{
	struct http_values values = {0};
	enum err err;

	/* jansson's bound on depth (2048) is far above what its own recursion needs here. */
	values.document = json_loadb((const char *)call->body.data, call->body.len,
	    JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object((json_t *)values.document)) {
		json_decref(values.document);
		http_bad_request(call, "The body must be one JSON object.");
		return ERR_USAGE;
	}
	err = read_members(call, fields, count, &values);
	if (err != ERR_NONE) {
		http_fields_free(&values);
		return err;
	}
	*ret_values = values;
	return ERR_NONE;
}

void
http_fields_free(struct http_values *values)
{
	json_decref(values->document);
	values->document = NULL;
}

void
http_find_text(const struct bytes *json, const char *name, char *out, size_t size)
{
	json_t *document = json_loadb((const char *)json->data, json->len, JSON_REJECT_DUPLICATES, NULL);
	const char *text = json_string_value(json_object_get(document, name));

	(void)snprintf(out, size, "%s", text == NULL ? "" : text);
	json_decref(document);
}
