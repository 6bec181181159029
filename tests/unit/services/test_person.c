#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/training/person.h"
#include "services/training/schema.h"

static const char somebody[] =
    "INSERT INTO person VALUES(1,'0000001A','O\"HARA, LE','ANNE','','','2000-01-01','1 rue \"x\"',"
    "'35000','Rennes','35238',NULL,'06 39 98 00 00','registered','A','2020-01-01',NULL,NULL)";

static char path[64];
static struct sql *sql;
static struct bytes bytes;

static sqlite3_stmt *
row(void)
{
	sqlite3_stmt *query = sql_query(sql, "SELECT " PERSON_COLUMNS " FROM person p");

	assert_int_equal(sql_step(query), ERR_NONE);
	return query;
}

static void
check(const char *expected)
{
	assert_int_equal(bytes.len, strlen(expected));
	assert_memory_equal(bytes.data, expected, bytes.len);
}

static void
cells_with_commas_or_quotes_are_quoted(void **state)
{
	sqlite3_stmt *query = row();

	(void)state;
	bytes_clear(&bytes);
	assert_int_equal(person_write_csv(&bytes, query), ERR_NONE);
	check("0000001A,\"O\"\"HARA, LE\",ANNE,2000-01-01,\"1 rue \"\"x\"\"\",35000,Rennes,35238,,"
	      "06 39 98 00 00,registered,A\r\n");
	sql_done(query);
}

static void
the_head_names_as_many_columns_as_rows_have(void **state)
{
	(void)state;
	bytes_clear(&bytes);
	assert_int_equal(person_write_csv_head(&bytes), ERR_NONE);
	check("id,family_name,given_name,birth_date,street,postal_code,city,city_code,email,telephone,"
	      "status,category\r\n");
}

static void
what_is_unknown_is_null_and_lists_leave_out_what_only_the_record_shows(void **state)
{
	sqlite3_stmt *query = row();
	struct json_out out;

	(void)state;
	bytes_clear(&bytes);
	json_out_init(&out, &bytes);
	person_write_json(&out, query, false);
	assert_int_equal(out.err, ERR_NONE);
	check("{\"id\":\"0000001A\",\"family_name\":\"O\\\"HARA, LE\",\"given_name\":\"ANNE\","
	      "\"birth_date\":\"2000-01-01\",\"address\":{\"street\":\"1 rue \\\"x\\\"\","
	      "\"postal_code\":\"35000\",\"city\":\"Rennes\",\"city_code\":\"35238\"},\"email\":null,"
	      "\"telephone\":\"06 39 98 00 00\",\"status\":\"registered\",\"category\":\"A\"}");
	sql_done(query);
}

static int
set_up(void **state)
{
	const char *why;
	int fd;

	(void)state;
	bytes_init(&bytes, 4096);
	(void)snprintf(path, sizeof(path), "/tmp/test_person.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	return sql_open(path, SQL_BUILD, &sql, &why) != ERR_NONE || schema_migrate(sql) != ERR_NONE ||
	    sql_run(sql, somebody) != ERR_NONE;
}

static int
tear_down(void **state)
{
	(void)state;
	bytes_wipe(&bytes);
	sql_close(sql);
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cells_with_commas_or_quotes_are_quoted),
	    cmocka_unit_test(the_head_names_as_many_columns_as_rows_have),
	    cmocka_unit_test(what_is_unknown_is_null_and_lists_leave_out_what_only_the_record_shows),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
