#include "scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/positions.h"
#include "ledger/verify.h"

static struct scratch scratch;

static void
assert_whole(void)
{
	struct ledger_report *report = malloc(sizeof(*report));

	assert_non_null(report);
	assert_int_equal(
	    ledger_verify(scratch.dir, (const char *)scratch.key.data, NULL, NULL, report), ERR_NONE);
	for (size_t i = 0; i < report->n_findings && i < LEDGER_FINDINGS_MAX; i++)
		print_message("%s: %s\n", report->findings[i].file, report->findings[i].words);
	assert_true(report->whole);
	assert_int_equal(report->n_findings, 0);
	assert_int_equal(report->sequences_unstated, 0);
	free(report);
}

static struct ledger_reader *
open_reader(void)
{
	struct ledger_reader *reader = NULL;
	const char *why = NULL;

	assert_int_equal(
	    ledger_reader_open(scratch.dir, &scratch.signer.verifier, scratch.keys, &reader, &why), ERR_NONE);
	return reader;
}

/* Worker 0's sequences first..last, in order, are all that the ledger holds. */
static void
assert_holds(uint64_t first, uint64_t last)
{
	struct ledger_reader *reader = open_reader();
	struct ledger_record record;
	char expected[24];

	for (uint64_t i = first; i <= last; i++) {
		assert_int_equal(ledger_read(reader, &record), ERR_NONE);
		assert_true(record.index == i - first);
		assert_true(record.entry.source.sequence == i);
		assert_int_equal(record.readable, LEDGER_READABLE);
		assert_int_equal(record.entry.disclosure.n_persons, SCRATCH_PERSONS);
		(void)snprintf(expected, sizeof(expected), "p0-%llu-1", (unsigned long long)i);
		assert_int_equal(record.entry.disclosure.persons[1].id_len, strlen(expected));
		assert_memory_equal(record.entry.disclosure.persons[1].id, expected, strlen(expected));
	}
	assert_int_equal(ledger_read(reader, &record), ERR_NOT_FOUND);
	ledger_reader_free(reader);
}

static bool
stands(const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", scratch.dir, name);
	return access(path, F_OK) == 0;
}

static void
a_new_ledger_is_signed_and_empty(void **state)
{
	struct ledger *ledger = scratch_open(&scratch);
	struct merkle_head head;
	struct ledger_source source;

	(void)state;
	ledger_head(ledger, &head);
	assert_true(head.size == 0);
	assert_int_equal(ledger_position(ledger, 1, 0, &source), ERR_NOT_FOUND);
	assert_int_equal(ledger_positions(ledger, &source, 1), 0);
	ledger_free(ledger);
	assert_true(stands("checkpoint"));
	assert_whole();
}

static void
what_was_committed_is_read_back_in_order_after_any_number_of_sessions(void **state)
{
	/* Around the edges of a tile, and single ones. */
	static const uint64_t ends[] = {1, 2, 255, 256, 257, 511, 512, 700, 1024, 1025, 2000};
	uint64_t first = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		scratch_grow(&scratch, first, ends[i]);
		first = ends[i] + 1;
		assert_holds(1, ends[i]);
		assert_whole();
	}
	assert_true(stands("tile/0/000"));
	assert_true(stands("tile/entries/006"));
	/* Partial tiles of those that became full are gone, the last ones stand. */
	assert_false(stands("tile/0/000.p"));
	assert_false(stands("tile/entries/003.p"));
	assert_false(stands("tile/entries/004.p"));
	assert_true(stands("tile/entries/007.p/208"));
	assert_true(stands("tile/1/000.p/7"));
}

static void
the_files_are_those_of_one_commit_however_it_was_cut(void **state)
{
	struct bytes one, many;

	(void)state;
	scratch_grow(&scratch, 1, 700);
	scratch_read(&scratch, "checkpoint", &one);
	scratch_shell("rm -rf '%s'", scratch.dir);
	for (uint64_t i = 1; i <= 700; i += 70)
		scratch_grow(&scratch, i, i + 69);
	scratch_read(&scratch, "checkpoint", &many);
	assert_int_equal(one.len, many.len);
	assert_memory_equal(one.data, many.data, one.len);
	bytes_wipe(&one);
	bytes_wipe(&many);
}

static void
entries_that_were_not_committed_are_dropped_with_their_position(void **state)
{
	struct ledger *ledger;
	struct ledger_source source;

	(void)state;
	scratch_grow(&scratch, 1, 10);
	ledger = scratch_open(&scratch);
	assert_int_equal(scratch_add(ledger, 0, 11), ERR_NONE);
	assert_int_equal(ledger_pending(ledger), 1);
	assert_int_equal(ledger_position(ledger, 1, 0, &source), ERR_NONE);
	assert_true(source.sequence == 10);
	ledger_free(ledger);
	ledger = scratch_open(&scratch);
	assert_int_equal(ledger_position(ledger, 1, 0, &source), ERR_NONE);
	assert_true(source.sequence == 10 && source.offset == 4106 && source.segment == 2 && source.writer == 100);
	ledger_free(ledger);
	assert_holds(1, 10);
}

static void
the_same_record_is_taken_once(void **state)
{
	struct ledger *ledger = scratch_open(&scratch);

	(void)state;
	assert_int_equal(scratch_add(ledger, 0, 5), ERR_NONE);
	assert_int_equal(scratch_add(ledger, 0, 5), ERR_EXISTS);
	assert_int_equal(scratch_add(ledger, 0, 4), ERR_EXISTS);
	assert_int_equal(scratch_add(ledger, 1, 5), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	ledger = scratch_open(&scratch);
	assert_int_equal(scratch_add(ledger, 0, 5), ERR_EXISTS);
	assert_int_equal(scratch_add(ledger, 0, 6), ERR_NONE);
	ledger_free(ledger);
}

static void
a_skipped_record_moves_the_position_without_an_entry(void **state)
{
	struct ledger_source source = {.node = 1, .worker = 3, .writer = 9, .sequence = 44, .segment = 6, .offset = 99};
	struct ledger_source found;
	struct ledger *ledger = scratch_open(&scratch);
	struct merkle_head head;

	(void)state;
	assert_int_equal(ledger_skip(ledger, &source), ERR_NONE);
	assert_int_equal(ledger_skip(ledger, &source), ERR_EXISTS);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	ledger = scratch_open(&scratch);
	assert_int_equal(ledger_position(ledger, 1, 3, &found), ERR_NONE);
	assert_true(found.sequence == 44 && found.offset == 99);
	ledger_head(ledger, &head);
	assert_true(head.size == 0);
	ledger_free(ledger);
}

static void
the_engine_numbers_its_own_entries(void **state)
{
	struct ledger *ledger = scratch_open(&scratch);
	struct ledger_entry entry = {.kind = LEDGER_REMARK, .at_us = SCRATCH_NOW_US,
	    .remark = {.topic = ledger_text_of("start"), .words = ledger_text_of("first")}};

	(void)state;
	for (uint64_t i = 1; i <= 3; i++) {
		entry.source = ledger_engine_source(ledger, 1);
		assert_true(entry.source.sequence == i);
		assert_int_equal(ledger_add(ledger, &entry), ERR_NONE);
	}
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	ledger = scratch_open(&scratch);
	assert_true(ledger_engine_source(ledger, 1).sequence == 4);
	assert_true(ledger_engine_source(ledger, 2).sequence == 1);
	ledger_free(ledger);
	assert_whole();
}

static void
a_large_disclosure_comes_back_in_parts_with_everyone(void **state)
{
	static uint8_t ids[DISCLOSURE_PERSONS_MAX][PERSON_ID_MAX];
	static struct person_ref persons[DISCLOSURE_PERSONS_MAX];
	struct ledger_entry entry = {.kind = LEDGER_DISCLOSURE, .source = {.node = 1, .writer = 4, .sequence = 1},
	    .disclosure = {.kind = DISCLOSURE_HANDED, .at_us = SCRATCH_NOW_US, .n_persons = DISCLOSURE_PERSONS_MAX,
	        .persons = persons}};
	struct ledger *ledger = scratch_open(&scratch);
	struct ledger_reader *reader;
	struct ledger_record record;
	uint32_t seen = 0;

	(void)state;
	for (uint32_t i = 0; i < DISCLOSURE_PERSONS_MAX; i++) {
		memcpy(ids[i], &i, sizeof(i));
		persons[i] = (struct person_ref){.id = ids[i], .id_len = PERSON_ID_MAX};
	}
	assert_int_equal(ledger_add(ledger, &entry), ERR_NONE);
	assert_int_equal(ledger_pending(ledger), 5);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	assert_whole();
	reader = open_reader();
	while (ledger_read(reader, &record) == ERR_NONE)
		for (uint32_t i = 0; i < record.entry.disclosure.n_persons; i++, seen++)
			assert_memory_equal(record.entry.disclosure.persons[i].id, ids[seen], PERSON_ID_MAX);
	assert_int_equal(seen, DISCLOSURE_PERSONS_MAX);
	ledger_reader_free(reader);
}

static void
destroying_the_key_ends_the_link_and_keeps_every_proof(void **state)
{
	struct ledger *ledger;
	struct ledger_reader *reader;
	struct ledger_record record;

	(void)state;
	scratch_grow(&scratch, 1, 300);
	ledger = scratch_open(&scratch);
	assert_int_equal(scratch_add(ledger, 0, 301), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	assert_int_equal(period_key_destroy(scratch.keys, 202611), ERR_NONE);
	/* Not even the process that used the key a moment ago has it any more. */
	assert_int_equal(scratch_add(ledger, 0, 302), ERR_EXPIRED);
	ledger_free(ledger);
	assert_whole();
	reader = open_reader();
	assert_int_equal(ledger_read(reader, &record), ERR_NONE);
	assert_int_equal(record.readable, LEDGER_KEY_GONE);
	assert_null(record.entry.disclosure.persons);
	assert_int_equal(record.entry.disclosure.n_persons, SCRATCH_PERSONS);
	ledger_reader_free(reader);
	scratch_shell("rm -rf '%s/keys'", scratch.root);
}

static void
a_reader_without_keys_sees_what_is_clear(void **state)
{
	struct ledger_reader *reader;
	struct ledger_record record;
	const char *why;

	(void)state;
	scratch_grow(&scratch, 1, 2);
	assert_int_equal(ledger_reader_open(scratch.dir, &scratch.signer.verifier, NULL, &reader, &why), ERR_NONE);
	assert_int_equal(ledger_read(reader, &record), ERR_NONE);
	assert_int_equal(record.readable, LEDGER_NO_KEY);
	assert_int_equal(record.entry.disclosure.identity, 5);
	ledger_reader_seek(reader, 1);
	assert_int_equal(ledger_read(reader, &record), ERR_NONE);
	assert_true(record.entry.source.sequence == 2);
	ledger_reader_seek(reader, 0);
	assert_int_equal(ledger_read(reader, &record), ERR_NONE);
	assert_true(record.entry.source.sequence == 1);
	ledger_reader_free(reader);
}

static void
proofs_from_the_tiles_convince_whoever_holds_the_checkpoint(void **state)
{
	struct ledger_reader *reader;
	struct merkle_head old_head, head;
	struct merkle_proof proof;
	struct hasher *hasher;
	struct bytes bundle;
	struct reader r;

	(void)state;
	assert_int_equal(hasher_open(&hasher), ERR_NONE);
	scratch_grow(&scratch, 1, 300);
	reader = open_reader();
	ledger_reader_head(reader, &old_head);
	ledger_reader_free(reader);
	scratch_grow(&scratch, 301, 1000);
	reader = open_reader();
	ledger_reader_head(reader, &head);
	scratch_read(&scratch, "tile/entries/002", &bundle);
	reader_init(&r, bundle.data, bundle.len);
	for (uint64_t i = 512; i < 768; i++) {
		struct merkle_hash leaf;
		size_t len;
		const uint8_t *entry = bundle_take(&r, &len);

		merkle_leaf(hasher, entry, len, &leaf);
		assert_int_equal(ledger_reader_prove(reader, i, &proof), ERR_NONE);
		assert_true(merkle_check_inclusion(hasher, &head, i, &leaf, &proof));
	}
	assert_int_equal(ledger_reader_prove_since(reader, old_head.size, &proof), ERR_NONE);
	assert_true(merkle_check_consistency(hasher, &old_head, &head, &proof));
	assert_int_equal(ledger_reader_prove(reader, 1000, &proof), ERR_RANGE);
	bytes_wipe(&bundle);
	ledger_reader_free(reader);
	hasher_free(hasher);
}

static void
a_second_process_is_kept_out(void **state)
{
	struct ledger *ledger = scratch_open(&scratch), *second;
	const char *why = NULL;

	(void)state;
	assert_int_equal(scratch_try_open(&scratch, &second, &why), ERR_BUSY);
	assert_non_null(why);
	ledger_free(ledger);
}

static void
a_time_far_ahead_is_kept_and_sealed_with_the_present_key(void **state)
{
	struct ledger *ledger = scratch_open(&scratch);
	struct ledger_reader *reader;
	struct ledger_record record;
	uint32_t periods[2];
	size_t n;

	(void)state;
	/* The sequence is added to the time: this one is years ahead. */
	assert_int_equal(scratch_add(ledger, 0, UINT64_C(1) << 47), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	assert_int_equal(period_keys_list(scratch.keys, periods, 2, &n), ERR_NONE);
	assert_int_equal(n, 1);
	assert_int_equal(periods[0], 202611);
	reader = open_reader();
	assert_int_equal(ledger_read(reader, &record), ERR_NONE);
	assert_int_equal(record.readable, LEDGER_READABLE);
	assert_true(record.entry.at_us == SCRATCH_NOW_US + (UINT64_C(1) << 47));
	ledger_reader_free(reader);
	assert_whole();
}

static void
without_a_cursor_the_positions_come_from_the_entries(void **state)
{
	struct ledger *ledger;
	struct ledger_source source;

	(void)state;
	scratch_grow(&scratch, 1, 600);
	scratch_shell("rm '%s/cursor'", scratch.dir);
	ledger = scratch_open(&scratch);
	assert_int_equal(ledger_position(ledger, 1, 0, &source), ERR_NONE);
	assert_true(source.sequence == 600);
	ledger_free(ledger);
	scratch_shell("printf garbage > '%s/cursor'", scratch.dir);
	scratch_grow(&scratch, 601, 610);
	assert_holds(1, 610);
	assert_whole();
}

static void
a_cursor_that_names_sizes_out_of_the_world_is_disregarded(void **state)
{
	struct bytes cursor, note;
	struct checkpoint checkpoint;
	struct positions *positions = calloc(1, sizeof(*positions));
	char path[200];

	(void)state;
	assert_non_null(positions);
	scratch_grow(&scratch, 1, 5);
	scratch_read(&scratch, "checkpoint", &note);
	assert_int_equal(
	    checkpoint_open((const char *)note.data, note.len, &scratch.signer.verifier, &checkpoint), ERR_NONE);
	struct ledger_state committed = {.head = checkpoint.head, .positions = positions};
	struct ledger_state next = {.head = {.size = MERKLE_SIZE_MAX}, .positions = positions};
	bytes_init(&cursor, CURSOR_LEN_MAX);
	assert_int_equal(cursor_format(&committed, &next, &cursor), ERR_NONE);
	(void)snprintf(path, sizeof(path), "%s/cursor", scratch.dir);
	assert_int_equal(file_replace(path, cursor.data, cursor.len, 0640), ERR_NONE);
	scratch_grow(&scratch, 6, 7);
	assert_holds(1, 7);
	bytes_wipe(&cursor);
	bytes_wipe(&note);
	free(positions);
}

static void
a_checkpoint_that_was_put_back_is_refused_and_nothing_is_removed(void **state)
{
	struct ledger *ledger;
	const char *why = "";

	(void)state;
	scratch_grow(&scratch, 1, 250);
	scratch_shell("cp '%s/checkpoint' '%s/old'", scratch.dir, scratch.root);
	scratch_grow(&scratch, 251, 600);
	scratch_grow(&scratch, 601, 900);
	scratch_shell("cp '%s/checkpoint' '%s/new' && cp '%s/old' '%s/checkpoint'", scratch.dir, scratch.root,
	    scratch.root, scratch.dir);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_CORRUPT);
	assert_non_null(strstr(why, "put back"));
	/* With the cursor gone too, the files beyond give it away. */
	scratch_shell("mv '%s/cursor' '%s/cursor'", scratch.dir, scratch.root);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_CORRUPT);
	/* And without any checkpoint it is no new ledger. */
	scratch_shell("rm '%s/checkpoint'", scratch.dir);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_CORRUPT);
	scratch_shell("mv '%s/cursor' '%s/cursor'", scratch.root, scratch.dir);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_CORRUPT);
	scratch_shell("mv '%s/new' '%s/checkpoint'", scratch.root, scratch.dir);
	assert_holds(1, 900);
	scratch_grow(&scratch, 901, 901);
	assert_whole();
}

static void
another_key_or_a_changed_edge_is_refused(void **state)
{
	struct note_signer right = scratch.signer;
	struct ledger *ledger;
	const char *why = "";

	(void)state;
	scratch_grow(&scratch, 1, 300);
	assert_int_equal(note_signer_generate("ledger.example/test", &scratch.signer), ERR_NONE);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_DENIED);
	scratch.signer = right;
	scratch_shell("cd '%s' && cp tile/0/001.p/44 '%s/44' && printf X | dd of=tile/0/001.p/44 conv=notrunc status=none",
	    scratch.dir, scratch.root);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_CORRUPT);
	scratch_shell("mv '%s/44' '%s/tile/0/001.p/44'", scratch.root, scratch.dir);
	scratch_shell("cd '%s' && cp tile/1/000.p/1 '%s/1' && printf X | dd of=tile/1/000.p/1 conv=notrunc status=none",
	    scratch.dir, scratch.root);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_CORRUPT);
	scratch_shell("mv '%s/1' '%s/tile/1/000.p/1'", scratch.root, scratch.dir);
	scratch_shell(
	    "cd '%s' && printf XX | dd of=tile/entries/001.p/44 seek=50 bs=1 conv=notrunc status=none", scratch.dir);
	assert_int_equal(scratch_try_open(&scratch, &ledger, &why), ERR_CORRUPT);
	assert_non_null(strstr(why, "entries"));
}

static void
a_full_disk_fails_the_commit_and_leaves_the_ledger_whole(void **state)
{
	struct rlimit unlimited, limit;
	struct ledger *ledger;
	uint64_t next = 11;
	int failed = 0;

	(void)state;
	scratch_grow(&scratch, 1, 10);
	ledger = scratch_open(&scratch);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
	/* No file may grow past these lengths: each stops the commit at another step. */
	for (rlim_t room = 0; room < 60000; room = room < 400 ? room + 40 : room + room / 3) {
		for (int i = 0; i < 37; i++)
			assert_int_equal(scratch_add(ledger, 0, next++), ERR_NONE);
		limit = unlimited;
		limit.rlim_cur = room;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		enum err err = ledger_commit(ledger);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
		failed += err != ERR_NONE;
		if (err != ERR_NONE)
			assert_whole();
	}
	assert_true(failed > 5);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	assert_holds(1, next - 1);
	assert_whole();
}

static void
too_much_pending_asks_for_a_commit(void **state)
{
	static uint8_t id[PERSON_ID_MAX];
	static struct person_ref persons[DISCLOSURE_PERSONS_MAX];
	struct ledger_entry entry = {.kind = LEDGER_DISCLOSURE, .source = {.node = 1, .writer = 4},
	    .disclosure = {.kind = DISCLOSURE_HANDED, .at_us = SCRATCH_NOW_US, .n_persons = DISCLOSURE_PERSONS_MAX,
	        .persons = persons}};
	struct ledger *ledger = scratch_open(&scratch);
	enum err err;

	(void)state;
	for (uint32_t i = 0; i < DISCLOSURE_PERSONS_MAX; i++)
		persons[i] = (struct person_ref){.id = id, .id_len = PERSON_ID_MAX};
	do {
		entry.source.sequence++;
		err = ledger_add(ledger, &entry);
	} while (err == ERR_NONE && entry.source.sequence < 1000);
	assert_int_equal(err, ERR_SPACE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	assert_int_equal(ledger_add(ledger, &entry), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	assert_whole();
}

static int
set_up(void **state)
{
	(void)state;
	scratch_init(&scratch);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_wipe(&scratch);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_ledger_is_signed_and_empty),
	    TEST(what_was_committed_is_read_back_in_order_after_any_number_of_sessions),
	    TEST(the_files_are_those_of_one_commit_however_it_was_cut),
	    TEST(entries_that_were_not_committed_are_dropped_with_their_position),
	    TEST(the_same_record_is_taken_once),
	    TEST(a_skipped_record_moves_the_position_without_an_entry),
	    TEST(the_engine_numbers_its_own_entries),
	    TEST(a_large_disclosure_comes_back_in_parts_with_everyone),
	    TEST(destroying_the_key_ends_the_link_and_keeps_every_proof),
	    TEST(a_reader_without_keys_sees_what_is_clear),
	    TEST(proofs_from_the_tiles_convince_whoever_holds_the_checkpoint),
	    TEST(a_second_process_is_kept_out),
	    TEST(a_time_far_ahead_is_kept_and_sealed_with_the_present_key),
	    TEST(without_a_cursor_the_positions_come_from_the_entries),
	    TEST(a_cursor_that_names_sizes_out_of_the_world_is_disregarded),
	    TEST(a_checkpoint_that_was_put_back_is_refused_and_nothing_is_removed),
	    TEST(another_key_or_a_changed_edge_is_refused),
	    TEST(a_full_disk_fails_the_commit_and_leaves_the_ledger_whole),
	    TEST(too_much_pending_asks_for_a_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
