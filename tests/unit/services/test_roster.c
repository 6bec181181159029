#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "services/sql/sql.h"
#include "services/training/roster.h"
#include "services/training/schema.h"

/*
 * Four people with names in order 3, 1, 4, 2; the body 1 follows 1 and 2, the
 * body 2 nobody.
 */
static const char people[] =
    "INSERT INTO body VALUES(1,'a','A','0','0','x'),(2,'b','B','0','0','x');"
    "INSERT INTO training VALUES(1,1,'t',1,1),(2,1,'u',1,1);"
    "INSERT INTO person SELECT column1, column2, column3, column4, column3, column4, '2000-01-01', '', '', '',"
    " '', NULL, NULL, 'registered', 'A', '2020-01-01', NULL, NULL FROM (VALUES"
    " (1,'0000001A','LE GALL','ANNE'),(2,'0000002B','MARTIN','ALI'),"
    " (3,'0000003C','ALI','MARTINE'),(4,'0000004D','LE GOFF','PAUL'));"
    "INSERT INTO enrolment VALUES(1,1,1,1,'2020-01-01','x'),(2,1,1,2,'2020-01-01','x'),"
    "(3,2,1,1,'2020-01-01','x');";

static char path[64];
static struct sql *sql;
static struct roster_cache *cache;

static void
check(int64_t body, const char *query, const char *expected)
{
	struct roster *roster;
	char got[64] = "";
	size_t len = 0;

	assert_int_equal(roster_get(cache, sql, body, query, &roster), ERR_NONE);
	for (uint32_t i = 0; i < roster->count; i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%u ", roster->person[i]);
	assert_string_equal(got, expected);
	roster_release(cache, roster);
}

static void
everybody_and_a_caseload_come_in_the_order_of_names(void **state)
{
	(void)state;
	check(0, "", "3 1 4 2 ");
	check(1, "", "1 2 ");
	check(2, "", "");
}

static void
a_family_name_or_its_beginning_is_found(void **state)
{
	(void)state;
	check(0, "le g", "1 4 ");
	check(0, "Le Gall", "1 ");
	check(0, "zzz", "");
	check(1, "le g", "1 ");
}

static void
both_names_are_found_in_either_order(void **state)
{
	(void)state;
	check(0, "martin ali", "3 2 ");
	check(0, "le gall anne", "1 ");
	check(0, "anne le gall", "1 ");
	check(1, "ali martin", "2 ");
}

static void
an_identifier_is_found_only_in_the_own_caseload(void **state)
{
	(void)state;
	check(0, "0000003c", "3 ");
	check(1, "0000003C", "");
	check(1, "0000002B", "2 ");
}

static void
a_search_cannot_smuggle_statements_or_patterns(void **state)
{
	(void)state;
	check(0, "' OR 1=1 --", "");
	check(0, "%", "3 1 4 2 ");
	check(0, "_ARTIN", "");
}

static void
a_changed_caseload_shows_once_it_is_forgotten(void **state)
{
	(void)state;
	check(2, "", "");
	assert_int_equal(
	    sql_run(sql, "INSERT INTO enrolment VALUES(9,4,2,2,'2020-01-01','x')"), ERR_NONE);
	check(2, "", "");
	roster_forget(cache, 2);
	check(2, "", "4 ");
	check(2, "le goff", "4 ");
}

static void
more_searches_than_are_kept_all_answer(void **state)
{
	struct roster *held;
	char query[32];

	(void)state;
	assert_int_equal(roster_get(cache, sql, 0, "martin", &held), ERR_NONE);
	for (int i = 0; i < 400; i++) {
		(void)snprintf(query, sizeof(query), "name%d", i);
		check(0, query, "");
	}
	assert_int_equal(held->count, 1);
	roster_release(cache, held);
	check(0, "", "3 1 4 2 ");
}

static int
set_up(void **state)
{
	const char *why;
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test_roster.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	return sql_open(path, SQL_BUILD, &sql, &why) != ERR_NONE || schema_migrate(sql) != ERR_NONE ||
	    sql_run(sql, people) != ERR_NONE || roster_cache_open(&cache) != ERR_NONE;
}

static int
tear_down(void **state)
{
	(void)state;
	roster_cache_free(cache);
	sql_close(sql);
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everybody_and_a_caseload_come_in_the_order_of_names),
	    cmocka_unit_test(a_family_name_or_its_beginning_is_found),
	    cmocka_unit_test(both_names_are_found_in_either_order),
	    cmocka_unit_test(an_identifier_is_found_only_in_the_own_caseload),
	    cmocka_unit_test(a_search_cannot_smuggle_statements_or_patterns),
	    cmocka_unit_test(a_changed_caseload_shows_once_it_is_forgotten),
	    cmocka_unit_test(more_searches_than_are_kept_all_answer),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
