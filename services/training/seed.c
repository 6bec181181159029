/*
 * seed: see the header. Blocks; one transaction, indexes at the end, rows in
 * the order of their numbers, so that several million take about a minute.
 */
#include "services/training/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "services/sql/sql.h"
#include "services/training/fold.h"
#include "services/training/population.h"
#include "services/training/schema.h"

#define TRAININGS_PER_BODY 8
#define PROGRESS_EVERY 4096
#define SEEDED_BY "import"

/* Numbers of the rows so far, and the reference of what they draw from. */
struct seeding {
	const struct seed_options *options;
	struct population population;
	struct sql *sql;
	const struct reference_training **training; /* of each training row, from 0 */
	int64_t enrolments;
	int64_t quotes;
	int64_t entries;
};

/* NULL for an empty text. */
static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static enum err
insert_person(struct seeding *s, uint64_t index)
{
	static const char sql[] = "INSERT INTO person VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
	struct population_person person;
	sqlite3_stmt *query = sql_query(s->sql, sql);
	char family_key[64];
	char given_key[64];

	population_person(&s->population, index, &person);
	fold_text(person.family_name, family_key, sizeof(family_key));
	fold_text(person.given_name, given_key, sizeof(given_key));
	const char *texts[] = {person.id, person.family_name, person.given_name, family_key, given_key,
	    person.birth_date, person.street, person.postal_code, person.city, person.city_code,
	    or_null(person.email), or_null(person.telephone), person.status, person.category,
	    person.registered_on, or_null(person.guardian_name), or_null(person.guardian_email)};
	sql_bind_number(query, 1, (int64_t)index + 1);
	for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
		sql_bind_text(query, i + 2, texts[i]);
	return sql_do(query);
}

static enum err
insert_entry(struct seeding *s, struct prng *prng, int64_t person, int64_t body, int64_t training)
{
	sqlite3_stmt *query = sql_query(s->sql,
	    "INSERT INTO entry VALUES(?,?,?,?,?,'2025-11-03','2025-11-03T09:00:00.000Z','" SEEDED_BY "')");
	static const char *const weeks[] = {"2025-11-03", "2025-11-10", "2025-11-17"};
	enum err err;

	sql_bind_number(query, 1, ++s->entries);
	sql_bind_number(query, 2, s->quotes);
	sql_bind_number(query, 3, person);
	sql_bind_number(query, 4, body);
	sql_bind_number(query, 5, training);
	err = sql_do(query);
	size_t attended = prng_below(prng, 4);
	for (size_t i = 0; err == ERR_NONE && i < attended && i < sizeof(weeks) / sizeof(weeks[0]); i++) {
		query = sql_query(s->sql, "INSERT INTO attendance(entry, week, hours) VALUES(?,?,?)");
		sql_bind_number(query, 1, s->entries);
		sql_bind_text(query, 2, weeks[i]);
		sql_bind_number(query, 3, 14 + prng_below(prng, 22));
		err = sql_do(query);
	}
	return err;
}

static enum err
insert_quote(struct seeding *s, struct prng *prng, int64_t person, int64_t body, int64_t training)
{
	static const char *const states[] = {"draft", "sent", "accepted", "accepted", "refused"};
	static const char sql[] =
	    "INSERT INTO quote VALUES(?1,?2,?3,?4,?5,?6,?7,'2025-11-03',?8,'2025-10-01T08:00:00.000Z','"
	    SEEDED_BY "', iif(?8 = 'draft', NULL, '2025-10-02T08:00:00.000Z'),"
	    " iif(?8 IN ('accepted','refused'), '2025-10-09T08:00:00.000Z', NULL))";
	const struct reference_training *kind = s->training[training - 1];
	const char *state = states[prng_below(prng, 5)];
	sqlite3_stmt *query = sql_query(s->sql, sql);
	enum err err;

	sql_bind_number(query, 1, ++s->quotes);
	sql_bind_number(query, 2, s->enrolments);
	sql_bind_number(query, 3, person);
	sql_bind_number(query, 4, body);
	sql_bind_number(query, 5, training);
	sql_bind_number(query, 6, kind->hours);
	sql_bind_number(query, 7, (int64_t)kind->hours * kind->cents_per_hour);
	sql_bind_text(query, 8, state);
	err = sql_do(query);
	if (err == ERR_NONE && strcmp(state, "accepted") == 0 && prng_below(prng, 10) < 7)
		err = insert_entry(s, prng, person, body, training);
	return err;
}

static enum err
insert_enrolment(struct seeding *s, struct prng *prng, int64_t person, int64_t body)
{
	sqlite3_stmt *query =
	    sql_query(s->sql, "INSERT INTO enrolment VALUES(?,?,?,?,'2025-09-22','" SEEDED_BY "')");
	int64_t training = (body - 1) * TRAININGS_PER_BODY + 1 + prng_below(prng, TRAININGS_PER_BODY);
	enum err err;

	sql_bind_number(query, 1, ++s->enrolments);
	sql_bind_number(query, 2, person);
	sql_bind_number(query, 3, body);
	sql_bind_number(query, 4, training);
	err = sql_do(query);
	if (err == ERR_NONE && prng_below(prng, 10) < 4)
		err = insert_quote(s, prng, person, body, training);
	return err;
}

/* The lesser of two draws: bodies with low numbers are larger, none is empty for long. */
static int64_t
draw_body(struct seeding *s, struct prng *prng)
{
	uint32_t a = prng_below(prng, s->options->bodies);
	uint32_t b = prng_below(prng, s->options->bodies);

	return 1 + (int64_t)(prng_below(prng, 3) == 0 && b < a ? b : a);
}

/* Two in five are enrolled with a body, one in twenty with a second one. */
static enum err
insert_path(struct seeding *s, uint64_t index)
{
	struct prng prng = prng_stream(s->options->seed, POPULATION_PATH, index);
	int64_t person = (int64_t)index + 1;
	int64_t first = draw_body(s, &prng);
	int64_t second = draw_body(s, &prng);
	uint32_t drawn = prng_below(&prng, 100);
	enum err err = ERR_NONE;

	if (drawn < 40)
		err = insert_enrolment(s, &prng, person, first);
	if (err == ERR_NONE && drawn < 5 && second != first)
		err = insert_enrolment(s, &prng, person, second);
	return err;
}

static enum err
insert_trainings(struct seeding *s, unsigned body)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; err == ERR_NONE && i < TRAININGS_PER_BODY; i++) {
		const struct reference_training *kind =
		    reference_training(s->options->reference, body * 13 + i * 7);
		sqlite3_stmt *query = sql_query(s->sql,
		    "INSERT INTO training(body, title, hours, price_cents) VALUES(?,?,?,?)");
		s->training[body * TRAININGS_PER_BODY + i] = kind;
		sql_bind_number(query, 1, (int64_t)body + 1);
		sql_bind_text(query, 2, kind->title);
		sql_bind_number(query, 3, kind->hours);
		sql_bind_number(query, 4, (int64_t)kind->hours * kind->cents_per_hour);
		err = sql_do(query);
	}
	return err;
}

static enum err
insert_account(struct seeding *s, unsigned body, size_t at)
{
	static const char sql[] = "INSERT INTO account(login, body, name, email, role, state, created_at,"
	                          " created_by) VALUES(?,?,?,?,?,'active','2025-01-06T08:00:00.000Z',NULL)";
	struct population_account account;
	sqlite3_stmt *query = sql_query(s->sql, sql);

	population_account(&s->population, body, at, &account);
	sql_bind_text(query, 1, account.login);
	sql_bind_number(query, 2, (int64_t)body + 1);
	sql_bind_text(query, 3, account.name);
	sql_bind_text(query, 4, account.email);
	sql_bind_text(query, 5, account.role);
	return sql_do(query);
}

static enum err
insert_body(struct seeding *s, unsigned index)
{
	struct population_body body;
	sqlite3_stmt *query = sql_query(s->sql, "INSERT INTO body VALUES(?,?,?,?,?,?)");
	enum err err;

	population_body(&s->population, index, &body);
	sql_bind_number(query, 1, (int64_t)index + 1);
	sql_bind_text(query, 2, body.key);
	sql_bind_text(query, 3, body.name);
	sql_bind_text(query, 4, body.siret);
	sql_bind_text(query, 5, body.postal_code);
	sql_bind_text(query, 6, body.city);
	err = sql_do(query);
	if (err == ERR_NONE)
		err = insert_trainings(s, index);
	/* A manager and three to five partners. */
	for (size_t at = 0; err == ERR_NONE && at < 4 + index % 3; at++)
		err = insert_account(s, index, at);
	return err;
}

static enum err
insert_all(struct seeding *s)
{
	const struct seed_options *options = s->options;
	enum err err = ERR_NONE;

	for (unsigned i = 0; err == ERR_NONE && i < options->bodies; i++)
		err = insert_body(s, i);
	for (uint64_t i = 0; err == ERR_NONE && i < options->people; i++) {
		err = insert_person(s, i);
		if (err == ERR_NONE)
			err = insert_path(s, i);
		if (options->progress != NULL && i % PROGRESS_EVERY == 0)
			options->progress(options->progress_context, i, options->people);
	}
	return err;
}

static enum err
fill(struct seeding *s)
{
	enum err err = schema_create_tables(s->sql);

	if (err == ERR_NONE)
		err = sql_begin(s->sql);
	if (err == ERR_NONE)
		err = sql_end(s->sql, insert_all(s));
	if (err == ERR_NONE)
		err = schema_create_indexes(s->sql);
	if (err == ERR_NONE)
		err = sql_run(s->sql, "ANALYZE");
	return err;
}

static enum err
sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return synced ? ERR_NONE : ERR_IO;
}

static enum err
sync_parent(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		return file_sync_dir(".");
	slash[slash == dir ? 1 : 0] = '\0';
	return file_sync_dir(dir);
}

/* link() refuses to replace, rename() would not: nobody's population is lost. */
static enum err
publish(const char *made, const char *path)
{
	enum err err = sync_file(made);

	if (err == ERR_NONE && link(made, path) != 0)
		err = errno == EEXIST ? ERR_EXISTS : ERR_IO;
	(void)unlink(made);
	return err == ERR_NONE ? sync_parent(path) : err;
}

static enum err
build(struct seeding *s, const char *path, const char **why)
{
	enum err err = sql_open(path, SQL_BUILD, &s->sql, why);

	if (err != ERR_NONE)
		return err;
	err = fill(s);
	*why = err_text(err);
	sql_close(s->sql);
	return err;
}

enum err
seed_run(const struct seed_options *options, const char **why)
{
	struct seeding s = {.options = options,
	    .population = {.seed = options->seed, .reference = options->reference}};
	char made[PATH_MAX];
	enum err err;

	*why = "the file exists already";
	if (access(options->database, F_OK) == 0)
		return ERR_EXISTS;
	*why = "the path is too long";
	if (snprintf(made, sizeof(made), "%s.new", options->database) >= (int)sizeof(made))
		return ERR_RANGE;
	*why = err_text(ERR_NOMEM);
	s.training = calloc((size_t)options->bodies * TRAININGS_PER_BODY, sizeof(struct reference_training *));
	if (s.training == NULL)
		return ERR_NOMEM;
	(void)unlink(made);
	err = build(&s, made, why);
	free(s.training);
	if (err != ERR_NONE) {
		(void)unlink(made);
		return err;
	}
	err = publish(made, options->database);
	*why = err_text(err);
	if (err == ERR_NONE && options->progress != NULL)
		options->progress(options->progress_context, options->people, options->people);
	return err;
}
