/*
 * How many entries a journal makes durable, and how long each waits: a loop that
 * keeps N responses waiting, as a worker of the gate with N busy connections does.
 * Each entry names 50 persons. `--work US` spends that much processor time on each
 * response, as the worker's own work would; `--cpu N` keeps all threads on one core.
 *
 *   bench_journal [--seconds S] [--work US] [--cpu N] [--buffered] [--dir DIR]
 */
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/reader.h"
#include "journal/writer.h"

#define WAITERS_MAX 256
#define SAMPLES_MAX (1U << 22)
#define PERSONS 50

struct setting {
	double seconds;
	unsigned work_us;
	int cpu;
	enum journal_sync sync;
	const char *base;
};

struct waiter {
	uint64_t sequence;
	uint64_t since_ns;
};

static uint32_t samples[SAMPLES_MAX];

static uint64_t
now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void
spend(unsigned us)
{
	uint64_t until = now_ns(CLOCK_THREAD_CPUTIME_ID) + us * 1000U;

	while (us != 0 && now_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		continue;
}

static void
respond(struct journal_writer *w, struct waiter *waiter, const struct disclosure *d, unsigned work_us)
{
	spend(work_us);
	waiter->since_ns = now_ns(CLOCK_MONOTONIC);
	if (journal_append(w, d, &waiter->sequence) != ERR_NONE) {
		fprintf(stderr, "bench_journal: an entry was refused\n");
		exit(1);
	}
}

static int
compare_samples(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Release who is durable and let it come back with the next response; count the releases. */
static size_t
turn(struct journal_writer *w, struct waiter *waiters, unsigned n, const struct disclosure *d, size_t n_samples,
    const struct setting *s)
{
	struct journal_progress progress;

	journal_collect(w, &progress);
	uint64_t now = now_ns(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < n; i++) {
		if (waiters[i].sequence > progress.settled)
			continue;
		if (waiters[i].sequence > progress.durable) {
			fprintf(stderr, "bench_journal: an entry failed\n");
			exit(1);
		}
		if (n_samples < SAMPLES_MAX)
			samples[n_samples++] = (uint32_t)((now - waiters[i].since_ns) / 1000);
		respond(w, &waiters[i], d, s->work_us);
	}
	journal_kick(w);
	return n_samples;
}

static double
processor_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static void
measure(struct journal_writer *w, unsigned n, const struct disclosure *d, const struct setting *s)
{
	struct waiter waiters[WAITERS_MAX] = {{0, 0}};
	struct journal_stats before, after;
	size_t n_samples = 0;
	uint64_t start = now_ns(CLOCK_MONOTONIC), end = start + (uint64_t)(s->seconds * 1e9);
	double used = processor_seconds();

	journal_stats_get(w, &before);
	for (unsigned i = 0; i < n; i++)
		respond(w, &waiters[i], d, s->work_us);
	journal_kick(w);
	while (now_ns(CLOCK_MONOTONIC) < end) {
		struct pollfd p = {.fd = journal_descriptor(w), .events = POLLIN};

		if (poll(&p, 1, 10000) == 1)
			n_samples = turn(w, waiters, n, d, n_samples, s);
	}
	journal_stats_get(w, &after);
	used = processor_seconds() - used;
	double seconds = (double)(now_ns(CLOCK_MONOTONIC) - start) * 1e-9;
	double entries = (double)(after.entries - before.entries), batches = (double)(after.batches - before.batches);
	qsort(samples, n_samples, sizeof(samples[0]), compare_samples);
	printf("%7u %10.0f %8.0f %7.1f %8u %8u %10.1f %9.1f\n", n, entries / seconds, batches / seconds, entries / batches,
	    samples[n_samples / 2], samples[n_samples * 99 / 100], used / entries * 1e6,
	    (double)(after.bytes - before.bytes) / seconds / 1e6);
	fflush(stdout);
}

static enum err
remove_segment(void *context, const struct journal_segment *segment)
{
	return journal_segment_remove(context, segment->name);
}

static void
clean(char *dir)
{
	char path[300];

	if (journal_scan_dir(dir, remove_segment, dir) != ERR_NONE)
		fprintf(stderr, "bench_journal: %s could not be emptied\n", dir);
	(void)snprintf(path, sizeof(path), "%s/n00000-w00000.mark", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

static bool
parse(int argc, char **argv, struct setting *s)
{
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "--buffered") == 0)
			s->sync = JOURNAL_SYNC_BUFFERED;
		else if (more && strcmp(argv[i], "--seconds") == 0)
			s->seconds = atof(argv[++i]);
		else if (more && strcmp(argv[i], "--work") == 0)
			s->work_us = (unsigned)atoi(argv[++i]);
		else if (more && strcmp(argv[i], "--cpu") == 0)
			s->cpu = atoi(argv[++i]);
		else if (more && strcmp(argv[i], "--dir") == 0)
			s->base = argv[++i];
		else
			return false;
	}
	return true;
}

static void
stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (cpu >= 0 && sched_setaffinity(0, sizeof(set), &set) != 0)
		perror("bench_journal: sched_setaffinity");
}

int
main(int argc, char **argv)
{
	static const unsigned waiters[] = {1, 4, 64, 256};
	struct setting s = {.seconds = 2, .cpu = -1, .base = "/tmp"};
	struct person_ref persons[PERSONS];
	struct disclosure d = {
	    .kind = DISCLOSURE_HANDED, .at_us = 1767225600000000U, .n_persons = PERSONS, .persons = persons};
	struct journal_writer *w;
	uint8_t secret[SEAL_KEY_LEN];
	char dir[256];

	if (!parse(argc, argv, &s)) {
		fprintf(stderr, "usage: bench_journal [--seconds S] [--work US] [--cpu N] [--buffered] [--dir DIR]\n");
		return 2;
	}
	for (unsigned i = 0; i < PERSONS; i++)
		persons[i] = (struct person_ref){(const uint8_t *)"20260101000", 11, 1, 7};
	(void)snprintf(dir, sizeof(dir), "%s/journal-bench.XXXXXX", s.base);
	if (mkdtemp(dir) == NULL) {
		perror("bench_journal: directory");
		return 1;
	}
	stay_on(s.cpu);
	struct journal_options o = {.dirs = {dir, NULL}, .sync = s.sync, .recipient = {.period = 202601}};
	if (seal_keypair(secret, o.recipient.key) != ERR_NONE || journal_writer_open(&o, &w) != ERR_NONE)
		return 1;
	printf("waiters  entries/s  syncs/s entries  p50 us   p99 us     cpu us      MB/s\n"
	       "                            per sync                    per entry\n");
	for (size_t i = 0; i < sizeof(waiters) / sizeof(waiters[0]); i++)
		measure(w, waiters[i], &d, &s);
	journal_writer_close(w);
	clean(dir);
	return 0;
}
