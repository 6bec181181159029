/*
 * touched: how long the list of the touched takes.
 *
 *   touched [--persons N] [--disclosures N] [--identities N] [--stolen N]
 *           [--sqlite N] [--full] FOLDER
 *
 * Makes a month of disclosures in FOLDER (which it creates and removes): every
 * person is handed to somebody at least once, and on one day one identity takes
 * `stolen` persons between 09:20 and 21:35. Then a fresh process asks the index
 * for the persons of that time, without and with fields and times, and the same
 * question goes to an SQLite table of the first `sqlite` of the same rows, which
 * always hold those of the theft. Prints one JSON object.
 *
 * --full is 43,000,000 persons, 10^8 disclosures (of one person to one
 * identity), 10^4 identities, 340,000 stolen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "index/index.h"
#include "month.h"

#define REPEATS 5

struct report {
	double build_seconds;
	double build_rss_mib;
	double longest_add_seconds;
	double open_seconds;
	double list_seconds;
	double seconds;
	double first_seconds;
	double seen_seconds;
	double rss_mib;
	double disk_mib;
	double sqlite_build_seconds;
	double sqlite_seconds;
	uint64_t listed;
	uint64_t sqlite_listed;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("touched: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static double
since(uint64_t start_us)
{
	return (double)(clock_monotonic_us() - start_us) / 1e6;
}

/* ---- the index ---- */

static enum err
give_key(void *context, uint32_t period, uint8_t ret_key[INDEX_KEY_LEN])
{
	(void)context;
	memset(ret_key, (int)(period & 0x7f), INDEX_KEY_LEN);
	return ERR_NONE;
}

static struct index *
open_index(const struct plan *plan, bool read_only)
{
	const struct index_options options = {.key = give_key, .read_only = read_only};
	struct index *index;
	const char *why = "";
	enum err err = index_open(plan->dir, &options, &index, &why);

	if (err != ERR_NONE)
		die("%s: %s", err_text(err), why);
	return index;
}

static double
rss_peak_mib(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

static void
build_index(const struct plan *plan, struct report *report)
{
	uint64_t start = clock_monotonic_us(), entry = 0;
	struct index *index = open_index(plan, false);
	struct month m;
	const char *why = "";

	month_start(&m, plan);
	for (const struct disclosure *d = month_next(&m); d != NULL; d = month_next(&m)) {
		uint64_t before = clock_monotonic_us();
		enum err err = index_add(index, entry++, d, &why);

		if (err != ERR_NONE)
			die("%s: %s", err_text(err), why);
		if (since(before) > report->longest_add_seconds)
			report->longest_add_seconds = since(before);
	}
	if (index_flush(index, &why) != ERR_NONE)
		die("%s", why);
	if (m.stolen != plan->stolen || m.disclosure.at_us < THEFT_UNTIL_US)
		die("the month is too short for the theft: more disclosures, please");
	index_free(index);
	report->build_seconds = since(start);
	report->build_rss_mib = rss_peak_mib();
}

struct tally {
	uint64_t rows;
	uint64_t bytes;
	uint64_t wrong;
};

static enum err
tally_row(void *context, const struct index_row *row)
{
	struct tally *tally = context;

	tally->rows++;
	tally->bytes += row->id_len;
	if (row->count != 0 && (row->first_us < THEFT_SINCE_US || row->last_us >= THEFT_UNTIL_US
	    || row->n_parts == 0))
		tally->wrong++;
	return ERR_NONE;
}

static enum err
tally_sight(void *context, const struct index_sight *sight)
{
	(void)sight;
	((struct tally *)context)->rows++;
	return ERR_NONE;
}

static int
compare_double(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare_double);
	return values[n / 2];
}

static uint64_t
ask_once(struct index *index, const struct plan *plan, bool with_fields)
{
	uint32_t thief = month_thief(plan);
	const struct index_query query = {.identities = &thief, .n_identities = 1,
	    .since_us = THEFT_SINCE_US, .until_us = THEFT_UNTIL_US};
	struct tally tally = {0};
	const struct index_sink sink = {tally_row, &tally};
	struct index_total total;
	const char *why = "";
	enum err err = with_fields ? index_query(index, &query, false, &sink, &total, &why)
	    : index_list(index, &query, &sink, &total, &why);

	if (err != ERR_NONE)
		die("%s: %s", err_text(err), why);
	if (tally.rows != total.persons || tally.wrong != 0)
		die("the rows do not add up");
	return total.persons;
}

static double
ask(struct index *index, const struct plan *plan, bool with_fields, uint64_t *ret_listed)
{
	double seconds[REPEATS];

	for (int i = 0; i < REPEATS; i++) {
		uint64_t start = clock_monotonic_us();

		*ret_listed = ask_once(index, plan, with_fields);
		seconds[i] = since(start);
	}
	return median(seconds, REPEATS);
}

static double
ask_seen(struct index *index)
{
	const struct index_person person = {(const uint8_t *)"D0000000000", ID_LEN, 1, 0, UINT64_MAX};
	struct tally tally = {0};
	double seconds[REPEATS];

	for (int i = 0; i < REPEATS; i++) {
		uint64_t start = clock_monotonic_us();

		if (index_seen(index, &person, tally_sight, &tally, NULL, NULL) != ERR_NONE || tally.rows == 0)
			die("a person that was seen is not found");
		seconds[i] = since(start);
	}
	return median(seconds, REPEATS);
}

static void
ask_index(const struct plan *plan, struct report *report)
{
	uint64_t listed, start = clock_monotonic_us();
	struct index *index = open_index(plan, true);

	report->open_seconds = since(start);
	(void)ask_once(index, plan, true);
	report->first_seconds = since(start);
	report->seconds = ask(index, plan, true, &report->listed);
	report->list_seconds = ask(index, plan, false, &listed);
	if (listed != report->listed)
		die("the list and the rows differ");
	report->seen_seconds = ask_seen(index);
	report->rss_mib = rss_peak_mib();
	index_free(index);
}

/* ---- the same in SQLite ---- */

static void
sql(sqlite3 *db, const char *text)
{
	char *error = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK)
		die("sqlite: %s", error);
}

static void
or_step(sqlite3_context *context, int n, sqlite3_value **values)
{
	int64_t *sum = sqlite3_aggregate_context(context, sizeof(*sum));

	if (n == 1 && sum != NULL)
		*sum |= sqlite3_value_int64(values[0]);
}

static void
or_final(sqlite3_context *context)
{
	const int64_t *sum = sqlite3_aggregate_context(context, sizeof(*sum));

	sqlite3_result_int64(context, sum != NULL ? *sum : 0);
}

static sqlite3 *
open_sqlite(const struct plan *plan)
{
	char path[PATH_MAX];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/rows.sqlite", plan->dir);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die("sqlite: %s", sqlite3_errmsg(db));
	sql(db, "pragma cache_size = -1000000");
	if (sqlite3_create_function(db, "fields_or", 1, SQLITE_UTF8, NULL, NULL, or_step, or_final) != SQLITE_OK)
		die("sqlite: %s", sqlite3_errmsg(db));
	return db;
}

static void
insert_rows(sqlite3_stmt *insert, const struct disclosure *d)
{
	for (uint32_t i = 0; i < d->n_persons; i++) {
		(void)sqlite3_bind_int64(insert, 1, d->identity);
		(void)sqlite3_bind_int64(insert, 2, (int64_t)d->at_us);
		(void)sqlite3_bind_text(insert, 3, (const char *)d->persons[i].id, d->persons[i].id_len, SQLITE_STATIC);
		(void)sqlite3_bind_int64(insert, 4, d->persons[i].fields);
		(void)sqlite3_bind_int(insert, 5, d->route);
		(void)sqlite3_bind_int(insert, 6, d->meter);
		if (sqlite3_step(insert) != SQLITE_DONE)
			die("sqlite: no room");
		(void)sqlite3_reset(insert);
	}
}

/* All rows, or fewer: then every so many of the ordinary ones, and those of the thief whole. */
static void
build_sqlite(const struct plan *plan, struct report *report)
{
	uint64_t start = clock_monotonic_us(), kept = 0;
	uint32_t thief = month_thief(plan);
	sqlite3 *db = open_sqlite(plan);
	struct month m;
	sqlite3_stmt *insert;

	month_start(&m, plan);
	sql(db, "pragma journal_mode = off; pragma synchronous = off;"
	        "create table disclosed (identity integer, at integer, person text, fields integer,"
	        " route integer, meter integer); begin");
	if (sqlite3_prepare_v2(db, "insert into disclosed values (?, ?, ?, ?, ?, ?)", -1, &insert, NULL) != SQLITE_OK)
		die("sqlite: %s", sqlite3_errmsg(db));
	for (const struct disclosure *d = month_next(&m); d != NULL; d = month_next(&m)) {
		if (d->identity != thief && kept * plan->disclosures > m.made * plan->sqlite)
			continue;
		insert_rows(insert, d);
		kept += d->n_persons;
	}
	(void)sqlite3_finalize(insert);
	sql(db, "commit; create index by_identity on disclosed (identity, at)");
	(void)sqlite3_close(db);
	report->sqlite_build_seconds = since(start);
}

static uint64_t
ask_sqlite_once(sqlite3 *db, const struct plan *plan)
{
	sqlite3_stmt *query;
	uint64_t rows = 0;

	if (sqlite3_prepare_v2(db, "select person, fields_or(fields), min(at), max(at), count(*), route"
	    " from disclosed where identity = ? and at >= ? and at < ? group by person", -1, &query, NULL)
	    != SQLITE_OK)
		die("sqlite: %s", sqlite3_errmsg(db));
	(void)sqlite3_bind_int64(query, 1, month_thief(plan));
	(void)sqlite3_bind_int64(query, 2, (int64_t)THEFT_SINCE_US);
	(void)sqlite3_bind_int64(query, 3, (int64_t)THEFT_UNTIL_US);
	while (sqlite3_step(query) == SQLITE_ROW)
		rows++;
	(void)sqlite3_finalize(query);
	return rows;
}

static void
ask_sqlite(const struct plan *plan, struct report *report)
{
	double seconds[REPEATS];
	sqlite3 *db = open_sqlite(plan);

	for (int i = 0; i < REPEATS; i++) {
		uint64_t start = clock_monotonic_us();

		report->sqlite_listed = ask_sqlite_once(db, plan);
		seconds[i] = since(start);
	}
	report->sqlite_seconds = median(seconds, REPEATS);
	(void)sqlite3_close(db);
}

/* ---- the run ---- */

/* In a process of its own, so that one part's memory is not counted for another's. */
static bool
apart(void (*part)(const struct plan *, struct report *), const struct plan *plan, struct report *report)
{
	int ends[2], status = 0;

	if (pipe(ends) != 0)
		die("pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child == 0) {
		part(plan, report);
		_exit(write(ends[1], report, sizeof(*report)) == (ssize_t)sizeof(*report) ? 0 : 1);
	}
	(void)close(ends[1]);
	bool told = read(ends[0], report, sizeof(*report)) == (ssize_t)sizeof(*report);
	(void)close(ends[0]);
	return waitpid(child, &status, 0) == child && status == 0 && told;
}

static double
disk_mib(const char *dir)
{
	DIR *files = opendir(dir);
	double bytes = 0;
	struct stat st;

	if (files == NULL)
		die("%s: %s", dir, strerror(errno));
	for (struct dirent *file = readdir(files); file != NULL; file = readdir(files))
		if (file->d_name[0] != '.' && fstatat(dirfd(files), file->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += (double)st.st_size;
	(void)closedir(files);
	return bytes / (1 << 20);
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		die("%s is no number", text);
	return value;
}

static void
parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
	    {"persons", required_argument, NULL, 'p'}, {"disclosures", required_argument, NULL, 'd'},
	    {"identities", required_argument, NULL, 'i'}, {"stolen", required_argument, NULL, 's'},
	    {"sqlite", required_argument, NULL, 'q'}, {"full", no_argument, NULL, 'f'}, {0}};
	int option;
	bool sqlite = false;

	*plan = (struct plan){.persons = 430000, .disclosures = 1000000, .identities = 1000, .stolen = 3400};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			plan->persons = number(optarg);
			break;
		case 'd':
			plan->disclosures = number(optarg);
			break;
		case 'i':
			plan->identities = number(optarg);
			break;
		case 's':
			plan->stolen = number(optarg);
			break;
		case 'q':
			plan->sqlite = number(optarg);
			sqlite = true;
			break;
		case 'f':
			plan->persons = 43000000;
			plan->disclosures = 100000000;
			plan->identities = 10000;
			plan->stolen = 340000;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || strlen(argv[optind]) + 16 > sizeof(plan->dir) || plan->identities == 0
	    || plan->stolen == 0 || plan->stolen > plan->persons || plan->persons > plan->disclosures)
		die("usage: touched [--persons N] [--disclosures N] [--identities N] [--stolen N]"
		    " [--sqlite N] [--full] FOLDER");
	if (!sqlite)
		plan->sqlite = plan->disclosures;
	(void)snprintf(plan->dir, sizeof(plan->dir), "%s/touched-XXXXXX", argv[optind]);
}

static void
print(const struct plan *plan, const struct report *r)
{
	printf("{\"persons\":%" PRIu64 ",\"disclosures\":%" PRIu64 ",\"identities\":%" PRIu64
	    ",\"stolen\":%" PRIu64 ",\"listed\":%" PRIu64 ",\"seconds\":%.4f,\"list_seconds\":%.4f"
	    ",\"seen_seconds\":%.5f,\"open_seconds\":%.3f,\"first_seconds\":%.3f,\"rss_mib\":%.0f"
	    ",\"build_seconds\":%.1f,\"longest_add_seconds\":%.3f"
	    ",\"build_rss_mib\":%.0f,\"disk_mib\":%.0f",
	    plan->persons, plan->disclosures, plan->identities, plan->stolen, r->listed, r->seconds,
	    r->list_seconds, r->seen_seconds, r->open_seconds, r->first_seconds, r->rss_mib,
	    r->build_seconds, r->longest_add_seconds, r->build_rss_mib, r->disk_mib);
	if (plan->sqlite != 0)
		printf(",\"sqlite_seconds\":%.4f,\"sqlite_disclosures\":%" PRIu64 ",\"sqlite_build_seconds\":%.1f",
		    r->sqlite_seconds, plan->sqlite, r->sqlite_build_seconds);
	printf("}\n");
}

static void
clean(const struct plan *plan)
{
	char path[PATH_MAX];

	if (index_erase(plan->dir, NULL) != ERR_NONE)
		(void)fputs("touched: the index could not be erased\n", stderr);
	(void)snprintf(path, sizeof(path), "%s/rows.sqlite", plan->dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/lock", plan->dir);
	(void)unlink(path);
	if (rmdir(plan->dir) != 0)
		die("%s could not be removed: %s", plan->dir, strerror(errno));
}

int
main(int argc, char **argv)
{
	struct plan plan;
	struct report report = {0};

	parse(argc, argv, &plan);
	if (mkdtemp(plan.dir) == NULL)
		die("%s: %s", plan.dir, strerror(errno));
	bool done = apart(build_index, &plan, &report);
	report.disk_mib = disk_mib(plan.dir);
	done = done && apart(ask_index, &plan, &report);
	if (plan.sqlite != 0)
		done = done && apart(build_sqlite, &plan, &report) && apart(ask_sqlite, &plan, &report);
	clean(&plan);
	if (!done)
		return 1;
	if (plan.sqlite != 0 && report.sqlite_listed != report.listed)
		die("the index lists %" PRIu64 " persons, SQLite %" PRIu64, report.listed, report.sqlite_listed);
	print(&plan, &report);
	return 0;
}
