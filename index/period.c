/* period: the calendar months that have persons, and their dictionaries. Blocks on the disk; one thread. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "index/inner.h"
#include "index/io.h"

/* Dictionaries of one class in memory at once that have nothing to write. */
#define CLEAN_MAX 2

/* Days to year and month in the proleptic Gregorian calendar; a year begins in March here. */
uint32_t
index_period(uint64_t at_us)
{
	uint64_t days = at_us / INDEX_DAY_US + 719468; /* since 0000-03-01 */
	uint64_t era = days / 146097;
	uint64_t day = days % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * day_of_year + 2) / 153;

	year += era * 400;
	return (uint32_t)(month < 10 ? year * 100 + month + 3 : (year + 1) * 100 + month - 9);
}

struct period *
period_find(struct index *index, uint32_t period)
{
	for (size_t i = index->n_periods; i > 0; i--)
		if (index->periods[i - 1].period == period)
			return &index->periods[i - 1];
	return NULL;
}

enum err
period_make(struct index *index, uint32_t period, struct period **ret_period)
{
	size_t i = index->n_periods;

	*ret_period = period_find(index, period);
	if (*ret_period != NULL)
		return ERR_NONE;
	struct period *grown = realloc(index->periods, (i + 1) * sizeof(*grown));
	if (grown == NULL)
		return ERR_NOMEM;
	index->periods = grown;
	for (; i > 0 && grown[i - 1].period > period; i--)
		grown[i] = grown[i - 1];
	grown[i] = (struct period){.period = period, .file = {.fd = -1}};
	index->n_periods++;
	*ret_period = &grown[i];
	return ERR_NONE;
}

void
period_unload(struct period *period)
{
	if (!period->loaded)
		return;
	names_wipe(&period->names);
	names_file_close(&period->file);
	period->loaded = false;
}

void
period_remove(struct index *index, uint32_t period)
{
	struct period *gone = period_find(index, period);

	if (gone == NULL)
		return;
	period_unload(gone);
	size_t after = (size_t)(index->periods + index->n_periods - (gone + 1));
	memmove(gone, gone + 1, after * sizeof(*gone));
	index->n_periods--;
}

/*
 * Let go of the least used of one class until fewer than CLEAN_MAX are left.
 * Dictionaries with a hash are being added to: a question about old periods
 * must not push those out, for building the hash again is dear.
 */
static void
evict(struct index *index, bool hashed)
{
	for (;;) {
		struct period *oldest = NULL;
		unsigned clean = 0;

		for (size_t i = 0; i < index->n_periods; i++) {
			struct period *p = &index->periods[i];

			if (!p->loaded || period_dirty(p) || (p->names.slots != NULL) != hashed)
				continue;
			clean++;
			if (oldest == NULL || p->used < oldest->used)
				oldest = p;
		}
		if (clean < CLEAN_MAX)
			return;
		period_unload(oldest);
	}
}

static enum err
ask_key(const struct index *index, uint32_t period, uint8_t key[INDEX_KEY_LEN], const char **why)
{
	enum err err = index->options.key(index->options.context, period, key);

	if (err == ERR_EXPIRED)
		return because(err, why, "the key of this period was destroyed: its persons can no longer be named");
	if (err != ERR_NONE)
		return because(err, why, "the key of this period could not be had");
	return ERR_NONE;
}

enum err
period_load(struct index *index, struct period *period, const char **why)
{
	uint8_t key[INDEX_KEY_LEN];

	period->used = ++index->turn;
	if (period->loaded)
		return ERR_NONE;
	evict(index, false);
	evict(index, true);
	enum err err = ask_key(index, period->period, key, why);
	if (err == ERR_NONE)
		err = names_init(&period->names);
	if (err == ERR_NONE)
		err = names_file_open(&period->file, index->dir_fd, period->period, key,
		    index->options.read_only, period->persons, &period->names, why);
	bytes_zero(key, sizeof(key));
	if (err != ERR_NONE) {
		names_wipe(&period->names);
		return err;
	}
	period->loaded = true;
	if (!index->options.read_only)
		period->persons = period->file.n;
	return ERR_NONE;
}
