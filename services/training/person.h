/* person: how a job seeker's record is read from the database and written out. */
#ifndef SERVICES_TRAINING_PERSON_H
#define SERVICES_TRAINING_PERSON_H

#include "services/http/json_out.h"
#include "services/sql/sql.h"

/* Columns in the order that the functions below expect, from a table named p. */
#define PERSON_COLUMNS                                                                  \
	"p.id, p.family_name, p.given_name, p.birth_date, p.street, p.postal_code, p.city, " \
	"p.city_code, p.email, p.telephone, p.status, p.category, p.registered_on, "         \
	"p.guardian_name, p.guardian_email"

/* The columns of a person mentioned in another record, and their number. */
#define PERSON_MENTION_COLUMNS "p.id, p.family_name, p.given_name"
#define PERSON_MENTION_COUNT 3

/* An object as in lists; `whole` adds what only the record shows. */
void person_write_json(struct json_out *out, sqlite3_stmt *row, bool whole);

/* `{"id":..,"family_name":..,"given_name":..}` from the columns at `column`. */
void person_write_mention(struct json_out *out, sqlite3_stmt *row, int column);

/* RFC 4180, with a head line, CRLF. */
MUST_CHECK enum err person_write_csv_head(struct bytes *bytes);
MUST_CHECK enum err person_write_csv(struct bytes *bytes, sqlite3_stmt *row);

#endif
