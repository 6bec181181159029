/* gather: entries that wait for the commit thread. Pure memory. */
#include "journal/gather.h"

#include <stdlib.h>

#define KEEP_MAX (4U << 20)

/* Most bytes that this entry can take. */
static size_t
room_for(const struct disclosure *d)
{
	return JOURNAL_ENTRY_MAX - (DISCLOSURE_PERSONS_MAX - d->n_persons) * (size_t)(1 + 1 + 5 + PERSON_ID_MAX);
}

enum err
gather_init(struct gather *g, size_t limit)
{
	/* A batch is closed when the next entry might not fit, so all but the last are this full. */
	size_t max = limit / (JOURNAL_BATCH_MAX - JOURNAL_ENTRY_MAX) + 2;

	*g = (struct gather){.batches = calloc(max, sizeof(*g->batches)), .max_batches = max};
	bytes_init(&g->bytes, limit);
	return g->batches != NULL ? ERR_NONE : ERR_NOMEM;
}

void
gather_wipe(struct gather *g)
{
	bytes_wipe(&g->bytes);
	free(g->batches);
	g->batches = NULL;
}

void
gather_clear(struct gather *g)
{
	size_t limit = g->bytes.limit;

	/* What a stall made large does not stay so. */
	if (g->bytes.cap > KEEP_MAX) {
		bytes_wipe(&g->bytes);
		bytes_init(&g->bytes, limit);
	}
	bytes_clear(&g->bytes);
	g->n_batches = 0;
}

/* The batch that takes the next entry. */
static struct gather_batch *
open_batch(struct gather *g, const struct disclosure *d, uint64_t sequence)
{
	struct gather_batch *b = &g->batches[g->n_batches];

	if (g->n_batches > 0 && b[-1].len + room_for(d) <= JOURNAL_BATCH_MAX)
		return b - 1;
	if (g->n_batches == g->max_batches)
		return NULL;
	g->n_batches++;
	*b = (struct gather_batch){.at = g->bytes.len, .first = sequence, .base_us = d->at_us};
	g->time_us = d->at_us;
	return b;
}

enum err
gather_add(struct gather *g, const struct disclosure *d, uint64_t sequence)
{
	enum err err = bytes_reserve(&g->bytes, room_for(d));
	struct gather_batch *b;

	if (err != ERR_NONE)
		return err == ERR_RANGE ? ERR_SPACE : err;
	b = open_batch(g, d, sequence);
	if (b == NULL)
		return ERR_SPACE;
	size_t len = format_put_entry(g->bytes.data + g->bytes.len, d, &g->time_us);
	g->bytes.len += len;
	b->len += (uint32_t)len;
	b->n_entries++;
	return ERR_NONE;
}
