/*
 * Segments that were torn, cut, zeroed or changed, at every block: what is whole
 * is read, nothing false is read, and what is lost is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

#define BATCHES 8

/* A recorded segment: where its batches are, as they were durable one after another. */
static struct ground torn;  /* the writer died: no end mark */
static struct ground ended; /* closed in order */
static uint32_t starts[BATCHES + 1];

/* Batches of 1, 2, 3, 1, 2, 3 ... blocks, one entry each. */
static uint32_t
persons_of(unsigned batch)
{
	return 1 + batch % 3 * 450;
}

static int
record(void **state)
{
	struct ground live;
	struct journal_options o;
	struct journal_writer *w;
	uint64_t sequence;

	(void)state;
	ground_make(&live);
	o = ground_options(&live, 1);
	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	starts[0] = JOURNAL_BLOCK;
	for (unsigned i = 0; i < BATCHES; i++) {
		struct journal_stats stats;

		assert_int_equal(give(w, i + 1, persons_of(i), &sequence), ERR_NONE);
		assert_int_equal(settle(w, sequence).durable, i + 1);
		journal_stats_get(w, &stats);
		starts[i + 1] = JOURNAL_BLOCK + (uint32_t)stats.bytes;
	}
	/* A copy has no lock: it looks as if the writer had died. */
	ground_copy(&live, &torn);
	journal_writer_close(w);
	ground_copy(&live, &ended);
	ground_remove(&live);
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	ground_remove(&torn);
	ground_remove(&ended);
	return 0;
}

static unsigned
batch_at(uint32_t offset)
{
	unsigned i = 0;

	while (i < BATCHES && starts[i + 1] <= offset)
		i++;
	return i;
}

/* Everything but batch `lost` was given; BATCHES: nothing was lost. */
static void
assert_all_but(const struct harvest *h, unsigned lost)
{
	size_t k = 0;

	assert_int_equal(h->n, lost < BATCHES ? BATCHES - 1 : BATCHES);
	for (unsigned i = 0; i < BATCHES; i++)
		if (i != lost) {
			assert_int_equal(h->list[k].number, i + 1);
			assert_int_equal(h->list[k++].n_persons, persons_of(i));
		}
}

enum harm { HARM_ZERO, HARM_FLIP, HARM_GARBAGE, HARM_OLDER_BLOCK, HARM_MAX };

static void
do_harm(const char *path, uint32_t at, enum harm harm)
{
	uint8_t block[JOURNAL_BLOCK] = {0};
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_int_equal(fseek(f, harm == HARM_OLDER_BLOCK ? (long)starts[0] : (long)at, SEEK_SET), 0);
	assert_int_equal(fread(block, 1, sizeof(block), f), sizeof(block));
	fclose(f);
	if (harm == HARM_ZERO)
		memset(block, 0, sizeof(block));
	if (harm == HARM_FLIP)
		block[at / JOURNAL_BLOCK % 100] ^= 0x10;
	if (harm == HARM_GARBAGE)
		memset(block, 0xa5, sizeof(block));
	scribble(path, at, block, sizeof(block));
}

static void
check_harm(const struct ground *from, uint32_t at, enum harm harm)
{
	bool last = batch_at(at) == BATCHES - 1 && from == &torn;
	struct ground copy;
	struct harvest h;
	size_t removed;

	ground_copy(from, &copy);
	do_harm(segment_path(copy.dirs[0], 0), at, harm);
	harvest_open(&h, &copy);
	harvest_more(&h);
	assert_all_but(&h, batch_at(at));
	assert_int_equal(h.remarks[JOURNAL_REMARK_DAMAGED] != 0, !last);
	/* A first block that is all zero looks as if nothing had been written: its sync never came back. */
	if (last)
		assert_true(h.remarks[JOURNAL_REMARK_TORN] == 1 || (harm == HARM_ZERO && at == starts[BATCHES - 1]));
	assert_int_equal(journal_reader_remove_finished(h.reader, &removed), ERR_NONE);
	assert_int_equal(removed, last ? 1 : 0);
	harvest_close(&h);
	ground_remove(&copy);
}

static void
a_changed_block_loses_its_batch_alone_and_is_told_from_a_torn_tail(void **state)
{
	(void)state;
	for (uint32_t at = starts[0]; at < starts[BATCHES]; at += JOURNAL_BLOCK)
		for (enum harm harm = 0; harm < HARM_MAX; harm++)
			if (harm != HARM_OLDER_BLOCK || at != starts[0]) {
				check_harm(&torn, at, harm);
				check_harm(&ended, at, harm);
			}
}

static void
a_damaged_end_mark_is_a_torn_tail(void **state)
{
	struct ground copy;
	struct harvest h;

	(void)state;
	ground_copy(&ended, &copy);
	do_harm(segment_path(copy.dirs[0], 0), starts[BATCHES], HARM_FLIP);
	harvest_open(&h, &copy);
	harvest_more(&h);
	assert_all_but(&h, BATCHES);
	assert_int_equal(h.remarks[JOURNAL_REMARK_TORN], 1);
	harvest_close(&h);
	ground_remove(&copy);
}

static void
a_file_that_was_cut_gives_what_is_left_and_is_called_damaged(void **state)
{
	(void)state;
	for (uint32_t at = starts[0]; at <= starts[BATCHES]; at += JOURNAL_BLOCK / 2) {
		unsigned whole = at == starts[BATCHES] ? BATCHES : batch_at(at);
		struct ground copy;
		struct harvest h;

		ground_copy(&ended, &copy);
		assert_int_equal(truncate(segment_path(copy.dirs[0], 0), at), 0);
		harvest_open(&h, &copy);
		assert_int_equal(harvest_more(&h), whole);
		assert_int_equal(h.remarks[JOURNAL_REMARK_DAMAGED], 1);
		harvest_close(&h);
		ground_remove(&copy);
	}
}

static void
any_changed_bit_of_the_header_is_said(void **state)
{
	(void)state;
	for (uint32_t bit = 0; bit < SEGMENT_HEADER_LEN * 8; bit += 3) {
		struct ground copy;
		struct harvest h;
		uint8_t byte;

		ground_copy(&torn, &copy);
		const char *path = segment_path(copy.dirs[0], 0);
		FILE *f = fopen(path, "re");
		assert_non_null(f);
		assert_int_equal(fseek(f, (long)bit / 8, SEEK_SET), 0);
		assert_int_equal(fread(&byte, 1, 1, f), 1);
		fclose(f);
		byte ^= (uint8_t)(1 << bit % 8);
		scribble(path, (off_t)bit / 8, &byte, 1);
		harvest_open(&h, &copy);
		assert_int_equal(harvest_more(&h), 0);
		assert_int_equal(h.remarks[JOURNAL_REMARK_DAMAGED] + h.remarks[JOURNAL_REMARK_FOREIGN], 1);
		harvest_close(&h);
		ground_remove(&copy);
	}
}

/* Several segments of one writer, in order. */
static void
record_several(struct ground *g, unsigned entries)
{
	struct journal_options o = ground_options(g, 1);
	struct journal_writer *w;
	uint64_t sequence = 0;

	assert_int_equal(journal_writer_open(&o, &w), ERR_NONE);
	for (unsigned i = 1; i <= entries; i++) {
		assert_int_equal(give(w, i, 4000, &sequence), ERR_NONE);
		settle(w, sequence);
	}
	journal_writer_close(w);
}

static void
a_segment_that_vanished_in_the_middle_is_missed(void **state)
{
	struct ground g;
	struct harvest h;

	(void)state;
	ground_make(&g);
	record_several(&g, 100);
	assert_true(count_segments(g.dirs[0]) >= 3);
	assert_int_equal(unlink(segment_path(g.dirs[0], 1)), 0);
	harvest_open(&h, &g);
	assert_true(harvest_more(&h) < 100);
	assert_int_equal(h.remarks[JOURNAL_REMARK_MISSING], 1);
	assert_int_equal(harvest_remarks(&h), 1);
	harvest_close(&h);
	ground_remove(&g);
}

static void
a_first_segment_that_vanished_is_missed_by_who_resumes(void **state)
{
	struct journal_cursor cursor;
	struct ground g;
	struct harvest h;

	(void)state;
	ground_make(&g);
	record_several(&g, 100);
	harvest_open(&h, &g);
	h.stop_after = 5;
	size_t n;
	assert_int_equal(journal_reader_poll(h.reader, &n), ERR_SPACE);
	cursor = h.list[4].cursor;
	harvest_close(&h);
	assert_int_equal(unlink(segment_path(g.dirs[0], 0)), 0);
	harvest_open(&h, &g);
	assert_int_equal(journal_reader_resume(h.reader, &cursor), ERR_NONE);
	harvest_more(&h);
	assert_int_equal(h.remarks[JOURNAL_REMARK_MISSING], 1);
	harvest_close(&h);
	ground_remove(&g);
}

static void
files_that_are_no_segments_do_no_harm(void **state)
{
	struct ground copy;
	struct harvest h;
	char path[128];

	(void)state;
	ground_copy(&torn, &copy);
	(void)snprintf(path, sizeof(path), "%s/n00007-w00003-s0000000099.tqj", copy.dirs[0]);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	for (int i = 0; i < 5000; i++)
		fputc('x', f);
	fclose(f);
	(void)snprintf(path, sizeof(path), "%s/n00007-w00003-s0000000101.tqj", copy.dirs[0]);
	assert_int_equal(symlink("/dev/zero", path), 0);
	(void)snprintf(path, sizeof(path), "%s/README", copy.dirs[0]);
	assert_int_equal(symlink("/dev/zero", path), 0);
	harvest_open(&h, &copy);
	harvest_more(&h);
	assert_all_but(&h, BATCHES);
	assert_int_equal(h.remarks[JOURNAL_REMARK_FOREIGN], 2);
	assert_int_equal(harvest_more(&h), 0);
	assert_int_equal(harvest_remarks(&h), 2);
	harvest_close(&h);
	ground_remove(&copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_changed_block_loses_its_batch_alone_and_is_told_from_a_torn_tail),
	    cmocka_unit_test(a_damaged_end_mark_is_a_torn_tail),
	    cmocka_unit_test(a_file_that_was_cut_gives_what_is_left_and_is_called_damaged),
	    cmocka_unit_test(any_changed_bit_of_the_header_is_said),
	    cmocka_unit_test(a_segment_that_vanished_in_the_middle_is_missed),
	    cmocka_unit_test(a_first_segment_that_vanished_is_missed_by_who_resumes),
	    cmocka_unit_test(files_that_are_no_segments_do_no_harm),
	};
	return cmocka_run_group_tests(tests, record, forget);
}
