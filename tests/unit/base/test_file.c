#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char dir[64];

static const char *
at(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
a_replaced_file_reads_back_and_leaves_no_temporary(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 100);
	assert_int_equal(file_replace(at("a"), "one", 3, 0600), ERR_NONE);
	assert_int_equal(file_replace(at("a"), "three", 5, 0600), ERR_NONE);
	assert_int_equal(file_read(at("a"), &b), ERR_NONE);
	assert_int_equal(b.len, 5);
	assert_memory_equal(b.data, "three", 5);
	assert_int_equal(access(at("a.new"), F_OK), -1);
	bytes_wipe(&b);
}

static void
a_secret_that_others_may_read_is_refused(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 100);
	assert_int_equal(file_replace(at("s"), "key", 3, 0640), ERR_NONE);
	assert_int_equal(file_read_secret(at("s"), &b), ERR_DENIED);
	assert_int_equal(chmod(at("s"), 0600), 0);
	assert_int_equal(file_read_secret(at("s"), &b), ERR_NONE);
	bytes_wipe(&b);
}

static void
what_is_missing_too_large_or_no_file_is_said(void **state)
{
	struct bytes b;

	(void)state;
	bytes_init(&b, 2);
	assert_int_equal(file_read(at("none"), &b), ERR_NOT_FOUND);
	assert_int_equal(file_read(dir, &b), ERR_FORMAT);
	assert_int_equal(file_replace(at("big"), "123", 3, 0600), ERR_NONE);
	assert_int_equal(file_read(at("big"), &b), ERR_RANGE);
	bytes_wipe(&b);
}

static void
directories_are_made_with_their_parents(void **state)
{
	(void)state;
	assert_int_equal(file_make_dir(at("x/y/z"), 0700), ERR_NONE);
	assert_int_equal(file_make_dir(at("x/y/z"), 0700), ERR_NONE);
	assert_int_equal(file_replace(at("f"), "", 0, 0600), ERR_NONE);
	assert_int_equal(file_make_dir(at("f"), 0700), ERR_EXISTS);
}

static int
make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_file.XXXXXX");
	return mkdtemp(dir) == NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_replaced_file_reads_back_and_leaves_no_temporary),
	    cmocka_unit_test(a_secret_that_others_may_read_is_refused),
	    cmocka_unit_test(what_is_missing_too_large_or_no_file_is_said),
	    cmocka_unit_test(directories_are_made_with_their_parents),
	};
	return cmocka_run_group_tests(tests, make_dir, NULL);
}
