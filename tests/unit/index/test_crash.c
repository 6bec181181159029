#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "bed.h"

/* 2026-01-20T00:00:00Z; a disclosure every five minutes goes into the next month. */
#define START_US 1768867200000000ULL
#define STEP_US 300000000ULL
#define DISCLOSURES 6000
#define END_US (START_US + DISCLOSURES * STEP_US)
#define SEED 77
#define QUESTIONS 78

/* Feed what is not yet taken; flush now and then; say on `progress` after each flush how far it came. */
static void
feed(struct index *index, uint64_t until, uint32_t flush_every, int progress)
{
	struct stream_of_chance stream = {.dice = {SEED}, .now_us = START_US, .step_us = STEP_US,
	    .persons = 3000, .identities = 40, .organisations = 7, .bursts = true};
	struct chance *chance = malloc(sizeof(*chance));

	assert_non_null(chance);
	for (uint64_t entry = 0; entry < until; entry++) {
		const struct disclosure *d = chance_next(&stream, chance);
		const char *why = "";

		if (entry < index_next_entry(index))
			continue;
		if (index_add(index, entry, d, &why) != ERR_NONE)
			fail_msg("index_add: %s", why);
		if (entry % flush_every == 0) {
			assert_int_equal(index_flush(index, NULL), ERR_NONE);
			assert_true(progress < 0 || write(progress, &entry, sizeof(entry)) == sizeof(entry));
		}
	}
	free(chance);
}

/* What an index that never crashed answers. */
static void
right_answers(struct bytes *out)
{
	struct bed bed;

	bytes_init(out, 1U << 30);
	bed_make(&bed, 5000);
	struct index *index = bed_open(&bed);
	feed(index, DISCLOSURES, 50, -1);
	bed_answers(index, QUESTIONS, START_US, END_US, out);
	index_free(index);
	bed_remove(&bed);
}

/* Kill the feeding child once it has said that entry `at` is durable. */
static void
feed_and_kill(struct bed *bed, uint64_t at, uint64_t *ret_durable)
{
	uint64_t entry = 0;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		feed(bed_open(bed), DISCLOSURES, 7, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	while (read(ends[0], &entry, sizeof(entry)) == sizeof(entry)) {
		*ret_durable = entry + 1;
		if (entry >= at)
			break;
	}
	(void)kill(child, SIGKILL);
	/* What it said before it died counts too. */
	while (read(ends[0], &entry, sizeof(entry)) == sizeof(entry))
		*ret_durable = entry + 1;
	(void)close(ends[0]);
	assert_true(waitpid(child, NULL, 0) == child);
}

static void
killed_at_any_moment_it_goes_on_where_it_was_durable(void **state)
{
	struct dice dice = {4711};
	struct bytes right, got;
	struct bed bed;
	uint64_t durable = 0;

	(void)state;
	right_answers(&right);
	bytes_init(&got, 1U << 30);
	bed_make(&bed, 5000);
	for (uint64_t at = 0; at < DISCLOSURES; at += 1 + dice_below(&dice, 2 * DISCLOSURES / 40)) {
		feed_and_kill(&bed, at, &durable);
		struct index *index = bed_open(&bed);
		assert_true(index_next_entry(index) >= durable);
		assert_int_equal(index_check(index, NULL), ERR_NONE);
		index_free(index);
	}
	struct index *index = bed_open(&bed);
	feed(index, DISCLOSURES, 50, -1);
	bed_answers(index, QUESTIONS, START_US, END_US, &got);
	assert_int_equal(got.len, right.len);
	assert_memory_equal(got.data, right.data, got.len);
	index_free(index);
	bed_remove(&bed);
	bytes_wipe(&got);
	bytes_wipe(&right);
}

/* Sealed, unsealed and dictionaries of two months. */
static void
make_whole(struct bed *bed)
{
	bed_make(bed, 20000);
	struct index *index = bed_open(bed);
	feed(index, DISCLOSURES, 50, -1);
	assert_int_equal(index_flush(index, NULL), ERR_NONE);
	index_free(index);
}

static void
read_all(const char *path, struct bytes *b)
{
	bytes_init(b, 1U << 30);
	assert_int_equal(file_read(path, b), ERR_NONE);
}

/* Open, ask and feed the rest: the right answers, or ERR_CORRUPT with a reason. */
static enum err
open_and_ask(struct bed *bed, const struct bytes *right)
{
	struct bytes got;
	struct index *index = NULL;
	const char *why = NULL;
	enum err err = index_open(bed->dir, &bed->options, &index, &why);

	if (err == ERR_NONE)
		err = index_check(index, &why);
	if (err != ERR_NONE) {
		assert_int_equal(err, ERR_CORRUPT);
		assert_non_null(why);
		assert_non_null(strstr(why, "rebuild"));
		index_free(index);
		return err;
	}
	feed(index, DISCLOSURES, 50, -1);
	bytes_init(&got, 1U << 30);
	bed_answers(index, QUESTIONS, START_US, END_US, &got);
	assert_int_equal(got.len, right->len);
	assert_memory_equal(got.data, right->data, got.len);
	bytes_wipe(&got);
	index_free(index);
	return ERR_NONE;
}

static void
spoil(const char *prefix, bool cut, unsigned times, unsigned *ret_found)
{
	struct dice dice = {99};
	struct bytes right, file;
	struct bed bed;
	char path[512];

	right_answers(&right);
	*ret_found = 0;
	for (unsigned i = 0; i < times; i++) {
		make_whole(&bed);
		bed_path(&bed, prefix, path);
		read_all(path, &file);
		uint32_t at = dice_below(&dice, (uint32_t)file.len);
		if (cut)
			assert_int_equal(truncate(path, at), 0);
		else {
			file.data[at] ^= (uint8_t)(1U << dice_below(&dice, 8));
			assert_int_equal(file_replace(path, file.data, file.len, 0600), ERR_NONE);
		}
		if (open_and_ask(&bed, &right) != ERR_NONE)
			(*ret_found)++;
		bytes_wipe(&file);
		bed_remove(&bed);
	}
	bytes_wipe(&right);
}

static void
a_flipped_bit_is_found_or_mended_never_believed(void **state)
{
	unsigned found;

	(void)state;
	spoil("segment-", false, 12, &found);
	assert_int_equal(found, 12);
	spoil("names-", false, 12, &found);
	assert_int_equal(found, 12);
	spoil("manifest", false, 6, &found);
	assert_int_equal(found, 6);
	/* In the last frame of the log it is as if it had not been written: asked for again. */
	spoil("tail-", false, 12, &found);
	assert_true(found >= 6);
}

static void
a_cut_file_is_found_or_mended_never_believed(void **state)
{
	unsigned found;

	(void)state;
	spoil("segment-", true, 6, &found);
	assert_int_equal(found, 6);
	spoil("names-", true, 6, &found);
	assert_int_equal(found, 6);
	spoil("manifest", true, 6, &found);
	assert_int_equal(found, 6);
	/* The end of the log is asked for again; without its head it is no log. */
	spoil("tail-", true, 12, &found);
	assert_true(found < 3);
}

static void
a_missing_file_is_found_on_opening(void **state)
{
	static const char *const prefixes[] = {"segment-", "names-", "tail-", "manifest"};
	struct bed bed;
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct index *index = NULL;
		const char *why = NULL;

		make_whole(&bed);
		bed_path(&bed, prefixes[i], path);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(index_open(bed.dir, &bed.options, &index, &why), ERR_CORRUPT);
		assert_non_null(strstr(why, "rebuild"));
		bed_remove(&bed);
	}
}

static void
another_key_is_told_from_a_changed_file(void **state)
{
	struct index_query all = {.until_us = UINT64_MAX};
	struct index_total total;
	const char *why = NULL;
	struct bed bed;

	(void)state;
	make_whole(&bed);
	bed.salt = 1;
	struct index *index = bed_open(&bed);
	assert_int_equal(index_count(index, &all, &total, &why), ERR_CRYPTO);
	assert_string_equal(why, "the key of this period does not fit its dictionary");
	index_free(index);
	bed_remove(&bed);
}

static bool
holds(const char *path, const char *text)
{
	struct bytes b;
	bool found;

	read_all(path, &b);
	found = memmem(b.data, b.len, text, strlen(text)) != NULL;
	bytes_wipe(&b);
	return found;
}

static void
no_file_holds_an_identifier_in_the_clear(void **state)
{
	static const char *const prefixes[] = {"segment-", "names-", "tail-", "manifest"};
	struct bed bed;
	char path[512];

	(void)state;
	make_whole(&bed);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		bed_path(&bed, prefixes[i], path);
		/* Every second identifier of the model holds this. */
		assert_false(holds(path, "-4f0c"));
		assert_false(holds(path, "000000000"));
	}
	bed_remove(&bed);
}

static void
a_full_disk_leaves_what_was_durable(void **state)
{
	struct bytes right, got;
	struct bed bed;

	(void)state;
	right_answers(&right);
	bytes_init(&got, 1U << 30);
	bed_make(&bed, 5000);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* No file may grow past this: writes fail as on a full disk, without the signal. */
		struct stream_of_chance stream = {.dice = {SEED}, .now_us = START_US, .step_us = STEP_US,
		    .persons = 3000, .identities = 40, .organisations = 7, .bursts = true};
		const struct rlimit limit = {20000, 20000};
		struct chance *chance = malloc(sizeof(*chance));
		struct index *index = bed_open(&bed);
		enum err err = ERR_NONE;

		(void)signal(SIGXFSZ, SIG_IGN);
		if (chance == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(2);
		for (uint64_t entry = 0; entry < DISCLOSURES && err == ERR_NONE; entry++) {
			err = index_add(index, entry, chance_next(&stream, chance), NULL);
			if (err == ERR_NONE && entry % 50 == 0)
				err = index_flush(index, NULL);
		}
		_exit(err != ERR_NONE && index_flush(index, NULL) != ERR_NONE ? 0 : 1);
	}
	int status = 0;
	assert_true(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
	struct index *index = bed_open(&bed);
	assert_true(index_next_entry(index) > 0);
	feed(index, DISCLOSURES, 50, -1);
	bed_answers(index, QUESTIONS, START_US, END_US, &got);
	assert_int_equal(got.len, right.len);
	assert_memory_equal(got.data, right.data, got.len);
	index_free(index);
	bed_remove(&bed);
	bytes_wipe(&got);
	bytes_wipe(&right);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(killed_at_any_moment_it_goes_on_where_it_was_durable),
	    cmocka_unit_test(a_flipped_bit_is_found_or_mended_never_believed),
	    cmocka_unit_test(a_cut_file_is_found_or_mended_never_believed),
	    cmocka_unit_test(a_missing_file_is_found_on_opening),
	    cmocka_unit_test(another_key_is_told_from_a_changed_file),
	    cmocka_unit_test(no_file_holds_an_identifier_in_the_clear),
	    cmocka_unit_test(a_full_disk_leaves_what_was_durable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
