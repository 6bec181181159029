/* ledger: journals to ledger to index, the list of the touched, retention. */
#include "fixture.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/writer.h"
#include "ledger/verify.h"

static int
with_people(void **state)
{
	if (fixture_set_up(state) != 0)
		return -1;
	fixture_do("{\"op\": \"organisation.add\", \"organisation\": \"of-1\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"lea\", \"profile\": \"partner\", \"organisation\": \"of-1\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"max\", \"profile\": \"agent\", \"created_by\": \"lea\"}");
	return 0;
}

static json_t *
touched(const char *scope)
{
	return fixture_get(OP_OPERATOR, "{\"op\": \"touched\", \"scope\": \"%s\", \"since_us\": 0, \"until_us\": %llu}",
	    scope,
	    (unsigned long long)fixture_now_us() + 1);
}

static int64_t
touched_persons(const char *scope)
{
	json_t *answer = touched(scope);
	int64_t persons = fixture_number(answer, "persons");

	json_decref(answer);
	return persons;
}

static unsigned
files_in(const char *name)
{
	char path[128];
	struct dirent *entry;
	unsigned n = 0;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture_dir(), name);
	folder = opendir(path);
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		n += strstr(entry->d_name, ".tqj") != NULL;
	closedir(folder);
	return n;
}

static void
who_was_journalled_is_listed_with_fields_times_and_reader(void **state)
{
	json_t *answer, *row;

	(void)state;
	fixture_disclose(1, 1, 0, 3);
	answer = touched("identity=lea");
	assert_int_equal(fixture_number(answer, "persons"), 3);
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_string_equal(fixture_text(row, "space"), "person");
	assert_string_equal(fixture_text(row, "person"), "P0");
	assert_string_equal(fixture_text(row, "login"), "lea");
	assert_string_equal(fixture_text(row, "route"), "people.show");
	assert_string_equal(fixture_text(row, "meter"), "record");
	assert_int_equal(json_array_size(json_object_get(row, "fields")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(row, "fields"), 1)), "address");
	assert_int_equal(fixture_number(row, "first_us"), fixture_now_us());
	json_decref(answer);
}

static void
reload_with_fields(const char *fields, bool taken)
{
	fixture_set_fields(fields);
	fixture_write_config(NULL, NULL);
	if (taken)
		fixture_do("{\"op\": \"config.reload\"}");
	else
		fixture_refused(OP_OPERATOR, "format", "{\"op\": \"config.reload\"}");
}

static void
fields_of_the_past_keep_their_names(void **state)
{
	json_t *answer, *names;

	(void)state;
	fixture_disclose(1, 1, 0, 1);
	reload_with_fields("\"address\", \"name\"", false);
	reload_with_fields("\"address\"", false);
	reload_with_fields("\"name\", \"address\", \"email\"", true);
	reload_with_fields("\"name\"", true);
	reload_with_fields("\"name\", \"email\"", false);
	reload_with_fields("\"name=$.full_name\"", true);
	fixture_restart(false);
	answer = touched("identity=lea");
	names = json_object_get(json_array_get(json_object_get(answer, "rows"), 0), "fields");
	assert_int_equal(json_array_size(names), 2);
	assert_string_equal(json_string_value(json_array_get(names, 0)), "name");
	assert_string_equal(json_string_value(json_array_get(names, 1)), "address");
	json_decref(answer);
}

static void
scopes_choose_who_is_listed(void **state)
{
	(void)state;
	fixture_disclose(1, 1, 0, 10);
	fixture_disclose(2, 0, 5, 10);
	assert_int_equal(touched_persons("everyone"), 15);
	assert_int_equal(touched_persons("identity=lea"), 10);
	assert_int_equal(touched_persons("lineage=lea"), 15);
	assert_int_equal(touched_persons("profile=agent"), 10);
	assert_int_equal(touched_persons("organisation=of-1"), 10);
	assert_int_equal(touched_persons("organisation=of-1 & profile=agent"), 0);
	assert_int_equal(touched_persons("session=1"), 15);
	assert_int_equal(touched_persons("route=people.show"), 15);
	assert_int_equal(touched_persons("route=home"), 0);
	assert_int_equal(touched_persons("capability=read"), 15);
	assert_int_equal(touched_persons("capability=export"), 0);
}

static void
segments_that_are_integrated_are_removed(void **state)
{
	json_t *answer;

	(void)state;
	fixture_disclose(1, 1, 0, 4);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"flush\"}");
	json_decref(answer);
	assert_int_equal(files_in("journal"), 0);
	assert_int_equal(touched_persons("everyone"), 4);
}

static void
a_journal_directory_that_is_gone_does_not_fill_up_the_other(void **state)
{
	char path[128];

	(void)state;
	fixture_write_config("}; journals = [ \"journal\", \"journal-2\" ]; orders = {", NULL);
	fixture_restart(false);
	(void)snprintf(path, sizeof(path), "%s/journal-2", fixture_dir());
	assert_int_equal(rmdir(path), 0);
	fixture_disclose(1, 1, 0, 4);
	fixture_refused(OP_OPERATOR, "io", "{\"op\": \"flush\"}");
	assert_int_equal(files_in("journal"), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(touched_persons("everyone"), 4);
}

static void
nothing_is_integrated_twice(void **state)
{
	json_t *answer;
	int64_t size;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		fixture_disclose(1, 1, i * 10, 10);
		fixture_restart(i % 2 == 0);
	}
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"flush\"}");
	size = fixture_number(answer, "ledger_size");
	json_decref(answer);
	fixture_restart(false);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"flush\"}");
	assert_int_equal(fixture_number(answer, "ledger_size"), size);
	assert_int_equal(fixture_number(answer, "integrated"), 0);
	json_decref(answer);
	assert_int_equal(touched_persons("everyone"), 40);
}

static void
a_month_whose_key_is_destroyed_is_silent(void **state)
{
	json_t *answer;

	(void)state;
	fixture_disclose(1, 1, 0, 5);
	fixture_do("{\"op\": \"flush\"}");
	fixture_refused(OP_OPERATOR, "range",
	    "{\"op\": \"ledger.retire\", \"period\": \"2026-06\", \"reason\": \"r\", \"author\": \"one\"}");
	fixture_pass_s(31 * 86400);
	fixture_refused(OP_OPERATOR, "not-found",
	    "{\"op\": \"ledger.retire\", \"period\": \"2020-01\", \"reason\": \"r\", \"author\": \"one\"}");
	fixture_do("{\"op\": \"ledger.retire\", \"period\": \"2026-06\", \"reason\": \"r\", \"author\": \"one\"}");
	fixture_refused(OP_OPERATOR, "expired",
	    "{\"op\": \"ledger.retire\", \"period\": \"2026-06\", \"reason\": \"r\", \"author\": \"one\"}");
	answer = fixture_ask(OP_OPERATOR, json_pack("{sssssIsI}", "op", "touched", "scope", "everyone", "since_us",
	    (json_int_t)0, "until_us", (json_int_t)fixture_now_us()));
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 0);
	json_decref(answer);
}

static void
a_checkpoint_is_a_signed_note(void **state)
{
	json_t *answer = fixture_get(OP_OPERATOR, "{\"op\": \"ledger.checkpoint\"}");

	(void)state;
	assert_non_null(strstr(fixture_text(answer, "checkpoint"), "tourniquet.example/ledger\n"));
	assert_non_null(strstr(fixture_text(answer, "checkpoint"), "\n\n\xe2\x80\x94 tourniquet.example/ledger "));
	json_decref(answer);
}

static void
wait_for(struct journal_writer *writer, uint64_t sequence)
{
	struct journal_progress progress = { 0, 0 };

	journal_kick(writer);
	while (progress.settled < sequence) {
		struct pollfd p = { .fd = journal_descriptor(writer), .events = POLLIN };

		assert_int_equal(poll(&p, 1, 30000), 1);
		journal_collect(writer, &progress);
	}
	assert_true(progress.durable >= sequence);
}

/* Four batches of one entry each, the second and third of which cannot be read. */
static void
journal_with_a_hole(void)
{
	static const char junk[32] = "no batch of a journal";
	struct disclosure d = { .kind = DISCLOSURE_WEIGHED, .at_us = fixture_now_us(), .session = 1, .identity = 1,
		.route = 1, .weight = 3 };
	char path[128], from[256], to[256];
	struct journal_writer *writer;
	uint64_t sequence;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/elsewhere", fixture_dir());
	assert_int_equal(mkdir(path, 0700), 0);
	writer = fixture_journal("elsewhere");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(journal_append(writer, &d, &sequence), ERR_NONE);
		wait_for(writer, sequence);
	}
	journal_writer_close(writer);
	(void)snprintf(from, sizeof(from), "%s/n00001-w00001-s0000000002.tqj", path);
	(void)snprintf(to, sizeof(to), "%s/journal/n00001-w00001-s0000000002.tqj", fixture_dir());
	file = fopen(from, "r+");
	assert_non_null(file);
	for (long block = 2; block <= 3; block++) {
		assert_int_equal(fseek(file, block * JOURNAL_BLOCK, SEEK_SET), 0);
		assert_int_equal(fwrite(junk, sizeof(junk), 1, file), 1);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(from, to), 0);
}

static void
entries_that_a_journal_lost_are_stated_as_a_gap(void **state)
{
	static struct ledger_report report;
	char path[128], key[256];
	const struct ledger_statement *gap = &report.statements[0];
	FILE *file;

	(void)state;
	journal_with_a_hole();
	fixture_do("{\"op\": \"flush\"}");
	fixture_restart(false);
	fixture_do("{\"op\": \"flush\"}");
	(void)snprintf(path, sizeof(path), "%s/keys/ledger.pub", fixture_dir());
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(key, sizeof(key), file));
	assert_int_equal(fclose(file), 0);
	(void)snprintf(path, sizeof(path), "%s/ledger", fixture_dir());
	assert_int_equal(ledger_verify(path, key, NULL, NULL, &report), ERR_NONE);
	assert_true(report.whole);
	assert_int_equal(report.by_kind[LEDGER_DISCLOSURE], 2);
	assert_int_equal(report.by_kind[LEDGER_GAP], 1);
	assert_int_equal(report.n_statements, 1);
	assert_int_equal(gap->kind, LEDGER_GAP);
	assert_int_equal(gap->gap.from.worker, 1);
	assert_int_equal(gap->gap.from.sequence, 2);
	assert_int_equal(gap->gap.to_sequence, 4);
	assert_int_equal(report.sequences_unstated, 0);
}

static void
a_segment_that_cannot_be_integrated_is_counted_as_waiting(void **state)
{
	json_t *answer;

	(void)state;
	journal_with_a_hole();
	fixture_disclose(1, 1, 0, 4);
	fixture_do("{\"op\": \"flush\"}");
	fixture_restart(false);
	/* The first round ends with its news, and the second question comes after it. */
	fixture_do("{\"op\": \"flush\"}");
	fixture_do("{\"op\": \"flush\"}");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"status\"}");
	assert_int_equal(fixture_number(json_object_get(answer, "ledger"), "waiting_segments"), 1);
	json_decref(answer);
}

/* Other bytes in the middle of every file of the index whose name holds `part`; how many there were. */
static unsigned
spoil_index(const char *part)
{
	char path[128];
	struct dirent *entry;
	unsigned n = 0;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "%s/index", fixture_dir());
	folder = opendir(path);
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		char name[512];
		FILE *file;

		if (strstr(entry->d_name, part) == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		file = fopen(name, "r+");
		assert_non_null(file);
		assert_int_equal(fseek(file, 0, SEEK_END), 0);
		assert_int_equal(fseek(file, ftell(file) / 2, SEEK_SET), 0);
		assert_true(fputs("spoilt", file) >= 0);
		assert_int_equal(fclose(file), 0);
		n++;
	}
	closedir(folder);
	return n;
}

static void
an_index_that_is_spoilt_while_running_is_made_anew(void **state)
{
	json_t *answer;

	(void)state;
	fixture_disclose(1, 1, 0, 10);
	fixture_do("{\"op\": \"flush\"}");
	fixture_restart(false);
	assert_int_equal(spoil_index("names-"), 1);
	assert_int_equal(touched_persons("everyone"), 10);
	fixture_disclose(1, 1, 10, 5);
	answer = touched("identity=lea");
	assert_int_equal(fixture_number(answer, "persons"), 15);
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 15);
	json_decref(answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_people, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_was_journalled_is_listed_with_fields_times_and_reader),
		TEST(fields_of_the_past_keep_their_names),
		TEST(scopes_choose_who_is_listed),
		TEST(segments_that_are_integrated_are_removed),
		TEST(a_journal_directory_that_is_gone_does_not_fill_up_the_other),
		TEST(nothing_is_integrated_twice),
		TEST(a_month_whose_key_is_destroyed_is_silent),
		TEST(entries_that_a_journal_lost_are_stated_as_a_gap),
		TEST(a_segment_that_cannot_be_integrated_is_counted_as_waiting),
		TEST(an_index_that_is_spoilt_while_running_is_made_anew),
		TEST(a_checkpoint_is_a_signed_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
