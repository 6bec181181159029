/* person: rows to JSON and CSV. Pure but for the row it reads. */
#include "services/training/person.h"

#include <string.h>

enum column {
	COLUMN_ID = 0,
	COLUMN_FAMILY_NAME,
	COLUMN_GIVEN_NAME,
	COLUMN_BIRTH_DATE,
	COLUMN_STREET,
	COLUMN_POSTAL_CODE,
	COLUMN_CITY,
	COLUMN_CITY_CODE,
	COLUMN_EMAIL,
	COLUMN_TELEPHONE,
	COLUMN_STATUS,
	COLUMN_CATEGORY,
	COLUMN_REGISTERED_ON,
	COLUMN_GUARDIAN_NAME,
	COLUMN_GUARDIAN_EMAIL,
	COLUMN_MAX
};

static const char *const names[COLUMN_MAX] = {"id", "family_name", "given_name", "birth_date",
	"street", "postal_code", "city", "city_code", "email", "telephone", "status", "category",
	"registered_on", "guardian_name", "guardian_email"};

static void
members(struct json_out *out, sqlite3_stmt *row, enum column first, enum column last)
{
	for (enum column i = first; i <= last; i++)
		json_out_member(out, names[i], sql_text(row, (int)i));
}

static void
write_guardian(struct json_out *out, sqlite3_stmt *row)
{
	json_out_key(out, "guardian");
	if (sql_is_null(row, COLUMN_GUARDIAN_NAME)) {
		json_out_text(out, NULL);
		return;
	}
	json_out_open(out, '{');
	json_out_member(out, "name", sql_text(row, COLUMN_GUARDIAN_NAME));
	json_out_member(out, "email", sql_text(row, COLUMN_GUARDIAN_EMAIL));
	json_out_close(out, '}');
}

void
person_write_json(struct json_out *out, sqlite3_stmt *row, bool whole)
{
	json_out_open(out, '{');
	members(out, row, COLUMN_ID, COLUMN_BIRTH_DATE);
	json_out_key(out, "address");
	json_out_open(out, '{');
	members(out, row, COLUMN_STREET, COLUMN_CITY_CODE);
	json_out_close(out, '}');
	members(out, row, COLUMN_EMAIL, COLUMN_CATEGORY);
	if (whole) {
		members(out, row, COLUMN_REGISTERED_ON, COLUMN_REGISTERED_ON);
		write_guardian(out, row);
	}
	json_out_close(out, '}');
}

void
person_write_mention(struct json_out *out, sqlite3_stmt *row, int column)
{
	json_out_open(out, '{');
	for (int i = 0; i < PERSON_MENTION_COUNT; i++)
		json_out_member(out, names[i], sql_text(row, column + i));
	json_out_close(out, '}');
}

enum err
person_write_csv_head(struct bytes *bytes)
{
	enum err err = ERR_NONE;

	for (int i = 0; err == ERR_NONE && i <= COLUMN_CATEGORY; i++)
		err = bytes_printf(bytes, "%s%s", i == 0 ? "" : ",", names[i]);
	return err == ERR_NONE ? bytes_append(bytes, "\r\n", 2) : err;
}

static enum err
write_quoted(struct bytes *bytes, const char *text)
{
	enum err err = bytes_append(bytes, "\"", 1);

	for (; err == ERR_NONE && *text != '\0'; text++) {
		if (*text == '"')
			err = bytes_append(bytes, "\"", 1);
		if (err == ERR_NONE)
			err = bytes_append(bytes, text, 1);
	}
	return err == ERR_NONE ? bytes_append(bytes, "\"", 1) : err;
}

static enum err
write_cell(struct bytes *bytes, const char *text)
{
	if (text == NULL)
		return ERR_NONE;
	if (strpbrk(text, "\",\r\n") != NULL)
		return write_quoted(bytes, text);
	return bytes_append(bytes, text, strlen(text));
}

enum err
person_write_csv(struct bytes *bytes, sqlite3_stmt *row)
{
	enum err err = ERR_NONE;

	for (int i = 0; err == ERR_NONE && i <= COLUMN_CATEGORY; i++) {
		if (i > 0)
			err = bytes_append(bytes, ",", 1);
		if (err == ERR_NONE)
			err = write_cell(bytes, sql_text(row, i));
	}
	return err == ERR_NONE ? bytes_append(bytes, "\r\n", 2) : err;
}
