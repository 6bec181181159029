/* people: the distinct persons of a question. Blocks on the disk; one thread. */
#include "index/people.h"

#include <stdlib.h>
#include <string.h>

#include "index/bitmap.h"
#include "index/io.h"

struct gather {
	struct set *set;
	struct bitmap *bitmap;
};

static enum err
gather_event(void *context, const struct event *event, const struct sighting *people)
{
	struct gather *g = context;
	uint32_t persons[64];
	enum err err = ERR_NONE;

	for (uint32_t i = 0; i < event->n && err == ERR_NONE;) {
		uint32_t n = 0;

		while (i < event->n && n < sizeof(persons) / sizeof(persons[0]))
			persons[n++] = people[i++].person;
		err = set_add(g->set, persons, n);
	}
	return err;
}

static enum err
gather_bitmap(void *context, const uint8_t *data, size_t len)
{
	struct gather *g = context;

	return bitmap_or(&g->bitmap, data, len);
}

enum err
people_gather(struct index *index, const struct filter *filter, const struct period *period,
    struct set *set, size_t *ret_n, const char **why)
{
	struct gather g = {.set = set};
	const struct scan_sink sink = {.event = gather_event, .bitmap = gather_bitmap, .context = &g};
	uint32_t *values = NULL;
	size_t n = 0;

	set_init(set, scan_persons(period));
	enum err err = scan(index, filter, period->period, &sink, why);
	if (err == ERR_NONE)
		err = bitmap_values(g.bitmap, &values, &n);
	if (err == ERR_NONE)
		err = set_add(set, values, n);
	free(values);
	bitmap_free(g.bitmap);
	if (err != ERR_NONE) {
		set_wipe(set);
		return err;
	}
	*ret_n = set_finish(set);
	return ERR_NONE;
}

static size_t
count_meeting(const struct index *index, const struct filter *filter)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n_periods; i++)
		n += scan_meets(filter, index->periods[i].period) ? 1 : 0;
	return n;
}

static enum err
find_period(struct people *people, const struct period *period, bool gather, const char **why)
{
	struct people_period *p = &people->periods[people->n_periods];

	*p = (struct people_period){.period = period->period};
	if (gather) {
		enum err err = people_gather(people->index, people->filter, period, &p->set, &p->n, why);

		if (err != ERR_NONE)
			return err;
		if (p->n == 0) {
			set_wipe(&p->set);
			return ERR_NONE;
		}
	}
	people->n = scan_persons(period);
	people->n_periods++;
	return ERR_NONE;
}

enum err
people_find(struct people *people, struct index *index, const struct filter *filter, bool gather,
    const char **why)
{
	size_t meeting = count_meeting(index, filter);
	enum err err = ERR_NONE;

	*people = (struct people){.index = index, .filter = filter};
	people->periods = calloc(meeting + 1, sizeof(*people->periods));
	if (people->periods == NULL)
		return because(ERR_NOMEM, why, "out of memory");
	for (size_t i = 0; i < index->n_periods && err == ERR_NONE; i++)
		if (scan_meets(filter, index->periods[i].period))
			err = find_period(people, &index->periods[i], gather || meeting > 1, why);
	if (err != ERR_NONE)
		people_wipe(people);
	return err;
}

/* Give the persons of one period their numbers of the question. */
static enum err
join_period(struct people *people, struct people_period *p, const char **why)
{
	struct period *period = period_find(people->index, p->period);
	uint32_t person, *numbers;
	struct name name;
	size_t at = 0;
	enum err err = period_load(people->index, period, why);

	if (err != ERR_NONE)
		return err;
	p->persons = scan_persons(period);
	numbers = p->numbers = malloc(((size_t)p->persons + 1) * sizeof(*numbers));
	if (numbers == NULL)
		return ERR_NOMEM;
	memset(numbers, 0xff, ((size_t)p->persons + 1) * sizeof(*numbers));
	while (set_next(&p->set, &at, &person) == ERR_NONE) {
		/* A segment cannot name more persons than its dictionary was checked for. */
		if (person >= period->names.n)
			return ERR_CORRUPT;
		names_get(&period->names, person, &name);
		err = names_intern(&people->names, &name, &numbers[person]);
		if (err != ERR_NONE)
			return err;
	}
	return ERR_NONE;
}

enum err
people_names(struct people *people, const char **why)
{
	enum err err = ERR_NONE;

	if (people->named || people->n_periods == 0)
		return ERR_NONE;
	if (people->n_periods == 1) {
		struct period *period = period_find(people->index, people->periods[0].period);

		err = period_load(people->index, period, why);
		people->named = err == ERR_NONE;
		return err;
	}
	err = names_init(&people->names);
	for (size_t i = 0; i < people->n_periods && err == ERR_NONE; i++)
		err = join_period(people, &people->periods[i], why);
	if (err != ERR_NONE)
		return err;
	people->n = people->names.n;
	people->named = true;
	return ERR_NONE;
}

const struct people_period *
people_period(const struct people *people, uint32_t period)
{
	static uint32_t nobody[1];
	static const struct people_period empty = {.numbers = nobody};

	for (size_t i = 0; i < people->n_periods; i++)
		if (people->periods[i].period == period)
			return &people->periods[i];
	return &empty;
}

uint32_t
people_number(const struct people_period *period, uint32_t person)
{
	if (period->numbers == NULL)
		return person;
	return person < period->persons ? period->numbers[person] : PEOPLE_NONE;
}

bool
people_name(const struct people *people, uint32_t number, struct name *ret_name)
{
	const struct names *names = &people->names;

	if (people->n_periods == 1)
		names = &period_find(people->index, people->periods[0].period)->names;
	names_get(names, number, ret_name);
	return numbers_have(&people->filter->spaces, ret_name->space);
}

void
people_wipe(struct people *people)
{
	for (size_t i = 0; people->periods != NULL && i < people->n_periods; i++) {
		set_wipe(&people->periods[i].set);
		free(people->periods[i].numbers);
	}
	free(people->periods);
	names_wipe(&people->names);
	*people = (struct people){0};
}
