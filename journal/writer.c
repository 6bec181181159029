/*
 * writer: the commit thread of a journal, and what it shares with the caller.
 *
 * One mutex guards all that is shared; nobody holds it over a system call that
 * may wait for a disk. The commit thread owns the current segment and the batches
 * under way. While it writes and syncs, the next batch gathers: the slower the
 * disk, the larger the batch. It never waits for a batch to grow: pauses of 100 to
 * 800 microseconds were measured to win nothing at 64 waiting responses, within a
 * noise of 5 %, and to lose 13 % at 16. Nor is it given a lower priority, which
 * makes batches larger and lets it starve on a busy machine.
 */
#include "journal/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/random.h"
#include "journal/gather.h"
#include "journal/segment.h"
#include "journal/spares.h"

/* More than the directories there are, so that one that was just repaired is tried too. */
#define BATCH_ATTEMPTS 4

struct journal_writer {
	struct spares spares;
	pthread_t thread;
	int event;
	size_t buffer_limit;

	uint64_t kicked_upto; /* the caller's thread alone */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct gather open;   /* gathers */
	size_t busy_bytes;    /* in the batches under way */
	uint64_t appended;    /* last sequence given */
	uint64_t settled;
	bool kicked;
	bool failed;          /* entries were given up, and the caller has not collected that */
	bool down;            /* nothing could be written, and no segment was prepared since */
	bool stopping;
	struct journal_recipient recipient;
	struct journal_stats stats;
	char current_name[JOURNAL_NAME_MAX]; /* for the status; empty without segment */
	unsigned current_index;

	_Atomic uint64_t durable;
	atomic_bool signalled; /* the event descriptor is readable, or about to be */

	/* The commit thread alone. */
	struct gather busy;
	struct segment *current;
	uint32_t last_number;
	uint8_t *block;
};

static void
wake_caller(struct journal_writer *w)
{
	const uint64_t one = 1;

	if (atomic_exchange(&w->signalled, true))
		return;
	/* The counter cannot overflow, as each write is collected before the next. */
	ssize_t ignored = write(w->event, &one, sizeof(one));
	(void)ignored;
}

static void
set_current(struct journal_writer *w, struct segment *s)
{
	w->current = s;
	pthread_mutex_lock(&w->lock);
	w->current_name[0] = '\0';
	if (s != NULL) {
		memcpy(w->current_name, s->name, sizeof(w->current_name));
		w->current_index = s->place->index;
		w->stats.segments++;
	}
	pthread_mutex_unlock(&w->lock);
}

/* What the kernel did with the pages is unknown: the file is never written again. */
static void
drop_segment(struct journal_writer *w, struct segment *s, enum err err)
{
	spares_failed(&w->spares, s->place->index, err);
	segment_release(s);
}

static bool
begin_segment(struct journal_writer *w)
{
	struct segment *s;

	while ((s = spares_take(&w->spares)) != NULL) {
		struct journal_recipient recipient;

		pthread_mutex_lock(&w->lock);
		recipient = w->recipient;
		pthread_mutex_unlock(&w->lock);
		enum err err = segment_begin(s, w->last_number, &recipient);
		if (err == ERR_NONE) {
			w->last_number = s->header.segment;
			set_current(w, s);
			return true;
		}
		drop_segment(w, s, err);
	}
	return false;
}

/* Everything in the segment is durable; say so with an end mark, and let go of the file. */
static void
end_segment(struct journal_writer *w)
{
	struct segment *s = w->current;
	uint64_t durable = atomic_load(&w->durable);
	struct batch_header mark = {.end = true, .first = durable + 1, .follows = durable};
	enum err err;

	if (s == NULL)
		return;
	set_current(w, NULL);
	err = segment_append(s, &mark, NULL, w->block);
	if (err != ERR_NONE) {
		drop_segment(w, s, err);
		return;
	}
	spares_peace(&w->spares, s->place->index);
	segment_release(s);
}

/* A segment with room for the batch, sealed to the present period, in the best directory. */
static bool
ensure_segment(struct journal_writer *w, uint32_t len)
{
	const struct segment *s = w->current;

	if (s != NULL) {
		bool home = s->place->index == 0 || !atomic_load(&w->spares.first_ready);

		pthread_mutex_lock(&w->lock);
		bool present = s->header.period == w->recipient.period;
		pthread_mutex_unlock(&w->lock);
		if (home && present && segment_has_room(s, len))
			return true;
		end_segment(w);
	}
	return begin_segment(w);
}

static void
publish(struct journal_writer *w, const struct gather_batch *b)
{
	uint64_t last = b->first + b->n_entries - 1;

	pthread_mutex_lock(&w->lock);
	atomic_store(&w->durable, last);
	w->settled = last;
	w->busy_bytes -= b->len;
	w->stats.entries += b->n_entries;
	w->stats.batches++;
	w->stats.bytes += format_batch_room(b->len);
	pthread_mutex_unlock(&w->lock);
	wake_caller(w);
}

static bool
commit_batch(struct journal_writer *w, const struct gather_batch *b)
{
	for (int attempt = 0; attempt < BATCH_ATTEMPTS; attempt++) {
		struct batch_header h = {.n_entries = b->n_entries,
		    .first = b->first,
		    .follows = atomic_load(&w->durable),
		    .base_us = b->base_us,
		    .len = b->len};

		if (!ensure_segment(w, b->len))
			return false;
		struct segment *s = w->current;
		enum err err = segment_append(s, &h, w->busy.bytes.data + b->at, w->block);
		if (err == ERR_NONE) {
			publish(w, b);
			return true;
		}
		int error = errno;
		set_current(w, NULL);
		errno = error;
		drop_segment(w, s, err);
	}
	return false;
}

/* Nothing can be written: everything that waits has failed. */
static void
give_up(struct journal_writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->stats.given_up += w->appended - atomic_load(&w->durable);
	w->settled = w->appended;
	w->failed = true;
	w->down = true;
	w->kicked = false;
	w->busy_bytes = 0;
	gather_clear(&w->open);
	pthread_mutex_unlock(&w->lock);
	spares_hurry(&w->spares);
	wake_caller(w);
}

/* Wait for a kick, and take what was gathered. False when it is time to stop. */
static bool
take_gathered(struct journal_writer *w)
{
	struct gather gathered;

	pthread_mutex_lock(&w->lock);
	while (!w->kicked && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	w->kicked = false;
	gathered = w->open;
	w->open = w->busy;
	w->busy = gathered;
	w->busy_bytes = w->busy.bytes.len;
	pthread_mutex_unlock(&w->lock);
	return w->busy.n_batches > 0 || !w->stopping;
}

static void *
commit(void *argument)
{
	struct journal_writer *w = argument;

	while (take_gathered(w)) {
		bool going = true;

		for (size_t i = 0; i < w->busy.n_batches && going; i++)
			going = commit_batch(w, &w->busy.batches[i]);
		gather_clear(&w->busy);
		if (!going)
			give_up(w);
	}
	end_segment(w);
	return NULL;
}

static bool
options_hold(const struct journal_options *o)
{
	uint32_t period = o->recipient.period;

	return o->dirs[0] != NULL && period / 100 >= 1970 && period / 100 <= 9999 && period % 100 >= 1 &&
	    period % 100 <= 12 && o->sync < JOURNAL_SYNC_MAX && o->segment_size % JOURNAL_BLOCK == 0 &&
	    o->segment_size >= JOURNAL_SEGMENT_MIN && o->segment_size <= JOURNAL_SEGMENT_MAX;
}

static void
release(struct journal_writer *w)
{
	gather_wipe(&w->open);
	gather_wipe(&w->busy);
	if (w->event >= 0)
		close(w->event);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w->block);
	free(w);
}

/* Memory, descriptor, identity: all but threads. */
static enum err
prepare(struct journal_writer *w, const struct journal_options *o, uint64_t *ret_writer)
{
	enum err err = random_bytes(ret_writer, sizeof(*ret_writer));

	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->recipient = o->recipient;
	w->buffer_limit = o->buffer_limit;
	w->block = aligned_alloc(JOURNAL_BLOCK, format_batch_room(JOURNAL_BATCH_MAX));
	if (err == ERR_NONE && w->event < 0)
		err = ERR_IO;
	if (err == ERR_NONE && w->block == NULL)
		err = ERR_NOMEM;
	if (err == ERR_NONE)
		err = gather_init(&w->open, w->buffer_limit);
	if (err == ERR_NONE)
		err = gather_init(&w->busy, w->buffer_limit);
	return err;
}

enum err
journal_writer_open(const struct journal_options *options, struct journal_writer **ret_w)
{
	struct journal_options o = *options;
	struct journal_writer *w;
	uint64_t writer;
	enum err err;

	if (o.segment_size == 0)
		o.segment_size = JOURNAL_SEGMENT_DEFAULT;
	if (o.buffer_limit == 0)
		o.buffer_limit = JOURNAL_BUFFER_DEFAULT;
	if (o.mode == 0)
		o.mode = 0640;
	if (!options_hold(&o))
		return ERR_USAGE;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ERR_NOMEM;
	err = prepare(w, &o, &writer);
	if (err == ERR_NONE)
		err = spares_start(&w->spares, &o, writer);
	if (err == ERR_NONE) {
		err = spares_thread(&w->thread, commit, w, "journal-commit");
		if (err != ERR_NONE)
			spares_stop(&w->spares);
	}
	if (err != ERR_NONE) {
		release(w);
		return err;
	}
	*ret_w = w;
	return ERR_NONE;
}

void
journal_writer_close(struct journal_writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	/* Segments are prepared until the last batch has found its place. */
	pthread_join(w->thread, NULL);
	spares_stop(&w->spares);
	release(w);
}

void
journal_writer_set_recipient(struct journal_writer *w, const struct journal_recipient *recipient)
{
	pthread_mutex_lock(&w->lock);
	w->recipient = *recipient;
	pthread_mutex_unlock(&w->lock);
}

enum err
journal_append(struct journal_writer *w, const struct disclosure *d, uint64_t *ret_sequence)
{
	enum err err = format_check_entry(d);

	if (err != ERR_NONE)
		return err;
	pthread_mutex_lock(&w->lock);
	if (w->down && atomic_load(&w->spares.hope))
		w->down = false;
	if (w->down || w->failed)
		err = ERR_IO;
	else if (w->open.bytes.len + w->busy_bytes >= w->buffer_limit)
		err = ERR_SPACE;
	else
		err = gather_add(&w->open, d, w->appended + 1);
	if (err == ERR_NONE)
		*ret_sequence = ++w->appended;
	pthread_mutex_unlock(&w->lock);
	return err;
}

void
journal_kick(struct journal_writer *w)
{
	/* Only the caller's thread moves `appended`, so it may look without the lock. */
	if (w->kicked_upto == w->appended)
		return;
	w->kicked_upto = w->appended;
	pthread_mutex_lock(&w->lock);
	if (w->open.n_batches > 0) {
		w->kicked = true;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
}

int
journal_descriptor(const struct journal_writer *w)
{
	return w->event;
}

void
journal_collect(struct journal_writer *w, struct journal_progress *ret_progress)
{
	uint64_t count;
	ssize_t ignored = read(w->event, &count, sizeof(count));

	(void)ignored;
	/* Whoever finds the flag still up has published before the lines below look. */
	atomic_store(&w->signalled, false);
	pthread_mutex_lock(&w->lock);
	ret_progress->durable = atomic_load(&w->durable);
	ret_progress->settled = w->settled;
	w->failed = false;
	pthread_mutex_unlock(&w->lock);
}

uint64_t
journal_durable(const struct journal_writer *w)
{
	return atomic_load(&w->durable);
}

bool
journal_status(struct journal_writer *w, char *out, size_t size)
{
	char directories[400];
	bool well = spares_status(&w->spares, directories, sizeof(directories));

	pthread_mutex_lock(&w->lock);
	const char *name = w->current_name;
	bool down = w->down && !atomic_load(&w->spares.hope);
	if (down)
		(void)snprintf(out, size, "down, entries are refused; %s", directories);
	else if (name[0] == '\0')
		(void)snprintf(out, size, "nothing is being written; %s", directories);
	else
		(void)snprintf(out, size, "writing %s in the %s directory; %s", name,
		    w->current_index == 0 ? "first" : "second", directories);
	well = well && !down && (name[0] == '\0' || w->current_index == 0);
	pthread_mutex_unlock(&w->lock);
	return well;
}

void
journal_stats_get(struct journal_writer *w, struct journal_stats *ret_stats)
{
	pthread_mutex_lock(&w->lock);
	*ret_stats = w->stats;
	pthread_mutex_unlock(&w->lock);
	pthread_mutex_lock(&w->spares.lock);
	ret_stats->failovers = w->spares.failures;
	pthread_mutex_unlock(&w->spares.lock);
}
