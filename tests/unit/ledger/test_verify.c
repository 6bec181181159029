#include "scratch.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/tilestore.h"
#include "ledger/verify.h"

static struct scratch scratch;
static struct ledger_report *report;

/* Check `dir`; `since` is a note or NULL. */
static const struct ledger_report *
check(const char *dir, const struct bytes *since)
{
	struct ledger_text text = {0};

	if (since != NULL)
		text = (struct ledger_text){.data = (const char *)since->data, .len = since->len};
	assert_int_equal(ledger_verify(dir, (const char *)scratch.key.data, since != NULL ? &text : NULL, NULL, report),
	    ERR_NONE);
	return report;
}

static bool
found(enum ledger_severity severity, const char *file, uint64_t index, const char *words)
{
	for (size_t i = 0; i < report->n_findings && i < LEDGER_FINDINGS_MAX; i++) {
		const struct ledger_finding *f = &report->findings[i];

		if (f->severity == severity && strcmp(f->file, file) == 0 && f->index == index &&
		    strstr(f->words, words) != NULL)
			return true;
	}
	for (size_t i = 0; i < report->n_findings && i < LEDGER_FINDINGS_MAX; i++)
		print_message("%d %s %llu: %s\n", (int)report->findings[i].severity, report->findings[i].file,
		    (unsigned long long)report->findings[i].index, report->findings[i].words);
	return false;
}

static void
fresh_copy(void)
{
	scratch_shell("rm -rf '%s' && cp -r '%s' '%s'", scratch.copy, scratch.dir, scratch.copy);
}

/* Call `with` for each regular file below `dir`; paths are relative to it. */
static void
each_file(const char *dir, const char *inside, void (*with)(const char *path))
{
	char path[400];
	struct dirent **names;
	int n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, inside);
	n = scandir(path, &names, NULL, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		struct stat st;

		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0) {
			(void)snprintf(path, sizeof(path), "%s/%s%s%s", dir, inside, inside[0] != '\0' ? "/" : "",
			    names[i]->d_name);
			assert_int_equal(stat(path, &st), 0);
			if (S_ISDIR(st.st_mode))
				each_file(dir, path + strlen(dir) + 1, with);
			else
				with(path + strlen(dir) + 1);
		}
		free(names[i]);
	}
	free(names);
}

static void
write_copy(const char *file, const struct bytes *data, size_t len)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/%s", scratch.copy, file);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(data->data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static size_t files_bent;
static size_t bytes_bent;

static void
flip_each_byte(const char *file)
{
	bool of_the_log = strncmp(file, "tile/", 5) == 0 || strcmp(file, "checkpoint") == 0;
	struct bytes data;

	scratch_read(&scratch, file, &data);
	files_bent++;
	for (size_t i = 0; i < data.len; i++, bytes_bent++) {
		/* Another bit each time, so that all of them have their turn. */
		data.data[i] ^= (uint8_t)(1U << i % 8);
		write_copy(file, &data, data.len);
		data.data[i] ^= (uint8_t)(1U << i % 8);
		check(scratch.copy, NULL);
		if (of_the_log && report->whole)
			fail_msg("byte %zu of %s was changed and nobody noticed", i, file);
		if (!of_the_log && strcmp(file, "cursor") == 0 && report->n_findings == 0)
			fail_msg("byte %zu of %s was changed and not even remarked", i, file);
	}
	write_copy(file, &data, data.len);
	bytes_wipe(&data);
}

static void
cut_and_pad(const char *file)
{
	struct bytes data;

	if (strncmp(file, "tile/", 5) != 0 && strcmp(file, "checkpoint") != 0)
		return;
	scratch_read(&scratch, file, &data);
	for (size_t cut = 1; cut <= data.len; cut = cut * 3 + 1) {
		write_copy(file, &data, data.len - cut);
		if (check(scratch.copy, NULL)->whole)
			fail_msg("%zu bytes were cut from %s and nobody noticed", cut, file);
	}
	assert_int_equal(bytes_append(&data, "", 1), ERR_NONE);
	write_copy(file, &data, data.len);
	if (check(scratch.copy, NULL)->whole)
		fail_msg("%s has a byte too many and nobody noticed", file);
	write_copy(file, &data, data.len - 1);
	bytes_wipe(&data);
}

static void
drop(const char *file)
{
	bool older = strstr(file, ".p/") != NULL && strstr(file, "/7") == NULL;
	struct bytes data;

	if (strncmp(file, "tile/", 5) != 0 && strcmp(file, "checkpoint") != 0)
		return;
	/* Partial tiles of earlier checkpoints may be removed at will. */
	if (older)
		return;
	scratch_read(&scratch, file, &data);
	scratch_shell("rm '%s/%s'", scratch.copy, file);
	if (check(scratch.copy, NULL)->whole)
		fail_msg("%s was dropped and nobody noticed", file);
	write_copy(file, &data, data.len);
	bytes_wipe(&data);
}

static void
any_changed_byte_in_any_file_is_reported(void **state)
{
	(void)state;
	/* Two checkpoints, so that an older partial tile stands beside the last. */
	scratch_grow(&scratch, 1, 3);
	scratch_grow(&scratch, 4, 7);
	assert_true(check(scratch.dir, NULL)->whole);
	fresh_copy();
	each_file(scratch.dir, "", flip_each_byte);
	/* checkpoint, cursor, lock, two bundles, two tiles */
	assert_int_equal(files_bent, 7);
	assert_true(bytes_bent > 2000);
	assert_true(check(scratch.copy, NULL)->whole);
}

static void
any_cut_or_padded_file_is_reported(void **state)
{
	(void)state;
	scratch_grow(&scratch, 1, 300);
	scratch_grow(&scratch, 301, 520);
	fresh_copy();
	each_file(scratch.dir, "", cut_and_pad);
	assert_true(check(scratch.copy, NULL)->whole);
}

static void
any_dropped_file_is_reported(void **state)
{
	(void)state;
	scratch_grow(&scratch, 1, 3);
	scratch_grow(&scratch, 4, 7);
	fresh_copy();
	each_file(scratch.dir, "", drop);
	assert_true(check(scratch.copy, NULL)->whole);
}

static void
a_changed_entry_is_named_with_its_file_and_number(void **state)
{
	(void)state;
	scratch_grow(&scratch, 1, 600);
	fresh_copy();
	/* Entries of this ledger have about 150 bytes; this one lies in the second bundle. */
	scratch_shell("cd '%s' && printf X | dd of=tile/entries/001 seek=1000 bs=1 conv=notrunc status=none", scratch.copy);
	assert_false(check(scratch.copy, NULL)->whole);
	assert_int_equal(report->n_findings, 1);
	assert_string_equal(report->findings[0].file, "tile/entries/001");
	assert_true(report->findings[0].index >= 256 && report->findings[0].index < 270);
	assert_non_null(strstr(report->findings[0].words, "changed"));
}

static void
a_changed_hash_is_told_from_a_changed_entry(void **state)
{
	(void)state;
	scratch_grow(&scratch, 1, 600);
	fresh_copy();
	scratch_shell("cd '%s' && printf XXXX | dd of=tile/0/001 seek=3200 bs=1 conv=notrunc status=none", scratch.copy);
	assert_false(check(scratch.copy, NULL)->whole);
	assert_int_equal(report->n_findings, 1);
	assert_true(found(LEDGER_BROKEN, "tile/0/001", 256 + 100, "the entry is as signed"));

	fresh_copy();
	scratch_shell("cd '%s' && printf XXXX | dd of=tile/1/000.p/2 seek=40 bs=1 conv=notrunc status=none", scratch.copy);
	assert_false(check(scratch.copy, NULL)->whole);
	assert_int_equal(report->n_findings, 1);
	assert_true(found(LEDGER_BROKEN, "tile/1/000.p/2", 256, "not that of the tile below"));
}

static void
swapped_bundles_with_swapped_tiles_are_reported(void **state)
{
	(void)state;
	scratch_grow(&scratch, 1, 600);
	fresh_copy();
	scratch_shell("cd '%s/tile' && mv 0/000 t && mv 0/001 0/000 && mv t 0/001 && mv entries/000 t && "
	              "mv entries/001 entries/000 && mv t entries/001", scratch.copy);
	assert_false(check(scratch.copy, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "checkpoint", LEDGER_NO_INDEX, "do not give the root"));
	assert_true(found(LEDGER_BROKEN, "", 256, "comes after"));
}

static void
a_log_that_was_cut_says_where(void **state)
{
	(void)state;
	scratch_grow(&scratch, 1, 600);
	fresh_copy();
	scratch_shell("cd '%s/tile' && rm -r entries/001 entries/002.p 0/001 0/002.p", scratch.copy);
	assert_false(check(scratch.copy, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "checkpoint", 256, "the log was cut"));
}

static void
a_log_rolled_back_as_a_whole_is_found_only_with_an_older_checkpoint(void **state)
{
	struct bytes later;

	(void)state;
	scratch_grow(&scratch, 1, 300);
	fresh_copy();
	scratch_grow(&scratch, 301, 350);
	scratch_grow(&scratch, 351, 400);
	scratch_read(&scratch, "checkpoint", &later);
	assert_true(check(scratch.copy, NULL)->whole);
	assert_false(check(scratch.copy, &later)->whole);
	assert_true(found(LEDGER_BROKEN, "checkpoint", LEDGER_NO_INDEX, "rolled back"));

	/* Only the checkpoint was put back: the files beyond are remarked even without a later one. */
	scratch_shell("cp '%s/checkpoint' '%s/checkpoint'", scratch.copy, scratch.dir);
	assert_true(check(scratch.dir, NULL)->whole);
	assert_true(found(LEDGER_REMARKED, "tile/0/001.p/144", LEDGER_NO_INDEX, "beyond the checkpoint"));
	assert_true(found(LEDGER_REMARKED, "cursor", LEDGER_NO_INDEX, "put back"));
	assert_false(check(scratch.dir, &later)->whole);
	bytes_wipe(&later);
}

static void
a_forked_log_is_found_against_the_checkpoint_of_the_other_branch(void **state)
{
	static const uint64_t sizes[] = {1, 100, 255, 256, 257, 300, 512, 600};
	struct bytes since;
	struct ledger *ledger;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* The first branch, of which a checkpoint is kept. */
		scratch_shell("rm -rf '%s'", scratch.dir);
		scratch_grow(&scratch, 1, sizes[i]);
		scratch_read(&scratch, "checkpoint", &since);
		scratch_grow(&scratch, sizes[i] + 1, 700);
		assert_true(check(scratch.dir, &since)->whole);
		assert_true(report->since_given);
		/* The second, signed with the same key over other entries. */
		scratch_shell("rm -rf '%s'", scratch.dir);
		ledger = scratch_open(&scratch);
		for (uint64_t k = 1; k <= 700; k++)
			assert_int_equal(scratch_add(ledger, k == sizes[i] ? 1 : 0, k), ERR_NONE);
		assert_int_equal(ledger_commit(ledger), ERR_NONE);
		ledger_free(ledger);
		assert_true(check(scratch.dir, NULL)->whole);
		assert_false(check(scratch.dir, &since)->whole);
		assert_true(found(LEDGER_BROKEN, "checkpoint", LEDGER_NO_INDEX, "rewritten or forked"));
		bytes_wipe(&since);
	}
}

static void
a_checkpoint_by_a_stranger_or_of_another_log_is_refused(void **state)
{
	struct merkle_head head = {3, {{0}}};
	struct note_signer stranger, other;
	struct bytes note;

	(void)state;
	scratch_grow(&scratch, 1, 3);
	fresh_copy();
	bytes_init(&note, NOTE_LEN_MAX);
	assert_int_equal(note_signer_generate("ledger.example/test", &stranger), ERR_NONE);
	assert_int_equal(checkpoint_sign(&head, &stranger, &note), ERR_NONE);
	assert_false(check(scratch.dir, &note)->whole);
	write_copy("checkpoint", &note, note.len);
	assert_false(check(scratch.copy, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "checkpoint", LEDGER_NO_INDEX, "not signed by this key"));

	bytes_clear(&note);
	assert_int_equal(note_signer_make("ledger.example/other", scratch.signer.seed, &other), ERR_NONE);
	assert_int_equal(checkpoint_sign(&head, &other, &note), ERR_NONE);
	write_copy("checkpoint", &note, note.len);
	assert_false(check(scratch.copy, NULL)->whole);
	bytes_wipe(&note);
}

static void
a_size_out_of_the_world_ends_the_check_at_once(void **state)
{
	struct merkle_head head = {MERKLE_SIZE_MAX, {{0}}};
	struct bytes note;

	(void)state;
	scratch_grow(&scratch, 1, 3);
	fresh_copy();
	bytes_init(&note, NOTE_LEN_MAX);
	assert_int_equal(checkpoint_sign(&head, &scratch.signer, &note), ERR_NONE);
	write_copy("checkpoint", &note, note.len);
	assert_false(check(scratch.copy, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "checkpoint", 0, "the log was cut"));
	bytes_wipe(&note);
}

static void
statements_of_retention_and_gaps_are_listed(void **state)
{
	struct ledger_entry entry = {.kind = LEDGER_RETENTION, .at_us = SCRATCH_NOW_US,
	    .retention = {LEDGER_KEY_DESTROYED, 202601, ledger_text_of("six months are over")}};
	struct ledger *ledger;

	(void)state;
	scratch_grow(&scratch, 1, 5);
	scratch_grow(&scratch, 10, 10);
	assert_true(check(scratch.dir, NULL)->whole);
	assert_int_equal(report->sequences_unstated, 4);

	ledger = scratch_open(&scratch);
	entry.source = ledger_engine_source(ledger, 1);
	assert_int_equal(ledger_add(ledger, &entry), ERR_NONE);
	entry.kind = LEDGER_GAP;
	entry.source = ledger_engine_source(ledger, 1);
	entry.gap = (struct ledger_gap){.from = {.node = 1, .writer = 100, .sequence = 6, .segment = 2}, .to_sequence = 10,
	    .words = ledger_text_of("segment unreadable")};
	assert_int_equal(ledger_add(ledger, &entry), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);

	assert_true(check(scratch.dir, NULL)->whole);
	assert_int_equal(report->n_findings, 0);
	assert_int_equal(report->sequences_unstated, 0);
	assert_int_equal(report->n_statements, 2);
	assert_int_equal(report->statements[0].kind, LEDGER_RETENTION);
	assert_int_equal(report->statements[0].retention.period, 202601);
	assert_int_equal(report->statements[0].index, 6);
	assert_string_equal(report->statements[0].words, "six months are over");
	assert_true(report->statements[1].gap.to_sequence == 10);
	assert_int_equal(report->by_kind[LEDGER_DISCLOSURE], 6);
	assert_int_equal(report->entries_checked, 8);
	assert_int_equal(report->writers, 2);
}

/* A log that no ledger would write: these entries, hashed and signed all the same. Fewer than a tile. */
static void
sign_log(const struct bytes *entries, uint32_t n)
{
	struct tile_id bundle_id = {.level = TILE_ENTRIES, .width = n}, tile_id = {.level = 0, .width = n};
	struct merkle_head head = {.size = n};
	struct merkle_range range;
	struct tilestore *store;
	struct hasher *hasher;
	struct bytes bundle, tile, note;

	scratch_shell("rm -rf '%s' && mkdir '%s'", scratch.dir, scratch.dir);
	assert_int_equal(hasher_open(&hasher), ERR_NONE);
	assert_int_equal(tilestore_open(scratch.dir, &store), ERR_NONE);
	merkle_range_init(&range);
	bytes_init(&bundle, BUNDLE_LEN_MAX);
	bytes_init(&tile, TILE_LEN);
	bytes_init(&note, NOTE_LEN_MAX);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t len[2] = {(uint8_t)(entries[i].len >> 8), (uint8_t)entries[i].len};
		struct merkle_hash leaf;

		merkle_leaf(hasher, entries[i].data, entries[i].len, &leaf);
		merkle_range_append(&range, hasher, 0, &leaf);
		assert_int_equal(bytes_append(&bundle, len, 2), ERR_NONE);
		assert_int_equal(bytes_append(&bundle, entries[i].data, entries[i].len), ERR_NONE);
		assert_int_equal(bytes_append(&tile, leaf.bytes, SHA256_LEN), ERR_NONE);
	}
	merkle_range_root(&range, hasher, &head.root);
	assert_int_equal(tilestore_write(store, &bundle_id, bundle.data, bundle.len), ERR_NONE);
	assert_int_equal(tilestore_write(store, &tile_id, tile.data, tile.len), ERR_NONE);
	assert_int_equal(tilestore_sync(store), ERR_NONE);
	assert_int_equal(checkpoint_sign(&head, &scratch.signer, &note), ERR_NONE);
	char path[200];
	(void)snprintf(path, sizeof(path), "%s/checkpoint", scratch.dir);
	assert_int_equal(file_replace(path, note.data, note.len, 0640), ERR_NONE);
	tilestore_free(store);
	hasher_free(hasher);
	bytes_wipe(&bundle);
	bytes_wipe(&tile);
	bytes_wipe(&note);
}

#define PARTS 3

/* One disclosure that is large enough for three parts. */
static void
make_parts(struct bytes parts[PARTS])
{
	static const uint8_t aead_key[AEAD_KEY_LEN], id[PERSON_ID_MAX];
	static struct person_ref persons[2000];
	struct ledger_entry entry = {.kind = LEDGER_DISCLOSURE, .source = {.node = 1, .writer = 3, .sequence = 8},
	    .disclosure = {.kind = DISCLOSURE_HANDED, .at_us = SCRATCH_NOW_US, .n_persons = 2000, .persons = persons}};
	struct entry_seal seal = {.period = 202611};
	struct entry_cut cut = {0};

	for (size_t i = 0; i < 2000; i++)
		persons[i] = (struct person_ref){.id = id, .id_len = PERSON_ID_MAX};
	assert_int_equal(aead_open(aead_key, &seal.aead), ERR_NONE);
	for (int i = 0; i < PARTS; i++) {
		bytes_init(&parts[i], ENTRY_LEN_MAX + 1);
		assert_int_equal(entry_encode(&entry, &seal, &cut, &parts[i]), ERR_NONE);
	}
	assert_true(cut.done);
	aead_free(seal.aead);
}

static void
a_signed_log_that_lacks_parts_repeats_or_does_not_parse_is_reported(void **state)
{
	struct bytes parts[PARTS], log[4];

	(void)state;
	make_parts(parts);
	sign_log(parts, 3);
	assert_true(check(scratch.dir, NULL)->whole);

	sign_log(parts, 2);
	assert_false(check(scratch.dir, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "", 1, "ends in the middle"));

	sign_log(parts + 1, 2);
	assert_false(check(scratch.dir, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "", 0, "whose first is missing"));

	log[0] = parts[0];
	log[1] = parts[2];
	sign_log(log, 2);
	assert_false(check(scratch.dir, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "", 1, "are not whole"));

	memcpy(log, parts, sizeof(parts));
	log[3] = parts[0];
	sign_log(log, 4);
	assert_false(check(scratch.dir, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "", 3, "comes after 8"));

	parts[1].data[1] = 99;
	sign_log(parts, 3);
	assert_false(check(scratch.dir, NULL)->whole);
	assert_true(found(LEDGER_BROKEN, "tile/entries/000.p/3", 1, "format"));
	for (int i = 0; i < PARTS; i++)
		bytes_wipe(&parts[i]);
}

static void
tiles_of_the_upper_levels_are_checked_once_they_are_full_too(void **state)
{
	struct ledger *ledger = scratch_open(&scratch);

	(void)state;
	for (uint64_t i = 1; i <= 65536 + 700; i++)
		assert_int_equal(scratch_add(ledger, 0, i), ERR_NONE);
	assert_int_equal(ledger_commit(ledger), ERR_NONE);
	ledger_free(ledger);
	assert_true(check(scratch.dir, NULL)->whole);
	assert_int_equal(report->entries_checked, 65536 + 700);
	scratch_shell("cd '%s' && printf XXXX | dd of=tile/1/000 seek=4000 bs=1 conv=notrunc status=none", scratch.dir);
	assert_false(check(scratch.dir, NULL)->whole);
	assert_int_equal(report->n_findings, 1);
	assert_true(found(LEDGER_BROKEN, "tile/1/000", 125 * 256, "not that of the tile below"));
	/* It goes on growing over the third level: the edge is read from tiles of all levels. */
	scratch_grow(&scratch, 65536 + 701, 65536 + 800);
	assert_int_equal(check(scratch.dir, NULL)->n_findings, 1);
	assert_int_equal(report->entries_checked, 65536 + 800);
}

static bool
stop_after_two(void *context, uint64_t done, uint64_t size)
{
	int *calls = context;

	assert_true(done <= size);
	return ++*calls < 2;
}

static void
the_caller_is_told_of_progress_and_may_stop(void **state)
{
	int calls = 0;
	struct ledger_progress progress = {.told = stop_after_two, .context = &calls};

	(void)state;
	scratch_grow(&scratch, 1, 1000);
	assert_int_equal(ledger_verify(scratch.dir, (const char *)scratch.key.data, NULL, &progress, report), ERR_EXPIRED);
	assert_int_equal(calls, 2);
	assert_false(report->whole);
	assert_int_equal(ledger_verify(scratch.root, (const char *)scratch.key.data, NULL, NULL, report), ERR_NONE);
	assert_false(report->whole);
	assert_int_equal(ledger_verify("/nonexistent", (const char *)scratch.key.data, NULL, NULL, report), ERR_NOT_FOUND);
	assert_int_equal(ledger_verify(scratch.dir, "no key", NULL, NULL, report), ERR_FORMAT);
}

static void
foreign_files_are_remarked_and_do_not_break_the_log(void **state)
{
	(void)state;
	scratch_grow(&scratch, 1, 3);
	scratch_shell("cd '%s/tile' && touch 0/note.txt && mkdir -p 0/x001 && ln -s /etc/passwd 0/002", scratch.dir);
	assert_true(check(scratch.dir, NULL)->whole);
	assert_true(found(LEDGER_REMARKED, "tile/0/note.txt", LEDGER_NO_INDEX, "no part"));
	assert_int_equal(report->n_findings, 2);
}

static int
set_up(void **state)
{
	(void)state;
	scratch_init(&scratch);
	report = malloc(sizeof(*report));
	return report == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	free(report);
	scratch_wipe(&scratch);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(any_changed_byte_in_any_file_is_reported),
	    TEST(any_cut_or_padded_file_is_reported),
	    TEST(any_dropped_file_is_reported),
	    TEST(a_changed_entry_is_named_with_its_file_and_number),
	    TEST(a_changed_hash_is_told_from_a_changed_entry),
	    TEST(swapped_bundles_with_swapped_tiles_are_reported),
	    TEST(a_log_that_was_cut_says_where),
	    TEST(a_log_rolled_back_as_a_whole_is_found_only_with_an_older_checkpoint),
	    TEST(a_forked_log_is_found_against_the_checkpoint_of_the_other_branch),
	    TEST(a_checkpoint_by_a_stranger_or_of_another_log_is_refused),
	    TEST(a_size_out_of_the_world_ends_the_check_at_once),
	    TEST(statements_of_retention_and_gaps_are_listed),
	    TEST(a_signed_log_that_lacks_parts_repeats_or_does_not_parse_is_reported),
	    TEST(tiles_of_the_upper_levels_are_checked_once_they_are_full_too),
	    TEST(the_caller_is_told_of_progress_and_may_stop),
	    TEST(foreign_files_are_remarked_and_do_not_break_the_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
