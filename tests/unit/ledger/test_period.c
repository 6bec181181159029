#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/period.h"

static char dir[64];

static const char *
at(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
a_time_falls_into_the_month_that_the_calendar_says(void **state)
{
	(void)state;
	/* The C library's calendar is the yardstick; every 17.3 hours through 240 years. */
	for (uint64_t s = 0; s < UINT64_C(240) * 366 * 86400; s += 62345) {
		time_t t = (time_t)s;
		struct tm utc;

		gmtime_r(&t, &utc);
		uint32_t period = period_of(s * 1000000 + 999999);
		assert_int_equal(period, (uint32_t)(utc.tm_year + 1900) * 100 + (uint32_t)utc.tm_mon + 1);
		assert_true(period_begin_us(period) <= s * 1000000 && s * 1000000 < period_end_us(period));
	}
	assert_int_equal(period_of(UINT64_MAX), 999912);
	assert_int_equal(period_of(period_begin_us(202603)), 202603);
	assert_int_equal(period_of(period_begin_us(202603) - 1), 202602);
	assert_int_equal(period_of(period_end_us(202612)), 202701);
	assert_false(period_valid(202613));
	assert_false(period_valid(202600));
	assert_false(period_valid(19));
}

static void
a_key_is_made_once_and_found_again(void **state)
{
	struct period_key first, again, other;
	struct period_keys *keys;
	struct stat st;
	uint8_t derived[32], derived_other[32];

	(void)state;
	assert_int_equal(period_keys_open(dir, &keys), ERR_NONE);
	assert_int_equal(period_key_get(keys, 202611, false, &first), ERR_NOT_FOUND);
	assert_int_equal(period_key_get(keys, 202611, true, &first), ERR_NONE);
	assert_int_equal(stat(at("period-2026-11.key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(period_key_get(keys, 202612, true, &other), ERR_NONE);
	period_keys_free(keys);

	assert_int_equal(period_keys_open(dir, &keys), ERR_NONE);
	assert_int_equal(period_key_get(keys, 202611, true, &again), ERR_NONE);
	assert_memory_equal(&first, &again, sizeof(first));
	assert_memory_not_equal(first.public_key, other.public_key, sizeof(first.public_key));
	assert_int_equal(period_key_derive(&first, PERIOD_LABEL_LEDGER, derived), ERR_NONE);
	assert_int_equal(period_key_derive(&first, PERIOD_LABEL_INDEX, derived_other), ERR_NONE);
	assert_memory_not_equal(derived, derived_other, sizeof(derived));
	period_keys_free(keys);
}

static void
a_destroyed_key_is_gone_and_never_comes_back(void **state)
{
	struct period_key key;
	struct period_keys *keys;
	uint32_t periods[4];
	size_t n;

	(void)state;
	assert_int_equal(period_keys_open(dir, &keys), ERR_NONE);
	uint64_t before = period_keys_generation(keys);
	assert_int_equal(period_key_destroy(keys, 202611), ERR_NONE);
	assert_int_not_equal(period_keys_generation(keys), before);
	assert_int_equal(period_key_get(keys, 202611, true, &key), ERR_EXPIRED);
	assert_int_equal(access(at("period-2026-11.key"), F_OK), -1);
	assert_int_equal(period_key_destroy(keys, 202611), ERR_NONE);
	assert_int_equal(period_keys_list(keys, periods, 4, &n), ERR_NONE);
	assert_int_equal(n, 1);
	assert_int_equal(periods[0], 202612);
	/* A period that never had a key cannot get one afterwards either. */
	assert_int_equal(period_key_destroy(keys, 203001), ERR_NONE);
	assert_int_equal(period_key_get(keys, 203001, true, &key), ERR_EXPIRED);
	period_keys_free(keys);
}

static void
the_bytes_of_a_destroyed_key_are_overwritten_before_it_is_unlinked(void **state)
{
	char before[128] = "", after[128] = "";
	struct period_key key;
	struct period_keys *keys;

	(void)state;
	assert_int_equal(period_keys_open(dir, &keys), ERR_NONE);
	assert_int_equal(period_key_get(keys, 202704, true, &key), ERR_NONE);
	/* A descriptor that outlives the name sees what became of the bytes. */
	int fd = open(at("period-2027-04.key"), O_RDONLY);
	assert_true(fd >= 0);
	ssize_t len = pread(fd, before, sizeof(before), 0);
	assert_true(len > 60);
	assert_int_equal(period_key_destroy(keys, 202704), ERR_NONE);
	assert_int_equal(pread(fd, after, sizeof(after), 0), len);
	assert_memory_not_equal(before + 32, after + 32, 32);
	close(fd);
	period_keys_free(keys);
}

static void
a_destruction_cut_short_is_finished_at_the_next_start(void **state)
{
	struct period_key key;
	struct period_keys *keys;

	(void)state;
	assert_int_equal(period_keys_open(dir, &keys), ERR_NONE);
	assert_int_equal(period_key_get(keys, 202705, true, &key), ERR_NONE);
	period_keys_free(keys);
	assert_int_equal(file_replace(at("period-2027-05.destroyed"), "", 0, 0600), ERR_NONE);
	assert_int_equal(period_keys_open(dir, &keys), ERR_NONE);
	assert_int_equal(access(at("period-2027-05.key"), F_OK), -1);
	period_keys_free(keys);
}

static void
a_key_file_that_is_off_or_open_to_others_is_refused(void **state)
{
	static const char wrong_month[] =
	    "tourniquet-period-key-1 2027-07 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
	struct period_key key;
	struct period_keys *keys;

	(void)state;
	assert_int_equal(period_keys_open(dir, &keys), ERR_NONE);
	assert_int_equal(period_key_get(keys, 202706, true, &key), ERR_NONE);
	assert_int_equal(chmod(at("period-2027-06.key"), 0644), 0);
	assert_int_equal(period_key_get(keys, 202706, true, &key), ERR_DENIED);
	assert_int_equal(file_replace(at("period-2027-06.key"), wrong_month, sizeof(wrong_month) - 1, 0600), ERR_NONE);
	assert_int_equal(period_key_get(keys, 202706, true, &key), ERR_FORMAT);
	assert_int_equal(file_replace(at("period-2027-06.key"), "", 0, 0600), ERR_NONE);
	assert_int_equal(period_key_get(keys, 202706, true, &key), ERR_FORMAT);
	assert_int_equal(period_key_get(keys, 202713, true, &key), ERR_RANGE);
	period_keys_free(keys);
}

static int
make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_period.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_time_falls_into_the_month_that_the_calendar_says),
	    cmocka_unit_test(a_key_is_made_once_and_found_again),
	    cmocka_unit_test(a_destroyed_key_is_gone_and_never_comes_back),
	    cmocka_unit_test(the_bytes_of_a_destroyed_key_are_overwritten_before_it_is_unlinked),
	    cmocka_unit_test(a_destruction_cut_short_is_finished_at_the_next_start),
	    cmocka_unit_test(a_key_file_that_is_off_or_open_to_others_is_refused),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
