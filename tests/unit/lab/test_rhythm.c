#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab/replay/rhythm.h"

/* The path of a file with these lines; the caller unlinks and frees it. */
static char *
write_log(const char *lines)
{
	char *path = NULL;
	FILE *out;

	assert_true(asprintf(&path, "rhythm-%d.csv", (int)getpid()) > 0);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(lines, out) >= 0);
	assert_int_equal(fclose(out), 0);
	return path;
}

static void
distinct_persons_are_counted_by_day_and_the_busiest_come_first(void **state)
{
	/* Organisation 7 works on two days, organisation 3 on one; person 4 comes twice on a day. */
	char *path = write_log("reviewerId,vendorId,rating,date\n"
	                       "1,3,5,2006-03-01 08:00\n"
	                       "4,7,5,2006-02-28 08:00\n4,7,1,2006-02-28 09:30\n5,7,5,2006-02-28 10:00\n"
	                       "6,7,5,2006-03-01 10:00\n");
	struct rhythm rhythm = {0};
	const char *why = "";

	(void)state;
	assert_int_equal(rhythm_read(path, 10, &rhythm, &why), ERR_NONE);
	assert_int_equal(rhythm.count, 2);
	assert_int_equal(rhythm.bodies[0].all[0], 1);
	assert_int_equal(rhythm.bodies[0].all[1], 2);
	assert_int_equal(rhythm.bodies[0].own[1], 1);
	assert_int_equal(rhythm.bodies[0].typical, 1);
	assert_int_equal(rhythm.bodies[1].all[0], 1);
	rhythm_wipe(&rhythm);
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void
a_line_of_another_kind_is_refused(void **state)
{
	char *path = write_log("reviewerId,vendorId,rating,date\n1,3,5,2006-03-01\nwhat is this\n");
	struct rhythm rhythm = {0};
	const char *why = "";

	(void)state;
	assert_int_equal(rhythm_read(path, 10, &rhythm, &why), ERR_FORMAT);
	assert_string_equal(why, "a line is not reviewerId,vendorId,rating,date");
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void
a_log_that_is_not_there_is_said_so(void **state)
{
	struct rhythm rhythm = {0};
	const char *why = "";

	(void)state;
	assert_int_equal(rhythm_read("not-there.csv", 10, &rhythm, &why), ERR_NOT_FOUND);
	assert_string_equal(why, "cannot be opened");
}

static void
the_model_is_the_same_for_the_same_seed_and_near_the_log(void **state)
{
	struct rhythm one = {0}, other = {0};
	double typical = 0;

	(void)state;
	assert_int_equal(rhythm_invent(40, 1, &one), ERR_NONE);
	assert_int_equal(rhythm_invent(40, 1, &other), ERR_NONE);
	assert_memory_equal(one.bodies, other.bodies, 40 * sizeof(*one.bodies));
	for (size_t i = 0; i < 40; i++)
		typical += one.bodies[i].typical / 40.0;
	/* The mean over the 40 organisations of the log is 16. */
	assert_true(typical > 10 && typical < 24);
	rhythm_wipe(&one);
	rhythm_wipe(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(distinct_persons_are_counted_by_day_and_the_busiest_come_first),
	    cmocka_unit_test(a_line_of_another_kind_is_refused),
	    cmocka_unit_test(a_log_that_is_not_there_is_said_so),
	    cmocka_unit_test(the_model_is_the_same_for_the_same_seed_and_near_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
