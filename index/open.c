/* open: finding, recovering, erasing and checking an index. Blocks on the disk; one thread. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "index/inner.h"
#include "index/io.h"

#define SEAL_EVENTS (1U << 20)
/* Records of one pass of a question: at 56 bytes each with what sorting needs, 336 MiB. */
#define PASS_RECORDS (6ULL << 20)
#define LOCK_NAME "lock"
/* A reader that meets a writer between two files looks again. */
#define READ_TRIES 5

enum file_kind { FILE_OTHER = 0, FILE_NAMES, FILE_TAIL, FILE_SEGMENT, FILE_MANIFEST, FILE_KIND_MAX };

/* What a name in the folder stands for, and its number. */
static enum file_kind
kind_of(const char *name, uint64_t *ret_number)
{
	static const struct {
		const char *prefix;
		enum file_kind kind;
	} kinds[] = {{"names-", FILE_NAMES}, {"tail-", FILE_TAIL}, {"segment-", FILE_SEGMENT}};

	if (strcmp(name, "manifest") == 0 || strcmp(name, "manifest.new") == 0)
		return FILE_MANIFEST;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);
		size_t digits = strspn(name + (strncmp(name, kinds[i].prefix, len) == 0 ? len : 0), "0123456789");

		if (strncmp(name, kinds[i].prefix, len) != 0 || digits == 0 || name[len + digits] != '\0')
			continue;
		*ret_number = strtoull(name + len, NULL, 10);
		return kinds[i].kind;
	}
	return FILE_OTHER;
}

/* Ask `wanted` about each file of ours in the folder and remove those it names. */
static enum err
sweep(int dir_fd, bool (*wanted)(void *context, enum file_kind kind, uint64_t number), void *context)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	enum err err = ERR_NONE;
	uint64_t number = 0;

	if (dir == NULL) {
		err = io_error();
		if (fd >= 0)
			(void)close(fd);
		return err;
	}
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		enum file_kind kind = kind_of(entry->d_name, &number);

		if (kind != FILE_OTHER && !wanted(context, kind, number)
		    && unlinkat(dir_fd, entry->d_name, 0) != 0 && err == ERR_NONE)
			err = io_error();
	}
	(void)closedir(dir);
	return err;
}

static enum err
lock_dir(int dir_fd, int *ret_fd)
{
	int fd = openat(dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return io_error();
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum err err = errno == EWOULDBLOCK ? ERR_BUSY : io_error();

		(void)close(fd);
		return err;
	}
	*ret_fd = fd;
	return ERR_NONE;
}

static enum err
open_dir(const char *dir, int *ret_fd)
{
	*ret_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd >= 0 ? ERR_NONE : io_error();
}

static bool
remember_content(void *context, enum file_kind kind, uint64_t number)
{
	(void)number;
	if (kind == FILE_NAMES || kind == FILE_SEGMENT)
		*(bool *)context = true;
	return true;
}

/* No manifest: a new index, or one that lost it. The tail comes first, so it may stand alone. */
static enum err
create(struct index *index, const char **why)
{
	bool content = false;
	enum err err = sweep(index->dir_fd, remember_content, &content);

	if (err == ERR_NONE && content)
		return because(ERR_CORRUPT, why, "the manifest of the index is missing: rebuild the index");
	index->manifest = (struct manifest){.tail = 1, .next_segment = 1};
	if (err == ERR_NONE)
		err = tail_create(&index->tail, index->dir_fd, 1, 0);
	if (err == ERR_NONE && fsync(index->dir_fd) != 0)
		err = io_error();
	if (err == ERR_NONE)
		err = manifest_write(index->dir, &index->manifest);
	tail_close(&index->tail);
	return err;
}

static enum err
take_event(struct index *index, const struct event *event)
{
	uint32_t number = index_period(event->at_us);
	const struct period *period = period_find(index, number);

	/* Persons ascend: the last one stands for all. */
	if (event->at_us >= INDEX_TIME_END_US || (event->n != 0
	    && (period == NULL || index->people[event->n - 1].person >= period->persons)))
		return ERR_CORRUPT;
	return active_add(&index->active, event, number, index->people);
}

static enum err
take_frame(void *context, const uint8_t *content, size_t len)
{
	struct index *index = context;
	const uint8_t *at = content, *end = content + len;
	struct event_base base = {0};
	enum err err = ERR_NONE;

	for (uint64_t left = varint_get(&at, end); left > 0 && at != NULL; left--) {
		struct period *period;
		uint32_t number = (uint32_t)varint_get(&at, end);
		uint32_t persons = (uint32_t)varint_get(&at, end);

		err = period_make(index, number, &period);
		if (err != ERR_NONE)
			return err;
		period->persons = persons;
	}
	if (at == NULL)
		return ERR_CORRUPT;
	while (at < end && err == ERR_NONE) {
		struct event event;

		err = event_get(&at, end, &base, &event, index->people);
		if (err == ERR_NONE)
			err = take_event(index, &event);
	}
	return err;
}

/* A dictionary that is needed and is not there is found now, not when somebody asks. */
static enum err
look_for_names(const struct index *index, const char **why)
{
	char name[NAMES_FILE_NAME_LEN];

	for (size_t i = 0; i < index->n_periods; i++) {
		names_file_name(index->periods[i].period, name);
		if (index->periods[i].persons != 0 && faccessat(index->dir_fd, name, F_OK, 0) != 0)
			return because(ERR_CORRUPT, why, "a dictionary is missing: rebuild the index");
	}
	return ERR_NONE;
}

static enum err
open_segments(struct index *index, const char **why)
{
	const struct manifest *m = &index->manifest;

	index->segments = calloc(m->n_segments + 1, sizeof(*index->segments));
	if (index->segments == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->n_segments; i++) {
		enum err err = segment_open(&index->segments[i], index->dir_fd, &m->segments[i]);

		if (err == ERR_CORRUPT)
			return because(err, why, "a segment is missing or was changed: rebuild the index");
		if (err != ERR_NONE)
			return err;
	}
	return ERR_NONE;
}

static enum err
load(struct index *index, const char **why)
{
	const struct tail_sink sink = {take_frame, index};
	enum err err = open_segments(index, why);

	for (size_t i = 0; i < index->manifest.n_periods && err == ERR_NONE; i++) {
		struct period *period;

		err = period_make(index, index->manifest.periods[i].period, &period);
		if (err == ERR_NONE)
			period->persons = index->manifest.periods[i].persons;
	}
	if (err == ERR_NONE)
		err = tail_open(&index->tail, index->dir_fd, index->manifest.tail, index->options.read_only,
		    &sink, why);
	if (err == ERR_NONE && index->tail.next_entry < index->manifest.next_entry)
		err = because(ERR_CORRUPT, why, "the log of the index is an old one: rebuild the index");
	if (err == ERR_NONE)
		err = look_for_names(index, why);
	index->next_entry = index->tail.next_entry;
	index->flushed = index->active.n;
	return err;
}

static void
unload(struct index *index)
{
	for (size_t i = 0; index->segments != NULL && i < index->manifest.n_segments; i++)
		segment_close(&index->segments[i]);
	free(index->segments);
	index->segments = NULL;
	manifest_wipe(&index->manifest);
	for (size_t i = 0; i < index->n_periods; i++)
		period_unload(&index->periods[i]);
	free(index->periods);
	index->periods = NULL;
	index->n_periods = 0;
	active_wipe(&index->active);
	tail_close(&index->tail);
}

static bool
is_listed(void *context, enum file_kind kind, uint64_t number)
{
	const struct manifest *m = context;

	if (kind == FILE_TAIL)
		return number == m->tail;
	if (kind != FILE_SEGMENT)
		return true;
	for (size_t i = 0; i < m->n_segments; i++)
		if (m->segments[i].sequence == number)
			return true;
	return false;
}

static enum err
open_writer(struct index *index, const char **why)
{
	enum err err = lock_dir(index->dir_fd, &index->lock_fd);

	if (err == ERR_BUSY)
		return because(err, why, "another process writes this index");
	if (err == ERR_NONE)
		err = manifest_read(index->dir, &index->manifest, why);
	if (err == ERR_NOT_FOUND)
		err = create(index, why);
	if (err == ERR_NONE)
		err = sweep(index->dir_fd, is_listed, &index->manifest);
	if (err == ERR_NONE)
		err = load(index, why);
	return err;
}

static enum err
open_reader(struct index *index, const char **why)
{
	enum err err = ERR_CORRUPT;

	for (int i = 0; i < READ_TRIES && err == ERR_CORRUPT; i++) {
		unload(index);
		err = manifest_read(index->dir, &index->manifest, why);
		if (err == ERR_NOT_FOUND)
			return because(err, why, "there is no index in this folder");
		if (err == ERR_NONE)
			err = load(index, why);
	}
	return err;
}

static enum err
start(struct index *index, const char *dir, const char **why)
{
	enum err err = ERR_NONE;

	index->dir = strdup(dir);
	index->people = malloc(DISCLOSURE_PERSONS_MAX * sizeof(*index->people));
	if (index->dir == NULL || index->people == NULL)
		return ERR_NOMEM;
	if (!index->options.read_only)
		err = file_make_dir(dir, 0700);
	if (err == ERR_NONE)
		err = open_dir(dir, &index->dir_fd);
	if (err != ERR_NONE)
		return because(err, why, "the folder of the index could not be opened");
	return index->options.read_only ? open_reader(index, why) : open_writer(index, why);
}

enum err
index_open(const char *dir, const struct index_options *options, struct index **ret_index,
    const char **why)
{
	struct index *index = calloc(1, sizeof(*index));
	enum err err;

	suppose(why, "the index could not be read");
	if (index == NULL)
		return ERR_NOMEM;
	index->dir_fd = index->lock_fd = index->tail.fd = -1;
	index->options = *options;
	index->pass_records = PASS_RECORDS;
	if (index->options.seal_events == 0)
		index->options.seal_events = SEAL_EVENTS;
	err = start(index, dir, why);
	if (err != ERR_NONE) {
		index_free(index);
		return err;
	}
	*ret_index = index;
	return ERR_NONE;
}

void
index_free(struct index *index)
{
	if (index == NULL)
		return;
	unload(index);
	if (index->dir_fd >= 0)
		(void)close(index->dir_fd);
	if (index->lock_fd >= 0)
		(void)close(index->lock_fd);
	free(index->people);
	free(index->dir);
	free(index);
}

static bool
keep_manifest(void *context, enum file_kind kind, uint64_t number)
{
	(void)context;
	(void)number;
	return kind == FILE_MANIFEST;
}

static bool
keep_none(void *context, enum file_kind kind, uint64_t number)
{
	(void)context;
	(void)kind;
	(void)number;
	return false;
}

enum err
index_erase(const char *dir, const char **why)
{
	int dir_fd, lock_fd = -1;
	enum err err = open_dir(dir, &dir_fd);

	if (err == ERR_NOT_FOUND)
		return ERR_NONE;
	if (err != ERR_NONE)
		return because(err, why, "the folder of the index could not be opened");
	err = lock_dir(dir_fd, &lock_fd);
	/* The manifest goes last: half erased is ERR_CORRUPT, never a small index. */
	if (err == ERR_NONE)
		err = sweep(dir_fd, keep_manifest, NULL);
	if (err == ERR_NONE && fsync(dir_fd) != 0)
		err = io_error();
	if (err == ERR_NONE)
		err = sweep(dir_fd, keep_none, NULL);
	if (lock_fd >= 0)
		(void)close(lock_fd);
	(void)close(dir_fd);
	return err == ERR_NONE ? ERR_NONE : because(err, why, "the index could not be erased");
}

/* Reading the dictionary anew is checking it; one whose key is gone has nothing left to check. */
static enum err
check_names(struct index *index, struct period *period, const char **why)
{
	if (period_dirty(period))
		return ERR_NONE;
	period_unload(period);
	enum err err = period_load(index, period, why);
	return err == ERR_EXPIRED ? ERR_NONE : err;
}

enum err
index_check(struct index *index, const char **why)
{
	enum err err;

	suppose(why, "the index could not be read through");
	err = index->options.read_only ? ERR_NONE : index_flush(index, why);
	for (size_t i = 0; i < index->manifest.n_segments && err == ERR_NONE; i++) {
		err = segment_check(&index->segments[i]);
		if (err == ERR_CORRUPT)
			return because(err, why, "a segment was changed: rebuild the index");
	}
	for (size_t i = 0; i < index->n_periods && err == ERR_NONE; i++)
		err = check_names(index, &index->periods[i], why);
	return err;
}
