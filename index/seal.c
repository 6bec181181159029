/* seal: from the log to segments, and the end of a period. Blocks on the disk; one thread. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index/inner.h"
#include "index/io.h"

/*
 * A change of what counts, prepared beside what counts now. Until the manifest
 * is replaced a crash or an error leaves the index as it was.
 */
struct change {
	struct manifest manifest;
	struct segment *segments;
	struct tail tail;
};

static void
change_undo(struct change *change, size_t kept)
{
	for (size_t i = kept; change->segments != NULL && i < change->manifest.n_segments; i++)
		segment_close(&change->segments[i]);
	free(change->segments);
	tail_close(&change->tail);
	manifest_wipe(&change->manifest);
}

/* A copy of what counts, with room for `more` segments. */
static enum err
change_start(const struct index *index, size_t more, struct change *change)
{
	const struct manifest *now = &index->manifest;

	*change = (struct change){.tail = {.fd = -1}};
	change->manifest.segments = calloc(now->n_segments + more + 1, sizeof(*now->segments));
	change->manifest.periods = calloc(index->n_periods + 1, sizeof(*now->periods));
	change->segments = calloc(now->n_segments + more + 1, sizeof(*index->segments));
	if (change->manifest.segments == NULL || change->manifest.periods == NULL
	    || change->segments == NULL) {
		change_undo(change, 0);
		return ERR_NOMEM;
	}
	if (now->n_segments != 0) {
		memcpy(change->manifest.segments, now->segments, now->n_segments * sizeof(*now->segments));
		memcpy(change->segments, index->segments, now->n_segments * sizeof(*index->segments));
	}
	change->manifest.n_segments = now->n_segments;
	change->manifest.n_periods = index->n_periods;
	for (size_t i = 0; i < index->n_periods; i++)
		change->manifest.periods[i] = (struct manifest_period){
		    index->periods[i].period, index->periods[i].persons};
	change->manifest.next_entry = index->next_entry;
	change->manifest.tail = now->tail;
	change->manifest.next_segment = now->next_segment;
	return ERR_NONE;
}

static void
change_adopt(struct index *index, struct change *change)
{
	free(index->segments);
	manifest_wipe(&index->manifest);
	index->segments = change->segments;
	index->manifest = change->manifest;
}

static bool
active_has(const struct index *index, uint32_t period)
{
	for (size_t i = 0; i < index->active.n; i++)
		if (index->active.list[i].period == period)
			return true;
	return false;
}

static enum err
seal_period(struct index *index, const struct period *period, struct change *change)
{
	struct manifest *m = &change->manifest;
	struct manifest_segment *listed = &m->segments[m->n_segments];
	struct segment *segment = &change->segments[m->n_segments];
	enum err err = segment_write(index->dir_fd, m->next_segment, period->period, period->persons,
	    &index->active, listed);

	if (err == ERR_NONE)
		err = segment_open(segment, index->dir_fd, listed);
	if (err != ERR_NONE)
		return err;
	m->next_segment++;
	m->n_segments++;
	return ERR_NONE;
}

static enum err
seal_prepare(struct index *index, struct change *change)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; i < index->n_periods && err == ERR_NONE; i++)
		if (active_has(index, index->periods[i].period))
			err = seal_period(index, &index->periods[i], change);
	if (err != ERR_NONE)
		return err;
	change->manifest.tail++;
	err = tail_create(&change->tail, index->dir_fd, change->manifest.tail, index->next_entry);
	if (err == ERR_NONE && fsync(index->dir_fd) != 0)
		err = io_error();
	return err;
}

static enum err
seal(struct index *index, struct change *change)
{
	size_t kept = change->manifest.n_segments;
	char name[TAIL_NAME_LEN];
	enum err err = seal_prepare(index, change);

	if (err != ERR_NONE) {
		change_undo(change, kept);
		return err;
	}
	err = manifest_write(index->dir, &change->manifest);
	if (err != ERR_NONE) {
		/* The old or the new list may be on the disk: neither may be built upon. */
		index->broken = true;
		change_undo(change, kept);
		return err;
	}
	tail_name(index->tail.sequence, name);
	tail_close(&index->tail);
	(void)unlinkat(index->dir_fd, name, 0);
	index->tail = change->tail;
	change_adopt(index, change);
	active_clear(&index->active);
	index->flushed = 0;
	return ERR_NONE;
}

enum err
index_seal(struct index *index, const char **why)
{
	struct change change;
	enum err err = index_flush(index, why);

	if (err != ERR_NONE)
		return err;
	if (index->active.n == 0 && index->tail.next_entry == index->manifest.next_entry)
		return ERR_NONE;
	err = change_start(index, index->n_periods, &change);
	if (err == ERR_NONE)
		err = seal(index, &change);
	if (err != ERR_NONE)
		return because(err, why, "the index could not seal its log");
	return ERR_NONE;
}

/* The segments of other periods move down; those of this one are left behind in `ret_gone`. */
static void
leave_out(struct change *change, uint32_t period, struct segment *ret_gone, size_t *ret_n_gone)
{
	struct manifest *m = &change->manifest;
	size_t kept = 0, n_gone = 0, periods = 0;

	for (size_t i = 0; i < m->n_segments; i++) {
		if (m->segments[i].period == period) {
			ret_gone[n_gone++] = change->segments[i];
			continue;
		}
		m->segments[kept] = m->segments[i];
		change->segments[kept++] = change->segments[i];
	}
	m->n_segments = kept;
	for (size_t i = 0; i < m->n_periods; i++)
		if (m->periods[i].period != period)
			m->periods[periods++] = m->periods[i];
	m->n_periods = periods;
	*ret_n_gone = n_gone;
}

static void
remove_files(struct index *index, uint32_t period, struct segment *gone, size_t n_gone)
{
	char name[SEGMENT_NAME_LEN];

	for (size_t i = 0; i < n_gone; i++) {
		segment_name(gone[i].sequence, name);
		segment_close(&gone[i]);
		(void)unlinkat(index->dir_fd, name, 0);
	}
	period_remove(index, period);
	names_file_name(period, name);
	(void)unlinkat(index->dir_fd, name, 0);
}

enum err
index_drop(struct index *index, uint32_t period, const char **why)
{
	struct change change;
	size_t n_gone = 0;
	enum err err;

	suppose(why, "the index could not drop a period");
	err = index_seal(index, why);

	if (err != ERR_NONE)
		return err;
	struct segment *gone = calloc(index->manifest.n_segments + 1, sizeof(*gone));
	err = gone != NULL ? change_start(index, 0, &change) : ERR_NOMEM;
	if (err != ERR_NONE) {
		free(gone);
		return err;
	}
	leave_out(&change, period, gone, &n_gone);
	err = manifest_write(index->dir, &change.manifest);
	if (err == ERR_NONE) {
		change_adopt(index, &change);
		remove_files(index, period, gone, n_gone);
	} else {
		index->broken = true;
		change_undo(&change, change.manifest.n_segments);
	}
	free(gone);
	return err;
}
