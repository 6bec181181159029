#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define PERSONS_MAX 4096
#define WAIT_MS 30000

void
ground_make(struct ground *g)
{
	const char *base = getenv("JOURNAL_TEST_DIR");

	for (int i = 0; i < 2; i++) {
		(void)snprintf(g->dirs[i], sizeof(g->dirs[i]), "%s/journal-test.XXXXXX", base != NULL ? base : "/tmp");
		assert_non_null(mkdtemp(g->dirs[i]));
	}
	assert_int_equal(seal_keypair(g->secret, g->public), ERR_NONE);
}

void
ground_remove(struct ground *g)
{
	for (int i = 0; i < 2; i++) {
		struct dirent *entry;
		DIR *d = opendir(g->dirs[i]);

		if (d == NULL)
			continue;
		while ((entry = readdir(d)) != NULL)
			(void)unlinkat(dirfd(d), entry->d_name, 0);
		closedir(d);
		(void)rmdir(g->dirs[i]);
	}
}

struct journal_options
ground_options(const struct ground *g, unsigned n_dirs)
{
	struct journal_options o = {.dirs = {g->dirs[0], n_dirs > 1 ? g->dirs[1] : NULL},
	    .node = 7,
	    .worker = 3,
	    .segment_size = TEST_SEGMENT,
	    .recipient = {.period = TEST_PERIOD}};

	memcpy(o.recipient.key, g->public, sizeof(o.recipient.key));
	return o;
}

static uint8_t
person_name(uint64_t number, uint32_t i, uint8_t out[PERSON_ID_MAX])
{
	char text[PERSON_ID_MAX];
	int len = snprintf(text, sizeof(text), "p%llu-%u", (unsigned long long)number, i);

	memcpy(out, text, (size_t)len);
	return (uint8_t)len;
}

enum err
give(struct journal_writer *w, uint64_t number, uint32_t n, uint64_t *ret_sequence)
{
	static uint8_t names[PERSONS_MAX][PERSON_ID_MAX];
	static struct person_ref persons[PERSONS_MAX];
	struct disclosure d = {.kind = DISCLOSURE_HANDED,
	    .at_us = 1767225600000000U + number,
	    .session = number,
	    .identity = (uint32_t)number,
	    .organisation = 12,
	    .route = 3,
	    .meter = 4,
	    .n_persons = n,
	    .persons = persons};

	assert_true(n <= PERSONS_MAX);
	for (uint32_t i = 0; i < n; i++)
		persons[i] = (struct person_ref){.id = names[i],
		    .id_len = person_name(number, i, names[i]),
		    .space = 1,
		    .fields = i % 3};
	return journal_append(w, &d, ret_sequence);
}

struct journal_progress
settle(struct journal_writer *w, uint64_t sequence)
{
	struct journal_progress progress;

	journal_kick(w);
	for (;;) {
		struct pollfd p = {.fd = journal_descriptor(w), .events = POLLIN};

		journal_collect(w, &progress);
		if (progress.settled >= sequence)
			return progress;
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	}
}

bool
give_durably(struct journal_writer *w, uint64_t number)
{
	uint64_t sequence;

	if (give(w, number, 2, &sequence) != ERR_NONE)
		return false;
	return settle(w, sequence).durable >= sequence;
}

static enum err
take_key(void *context, uint32_t period, uint8_t ret_secret[SEAL_KEY_LEN])
{
	const struct harvest *h = context;

	if (h->key_gone)
		return ERR_NOT_FOUND;
	assert_true(period == TEST_PERIOD || period == TEST_PERIOD + 1);
	memcpy(ret_secret, h->ground->secret, SEAL_KEY_LEN);
	return ERR_NONE;
}

static enum err
take_entry(void *context, const struct journal_entry *e)
{
	struct harvest *h = context;
	const struct disclosure *d = &e->disclosure;

	if (h->stop_after != 0 && h->n >= h->stop_after)
		return ERR_SPACE;
	assert_int_equal(d->kind, DISCLOSURE_HANDED);
	assert_true(d->at_us == 1767225600000000U + d->session);
	assert_true(d->identity == (uint32_t)d->session);
	assert_int_equal(d->organisation, 12);
	for (uint32_t i = 0; i < d->n_persons; i++) {
		uint8_t name[PERSON_ID_MAX];

		assert_int_equal(d->persons[i].id_len, person_name(d->session, i, name));
		assert_memory_equal(d->persons[i].id, name, d->persons[i].id_len);
		assert_int_equal(d->persons[i].fields, i % 3);
	}
	if ((h->n & (h->n - 1)) == 0) {
		h->list = realloc(h->list, (h->n != 0 ? 2 * h->n : 1) * sizeof(*h->list));
		assert_non_null(h->list);
	}
	h->list[h->n++] = (struct gotten){e->cursor, d->session, d->n_persons};
	return ERR_NONE;
}

static void
take_remark(void *context, const struct journal_remark *m)
{
	struct harvest *h = context;

	h->remarks[m->kind]++;
	(void)snprintf(h->words, sizeof(h->words), "%s", m->words);
}

void
harvest_open(struct harvest *h, const struct ground *g)
{
	const struct journal_callbacks callbacks = {h, take_key, take_entry, take_remark};
	const char *const dirs[2] = {g->dirs[0], g->dirs[1]};

	*h = (struct harvest){.ground = g};
	assert_int_equal(journal_reader_open(dirs, &callbacks, &h->reader), ERR_NONE);
}

void
harvest_close(struct harvest *h)
{
	journal_reader_free(h->reader);
	free(h->list);
}

size_t
harvest_more(struct harvest *h)
{
	size_t n;

	assert_int_equal(journal_reader_poll(h->reader, &n), ERR_NONE);
	return n;
}

unsigned
harvest_remarks(const struct harvest *h)
{
	unsigned n = 0;

	for (int i = 0; i < JOURNAL_REMARK_MAX; i++)
		n += h->remarks[i];
	return n;
}

static int
is_segment(const struct dirent *entry)
{
	struct journal_position at;

	return format_name_parse(entry->d_name, &at) == ERR_NONE;
}

static unsigned
find_segment(const char *dir, unsigned index, char path[PATH_MAX])
{
	struct dirent **list;
	int n = scandir(dir, &list, is_segment, alphasort);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		if (path != NULL && (unsigned)i == index)
			(void)snprintf(path, PATH_MAX, "%s/%s", dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return (unsigned)n;
}

unsigned
count_segments(const char *dir)
{
	return find_segment(dir, 0, NULL);
}

const char *
segment_path(const char *dir, unsigned index)
{
	static char path[PATH_MAX];

	return find_segment(dir, index, path) > index ? path : NULL;
}

void
ground_copy(const struct ground *g, struct ground *copy)
{
	const char *from;

	ground_make(copy);
	memcpy(copy->secret, g->secret, sizeof(copy->secret));
	memcpy(copy->public, g->public, sizeof(copy->public));
	for (unsigned i = 0; (from = segment_path(g->dirs[0], i)) != NULL; i++) {
		char to[PATH_MAX];
		struct bytes b;

		bytes_init(&b, JOURNAL_SEGMENT_MAX);
		assert_int_equal(file_read(from, &b), ERR_NONE);
		(void)snprintf(to, sizeof(to), "%s/%s", copy->dirs[0], strrchr(from, '/') + 1);
		int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(file_write_all(fd, b.data, b.len), ERR_NONE);
		close(fd);
		bytes_wipe(&b);
	}
}

void
scribble(const char *path, off_t at, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(pwrite(fd, data, len, at) == (ssize_t)len);
	close(fd);
}
