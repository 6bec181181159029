/*
 * ledger: how many journal records a second one core brings into the ledger.
 *
 *   ledger [--entries N] [--persons N] [--batch N] FOLDER
 *
 * Makes a ledger in FOLDER/ledger-bench (which it removes afterwards) from
 * records of `persons` persons each, committing every `batch` of them: sealed,
 * hashed, written, synced and signed. The process is held to one core, and the
 * time is that of the clock on the wall, so waiting for the disk counts. The
 * figure is the median over the commits; beside it stand the mean over the whole
 * run, the slowest and the fastest commit, and what the core alone would allow.
 * Then the whole is verified, and read back with its persons. Prints one JSON object.
 */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"

#define ID_LEN 11
#define NODE 1
#define WORKERS 4

struct plan {
	uint64_t entries;
	uint64_t persons;
	uint64_t batch;
	char root[448];
	char ledger_dir[512];
	char keys_dir[512];
};

/* Entries per second. */
struct rates {
	double median;
	double mean;
	double slowest;
	double fastest;
	double cpu; /* counting only the time that the core was busy */
};

struct bench {
	struct note_signer signer;
	struct period_keys *keys;
	struct ledger *ledger;
};

static void __attribute__((noreturn))
die(const char *what, enum err err)
{
	(void)fprintf(stderr, "bench ledger: %s: %s\n", what, err_text(err));
	exit(1);
}

static void
must(const char *what, enum err err)
{
	if (err != ERR_NONE)
		die(what, err);
}

/* One core: what is measured must not lean on a second one. */
static void
hold_to_one_core(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		(void)fprintf(stderr, "bench ledger: not held to one core\n");
}

static void
open_bench(const struct plan *plan, struct bench *bench)
{
	struct ledger_options options = {.dir = plan->ledger_dir, .signer = &bench->signer, .clock = clock_system()};
	const char *why = "";

	must("signer", note_signer_generate("bench.example/ledger", &bench->signer));
	must("keys", period_keys_open(plan->keys_dir, &bench->keys));
	options.keys = bench->keys;
	enum err err = ledger_open(&options, &bench->ledger, &why);
	if (err != ERR_NONE)
		die(why, err);
}

/* Identifiers as an employment agency's: eleven digits. */
static void
fill_persons(struct person_ref *persons, char (*ids)[ID_LEN + 1], uint64_t n, uint64_t record)
{
	for (uint64_t i = 0; i < n; i++) {
		(void)snprintf(ids[i], ID_LEN + 1, "%0*" PRIu64, ID_LEN, (record * 7919 + i * 104729) % UINT64_C(43000000));
		persons[i] = (struct person_ref){
		    .id = (const uint8_t *)ids[i], .id_len = ID_LEN, .space = 1, .fields = 0x3f};
	}
}

/* What this process kept the core busy for, in microseconds. */
static uint64_t
cpu_us(void)
{
	struct timespec spent;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0)
		die("clock", ERR_IO);
	return (uint64_t)spent.tv_sec * 1000000 + (uint64_t)spent.tv_nsec / 1000;
}

static double
seconds_since(uint64_t start_us)
{
	return (double)(clock_monotonic_us() - start_us) / 1e6;
}

static int
compare_rates(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Add the records done..done+batch-1 and commit them; returns the seconds it took. */
static double
integrate_batch(const struct plan *plan, struct ledger *ledger, const struct person_ref *persons, uint64_t done)
{
	uint64_t now_us = clock_now_us(clock_system()), start_us = clock_monotonic_us();

	for (uint64_t i = done; i < done + plan->batch; i++) {
		struct ledger_entry entry = {.kind = LEDGER_DISCLOSURE,
		    .source = {.node = NODE, .worker = (uint16_t)(i % WORKERS), .segment = 2, .offset = (uint32_t)i,
		        .writer = 1 + i % WORKERS, .sequence = 1 + i / WORKERS},
		    .disclosure = {.kind = DISCLOSURE_HANDED, .at_us = now_us, .session = i % 1000,
		        .identity = (uint32_t)(i % 1000), .n_persons = (uint32_t)plan->persons,
		        .persons = persons + (i - done) * plan->persons}};

		must("add", ledger_add(ledger, &entry));
	}
	must("commit", ledger_commit(ledger));
	return seconds_since(start_us);
}

/* Records are prepared outside the measured time, a batch at a time: the journal gives them in memory too. */
static void
integrate(const struct plan *plan, struct ledger *ledger, struct rates *ret_rates)
{
	struct person_ref *persons = calloc(plan->batch * plan->persons, sizeof(*persons));
	char (*ids)[ID_LEN + 1] = calloc(plan->batch * plan->persons, sizeof(*ids));
	uint64_t n = plan->entries / plan->batch, busy_us = 0;
	double *rates = calloc(n, sizeof(*rates)), seconds = 0;

	if (persons == NULL || ids == NULL || rates == NULL)
		die("records", ERR_NOMEM);
	for (uint64_t i = 0; i < n; i++) {
		for (uint64_t k = 0; k < plan->batch; k++)
			fill_persons(persons + k * plan->persons, ids + k * plan->persons, plan->persons,
			    i * plan->batch + k);
		uint64_t start_cpu_us = cpu_us();
		double took = integrate_batch(plan, ledger, persons, i * plan->batch);
		busy_us += cpu_us() - start_cpu_us;
		rates[i] = (double)plan->batch / took;
		seconds += took;
	}
	qsort(rates, n, sizeof(*rates), compare_rates);
	*ret_rates = (struct rates){.median = rates[n / 2], .mean = (double)plan->entries / seconds,
	    .slowest = rates[0], .fastest = rates[n - 1], .cpu = (double)plan->entries * 1e6 / (double)busy_us};
	free(rates);
	free(persons);
	free(ids);
}

static double
verify(const struct plan *plan, const struct bench *bench)
{
	struct ledger_report *report = malloc(sizeof(*report));
	uint64_t start_us = clock_monotonic_us();
	struct bytes key;

	if (report == NULL)
		die("report", ERR_NOMEM);
	bytes_init(&key, 1024);
	must("key", note_verifier_format(&bench->signer.verifier, &key));
	must("key", bytes_append(&key, "", 1));
	must("verify", ledger_verify(plan->ledger_dir, (const char *)key.data, NULL, NULL, report));
	if (!report->whole || report->entries_checked != plan->entries)
		die("the ledger does not verify", ERR_CORRUPT);
	bytes_wipe(&key);
	free(report);
	return seconds_since(start_us);
}

static double
read_back(const struct plan *plan, struct bench *bench)
{
	uint64_t start_us = clock_monotonic_us(), n = 0;
	struct ledger_reader *reader;
	struct ledger_record record;
	const char *why;

	must("reader", ledger_reader_open(plan->ledger_dir, &bench->signer.verifier, bench->keys, &reader, &why));
	while (ledger_read(reader, &record) == ERR_NONE)
		n += record.entry.disclosure.persons != NULL;
	if (n != plan->entries)
		die("not all entries could be read", ERR_CORRUPT);
	ledger_reader_free(reader);
	return seconds_since(start_us);
}

static uint64_t
number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*end != '\0' || value == 0 || value > 1000000000)
		die(text, ERR_USAGE);
	return value;
}

static void
parse_arguments(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {{"entries", required_argument, NULL, 'e'},
	    {"persons", required_argument, NULL, 'p'}, {"batch", required_argument, NULL, 'b'}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'e')
			plan->entries = number(optarg);
		else if (option == 'p')
			plan->persons = number(optarg);
		else if (option == 'b')
			plan->batch = number(optarg);
		else
			exit(2);
	}
	if (optind + 1 != argc || plan->persons > DISCLOSURE_PERSONS_MAX)
		die("one FOLDER is wanted", ERR_USAGE);
	if (plan->batch > plan->entries)
		plan->batch = plan->entries;
	plan->entries -= plan->entries % plan->batch;
	if (snprintf(plan->root, sizeof(plan->root), "%s/ledger-bench", argv[optind]) >= (int)sizeof(plan->root))
		die("FOLDER is too long", ERR_RANGE);
	(void)snprintf(plan->ledger_dir, sizeof(plan->ledger_dir), "%s/ledger", plan->root);
	(void)snprintf(plan->keys_dir, sizeof(plan->keys_dir), "%s/keys", plan->root);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
remove_tree(const char *dir)
{
	if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		die("old files cannot be removed", ERR_IO);
}

int
main(int argc, char **argv)
{
	struct plan plan = {.entries = 1000000, .persons = 10, .batch = 50000};
	struct bench bench;
	struct rates rates;

	parse_arguments(argc, argv, &plan);
	hold_to_one_core();
	remove_tree(plan.root);
	open_bench(&plan, &bench);
	integrate(&plan, bench.ledger, &rates);
	ledger_free(bench.ledger);
	double verified = verify(&plan, &bench);
	double reread = read_back(&plan, &bench);
	period_keys_free(bench.keys);
	note_signer_wipe(&bench.signer);
	remove_tree(plan.root);
	printf("{\"entries_per_second_per_core\": %.0f, \"mean\": %.0f, \"slowest\": %.0f, \"fastest\": %.0f, "
	       "\"per_cpu_second\": %.0f, ", rates.median, rates.mean, rates.slowest, rates.fastest, rates.cpu);
	printf("\"entries\": %" PRIu64 ", \"persons_per_entry\": %" PRIu64 ", \"entries_per_commit\": %" PRIu64
	       ", \"verified_per_second\": %.0f, \"read_per_second\": %.0f}\n", plan.entries, plan.persons, plan.batch,
	    (double)plan.entries / verified, (double)plan.entries / reread);
	return 0;
}
