#include "lab/replay/rhythm.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>



/* Of the log's 40 largest organisations: median day, its spread between them, the spread within one, days with work. */
#define MODEL_LOG_MEDIAN 3.364
#define MODEL_LOG_MEDIAN_SPREAD 0.495
#define MODEL_LOG_SPREAD 0.666
#define MODEL_ACTIVE 0.69

struct row {
	uint32_t organisation;
	uint32_t day; /* in a calendar without gaps */
	uint32_t person;
};

struct rows {
	struct row *row;
	size_t count;
	size_t room;
};

struct span {
	const struct row *first;
	size_t count;
};

void
rhythm_wipe(struct rhythm *rhythm)
{
	free(rhythm->bodies);
	memset(rhythm, 0, sizeof(*rhythm));
}

/* Days since 0000-03-01 of the Gregorian calendar. */
static uint32_t
day_of(unsigned year, unsigned month, unsigned day)
{
	unsigned from_march = (month + 9) % 12;

	year -= month < 3;
	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day - 1;
}

static enum err
take_line(struct rows *rows, const char *line)
{
	unsigned person, organisation, year, month, day;

	if (sscanf(line, "%u,%u,%*u,%4u-%2u-%2u", &person, &organisation, &year, &month, &day) != 5 || month < 1 ||
	    month > 12)
		return ERR_FORMAT;
	if (rows->count == rows->room) {
		size_t room = rows->room == 0 ? 65536 : rows->room * 2;
		struct row *grown = realloc(rows->row, room * sizeof(*grown));

		if (grown == NULL)
			return ERR_NOMEM;
		rows->row = grown;
		rows->room = room;
	}
	rows->row[rows->count++] = (struct row){organisation, day_of(year, month, day), person};
	return ERR_NONE;
}

static enum err
take_lines(struct rows *rows, FILE *in)
{
	char line[256];
	bool first = true;
	enum err err = ERR_NONE;

	while (err == ERR_NONE && fgets(line, sizeof(line), in) != NULL) {
		err = take_line(rows, line);
		/* The first line may name the columns. */
		if (first && err == ERR_FORMAT)
			err = ERR_NONE;
		first = false;
	}
	return err == ERR_NONE && ferror(in) ? ERR_IO : err;
}

/* `xz -dc` of the file; its standard output in *ret_in. */
static enum err
start_xz(const char *path, pid_t *ret_pid, FILE **ret_in)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) != 0)
		return ERR_IO;
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execlp("xz", "xz", "-dc", "--", path, (char *)NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	*ret_in = pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (*ret_in == NULL) {
		(void)close(ends[0]);
		return ERR_IO;
	}
	*ret_pid = pid;
	return ERR_NONE;
}

static enum err
read_rows(const char *path, struct rows *rows, const char **why)
{
	size_t len = strlen(path);
	bool packed = len > 3 && strcmp(path + len - 3, ".xz") == 0;
	FILE *in = NULL;
	pid_t pid = 0;
	int status = 0;
	enum err err = ERR_NONE;

	*why = "cannot be opened";
	if (access(path, R_OK) != 0)
		return ERR_NOT_FOUND;
	if (packed)
		err = start_xz(path, &pid, &in);
	else if ((in = fopen(path, "re")) == NULL)
		err = ERR_IO;
	if (err != ERR_NONE)
		return err;
	*why = "a line is not reviewerId,vendorId,rating,date";
	err = take_lines(rows, in);
	(void)fclose(in);
	if (pid != 0 && (waitpid(pid, &status, 0) != pid || status != 0) && err == ERR_NONE) {
		*why = "xz cannot unpack it";
		return ERR_FORMAT;
	}
	return err;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->organisation != y->organisation)
		return x->organisation < y->organisation ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (x->person > y->person) - (x->person < y->person);
}

static int
compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
typical_of(const uint32_t days[RHYTHM_DAYS])
{
	uint32_t active[RHYTHM_DAYS];
	size_t count = 0;

	for (size_t i = 0; i < RHYTHM_DAYS; i++)
		if (days[i] > 0)
			active[count++] = days[i];
	if (count == 0)
		return 0;
	qsort(active, count, sizeof(*active), compare_numbers);
	return active[count / 2];
}

static void
count_days(const struct span *span, struct rhythm_body *body)
{
	uint32_t end = span->first[3 * span->count / 4].day;

	for (size_t i = 0; i < span->count; i++) {
		const struct row *row = &span->first[i];

		if (row->day > end || row->day + RHYTHM_DAYS <= end ||
		    (i > 0 && row[-1].day == row->day && row[-1].person == row->person))
			continue;
		body->all[end - row->day]++;
		if (row->person % RHYTHM_STAFF == 0)
			body->own[end - row->day]++;
	}
	body->typical = typical_of(body->own);
}

/* Sorted rows to spans of one organisation each, the longest first. */
static enum err
make_spans(const struct rows *rows, struct span **ret_spans, size_t *ret_count)
{
	struct span *spans = NULL;
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (i == 0 || rows->row[i].organisation != rows->row[i - 1].organisation) {
			struct span *grown = reallocarray(spans, count + 1, sizeof(*grown));

			if (grown == NULL) {
				free(spans);
				return ERR_NOMEM;
			}
			spans = grown;
			spans[count++] = (struct span){&rows->row[i], 0};
		}
		spans[count - 1].count++;
	}
	if (count > 0)
		qsort(spans, count, sizeof(*spans), compare_spans);
	*ret_spans = spans;
	*ret_count = count;
	return ERR_NONE;
}

enum err
rhythm_read(const char *path, size_t bodies, struct rhythm *ret_rhythm, const char **why)
{
	struct rows rows = {0};
	struct span *spans = NULL;
	size_t count = 0;
	struct rhythm rhythm = {0};
	enum err err = read_rows(path, &rows, why);

	if (err == ERR_NONE) {
		*why = "it holds no rows";
		if (rows.count > 0)
			qsort(rows.row, rows.count, sizeof(*rows.row), compare_rows);
		err = rows.count > 0 ? make_spans(&rows, &spans, &count) : ERR_FORMAT;
	}
	if (err == ERR_NONE) {
		rhythm.count = count < bodies ? count : bodies;
		rhythm.bodies = calloc(rhythm.count, sizeof(*rhythm.bodies));
		err = rhythm.bodies != NULL ? ERR_NONE : ERR_NOMEM;
	}
	for (size_t i = 0; i < rhythm.count && err == ERR_NONE; i++)
		count_days(&spans[i], &rhythm.bodies[i]);
	free(spans);
	free(rows.row);
	if (err == ERR_NONE)
		*ret_rhythm = rhythm;
	return err;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double
next_uniform(uint64_t *state)
{
	return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller (1958). */
static double
next_normal(uint64_t *state)
{
	double radius = sqrt(-2.0 * log(next_uniform(state)));

	return radius * cos(2.0 * M_PI * next_uniform(state));
}

enum err
rhythm_invent(size_t bodies, uint64_t seed, struct rhythm *ret_rhythm)
{
	struct rhythm rhythm = {calloc(bodies, sizeof(*rhythm.bodies)), bodies};

	if (rhythm.bodies == NULL)
		return ERR_NOMEM;
	for (size_t b = 0; b < bodies; b++) {
		struct rhythm_body *body = &rhythm.bodies[b];
		double middle = MODEL_LOG_MEDIAN + MODEL_LOG_MEDIAN_SPREAD * next_normal(&seed);

		for (size_t i = 0; i < RHYTHM_DAYS; i++) {
			if (next_uniform(&seed) > MODEL_ACTIVE)
				continue;
			body->all[i] = 1 + (uint32_t)exp(middle + MODEL_LOG_SPREAD * next_normal(&seed));
			body->own[i] = (body->all[i] + RHYTHM_STAFF - 1) / RHYTHM_STAFF;
		}
		body->typical = typical_of(body->own);
	}
	*ret_rhythm = rhythm;
	return ERR_NONE;
}
