/* ledger_verify: ask ledger/verify.h and say the answer in words or JSON. */
#include "cli/ledger_verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "ledger/verify.h"

const struct cli_arg cli_ledger_verify_args[] = {
    {"DIR", "dir", CLI_TEXT, true, "The ledger's directory, or a copy of it."},
    {"--key", "key", CLI_TEXT, true, "File with the ledger's public key (name+id+base64)."},
    {"--since", "since", CLI_TEXT, false, "File with an older checkpoint that was kept elsewhere."},
    {NULL, NULL, CLI_TEXT, false, NULL},
};

static const char *const severity_names[LEDGER_SEVERITY_MAX] = {
    [LEDGER_REMARKED] = "remark", [LEDGER_BROKEN] = "broken"};

static const char *const retention_names[LEDGER_RETENTION_EVENT_MAX] = {
    [LEDGER_KEY_DESTROYED] = "key-destroyed", [LEDGER_JOURNALS_REMOVED] = "journals-removed",
    [LEDGER_INDEX_REMOVED] = "index-removed"};

/* The whole of a small file of the caller. */
static bool
read_text(const char *path, const char *what, struct bytes *ret_text)
{
	enum err err;

	bytes_init(ret_text, NOTE_LEN_MAX + 1);
	err = file_read(path, ret_text);
	if (err == ERR_NONE)
		return true;
	cli_complain("the file of the %s, %s: %s", what, path, err_text(err));
	bytes_wipe(ret_text);
	return false;
}

/* One line; white space behind it is an editor's. */
static bool
read_key(const char *path, struct bytes *ret_key)
{
	if (!read_text(path, "public key", ret_key))
		return false;
	while (ret_key->len > 0 && strchr(" \t\r\n", ret_key->data[ret_key->len - 1]) != NULL)
		ret_key->len--;
	if (bytes_append(ret_key, "", 1) == ERR_NONE)
		return true;
	bytes_wipe(ret_key);
	return false;
}

static json_t *
json_of_head(const struct checkpoint *checkpoint)
{
	char root[2 * SHA256_LEN + 1];

	bytes_to_hex(checkpoint->head.root.bytes, SHA256_LEN, root);
	return json_pack("{s:s, s:I, s:s}", "origin", checkpoint->origin, "size", (json_int_t)checkpoint->head.size,
	    "root", root);
}

static json_t *
json_of_findings(const struct ledger_report *report)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < report->n_findings && i < LEDGER_FINDINGS_MAX; i++) {
		const struct ledger_finding *f = &report->findings[i];
		json_t *finding = json_pack("{s:s, s:s, s:s}", "severity", severity_names[f->severity], "file", f->file,
		    "words", f->words);

		if (f->index != LEDGER_NO_INDEX)
			(void)json_object_set_new(finding, "entry", json_integer((json_int_t)f->index));
		(void)json_array_append_new(findings, finding);
	}
	return findings;
}

static json_t *
json_of_statements(const struct ledger_report *report, enum ledger_kind kind)
{
	json_t *statements = json_array();

	for (size_t i = 0; i < report->n_statements && i < LEDGER_STATEMENTS_MAX; i++) {
		const struct ledger_statement *s = &report->statements[i];
		json_t *statement;

		if (s->kind != kind)
			continue;
		if (kind == LEDGER_RETENTION)
			statement = json_pack("{s:s, s:I}", "event", retention_names[s->retention.event], "period",
			    (json_int_t)s->retention.period);
		else
			statement = json_pack("{s:I, s:I, s:I, s:I}", "node", (json_int_t)s->gap.from.node, "worker",
			    (json_int_t)s->gap.from.worker, "from_sequence", (json_int_t)s->gap.from.sequence,
			    "to_sequence", (json_int_t)s->gap.to_sequence);
		(void)json_object_set_new(statement, "entry", json_integer((json_int_t)s->index));
		(void)json_object_set_new(statement, "at_us", json_integer((json_int_t)s->at_us));
		(void)json_object_set_new(statement, "words", json_string(s->words));
		(void)json_array_append_new(statements, statement);
	}
	return statements;
}

static json_t *
json_of_report(const struct ledger_report *report)
{
	json_t *kinds = json_object();
	json_t *answer = json_pack("{s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "intact", report->whole, "checkpoint",
	    json_of_head(&report->checkpoint), "entries", (json_int_t)report->entries_checked, "tiles",
	    (json_int_t)report->tiles_checked, "writers", (json_int_t)report->writers, "sequences_unstated",
	    (json_int_t)report->sequences_unstated, "first_us", (json_int_t)report->first_us, "last_us",
	    (json_int_t)report->last_us, "n_findings", (json_int_t)report->n_findings);

	for (unsigned kind = LEDGER_DISCLOSURE; kind < LEDGER_KIND_MAX; kind++)
		(void)json_object_set_new(
		    kinds, ledger_kind_name((enum ledger_kind)kind), json_integer((json_int_t)report->by_kind[kind]));
	(void)json_object_set_new(answer, "kinds", kinds);
	if (report->since_given)
		(void)json_object_set_new(answer, "since", json_of_head(&report->since));
	(void)json_object_set_new(answer, "findings", json_of_findings(report));
	(void)json_object_set_new(answer, "retention", json_of_statements(report, LEDGER_RETENTION));
	(void)json_object_set_new(answer, "gaps", json_of_statements(report, LEDGER_GAP));
	return answer;
}

/* What an entry says in words may hold control characters that a terminal would obey. */
static void
print_safely(FILE *out, const char *words)
{
	while (*words != '\0') {
		size_t len = cli_unsafe_len(words);

		(void)fputc(len != 0 ? ' ' : *words, out);
		words += len != 0 ? len : 1;
	}
}

static void
print_findings(FILE *out, const struct ledger_report *report)
{
	for (size_t i = 0; i < report->n_findings && i < LEDGER_FINDINGS_MAX; i++) {
		const struct ledger_finding *f = &report->findings[i];

		(void)fprintf(out, "%s: ", severity_names[f->severity]);
		if (f->file[0] != '\0')
			(void)fprintf(out, "%s: ", f->file);
		if (f->index != LEDGER_NO_INDEX)
			(void)fprintf(out, "entry %" PRIu64 ": ", f->index);
		(void)fprintf(out, "%s\n", f->words);
	}
	if (report->n_findings > LEDGER_FINDINGS_MAX)
		(void)fprintf(out, "and %zu findings more\n", report->n_findings - LEDGER_FINDINGS_MAX);
}

static void
print_statements(FILE *out, const struct ledger_report *report)
{
	char at[25];

	for (size_t i = 0; i < report->n_statements && i < LEDGER_STATEMENTS_MAX; i++) {
		const struct ledger_statement *s = &report->statements[i];

		clock_format(s->at_us, at);
		(void)fprintf(out, "stated: %s: entry %" PRIu64 ": ", at, s->index);
		if (s->kind == LEDGER_RETENTION)
			(void)fprintf(out, "%s, period %04u-%02u: ", retention_names[s->retention.event],
			    (unsigned)(s->retention.period / 100), (unsigned)(s->retention.period % 100));
		else
			(void)fprintf(out, "gap in the journal of node %u, worker %u, sequences %" PRIu64 " to %" PRIu64 ": ",
			    (unsigned)s->gap.from.node, (unsigned)s->gap.from.worker, s->gap.from.sequence,
			    s->gap.to_sequence - 1);
		print_safely(out, s->words);
		(void)fputc('\n', out);
	}
	if (report->n_statements > LEDGER_STATEMENTS_MAX)
		(void)fprintf(out, "and %zu statements more\n", report->n_statements - LEDGER_STATEMENTS_MAX);
}

static void
print_report(FILE *out, const struct ledger_report *report)
{
	char first[25], last[25];

	print_findings(out, report);
	print_statements(out, report);
	if (report->sequences_unstated != 0)
		(void)fprintf(out,
		    "note: %" PRIu64 " journal sequences do not occur (written batches that were given up and never left)\n",
		    report->sequences_unstated);
	if (!report->whole) {
		(void)fputs("not intact\n", out);
		return;
	}
	clock_format(report->first_us, first);
	clock_format(report->last_us, last);
	(void)fprintf(out, "intact: %s, %" PRIu64 " entries", report->checkpoint.origin, report->entries_checked);
	if (report->entries_checked != 0)
		(void)fprintf(out, " from %s to %s", first, last);
	(void)fprintf(out, ", %" PRIu64 " tiles", report->tiles_checked);
	if (report->since_given)
		(void)fprintf(out, "; it continues the checkpoint of %" PRIu64 " entries", report->since.head.size);
	(void)fputc('\n', out);
}

static bool
tell_progress(void *context, uint64_t done, uint64_t size)
{
	(void)context;
	cli_progress("verifying", (double)done, (double)size);
	return true;
}

static enum cli_exit
verify(const struct cli_call *call, const char *dir, const char *key, const struct ledger_text *since)
{
	struct ledger_progress progress = {.told = tell_progress};
	struct ledger_report *report = malloc(sizeof(*report));
	json_t *answer = NULL;
	enum cli_exit status;
	enum err err;

	if (report == NULL) {
		cli_complain("out of memory");
		return CLI_FAILED;
	}
	err = ledger_verify(dir, key, since, &progress, report);
	if (err == ERR_FORMAT) {
		cli_complain("the file given with --key holds no public key of a ledger");
		status = CLI_USAGE;
	} else if (err != ERR_NONE) {
		cli_complain("%s: %s", dir, err_text(err));
		status = err == ERR_NOT_FOUND ? CLI_USAGE : CLI_FAILED;
	} else {
		answer = call->json ? json_of_report(report) : NULL;
		if (answer != NULL)
			cli_print_object(call, answer);
		else
			print_report(call->out, report);
		json_decref(answer);
		status = report->whole ? CLI_DONE : CLI_NO;
	}
	free(report);
	return status;
}

enum cli_exit
cli_ledger_verify(struct cli_call *call)
{
	const char *dir = json_string_value(json_object_get(call->request, "dir"));
	const char *key_path = json_string_value(json_object_get(call->request, "key"));
	const char *since_path = json_string_value(json_object_get(call->request, "since"));
	struct bytes key, since;
	struct ledger_text text = {0};
	enum cli_exit status = CLI_USAGE;

	if (!read_key(key_path, &key))
		return CLI_USAGE;
	if (since_path == NULL) {
		status = verify(call, dir, (const char *)key.data, NULL);
	} else if (read_text(since_path, "older checkpoint", &since)) {
		text = (struct ledger_text){.data = (const char *)since.data, .len = since.len};
		status = verify(call, dir, (const char *)key.data, &text);
		bytes_wipe(&since);
	}
	bytes_wipe(&key);
	return status;
}
