#include "store/account.h"

#include <string.h>

#include "store/inside.h"

#define ORGANISATION_COLUMNS \
	"SELECT o.number, o.key, o.name, o.territory, COALESCE(t.name, ''), o.kind, "
#define ORGANISATION_FROM \
	" FROM organisations o LEFT JOIN names t ON t.kind = 5 AND t.number = o.territory "

static const char organisation_get[] = ORGANISATION_COLUMNS "0" ORGANISATION_FROM "WHERE o.number = ?1";
static const char organisation_find[] = ORGANISATION_COLUMNS "0" ORGANISATION_FROM "WHERE o.key = ?1";
static const char organisation_all[] = ORGANISATION_COLUMNS
    "(SELECT COUNT(*) FROM identities i WHERE i.organisation = o.number)" ORGANISATION_FROM "ORDER BY o.number";

/* An identity without a territory of its own has that of its organisation. */
#define IDENTITY_COLUMNS \
	"SELECT i.number, v.name, i.subject, i.login, i.name, COALESCE(p.name, ''), COALESCE(t.name, ''), i.person," \
	" i.organisation, i.created_by, i.created_us, i.suspended_us, i.suspect_until_us, i.provider, i.profile," \
	" CASE WHEN i.territory <> 0 THEN i.territory ELSE COALESCE(o.territory, 0) END"
#define IDENTITY_FROM \
	" FROM identities i JOIN names v ON v.kind = 6 AND v.number = i.provider" \
	" LEFT JOIN names p ON p.kind = 4 AND p.number = i.profile" \
	" LEFT JOIN names t ON t.kind = 5 AND t.number = i.territory" \
	" LEFT JOIN organisations o ON o.number = i.organisation "
/* ?2 and all that it created, directly or not. UNION drops repetitions, so a circle ends. */
#define LINEAGE \
	"WITH RECURSIVE line (n) AS (SELECT ?2 UNION SELECT c.number FROM identities c JOIN line" \
	" ON c.created_by = line.n) SELECT n FROM line"
#define IDENTITY_WHERE \
	"WHERE (?1 = 0 OR i.number = ?1) AND (?2 = 0 OR i.number IN (" LINEAGE "))" \
	" AND (?3 = 0 OR i.organisation = ?3)" \
	" AND (?4 = 0 OR (CASE WHEN i.territory <> 0 THEN i.territory ELSE COALESCE(o.territory, 0) END) = ?4)" \
	" AND (?5 = 0 OR i.profile = ?5) AND (?6 = 0 OR i.provider = ?6)" \
	" AND (?7 = 0 OR i.suspended_us <> 0)" \
	" AND (?8 = '' OR i.login LIKE ?8 || '%' OR i.name LIKE '%' || ?8 || '%') AND i.number > ?9"

static const char identity_get[] = IDENTITY_COLUMNS IDENTITY_FROM "WHERE i.number = ?1";
static const char identity_find_login[] = IDENTITY_COLUMNS IDENTITY_FROM "WHERE i.login = ?1";
static const char identity_find_subject[] = IDENTITY_COLUMNS IDENTITY_FROM "WHERE v.name = ?1 AND i.subject = ?2";
/*
 * The same question by its most telling term first, so that the index on it
 * is used: asked for one identity or organisation, no table is walked.
 */
enum lead { LEAD_NONE, LEAD_IDENTITY, LEAD_CREATOR, LEAD_ORGANISATION, LEAD_MAX };

#define LEADS(select, tail) { \
	[LEAD_NONE] = select IDENTITY_WHERE tail, \
	[LEAD_IDENTITY] = select IDENTITY_WHERE " AND i.number = ?1" tail, \
	[LEAD_CREATOR] = select IDENTITY_WHERE \
	    " AND i.number IN (" LINEAGE ")" tail, \
	[LEAD_ORGANISATION] = select IDENTITY_WHERE " AND i.organisation = ?3" tail, \
}

static const char *const identity_filter[LEAD_MAX] =
    LEADS(IDENTITY_COLUMNS IDENTITY_FROM, " ORDER BY i.number LIMIT ?10");
static const char *const identity_count[LEAD_MAX] =
    LEADS("SELECT COUNT(*), COUNT(DISTINCT NULLIF(i.organisation, 0))"
          " FROM identities i LEFT JOIN organisations o ON o.number = i.organisation ", "");

static enum lead
lead_of(const struct store_filter *f)
{
	return f->identity != 0 ? LEAD_IDENTITY : f->creator != 0 ? LEAD_CREATOR :
	    f->organisation != 0 ? LEAD_ORGANISATION : LEAD_NONE;
}

static void
read_organisation(struct db_rows *rows, struct store_organisation *o)
{
	o->number = (uint32_t)db_int(rows, 0);
	db_text(rows, 1, o->key, sizeof(o->key));
	db_text(rows, 2, o->name, sizeof(o->name));
	o->territory_number = (uint32_t)db_int(rows, 3);
	db_text(rows, 4, o->territory, sizeof(o->territory));
	db_text(rows, 5, o->kind, sizeof(o->kind));
	o->n_identities = (uint32_t)db_int(rows, 6);
}

/* 0 for the empty name. */
static enum err
number_of(struct store *store, enum store_name_kind kind, const char *name, uint32_t *ret_number)
{
	if (name[0] != '\0')
		return store_name_number(store, kind, name, ret_number);
	*ret_number = 0;
	return ERR_NONE;
}

static enum err
organisation_add(struct store *store, const struct store_organisation *o, uint32_t *ret_number)
{
	uint32_t territory;
	uint64_t number;
	enum err err = number_of(store, STORE_NAME_TERRITORY, o->territory, &territory);

	if (err == ERR_NONE)
		err = store_take_numbers(store, "organisation", 1, &number);
	if (err == ERR_NONE)
		err = db_run(store->db,
		    "INSERT INTO organisations (number, key, name, territory, kind) VALUES (?1, ?2, ?3, ?4, ?5)",
		    DB_INTO(db_of_int(number), db_of_text(o->key), db_of_text(o->name), db_of_int(territory),
		        db_of_text(o->kind)));
	if (err == ERR_NONE)
		*ret_number = (uint32_t)number;
	return err;
}

enum err
store_organisation_add(struct store *store, const struct store_organisation *organisation, uint32_t *ret_number)
{
	bool own;
	enum err err = inside_begin(store, &own);

	if (err != ERR_NONE)
		return err;
	return inside_end(store, own, organisation_add(store, organisation, ret_number));
}

static enum err
get_organisation(struct store *store, const char *sql, struct db_value value, struct store_organisation *ret)
{
	struct db_rows *rows;
	enum err err = db_query(store->db, sql, &value, 1, &rows);

	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE)
		read_organisation(rows, ret);
	db_done(rows);
	return err;
}

enum err
store_organisation_get(struct store *store, uint32_t number, struct store_organisation *ret)
{
	return get_organisation(store, organisation_get, db_of_int(number), ret);
}

enum err
store_organisation_find(struct store *store, const char *key, struct store_organisation *ret)
{
	return get_organisation(store, organisation_find, db_of_text(key), ret);
}

enum err
store_organisation_each(struct store *store,
    bool (*each)(void *context, const struct store_organisation *organisation), void *context)
{
	struct store_organisation organisation;
	struct db_rows *rows;
	enum err err = db_query(store->db, organisation_all, NULL, 0, &rows);

	if (err != ERR_NONE)
		return err;
	while ((err = db_next(rows)) == ERR_NONE) {
		read_organisation(rows, &organisation);
		if (!each(context, &organisation)) {
			err = ERR_NOT_FOUND;
			break;
		}
	}
	db_done(rows);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static void
read_identity(struct db_rows *rows, struct store_identity *i)
{
	i->number = (uint32_t)db_int(rows, 0);
	db_text(rows, 1, i->provider, sizeof(i->provider));
	db_text(rows, 2, i->subject, sizeof(i->subject));
	db_text(rows, 3, i->login, sizeof(i->login));
	db_text(rows, 4, i->name, sizeof(i->name));
	db_text(rows, 5, i->profile, sizeof(i->profile));
	db_text(rows, 6, i->territory, sizeof(i->territory));
	db_text(rows, 7, i->person, sizeof(i->person));
	i->organisation = (uint32_t)db_int(rows, 8);
	i->created_by = (uint32_t)db_int(rows, 9);
	i->created_us = db_int(rows, 10);
	i->suspended_us = db_int(rows, 11);
	i->suspect_until_us = db_int(rows, 12);
	i->provider_number = (uint32_t)db_int(rows, 13);
	i->profile_number = (uint32_t)db_int(rows, 14);
	i->territory_number = (uint32_t)db_int(rows, 15);
}

static enum err
must_exist(struct store *store, const char *sql, uint32_t number)
{
	uint64_t found;

	return number == 0 ? ERR_NONE : inside_number(store, sql, DB_INTO(db_of_int(number)), &found);
}

static enum err
identity_add(struct store *store, const struct store_identity *i, uint32_t *ret_number)
{
	uint32_t provider, profile, territory;
	uint64_t number;
	enum err err = must_exist(store, "SELECT 1 FROM organisations WHERE number = ?1", i->organisation);

	if (err == ERR_NONE)
		err = must_exist(store, "SELECT 1 FROM identities WHERE number = ?1", i->created_by);
	if (err == ERR_NONE)
		err = store_name_number(store, STORE_NAME_PROVIDER, i->provider, &provider);
	if (err == ERR_NONE)
		err = number_of(store, STORE_NAME_PROFILE, i->profile, &profile);
	if (err == ERR_NONE)
		err = number_of(store, STORE_NAME_TERRITORY, i->territory, &territory);
	if (err == ERR_NONE)
		err = store_take_numbers(store, "identity", 1, &number);
	if (err == ERR_NONE && number > UINT32_MAX)
		err = ERR_RANGE;
	if (err == ERR_NONE)
		err = db_run(store->db,
		    "INSERT INTO identities (number, provider, subject, login, name, profile, territory, person,"
		    " organisation, created_by, created_us, suspended_us, suspect_until_us)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
		    DB_INTO(db_of_int(number), db_of_int(provider), db_of_text(i->subject), db_of_text(i->login),
		        db_of_text(i->name), db_of_int(profile), db_of_int(territory), db_of_text(i->person),
		        db_of_int(i->organisation), db_of_int(i->created_by), db_of_int(i->created_us),
		        db_of_int(i->suspended_us), db_of_int(i->suspect_until_us)));
	if (err == ERR_NONE)
		*ret_number = (uint32_t)number;
	return err;
}

enum err
store_identity_add(struct store *store, const struct store_identity *identity, uint32_t *ret_number)
{
	bool own;
	enum err err = inside_begin(store, &own);

	if (err != ERR_NONE)
		return err;
	return inside_end(store, own, identity_add(store, identity, ret_number));
}

static enum err
get_identity(struct store *store, const char *sql, const struct db_value *values, size_t n, struct store_identity *ret)
{
	struct db_rows *rows;
	enum err err = db_query(store->db, sql, values, n, &rows);

	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE)
		read_identity(rows, ret);
	db_done(rows);
	return err;
}

enum err
store_identity_get(struct store *store, uint32_t number, struct store_identity *ret)
{
	return get_identity(store, identity_get, DB_INTO(db_of_int(number)), ret);
}

enum err
store_identity_find_login(struct store *store, const char *login, struct store_identity *ret)
{
	return get_identity(store, identity_find_login, DB_INTO(db_of_text(login)), ret);
}

enum err
store_identity_find_subject(struct store *store, const char *provider, const char *subject,
    struct store_identity *ret)
{
	return get_identity(store, identity_find_subject, DB_INTO(db_of_text(provider), db_of_text(subject)), ret);
}

enum err
store_identity_suspend(struct store *store, uint32_t number, uint64_t at_us)
{
	return inside_change(store, "UPDATE identities SET suspended_us = ?2 WHERE number = ?1",
	    DB_INTO(db_of_int(number), db_of_int(at_us)));
}

enum err
store_identity_suspect(struct store *store, uint32_t number, uint64_t until_us)
{
	return inside_change(store, "UPDATE identities SET suspect_until_us = ?2 WHERE number = ?1",
	    DB_INTO(db_of_int(number), db_of_int(until_us)));
}

/* The parameters of IDENTITY_WHERE, and the limit. */
static void
filter_values(const struct store_filter *f, struct db_value values[10])
{
	values[0] = db_of_int(f->identity);
	values[1] = db_of_int(f->creator);
	values[2] = db_of_int(f->organisation);
	values[3] = db_of_int(f->territory);
	values[4] = db_of_int(f->profile);
	values[5] = db_of_int(f->provider);
	values[6] = db_of_int(f->suspended_only);
	values[7] = db_of_text(f->query == NULL ? "" : f->query);
	values[8] = db_of_int(f->after);
	values[9] = db_of_int(f->limit == 0 ? INT32_MAX : f->limit);
}

enum err
store_identity_each(struct store *store, const struct store_filter *filter,
    bool (*each)(void *context, const struct store_identity *identity), void *context)
{
	struct store_identity identity;
	struct db_value values[10];
	struct db_rows *rows;
	enum err err;

	filter_values(filter, values);
	err = db_query(store->db, identity_filter[lead_of(filter)], values, 10, &rows);
	if (err != ERR_NONE)
		return err;
	while ((err = db_next(rows)) == ERR_NONE) {
		read_identity(rows, &identity);
		if (!each(context, &identity)) {
			err = ERR_NOT_FOUND;
			break;
		}
	}
	db_done(rows);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err
store_identity_count(struct store *store, const struct store_filter *filter, uint64_t *ret_identities,
    uint64_t *ret_organisations)
{
	struct db_value values[10];
	struct db_rows *rows;
	enum err err;

	filter_values(filter, values);
	err = db_query(store->db, identity_count[lead_of(filter)], values, 9, &rows);
	if (err != ERR_NONE)
		return err;
	err = db_next(rows);
	if (err == ERR_NONE) {
		*ret_identities = db_int(rows, 0);
		*ret_organisations = db_int(rows, 1);
	}
	db_done(rows);
	return err;
}

enum err
store_identity_total(struct store *store, uint64_t *ret_identities)
{
	return inside_number(store, "SELECT COUNT(*) FROM identities", NULL, 0, ret_identities);
}
