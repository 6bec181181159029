/*
 * reader: entries of all segments in order, each once. Blocks on the disk, never
 * for a writer. One thread.
 *
 * A writer fills one segment after another, so its segments are read in the order
 * of their numbers, each to its end before the next. What a writer's last given
 * sequence is decides what is given: a batch that was written twice is given once,
 * and a batch that follows a sequence that was never seen shows a loss.
 */
#include "journal/reader.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "journal/opener.h"
#include "journal/walk.h"

struct source {
	unsigned dir;
	struct journal_position at;
	uint64_t writer;   /* once it was opened */
	uint32_t skip;     /* offsets up to here were dealt with */
	bool open;
	bool keyless;      /* it cannot be had */
	bool done;
	bool keep;         /* not to be removed: damage, no key, foreign */
	bool seen;         /* in the listing that is being made */
	unsigned said;     /* remarks made, one bit each */
	struct walk walk;
	struct opener opener;
};

struct writer_state {
	uint64_t writer;
	uint64_t last; /* sequence that was given, once known */
	bool known;
	bool busy; /* in this poll: an earlier segment is not at its end */
};

struct journal_reader {
	char *dirs[2];
	struct journal_callbacks callbacks;
	struct source **sources; /* sorted by position, then directory */
	size_t n_sources;
	struct writer_state *writers;
	size_t n_writers;
	struct journal_cursor *cursors;
	size_t n_cursors;
	size_t given; /* in this poll */
	uint8_t *plain;
	struct person_ref *persons;
};

/* Room for one more in an array that grows at each power of two. */
static void *
grow(void *array, size_t n, size_t each)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return array;
	return realloc(array, (n != 0 ? n * 2 : 1) * each);
}

static MUST_CHECK enum err
find_writer(struct journal_reader *r, uint64_t writer, struct writer_state **ret_state)
{
	struct writer_state *grown;

	for (size_t i = 0; i < r->n_writers; i++)
		if (r->writers[i].writer == writer) {
			*ret_state = &r->writers[i];
			return ERR_NONE;
		}
	grown = grow(r->writers, r->n_writers, sizeof(*grown));
	if (grown == NULL)
		return ERR_NOMEM;
	r->writers = grown;
	grown[r->n_writers] = (struct writer_state){.writer = writer};
	*ret_state = &grown[r->n_writers++];
	return ERR_NONE;
}

enum err
journal_reader_open(
    const char *const dirs[2], const struct journal_callbacks *callbacks, struct journal_reader **ret_r)
{
	struct journal_reader *r;

	if (dirs[0] == NULL || callbacks->key == NULL || callbacks->entry == NULL)
		return ERR_USAGE;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return ERR_NOMEM;
	r->callbacks = *callbacks;
	r->plain = malloc(JOURNAL_BATCH_MAX);
	r->persons = calloc(DISCLOSURE_PERSONS_MAX, sizeof(*r->persons));
	bool whole = r->plain != NULL && r->persons != NULL;
	for (int i = 0; i < 2 && whole; i++)
		if (dirs[i] != NULL)
			whole = (r->dirs[i] = strdup(dirs[i])) != NULL;
	if (!whole) {
		journal_reader_free(r);
		return ERR_NOMEM;
	}
	*ret_r = r;
	return ERR_NONE;
}

static void
close_source(struct source *s)
{
	if (s->open)
		walk_close(&s->walk);
	opener_wipe(&s->opener);
	s->open = false;
}

static void
free_source(struct source *s)
{
	close_source(s);
	free(s);
}

void
journal_reader_free(struct journal_reader *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_sources; i++)
		free_source(r->sources[i]);
	free(r->sources);
	free(r->writers);
	free(r->cursors);
	if (r->plain != NULL)
		bytes_zero(r->plain, JOURNAL_BATCH_MAX);
	free(r->plain);
	free(r->persons);
	free(r->dirs[0]);
	free(r->dirs[1]);
	free(r);
}

enum err
journal_reader_resume(struct journal_reader *r, const struct journal_cursor *cursor)
{
	struct writer_state *state;
	struct journal_cursor *grown = grow(r->cursors, r->n_cursors, sizeof(*grown));
	enum err err;

	if (grown == NULL)
		return ERR_NOMEM;
	r->cursors = grown;
	err = find_writer(r, cursor->writer, &state);
	if (err != ERR_NONE)
		return err;
	if (cursor->sequence > state->last)
		state->last = cursor->sequence;
	state->known = true;
	r->cursors[r->n_cursors++] = *cursor;
	return ERR_NONE;
}

/* Make the remark `m`, whose kind, offset and words are set. */
static void
make_remark(struct journal_reader *r, struct source *s, struct journal_remark *m)
{
	char path[PATH_MAX], name[JOURNAL_NAME_MAX];
	uint32_t offset = m->at.offset;

	s->said |= 1U << m->kind;
	format_name_segment(name, s->at.node, s->at.worker, s->at.segment);
	(void)snprintf(path, sizeof(path), "%s/%s", r->dirs[s->dir], name);
	m->path = path;
	m->at = s->at;
	m->at.offset = offset;
	if (r->callbacks.remark != NULL)
		r->callbacks.remark(r->callbacks.context, m);
	/* The path lived for the call alone. */
	m->path = NULL;
}

/* Once for each source, but for damage, which may be at several of its places. */
__attribute__((format(printf, 5, 6))) static void
remark(struct journal_reader *r, struct source *s, enum journal_remark_kind kind, uint32_t offset,
    const char *format, ...)
{
	char words[200];
	struct journal_remark m = {.kind = kind, .at.offset = offset, .words = words};
	va_list args;

	if (kind != JOURNAL_REMARK_DAMAGED && (s->said & 1U << kind) != 0)
		return;
	va_start(args, format);
	(void)vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	make_remark(r, s, &m);
}

static int
compare_source(const struct journal_position *at, unsigned dir, const struct source *s)
{
	int order = walk_compare(at, &s->at);

	if (order != 0)
		return order;
	return dir < s->dir ? -1 : dir > s->dir;
}

/* Where the source stands, or should be put in. */
static size_t
find_place(const struct journal_reader *r, const struct journal_position *at, unsigned dir, bool *ret_found)
{
	size_t low = 0, high = r->n_sources;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_source(at, dir, r->sources[middle]);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static enum err
note_source(struct journal_reader *r, const struct journal_position *at, unsigned dir)
{
	bool found;
	size_t place = find_place(r, at, dir, &found);

	if (found) {
		r->sources[place]->seen = true;
		return ERR_NONE;
	}
	struct source **grown = grow(r->sources, r->n_sources, sizeof(struct source *));
	if (grown == NULL)
		return ERR_NOMEM;
	r->sources = grown;
	struct source *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->dir = dir;
	s->at = *at;
	s->seen = true;
	memmove(grown + place + 1, grown + place, (r->n_sources - place) * sizeof(struct source *));
	grown[place] = s;
	r->n_sources++;
	return ERR_NONE;
}

/* Forget finished segments that somebody removed. */
static void
forget_vanished(struct journal_reader *r, unsigned dir)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_sources; i++) {
		struct source *s = r->sources[i];

		if (s->dir == dir && !s->seen && (s->done || !s->open))
			free_source(s);
		else
			r->sources[n++] = s;
	}
	r->n_sources = n;
}

static enum err
list_directory(struct journal_reader *r, unsigned dir)
{
	struct journal_position *list;
	size_t n;
	enum err err = walk_list(r->dirs[dir], &list, &n);

	if (err != ERR_NONE)
		return err;
	for (size_t i = 0; i < r->n_sources; i++)
		r->sources[i]->seen = false;
	for (size_t i = 0; i < n && err == ERR_NONE; i++)
		err = note_source(r, &list[i], dir);
	free(list);
	if (err == ERR_NONE)
		forget_vanished(r, dir);
	return err;
}

/*
 * Where an earlier reader came to in this very segment. A directory that was lost or replaced has segments of the same
 * numbers by other writers: a cursor says nothing about those.
 */
static void
find_skip(const struct journal_reader *r, struct source *s)
{
	for (size_t i = 0; i < r->n_cursors; i++)
		if (walk_compare(&r->cursors[i].at, &s->at) == 0 && r->cursors[i].writer == s->writer &&
		    r->cursors[i].at.offset > s->skip)
			s->skip = r->cursors[i].at.offset;
}

/* Open the file. A foreign or broken one is done with at once, and kept. */
static enum err
open_source(struct journal_reader *r, struct source *s)
{
	char name[JOURNAL_NAME_MAX];
	enum err err;

	format_name_segment(name, s->at.node, s->at.worker, s->at.segment);
	err = walk_open(&s->walk, r->dirs[s->dir], name);
	if (err == ERR_NONE) {
		s->open = true;
		s->writer = s->walk.header.writer;
		find_skip(r, s);
		return ERR_NONE;
	}
	if (err == ERR_IO || err == ERR_NOMEM)
		return err;
	s->done = true;
	s->keep = err != ERR_NOT_FOUND;
	if (err == ERR_CORRUPT)
		remark(r, s, JOURNAL_REMARK_DAMAGED, 0, "the header is damaged, nothing in it can be read");
	else if (err != ERR_NOT_FOUND)
		remark(r, s, JOURNAL_REMARK_FOREIGN, 0, "not a segment of this version");
	return ERR_NONE;
}

/* Get the segment's key. Without one it is passed over, and kept. */
static enum err
make_keyed(struct journal_reader *r, struct source *s)
{
	uint32_t period = s->walk.header.period;
	uint8_t secret[SEAL_KEY_LEN];
	enum err err;

	if (s->opener.cipher != NULL || s->keyless)
		return ERR_NONE;
	err = r->callbacks.key(r->callbacks.context, period, secret);
	if (err == ERR_NOT_FOUND || err == ERR_EXPIRED) {
		s->keyless = s->keep = true;
		remark(r, s, JOURNAL_REMARK_NO_KEY, 0, "the key of %u-%02u is missing or destroyed", period / 100,
		    period % 100);
		return ERR_NONE;
	}
	if (err != ERR_NONE)
		return err;
	err = opener_unseal(&s->opener, &s->walk.header, secret);
	bytes_zero(secret, sizeof(secret));
	if (err != ERR_CORRUPT)
		return err;
	s->keyless = s->keep = true;
	remark(r, s, JOURNAL_REMARK_DAMAGED, 0, "its key was not sealed to the key of %u-%02u", period / 100,
	    period % 100);
	return ERR_NONE;
}

static void
damaged(struct journal_reader *r, struct source *s, uint32_t offset, const char *words)
{
	s->keep = true;
	remark(r, s, JOURNAL_REMARK_DAMAGED, offset, "at %u: %s", offset, words);
}

/* Give the entries of the decrypted batch that are new. `state` moves with each. */
static enum err
give_entries(struct journal_reader *r, struct source *s, struct writer_state *state, const struct batch_header *h)
{
	struct journal_entry e = {.period = s->walk.header.period,
	    .cursor = {.at = s->at, .writer = s->writer, .sequence = h->first}};
	uint64_t time_us = h->base_us;
	struct reader in;

	reader_init(&in, r->plain, h->len);
	for (uint32_t i = 0; i < h->n_entries; i++, e.cursor.sequence++) {
		e.cursor.at.offset = s->walk.at + BATCH_HEADER_LEN + (uint32_t)(in.at - r->plain);
		if (format_get_entry(&in, &time_us, r->persons, &e.disclosure) != ERR_NONE) {
			damaged(r, s, e.cursor.at.offset, "an entry does not follow the format");
			return ERR_NONE;
		}
		if (e.cursor.sequence <= state->last || e.cursor.at.offset <= s->skip)
			continue;
		enum err err = r->callbacks.entry(r->callbacks.context, &e);
		if (err != ERR_NONE)
			return err;
		state->last = e.cursor.sequence;
		r->given++;
	}
	if (reader_left(&in) != 0)
		damaged(r, s, s->walk.at, "bytes are left behind the last entry of a batch");
	return ERR_NONE;
}

/* What is missing before a batch is said once, also where the batch comes again. */
static void
check_chain(struct journal_reader *r, struct source *s, struct writer_state *state, const struct batch_header *h)
{
	char words[100];
	struct journal_remark m = {.kind = JOURNAL_REMARK_MISSING, .at.offset = s->walk.at, .words = words,
	    .writer = s->writer, .first = state->last + 1, .next = h->follows + 1};

	if (h->follows <= state->last)
		return;
	(void)snprintf(words, sizeof(words), "at %u: %llu entries that were durable are missing before it", s->walk.at,
	    (unsigned long long)(h->follows - state->last));
	make_remark(r, s, &m);
	state->last = h->follows;
}

static enum err
open_batch(struct journal_reader *r, struct source *s, struct writer_state *state, const struct batch_header *h)
{
	if (opener_decrypt(&s->opener, h, s->walk.block, r->plain) == ERR_NONE)
		return give_entries(r, s, state, h);
	damaged(r, s, s->walk.at, "a batch was not made with the segment's key");
	return ERR_NONE;
}

static enum err
take_batch(struct journal_reader *r, struct source *s, const struct batch_header *h)
{
	uint64_t last = h->first + h->n_entries - 1;
	struct writer_state *state;
	enum err err = find_writer(r, s->writer, &state);

	if (err != ERR_NONE)
		return err;
	if (!state->known)
		state->last = h->follows;
	state->known = true;
	check_chain(r, s, state, h);
	if (last > state->last || h->end) {
		err = make_keyed(r, s);
		if (err == ERR_NONE && !s->keyless)
			err = open_batch(r, s, state, h);
	}
	if (err == ERR_NONE && last > state->last)
		state->last = last;
	return err;
}

/* Remarks on a segment whose writer died in it. */
static void
take_leave(struct journal_reader *r, struct source *s)
{
	if (s->walk.cut)
		damaged(r, s, s->walk.size, "the file was cut");
	else if (s->walk.torn)
		remark(r, s, JOURNAL_REMARK_TORN, s->walk.at, "at %u: the last batch was cut short, its responses never left",
		    s->walk.at);
}

/* Read on in one segment, as far as it goes. */
static enum err
drain(struct journal_reader *r, struct source *s)
{
	for (;;) {
		struct batch_header h;
		uint32_t before = s->walk.at;
		enum walk_step step = walk_look(&s->walk, &h);
		enum err err;

		switch (step) {
		case WALK_BATCH:
		case WALK_END:
			err = take_batch(r, s, &h);
			if (err != ERR_NONE)
				return err;
			if (step == WALK_BATCH) {
				walk_pass(&s->walk, &h);
				break;
			}
			s->done = true;
			return ERR_NONE;
		case WALK_DAMAGED:
			damaged(r, s, before, "a batch that was durable cannot be read");
			break;
		case WALK_OVER:
			take_leave(r, s);
			s->done = true;
			return ERR_NONE;
		case WALK_WAIT:
			return ERR_NONE;
		default:
			return ERR_IO;
		}
	}
}

static enum err
read_source(struct journal_reader *r, struct source *s)
{
	struct writer_state *state;
	enum err err = s->open ? ERR_NONE : open_source(r, s);

	if (err != ERR_NONE || s->done)
		return err;
	err = find_writer(r, s->writer, &state);
	/* A segment's turn comes when the one before it is at its end. */
	if (err == ERR_NONE && !state->busy)
		err = drain(r, s);
	else
		close_source(s);
	if (s->done)
		close_source(s);
	return err;
}

/* A writer whose segment is not at its end is busy there. */
static void
hold_writer(struct journal_reader *r, const struct source *s)
{
	for (size_t i = 0; i < r->n_writers; i++)
		if (r->writers[i].writer == s->writer)
			r->writers[i].busy = true;
}

enum err
journal_reader_poll(struct journal_reader *r, size_t *ret_entries)
{
	enum err first = ERR_NONE;
	int error = 0;

	r->given = 0;
	for (unsigned i = 0; i < 2; i++) {
		enum err err = r->dirs[i] != NULL ? list_directory(r, i) : ERR_NONE;

		if (err != ERR_NONE && first == ERR_NONE) {
			first = err;
			error = errno;
		}
	}
	for (size_t i = 0; i < r->n_writers; i++)
		r->writers[i].busy = false;
	for (size_t i = 0; i < r->n_sources; i++) {
		struct source *s = r->sources[i];
		enum err err = s->done ? ERR_NONE : read_source(r, s);

		if (!s->done)
			hold_writer(r, s);
		if (err == ERR_NONE)
			continue;
		if (first == ERR_NONE) {
			first = err;
			error = errno;
		}
		/* What the program or memory refused stops everything; a file that cannot be read, itself. */
		if (err != ERR_IO)
			break;
	}
	*ret_entries = r->given;
	errno = error;
	return first;
}

enum err
journal_reader_remove_finished(struct journal_reader *r, size_t *ret_removed)
{
	size_t n = 0, removed = 0;
	enum err first = ERR_NONE;

	for (size_t i = 0; i < r->n_sources; i++) {
		struct source *s = r->sources[i];
		char name[JOURNAL_NAME_MAX];
		enum err err = ERR_BUSY;

		format_name_segment(name, s->at.node, s->at.worker, s->at.segment);
		if (s->done && !s->keep)
			err = journal_segment_remove(r->dirs[s->dir], name);
		if (err == ERR_NONE || err == ERR_NOT_FOUND) {
			removed += err == ERR_NONE ? 1 : 0;
			free_source(s);
			continue;
		}
		/* Busy: not finished, or somebody is looking at it right now. */
		if (err != ERR_BUSY && first == ERR_NONE)
			first = err;
		r->sources[n++] = s;
	}
	r->n_sources = n;
	*ret_removed = removed;
	return first;
}
