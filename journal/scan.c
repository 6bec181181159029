/* scan: what can be said and done about segments without any key. Blocks on the disk. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/reader.h"
#include "journal/segment.h"
#include "journal/walk.h"

const char *
journal_segment_state_text(enum journal_segment_state state)
{
	static const char *const words[SEGMENT_STATE_MAX] = {
	    [SEGMENT_LIVE] = "being written",
	    [SEGMENT_ENDED] = "ended",
	    [SEGMENT_TORN] = "left by a writer that died",
	    [SEGMENT_DAMAGED] = "damaged",
	};

	return (unsigned)state < SEGMENT_STATE_MAX ? words[state] : "unknown";
}

static void
count(struct journal_segment *s, const struct batch_header *h)
{
	s->batches++;
	s->entries += h->n_entries;
	if (s->first == 0)
		s->first = h->first;
	s->last = h->first + h->n_entries - 1;
}

/* To the end of the file, or as far as its writer came. */
static void
survey(struct walk *w, struct journal_segment *s)
{
	bool damaged = w->cut;

	for (;;) {
		struct batch_header h;
		enum walk_step step = walk_look(w, &h);

		s->used = w->at;
		if (step == WALK_BATCH) {
			count(s, &h);
			walk_pass(w, &h);
		} else if (step == WALK_DAMAGED) {
			damaged = true;
		} else {
			s->state = step == WALK_END ? SEGMENT_ENDED : step == WALK_WAIT ? SEGMENT_LIVE : SEGMENT_TORN;
			if (damaged || step == WALK_ERROR)
				s->state = SEGMENT_DAMAGED;
			return;
		}
	}
}

static enum err
scan_one(const char *dir, const char *name, enum err (*visit)(void *, const struct journal_segment *), void *context)
{
	char path[PATH_MAX];
	struct journal_segment s = {.path = path, .name = name, .state = SEGMENT_DAMAGED};
	struct walk w;
	enum err err;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return ERR_RANGE;
	err = walk_open(&w, dir, name);
	if (err == ERR_NOT_FOUND)
		return ERR_NONE;
	if (err == ERR_IO || err == ERR_NOMEM)
		return err;
	if (err == ERR_NONE) {
		s.header = w.header;
		survey(&w, &s);
		walk_close(&w);
	}
	return visit(context, &s);
}

enum err
journal_scan_dir(
    const char *dir, enum err (*visit)(void *context, const struct journal_segment *segment), void *context)
{
	struct journal_position *list;
	size_t n;
	enum err err = walk_list(dir, &list, &n);

	if (err != ERR_NONE)
		return err;
	for (size_t i = 0; i < n && err == ERR_NONE; i++) {
		char name[JOURNAL_NAME_MAX];

		format_name_segment(name, list[i].node, list[i].worker, list[i].segment);
		err = scan_one(dir, name, visit, context);
	}
	free(list);
	return err;
}

/* Is there a segment of the same worker with a higher number? */
static MUST_CHECK enum err
find_higher(const char *dir, const struct journal_position *at, bool *ret_found)
{
	struct journal_position *list;
	size_t n;
	enum err err = walk_list(dir, &list, &n);

	if (err != ERR_NONE)
		return err;
	*ret_found = false;
	for (size_t i = 0; i < n; i++)
		if (list[i].node == at->node && list[i].worker == at->worker && list[i].segment > at->segment)
			*ret_found = true;
	free(list);
	return ERR_NONE;
}

/*
 * Put down that the number was used, before the file that shows it goes. A file
 * with a higher number shows it as well; so on a full disk, where no mark can be
 * written, all but the last can be removed.
 */
static enum err
raise_mark(const char *dir, const struct journal_position *at)
{
	char name[JOURNAL_NAME_MAX], path[PATH_MAX], text[16];
	bool shown;
	uint32_t mark;
	enum err err = find_higher(dir, at, &shown);

	if (err != ERR_NONE || shown)
		return err;
	err = segment_read_mark(dir, at->node, at->worker, &mark);
	if (err != ERR_NONE || mark >= at->segment)
		return err;
	format_name_mark(name, at->node, at->worker);
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return ERR_RANGE;
	int len = snprintf(text, sizeof(text), "%u\n", (unsigned)at->segment);
	/* Writers of another user read it; it tells them nothing but a number. */
	return file_replace(path, text, (size_t)len, 0644);
}

enum err
journal_segment_remove(const char *dir, const char *name)
{
	struct journal_position at;
	char path[PATH_MAX];
	enum err err = format_name_parse(name, &at);

	if (err != ERR_NONE)
		return err;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return ERR_RANGE;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		err = ERR_BUSY;
	if (err == ERR_NONE)
		err = raise_mark(dir, &at);
	if (err == ERR_NONE && unlink(path) != 0)
		err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	close(fd);
	return err;
}
