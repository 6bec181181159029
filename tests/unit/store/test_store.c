/* store: opening, schema, steps as one, and what a killed writer leaves. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "store/db.h"

static void
a_new_store_has_the_newest_schema_and_is_private(void **state)
{
	struct stat status;
	uint32_t version, again;

	(void)state;
	assert_int_equal(store_version(store, &version), ERR_NONE);
	assert_true(version >= 1);
	assert_int_equal(stat(fixture_path(), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	fixture_reopen();
	assert_int_equal(store_version(store, &again), ERR_NONE);
	assert_int_equal(again, version);
}

static void
a_second_opener_is_refused(void **state)
{
	struct store *other;
	const char *why = "";

	(void)state;
	assert_int_equal(store_open(fixture_path(), &other, &why), ERR_BUSY);
	assert_string_equal(why, "another process holds the database");
}

static void
a_file_that_is_no_database_is_refused_in_words(void **state)
{
	char path[160];
	struct store *other;
	const char *why = "";

	(void)state;
	(void)snprintf(path, sizeof(path), "%s.copy", fixture_path());
	assert_int_equal(file_replace(path, "this is no database, but a letter of more than some bytes", 56, 0600),
	    ERR_NONE);
	assert_int_equal(store_open(path, &other, &why), ERR_CORRUPT);
	assert_string_equal(why, "the file is not a database, or it is damaged");
}

static void
steps_that_are_rolled_back_leave_nothing(void **state)
{
	struct store_identity got;

	(void)state;
	assert_int_equal(store_begin(store), ERR_NONE);
	assert_int_equal(store_begin(store), ERR_BUSY);
	fixture_identity("gone", 0, 0);
	store_rollback(store);
	assert_int_equal(store_identity_find_login(store, "gone", &got), ERR_NOT_FOUND);
}

static void
numbers_are_consecutive_and_survive(void **state)
{
	uint64_t first, second;

	(void)state;
	assert_int_equal(store_take_numbers(store, "order", 10, &first), ERR_NONE);
	assert_int_equal(first, 1);
	fixture_reopen();
	assert_int_equal(store_take_numbers(store, "order", 1, &second), ERR_NONE);
	assert_int_equal(second, 11);
}

static void
a_place_in_a_list_of_fields_is_named_once(void **state)
{
	char name[STORE_NAME_TEXT_MAX];

	(void)state;
	assert_int_equal(store_field_name(store, 1, 0, name), ERR_NOT_FOUND);
	assert_int_equal(store_field_put(store, 1, 0, "family_name"), ERR_NONE);
	assert_int_equal(store_field_put(store, 2, 0, "email"), ERR_NONE);
	assert_int_equal(store_field_put(store, 1, 0, "email"), ERR_EXISTS);
	fixture_reopen();
	assert_int_equal(store_field_name(store, 1, 0, name), ERR_NONE);
	assert_string_equal(name, "family_name");
	assert_int_equal(store_field_name(store, 1, 1, name), ERR_NOT_FOUND);
}

/* What the first version left: its tables, and no others. */
static void
a_store_of_the_first_schema_is_brought_up_to_date(void **state)
{
	struct store_identity got;
	char name[STORE_NAME_TEXT_MAX];
	const char *why = "";
	uint32_t version;
	struct db *db;

	(void)state;
	fixture_identity("lea", 0, 0);
	store_close(store);
	assert_int_equal(db_open(fixture_path(), &db, &why), ERR_NONE);
	assert_int_equal(db_script(db, "DROP TABLE meter_fields; UPDATE schema_version SET version = 1;"), ERR_NONE);
	db_close(db);
	assert_int_equal(store_open(fixture_path(), &store, &why), ERR_NONE);
	assert_int_equal(store_version(store, &version), ERR_NONE);
	assert_int_equal(version, 2);
	assert_int_equal(store_identity_find_login(store, "lea", &got), ERR_NONE);
	assert_int_equal(store_field_name(store, 1, 0, name), ERR_NOT_FOUND);
}

static void
a_copy_taken_in_use_opens(void **state)
{
	char path[160];
	struct store *copy;
	struct store_identity got;
	const char *why = "";

	(void)state;
	fixture_identity("lea", 0, 0);
	(void)snprintf(path, sizeof(path), "%s.copy", fixture_path());
	assert_int_equal(store_backup(store, path), ERR_NONE);
	assert_int_equal(store_open(path, &copy, &why), ERR_NONE);
	assert_int_equal(store_identity_find_login(copy, "lea", &got), ERR_NONE);
	store_close(copy);
}

/* Add identities without end, telling each one that is durable by a byte. */
static void
write_until_killed(int fd)
{
	const char *why = "";
	struct store *own;

	if (store_open(fixture_path(), &own, &why) != ERR_NONE)
		_exit(1);
	for (int i = 0;; i++) {
		struct store_identity identity;
		uint32_t number;

		memset(&identity, 0, sizeof(identity));
		(void)snprintf(identity.provider, sizeof(identity.provider), "local");
		(void)snprintf(identity.login, sizeof(identity.login), "user-%d", i);
		memcpy(identity.subject, identity.login, sizeof(identity.subject));
		if (store_identity_add(own, &identity, &number) != ERR_NONE || write(fd, "x", 1) != 1)
			_exit(2);
	}
}

static void
what_was_told_durable_is_there_after_kill_9(void **state)
{
	(void)state;
	store_close(store);
	store = NULL;
	for (int round = 0; round < 5; round++) {
		char login[32];
		struct store_identity got;
		const char *why = "";
		uint64_t total;
		int told = 0;
		int ends[2];
		char byte;
		pid_t child;

		assert_int_equal(unlink(fixture_path()), 0);
		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0)
			write_until_killed(ends[1]);
		close(ends[1]);
		while (told < 7 + round * 5 && read(ends[0], &byte, 1) == 1)
			told++;
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		while (read(ends[0], &byte, 1) == 1)
			told++;
		close(ends[0]);
		assert_int_equal(store_open(fixture_path(), &store, &why), ERR_NONE);
		assert_int_equal(store_identity_total(store, &total), ERR_NONE);
		/* One more may have been made durable before it could be told. */
		assert_in_range(total, told, told + 1);
		for (int i = 0; i < told; i++) {
			(void)snprintf(login, sizeof(login), "user-%d", i);
			assert_int_equal(store_identity_find_login(store, login, &got), ERR_NONE);
			assert_int_equal(got.number, i + 1);
		}
		store_close(store);
		store = NULL;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_has_the_newest_schema_and_is_private),
		TEST(a_second_opener_is_refused),
		TEST(a_file_that_is_no_database_is_refused_in_words),
		TEST(steps_that_are_rolled_back_leave_nothing),
		TEST(numbers_are_consecutive_and_survive),
		TEST(a_place_in_a_list_of_fields_is_named_once),
		TEST(a_store_of_the_first_schema_is_brought_up_to_date),
		TEST(a_copy_taken_in_use_opens),
		TEST(what_was_told_durable_is_there_after_kill_9),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
