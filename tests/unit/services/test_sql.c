#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/sql/sql.h"

static char dir[64];
static char path[96];

static struct sql *
open_writer(void)
{
	struct sql *sql;
	const char *why;

	assert_int_equal(sql_open(path, SQL_WRITE, &sql, &why), ERR_NONE);
	return sql;
}

static const char *const migrations[] = {
    "CREATE TABLE a(n INTEGER PRIMARY KEY, t TEXT UNIQUE, CHECK(n < 10)) STRICT",
    "CREATE TABLE b(a INTEGER REFERENCES a) STRICT",
};

static void
migrations_run_once_and_newer_files_are_refused(void **state)
{
	struct sql *sql = open_writer();

	(void)state;
	assert_int_equal(sql_migrate(sql, migrations, 1), ERR_NONE);
	assert_int_equal(sql_migrate(sql, migrations, 2), ERR_NONE);
	assert_int_equal(sql_migrate(sql, migrations, 2), ERR_NONE);
	assert_int_equal(sql_migrate(sql, migrations, 1), ERR_UNSUPPORTED);
	sql_close(sql);
}

static enum err
insert(struct sql *sql, int64_t number, const char *text)
{
	sqlite3_stmt *query = sql_query(sql, "INSERT INTO a VALUES(?,?)");

	sql_bind_number(query, 1, number);
	sql_bind_text(query, 2, text);
	return sql_do(query);
}

static void
constraints_are_told_apart(void **state)
{
	struct sql *sql = open_writer();

	(void)state;
	assert_int_equal(insert(sql, 1, "x"), ERR_NONE);
	assert_int_equal(insert(sql, 2, "x"), ERR_EXISTS);
	assert_int_equal(insert(sql, 1, "y"), ERR_EXISTS);
	assert_int_equal(insert(sql, 11, "z"), ERR_RANGE);
	assert_int_equal(sql_run(sql, "INSERT INTO b VALUES(99)"), ERR_RANGE);
	assert_int_equal(sql_do(sql_query(sql, "no such statement")), ERR_FORMAT);
	sql_close(sql);
}

static void
a_failed_transaction_leaves_nothing(void **state)
{
	struct sql *sql = open_writer();

	(void)state;
	assert_int_equal(sql_begin(sql), ERR_NONE);
	assert_int_equal(insert(sql, 5, "five"), ERR_NONE);
	assert_int_equal(sql_end(sql, ERR_DENIED), ERR_DENIED);
	assert_int_equal(insert(sql, 5, "five"), ERR_NONE);
	sql_close(sql);
}

static void
readers_see_what_is_committed_and_cannot_write(void **state)
{
	struct sql *sql;
	const char *why;

	(void)state;
	assert_int_equal(sql_open(path, SQL_READ, &sql, &why), ERR_NONE);
	sqlite3_stmt *query = sql_query(sql, "SELECT t FROM a WHERE n = 5");
	assert_int_equal(sql_step(query), ERR_NONE);
	assert_string_equal(sql_text(query, 0), "five");
	assert_int_equal(sql_step(query), ERR_NOT_FOUND);
	assert_int_equal(insert(sql, 6, "six"), ERR_DENIED);
	sql_close(sql);
}

static void
the_file_is_for_its_owner_only(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
what_is_no_database_is_refused_with_words(void **state)
{
	struct sql *sql;
	const char *why = NULL;

	(void)state;
	assert_int_not_equal(sql_open("/nowhere/at/all", SQL_READ, &sql, &why), ERR_NONE);
	assert_non_null(why);
}

static int
make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_sql.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/db", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = {"", "-wal", "-shm"};
	char name[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, names[i]);
		(void)unlink(name);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(migrations_run_once_and_newer_files_are_refused),
	    cmocka_unit_test(constraints_are_told_apart),
	    cmocka_unit_test(a_failed_transaction_leaves_nothing),
	    cmocka_unit_test(readers_see_what_is_committed_and_cannot_write),
	    cmocka_unit_test(the_file_is_for_its_owner_only),
	    cmocka_unit_test(what_is_no_database_is_refused_with_words),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
