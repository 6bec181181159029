/* walk: reads segment files without keys. Blocks on the disk; private to journal/. */
#include "journal/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much as is there, up to `len`: a file that was cut gives less. */
static ssize_t
read_at(int fd, uint8_t *out, size_t len, off_t at)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, out + have, len - have, at + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static enum err
read_header(struct walk *w, const char *name)
{
	struct journal_position named;
	struct stat st;
	enum err err = format_name_parse(name, &named);

	if (err != ERR_NONE)
		return err;
	if (fstat(w->fd, &st) != 0)
		return ERR_IO;
	if (!S_ISREG(st.st_mode))
		return ERR_FORMAT;
	ssize_t n = read_at(w->fd, w->block, JOURNAL_BLOCK, 0);
	if (n < 0)
		return ERR_IO;
	if (n < (ssize_t)JOURNAL_BLOCK)
		return ERR_CORRUPT;
	err = format_get_segment(w->block, &w->header);
	if (err != ERR_NONE)
		return err;
	if (w->header.node != named.node || w->header.worker != named.worker ||
	    w->header.segment != named.segment || w->header.size > JOURNAL_SEGMENT_MAX)
		return ERR_CORRUPT;
	w->size = st.st_size < (off_t)w->header.size ? (uint32_t)st.st_size : w->header.size;
	/* A segment has its full size from the start: whatever cut it, it was no crash. */
	w->cut = w->size != w->header.size;
	return ERR_NONE;
}

enum err
walk_open(struct walk *w, const char *dir, const char *name)
{
	char path[PATH_MAX];
	enum err err;

	*w = (struct walk){.fd = -1, .at = JOURNAL_BLOCK, .cap = JOURNAL_BLOCK};
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return ERR_RANGE;
	w->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (w->fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : errno == ELOOP ? ERR_FORMAT : ERR_IO;
	/* Reading ahead would only fill the cache with zeroes that are about to change. */
	(void)posix_fadvise(w->fd, 0, 0, POSIX_FADV_RANDOM);
	w->block = malloc(w->cap);
	err = w->block != NULL ? read_header(w, name) : ERR_NOMEM;
	if (err != ERR_NONE)
		walk_close(w);
	return err;
}

void
walk_close(struct walk *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->block);
	w->fd = -1;
	w->block = NULL;
}

static enum err
make_room(struct walk *w, size_t len)
{
	uint8_t *grown;

	if (len <= w->cap)
		return ERR_NONE;
	grown = realloc(w->block, len);
	if (grown == NULL)
		return ERR_NOMEM;
	w->block = grown;
	w->cap = len;
	return ERR_NONE;
}

/* ERR_NONE: a whole batch stands here. ERR_NOT_FOUND: zeroes. ERR_IO, ERR_NOMEM; else: something that is none. */
static enum err
read_batch(struct walk *w, uint32_t at, struct batch_header *ret_h)
{
	struct batch_header h;
	ssize_t n;
	enum err err;

	n = read_at(w->fd, w->block, JOURNAL_BLOCK, at);
	if (n < 0)
		return ERR_IO;
	if (n < (ssize_t)JOURNAL_BLOCK)
		return ERR_FORMAT;
	err = format_get_batch(w->block, &h);
	if (err != ERR_NONE)
		return err;
	uint32_t room = format_batch_room(h.len);
	if (h.segment != w->header.segment || room > w->size - at)
		return ERR_CORRUPT;
	err = make_room(w, room);
	if (err != ERR_NONE)
		return err;
	if (room > JOURNAL_BLOCK) {
		size_t rest = room - JOURNAL_BLOCK;

		n = read_at(w->fd, w->block + JOURNAL_BLOCK, rest, (off_t)at + JOURNAL_BLOCK);
		if (n < 0)
			return ERR_IO;
		if ((size_t)n < rest)
			return ERR_FORMAT;
	}
	if (codec_crc32c(0, w->block + BATCH_TAG_AT, BATCH_HEADER_LEN - BATCH_TAG_AT + h.len) != h.body_crc)
		return ERR_CORRUPT;
	*ret_h = h;
	return ERR_NONE;
}

static bool
block_is_zero(const uint8_t *p)
{
	return p[0] == 0 && memcmp(p, p + 1, JOURNAL_BLOCK - 1) == 0;
}

/*
 * Nothing whole stands at w->at and the writer is gone: was this its last batch,
 * cut short? Not if a later batch is whole: that one was written only when this
 * one was durable.
 */
static enum walk_step
judge_rest(struct walk *w, struct batch_header *ret_h)
{
	for (uint32_t at = w->at; w->size - at >= JOURNAL_BLOCK; at += JOURNAL_BLOCK) {
		enum err err = read_batch(w, at, ret_h);

		if (err == ERR_IO || err == ERR_NOMEM)
			return WALK_ERROR;
		if (err == ERR_NONE && (ret_h->number > w->number || (ret_h->number == w->number && at > w->at))) {
			w->at = at;
			w->number = ret_h->number;
			return WALK_DAMAGED;
		}
		if (err != ERR_NOT_FOUND || !block_is_zero(w->block))
			w->torn = true;
	}
	return WALK_OVER;
}

enum walk_step
walk_look(struct walk *w, struct batch_header *ret_h)
{
	for (;;) {
		struct batch_header h;
		enum err err = read_batch(w, w->at, &h);

		if (err == ERR_IO || err == ERR_NOMEM)
			return WALK_ERROR;
		if (err == ERR_NONE && h.number == w->number) {
			*ret_h = h;
			return h.end ? WALK_END : WALK_BATCH;
		}
		if (w->alone)
			return judge_rest(w, ret_h);
		if (flock(w->fd, LOCK_SH | LOCK_NB) != 0)
			return WALK_WAIT;
		/* The writer is gone; it may have written between our look and its death. */
		(void)flock(w->fd, LOCK_UN);
		w->alone = true;
	}
}

void
walk_pass(struct walk *w, const struct batch_header *h)
{
	w->at += format_batch_room(h->len);
	w->number = h->number + 1;
}

int
walk_compare(const void *a, const void *b)
{
	const struct journal_position *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (x->worker != y->worker)
		return x->worker < y->worker ? -1 : 1;
	return x->segment < y->segment ? -1 : x->segment > y->segment;
}

static enum err
add_position(struct journal_position **list, size_t *n, const struct journal_position *at)
{
	/* Grows at each power of two. */
	if ((*n & (*n - 1)) == 0) {
		struct journal_position *grown = realloc(*list, (*n != 0 ? *n * 2 : 1) * sizeof(**list));

		if (grown == NULL)
			return ERR_NOMEM;
		*list = grown;
	}
	(*list)[(*n)++] = *at;
	return ERR_NONE;
}

enum err
walk_list(const char *dir, struct journal_position **ret_list, size_t *ret_n)
{
	struct journal_position *list = NULL, at;
	const struct dirent *entry;
	size_t n = 0;
	enum err err = ERR_NONE;
	DIR *d = opendir(dir);

	if (d == NULL)
		return ERR_IO;
	while (err == ERR_NONE && (entry = readdir(d)) != NULL)
		if (format_name_parse(entry->d_name, &at) == ERR_NONE)
			err = add_position(&list, &n, &at);
	closedir(d);
	if (err != ERR_NONE) {
		free(list);
		return err;
	}
	if (n > 0)
		qsort(list, n, sizeof(*list), walk_compare);
	*ret_list = list;
	*ret_n = n;
	return ERR_NONE;
}
