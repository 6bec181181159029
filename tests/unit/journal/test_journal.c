#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static struct ground ground;

static void
what_was_appended_comes_back_in_order_once(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	struct journal_stats stats;
	struct harvest h;
	uint64_t sequence = 0;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (uint64_t i = 1; i <= 3000; i++) {
		assert_int_equal(give(w, i, (uint32_t)(i % 40), &sequence), ERR_NONE);
		assert_int_equal(sequence, i);
		if (i % 7 == 0)
			journal_kick(w);
	}
	assert_int_equal(settle(w, sequence).durable, 3000);
	assert_int_equal(journal_durable(w), 3000);
	journal_stats_get(w, &stats);
	assert_int_equal(stats.entries, 3000);
	assert_int_equal(stats.given_up, 0);
	journal_writer_close(w);

	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 3000);
	assert_int_equal(harvest_more(&h), 0);
	for (size_t i = 0; i < h.n; i++) {
		assert_int_equal(h.list[i].number, i + 1);
		assert_int_equal(h.list[i].cursor.sequence, i + 1);
		assert_int_equal(h.list[i].n_persons, (i + 1) % 40);
		assert_int_equal(h.list[i].cursor.at.node, 7);
		if (i > 0)
			assert_true(h.list[i].cursor.at.segment > h.list[i - 1].cursor.at.segment ||
			    h.list[i].cursor.at.offset > h.list[i - 1].cursor.at.offset);
	}
	assert_int_equal(harvest_remarks(&h), 0);
	harvest_close(&h);
}

static void
entries_of_the_largest_size_pass_through_several_segments(void **state)
{
	static const uint8_t id[PERSON_ID_MAX] = "x";
	static struct person_ref persons[DISCLOSURE_PERSONS_MAX];
	struct disclosure d = {.kind = DISCLOSURE_HANDED, .n_persons = DISCLOSURE_PERSONS_MAX, .persons = persons};
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	uint64_t sequence = 0;

	(void)state;
	for (uint32_t i = 0; i < DISCLOSURE_PERSONS_MAX; i++)
		persons[i] = (struct person_ref){id, PERSON_ID_MAX, (uint8_t)i, UINT32_MAX};
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (int i = 0; i < 20; i++)
		assert_int_equal(journal_append(w, &d, &sequence), ERR_NONE);
	assert_int_equal(settle(w, sequence).durable, 20);
	journal_writer_close(w);
	assert_true(count_segments(ground.dirs[0]) >= 3);
}

static void
a_full_buffer_refuses_and_recovers(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	uint64_t sequence = 0, given = 0;
	enum err err;

	(void)state;
	o.buffer_limit = 2U << 20;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	while ((err = give(w, given + 1, 4000, &sequence)) == ERR_NONE)
		given++;
	assert_int_equal(err, ERR_SPACE);
	assert_true(given > 10);
	assert_int_equal(settle(w, sequence).durable, given);
	assert_int_equal(give(w, given + 1, 4000, &sequence), ERR_NONE);
	assert_int_equal(settle(w, sequence).durable, given + 1);
	journal_writer_close(w);
}

static void
a_reader_follows_a_living_writer_and_lets_it_be(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	struct harvest h;
	size_t removed;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	harvest_open(&h, &ground);
	for (uint64_t i = 1; i <= 200; i++) {
		assert_true(give_durably(w, i));
		assert_int_equal(harvest_more(&h), 1);
		assert_int_equal(h.list[h.n - 1].number, i);
		assert_int_equal(journal_reader_remove_finished(h.reader, &removed), ERR_NONE);
		assert_int_equal(removed, 0);
	}
	const char *name = strrchr(segment_path(ground.dirs[0], 0), '/') + 1;
	assert_int_equal(journal_segment_remove(ground.dirs[0], name), ERR_BUSY);
	journal_writer_close(w);
	assert_int_equal(harvest_more(&h), 0);
	assert_int_equal(journal_reader_remove_finished(h.reader, &removed), ERR_NONE);
	assert_int_equal(removed, 1);
	assert_int_equal(count_segments(ground.dirs[0]), 0);
	assert_int_equal(harvest_remarks(&h), 0);
	harvest_close(&h);
}

static void
numbers_go_on_after_every_segment_was_removed(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	uint32_t last = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		struct journal_writer *w;
		struct harvest h;
		size_t removed;

		assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
		assert_true(give_durably(w, 1));
		journal_writer_close(w);
		harvest_open(&h, &ground);
		assert_int_equal(harvest_more(&h), 1);
		assert_true(h.list[0].cursor.at.segment > last);
		last = h.list[0].cursor.at.segment;
		assert_int_equal(journal_reader_remove_finished(h.reader, &removed), ERR_NONE);
		assert_int_equal(removed, 1);
		harvest_close(&h);
	}
}

static void
two_writers_of_one_worker_never_share_a_number(void **state)
{
	struct journal_options o = ground_options(&ground, 2);
	struct journal_writer *w[2];
	struct harvest h;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w[0]), ERR_NONE);
	assert_int_equal(journal_writer_open(&o, &w[1]), ERR_NONE);
	/* Large entries, so that both go through several segments side by side. */
	for (uint64_t i = 1; i <= 60; i++)
		for (int k = 0; k < 2; k++) {
			uint64_t sequence;

			assert_int_equal(give(w[k], i, 4000, &sequence), ERR_NONE);
			assert_int_equal(settle(w[k], sequence).durable, i);
		}
	journal_writer_close(w[0]);
	journal_writer_close(w[1]);
	assert_true(count_segments(ground.dirs[0]) >= 4);
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 120);
	assert_int_equal(harvest_remarks(&h), 0);
	for (size_t i = 0; i < h.n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct journal_cursor *a = &h.list[i].cursor, *b = &h.list[k].cursor;

			assert_false(a->at.segment == b->at.segment && a->at.offset == b->at.offset);
			if (a->writer == b->writer)
				assert_true(a->sequence > b->sequence);
			else
				assert_true(a->at.segment != b->at.segment);
		}
	harvest_close(&h);
}

static void
a_new_month_begins_a_new_segment_for_its_key(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_recipient next = o.recipient;
	struct journal_writer *w;
	struct harvest h;

	(void)state;
	next.period = TEST_PERIOD + 1;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	journal_writer_set_recipient(w, &next);
	assert_true(give_durably(w, 2));
	assert_true(give_durably(w, 3));
	journal_writer_close(w);
	assert_int_equal(count_segments(ground.dirs[0]), 2);
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 3);
	assert_true(h.list[0].cursor.at.segment < h.list[1].cursor.at.segment);
	assert_int_equal(harvest_remarks(&h), 0);
	harvest_close(&h);
}

static void
without_the_key_nothing_is_read_and_that_is_said_once(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	struct harvest h;
	size_t removed;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	assert_true(give_durably(w, 2));
	harvest_open(&h, &ground);
	h.key_gone = true;
	assert_int_equal(harvest_more(&h), 0);
	assert_int_equal(harvest_more(&h), 0);
	journal_writer_close(w);
	assert_int_equal(harvest_more(&h), 0);
	assert_int_equal(h.remarks[JOURNAL_REMARK_NO_KEY], 1);
	assert_int_equal(harvest_remarks(&h), 1);
	assert_non_null(strstr(h.words, "2026-01"));
	assert_int_equal(journal_reader_remove_finished(h.reader, &removed), ERR_NONE);
	assert_int_equal(removed, 0);
	harvest_close(&h);
}

static void
another_key_opens_nothing(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct ground other = ground;
	struct journal_writer *w;
	struct harvest h;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	journal_writer_close(w);
	assert_int_equal(seal_keypair(other.secret, other.public), ERR_NONE);
	harvest_open(&h, &other);
	assert_int_equal(harvest_more(&h), 0);
	assert_int_equal(h.remarks[JOURNAL_REMARK_DAMAGED], 1);
	harvest_close(&h);
}

static void
a_reader_that_was_refused_or_restarted_goes_on_where_it_was(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_cursor cursor;
	struct journal_writer *w;
	struct harvest h;
	uint64_t sequence = 0;
	size_t n;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(give(w, i, 3, &sequence), ERR_NONE);
	settle(w, sequence);
	harvest_open(&h, &ground);
	h.stop_after = 40;
	assert_int_equal(journal_reader_poll(h.reader, &n), ERR_SPACE);
	assert_int_equal(n, 40);
	h.stop_after = 70;
	assert_int_equal(journal_reader_poll(h.reader, &n), ERR_SPACE);
	assert_int_equal(n, 30);
	assert_int_equal(h.list[69].number, 70);
	cursor = h.list[69].cursor;
	harvest_close(&h);

	harvest_open(&h, &ground);
	assert_int_equal(journal_reader_resume(h.reader, &cursor), ERR_NONE);
	assert_int_equal(harvest_more(&h), 30);
	assert_int_equal(h.list[0].number, 71);
	assert_int_equal(harvest_remarks(&h), 0);
	journal_writer_close(w);
	harvest_close(&h);
}

static void
a_cursor_says_nothing_about_a_directory_that_was_replaced(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_cursor cursor;
	struct journal_writer *w;
	struct harvest h;
	uint64_t sequence;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(give(w, i, 3, &sequence), ERR_NONE);
	settle(w, sequence);
	journal_writer_close(w);
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 100);
	cursor = h.list[99].cursor;
	harvest_close(&h);
	assert_int_equal(unlink(segment_path(ground.dirs[0], 0)), 0);

	/* An empty directory in its place: the numbers begin anew, shorter ones than the cursor knows. */
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (uint64_t i = 1; i <= 10; i++)
		assert_int_equal(give(w, i, 3, &sequence), ERR_NONE);
	settle(w, sequence);
	journal_writer_close(w);
	harvest_open(&h, &ground);
	assert_int_equal(journal_reader_resume(h.reader, &cursor), ERR_NONE);
	assert_int_equal(harvest_more(&h), 10);
	assert_int_equal(h.list[0].cursor.at.segment, cursor.at.segment);
	assert_int_equal(harvest_remarks(&h), 0);
	harvest_close(&h);
}

static void
closing_at_once_still_commits(void **state)
{
	struct journal_options o = ground_options(&ground, 2);
	struct journal_writer *w;
	struct harvest h;
	uint64_t sequence;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_int_equal(give(w, 1, 1, &sequence), ERR_NONE);
	journal_writer_close(w);
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 1);
	harvest_close(&h);
	assert_int_equal(count_segments(ground.dirs[1]), 0);
	/* Nothing is left of what was prepared. */
	assert_int_equal(rmdir(ground.dirs[1]), 0);
	assert_int_equal(mkdir(ground.dirs[1], 0700), 0);
}

static void
files_have_the_mode_and_group_that_were_asked_for(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	struct stat st;

	(void)state;
	o.mode = 0460;
	/* Only root may give files to any group. */
	o.group = geteuid() == 0 ? 1 : getegid();
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	journal_writer_close(w);
	assert_int_equal(stat(segment_path(ground.dirs[0], 0), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0460);
	assert_int_equal(st.st_gid, o.group);
	assert_int_equal(st.st_size, TEST_SEGMENT);
}

static void
all_ways_to_sync_give_the_same_bytes_back(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	struct harvest h;

	(void)state;
	o.sync = JOURNAL_SYNC_BUFFERED;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (uint64_t i = 1; i <= 20; i++)
		assert_true(give_durably(w, i));
	journal_writer_close(w);
	harvest_open(&h, &ground);
	assert_int_equal(harvest_more(&h), 20);
	assert_int_equal(harvest_remarks(&h), 0);
	harvest_close(&h);
}

static void
the_descriptor_is_quiet_when_there_is_nothing_to_collect(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	struct pollfd p = {.fd = journal_descriptor(w), .events = POLLIN};
	struct journal_progress progress;
	journal_collect(w, &progress);
	assert_int_equal(poll(&p, 1, 0), 0);
	journal_kick(w);
	assert_int_equal(poll(&p, 1, 0), 0);
	journal_writer_close(w);
}

static void
options_that_make_no_sense_are_refused(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;

	(void)state;
	o.recipient.period = 202613;
	assert_int_equal(journal_writer_open(&o, &w), ERR_USAGE);
	o = ground_options(&ground, 1);
	o.segment_size = TEST_SEGMENT + 1;
	assert_int_equal(journal_writer_open(&o, &w), ERR_USAGE);
	o.segment_size = 4096;
	assert_int_equal(journal_writer_open(&o, &w), ERR_USAGE);
	o = ground_options(&ground, 1);
	o.dirs[0] = NULL;
	assert_int_equal(journal_writer_open(&o, &w), ERR_USAGE);
	journal_writer_close(NULL);
	journal_reader_free(NULL);
}

struct tally {
	unsigned states[SEGMENT_STATE_MAX];
	uint64_t entries;
};

static enum err
count_state(void *context, const struct journal_segment *s)
{
	struct tally *t = context;

	t->states[s->state]++;
	t->entries += s->entries;
	assert_non_null(journal_segment_state_text(s->state));
	return ERR_NONE;
}

static void
a_scan_tells_the_state_of_each_segment_without_a_key(void **state)
{
	struct journal_options o = ground_options(&ground, 1);
	struct journal_writer *w;
	struct tally t = {0};

	(void)state;
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 1));
	journal_writer_close(w);
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	assert_true(give_durably(w, 2));
	assert_true(give_durably(w, 3));
	assert_int_equal(journal_scan_dir(ground.dirs[0], count_state, &t), ERR_NONE);
	assert_int_equal(t.states[SEGMENT_LIVE], 1);
	assert_int_equal(t.states[SEGMENT_ENDED], 1);
	assert_int_equal(t.entries, 3);
	journal_writer_close(w);
	assert_int_equal(journal_scan_dir("/nonexistent", count_state, &t), ERR_IO);
}

static int
make(void **state)
{
	(void)state;
	ground_make(&ground);
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	ground_remove(&ground);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_appended_comes_back_in_order_once),
	    TEST(entries_of_the_largest_size_pass_through_several_segments),
	    TEST(a_full_buffer_refuses_and_recovers),
	    TEST(a_reader_follows_a_living_writer_and_lets_it_be),
	    TEST(numbers_go_on_after_every_segment_was_removed),
	    TEST(two_writers_of_one_worker_never_share_a_number),
	    TEST(a_new_month_begins_a_new_segment_for_its_key),
	    TEST(without_the_key_nothing_is_read_and_that_is_said_once),
	    TEST(another_key_opens_nothing),
	    TEST(a_reader_that_was_refused_or_restarted_goes_on_where_it_was),
	    TEST(a_cursor_says_nothing_about_a_directory_that_was_replaced),
	    TEST(closing_at_once_still_commits),
	    TEST(files_have_the_mode_and_group_that_were_asked_for),
	    TEST(all_ways_to_sync_give_the_same_bytes_back),
	    TEST(the_descriptor_is_quiet_when_there_is_nothing_to_collect),
	    TEST(options_that_make_no_sense_are_refused),
	    TEST(a_scan_tells_the_state_of_each_segment_without_a_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
