/*
 * schema: tables, then indexes, as two migrations.
 *
 * `number` is the row's own number. Lists are made in the order of the keys
 * (names folded to plain capitals); each index ends in the row number, which
 * is what lists by newest first walk along.
 */
#include "services/training/schema.h"

#include "services/sql/sql.h"

static const char tables[] =
    "CREATE TABLE person("
    " number INTEGER PRIMARY KEY, id TEXT NOT NULL,"
    " family_name TEXT NOT NULL, given_name TEXT NOT NULL,"
    " family_key TEXT NOT NULL, given_key TEXT NOT NULL, birth_date TEXT NOT NULL,"
    " street TEXT NOT NULL, postal_code TEXT NOT NULL, city TEXT NOT NULL, city_code TEXT NOT NULL,"
    " email TEXT, telephone TEXT,"
    " status TEXT NOT NULL CHECK(status IN ('registered','in-training','left')),"
    " category TEXT NOT NULL CHECK(category IN ('A','B','C','D','E')), registered_on TEXT NOT NULL,"
    " guardian_name TEXT, guardian_email TEXT) STRICT;"
    "CREATE TABLE body("
    " number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, siret TEXT NOT NULL,"
    " postal_code TEXT NOT NULL, city TEXT NOT NULL) STRICT;"
    "CREATE TABLE account("
    " number INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, body INTEGER NOT NULL REFERENCES body,"
    " name TEXT NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL CHECK(role IN ('partner','manager')),"
    " state TEXT NOT NULL CHECK(state IN ('pending','active')),"
    " created_at TEXT NOT NULL, created_by TEXT) STRICT;"
    "CREATE TABLE training("
    " number INTEGER PRIMARY KEY, body INTEGER NOT NULL REFERENCES body, title TEXT NOT NULL,"
    " hours INTEGER NOT NULL CHECK(hours > 0), price_cents INTEGER NOT NULL CHECK(price_cents >= 0)) STRICT;"
    "CREATE TABLE enrolment("
    " number INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person,"
    " body INTEGER NOT NULL REFERENCES body, training INTEGER NOT NULL REFERENCES training,"
    " enrolled_on TEXT NOT NULL, enrolled_by TEXT NOT NULL) STRICT;"
    "CREATE TABLE quote("
    " number INTEGER PRIMARY KEY, enrolment INTEGER NOT NULL REFERENCES enrolment,"
    " person INTEGER NOT NULL REFERENCES person, body INTEGER NOT NULL REFERENCES body,"
    " training INTEGER NOT NULL REFERENCES training, hours INTEGER NOT NULL CHECK(hours > 0),"
    " amount_cents INTEGER NOT NULL CHECK(amount_cents >= 0), starts_on TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK(state IN ('draft','sent','accepted','refused')),"
    " created_at TEXT NOT NULL, created_by TEXT NOT NULL, sent_at TEXT, answered_at TEXT) STRICT;"
    "CREATE TABLE entry("
    " number INTEGER PRIMARY KEY, quote INTEGER NOT NULL REFERENCES quote,"
    " person INTEGER NOT NULL REFERENCES person, body INTEGER NOT NULL REFERENCES body,"
    " training INTEGER NOT NULL REFERENCES training, starts_on TEXT NOT NULL,"
    " declared_at TEXT NOT NULL, declared_by TEXT NOT NULL) STRICT;"
    "CREATE TABLE attendance("
    " number INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry, week TEXT NOT NULL,"
    " hours INTEGER NOT NULL CHECK(hours BETWEEN 0 AND 48), UNIQUE(entry, week)) STRICT;";

static const char indexes[] =
    "CREATE UNIQUE INDEX person_id ON person(id);"
    "CREATE INDEX person_names ON person(family_key, given_key);"
    "CREATE INDEX account_body ON account(body);"
    "CREATE INDEX training_body ON training(body);"
    "CREATE UNIQUE INDEX enrolment_once ON enrolment(person, training);"
    "CREATE INDEX enrolment_caseload ON enrolment(body, person);"
    "CREATE INDEX enrolment_body ON enrolment(body);"
    "CREATE INDEX enrolment_person ON enrolment(person);"
    "CREATE INDEX quote_body ON quote(body);"
    "CREATE INDEX quote_person ON quote(person);"
    "CREATE UNIQUE INDEX entry_once ON entry(quote);"
    "CREATE INDEX entry_body ON entry(body);"
    "CREATE INDEX entry_person ON entry(person);";

static const char *const migrations[] = {tables, indexes};

enum err
schema_create_tables(struct sql *sql)
{
	return sql_migrate(sql, migrations, 1);
}

enum err
schema_create_indexes(struct sql *sql)
{
	return sql_migrate(sql, migrations, 2);
}

enum err
schema_migrate(struct sql *sql)
{
	return sql_migrate(sql, migrations, 2);
}
