#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bed.h"
#include "index/inner.h"
#include "model.h"

/* 2026-01-20T00:00:00Z */
#define START_US 1768867200000000ULL

struct world {
	struct bed bed;
	struct model model;
	struct stream_of_chance stream;
	struct chance chance;
	struct index *index;
	uint64_t entry;
};

static struct world *
world_make(uint64_t seed, uint32_t seal_events, uint64_t step_us)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	bed_make(&w->bed, seal_events);
	w->stream = (struct stream_of_chance){.dice = {seed}, .now_us = START_US, .step_us = step_us,
	    .persons = 3000, .identities = 40, .organisations = 7, .bursts = true};
	w->index = bed_open(&w->bed);
	return w;
}

static void
world_end(struct world *w)
{
	index_free(w->index);
	bed_remove(&w->bed);
	model_wipe(&w->model);
	free(w);
}

static void
world_feed(struct world *w, size_t facts)
{
	size_t until = w->model.n + facts;
	const char *why = NULL;

	while (w->model.n < until) {
		const struct disclosure *d = chance_next(&w->stream, &w->chance);

		w->entry += 1 + dice_below(&w->stream.dice, 3);
		enum err err = index_add(w->index, w->entry, d, &why);
		if (err != ERR_NONE)
			fail_msg("index_add: %s: %s", err_text(err), why);
		model_add(&w->model, d);
		if (dice_below(&w->stream.dice, 200) == 0)
			assert_int_equal(index_flush(w->index, &why), ERR_NONE);
	}
}

static void
same_rows(struct world *w, const struct index_query *query, bool merged)
{
	struct model_rows ours = {0}, theirs = {0};
	const struct index_sink sink = {rows_take, &ours};
	struct index_total our_total, their_total;
	const char *why = NULL;
	enum err err = index_query(w->index, query, merged, &sink, &our_total, &why);

	if (err != ERR_NONE)
		fail_msg("index_query: %s: %s", err_text(err), why);
	model_query(&w->model, query, merged, &theirs, &their_total);
	rows_sort(&ours);
	assert_int_equal(ours.n, theirs.n);
	for (size_t i = 0; i < ours.n; i++)
		assert_memory_equal(&ours.list[i], &theirs.list[i], sizeof(ours.list[i]));
	assert_memory_equal(&our_total, &their_total, sizeof(our_total));
	rows_wipe(&ours);

	/* The same question to the bitmaps. */
	assert_int_equal(index_list(w->index, query, &sink, &our_total, NULL), ERR_NONE);
	assert_int_equal(our_total.persons, their_total.persons);
	assert_int_equal(our_total.rows, our_total.persons);
	rows_sort(&ours);
	for (size_t i = 0, k = 0; merged && i < ours.n; i++, k++)
		assert_int_equal(ours.list[i].person, theirs.list[k].person);
	assert_int_equal(index_count(w->index, query, &our_total, NULL), ERR_NONE);
	assert_int_equal(our_total.persons, their_total.persons);
	rows_wipe(&ours);
	rows_wipe(&theirs);
}

static void
same_answers(struct world *w, int questions)
{
	struct question q;

	for (int i = 0; i < questions; i++) {
		question_make(&q, &w->stream, START_US - INDEX_DAY_US, w->stream.now_us + INDEX_DAY_US);
		same_rows(w, &q.query, i % 2 == 0);
	}
}

static void
every_answer_is_that_of_a_plain_list(void **state)
{
	/* 300,000 sightings over three months, in fifteen segments and an open log. */
	struct world *w = world_make(1, 20000, 300000000);

	(void)state;
	for (int round = 0; round < 3; round++) {
		w->stream.wild = round == 2;
		world_feed(w, 100000);
		same_answers(w, 40);
	}
	assert_true(index_period(w->stream.now_us) > 202602);
	world_end(w);
}

static uint64_t
count_bitmaps(const struct index *index)
{
	uint64_t n = 0;

	for (size_t i = 0; i < index->manifest.n_segments; i++) {
		for (uint32_t k = 0; k < index->segments[i].n_streams; k++) {
			struct stream stream;
			struct bucket bucket;

			segment_stream(&index->segments[i], k, &stream);
			assert_int_equal(bucket_start(&index->segments[i], &stream, &bucket), ERR_NONE);
			while (bucket_next(&bucket) == ERR_NONE)
				n += bucket.n_bitmaps;
		}
	}
	return n;
}

static void
within_one_day_bitmaps_and_events_say_the_same(void **state)
{
	/* Many sightings an hour: most buckets have bitmaps. */
	struct world *w = world_make(2, 60000, 2000000);

	(void)state;
	world_feed(w, 200000);
	assert_int_equal(index_period(START_US), index_period(w->stream.now_us));
	assert_true(count_bitmaps(w->index) > 500);
	same_answers(w, 80);
	world_end(w);
}

static void
a_question_cut_into_passes_has_the_same_answer(void **state)
{
	struct world *w = world_make(10, 20000, 300000000);

	(void)state;
	world_feed(w, 60000);
	w->index->pass_records = 3000;
	same_answers(w, 30);
	world_end(w);
}

static void
opening_again_changes_no_answer(void **state)
{
	struct world *w = world_make(3, 20000, 30000000);

	(void)state;
	for (int round = 0; round < 4; round++) {
		world_feed(w, 15000);
		assert_int_equal(index_flush(w->index, NULL), ERR_NONE);
		index_free(w->index);
		w->index = bed_open(&w->bed);
		assert_int_equal(index_next_entry(w->index), w->entry + 1);
		same_answers(w, 15);
	}
	assert_int_equal(index_check(w->index, NULL), ERR_NONE);
	world_end(w);
}

static void
a_reader_sees_what_was_flushed_and_may_not_write(void **state)
{
	struct world *w = world_make(4, 20000, 30000000);
	struct index *writer = w->index, *second = NULL;

	(void)state;
	world_feed(w, 50000);
	assert_int_equal(index_flush(writer, NULL), ERR_NONE);
	w->bed.options.read_only = true;
	w->index = bed_open(&w->bed);
	same_answers(w, 20);
	assert_int_equal(index_add(w->index, w->entry + 1, NULL, NULL), ERR_DENIED);
	w->bed.options.read_only = false;
	assert_int_equal(index_open(w->bed.dir, &w->bed.options, &second, NULL), ERR_BUSY);
	index_free(writer);
	world_end(w);
}

static void
feed_again(struct bed *bed, uint64_t seed, uint64_t step_us, size_t disclosures, struct index *index)
{
	struct stream_of_chance stream = {.dice = {seed}, .now_us = START_US, .step_us = step_us,
	    .persons = 3000, .identities = 40, .organisations = 7, .bursts = true};
	struct chance *chance = malloc(sizeof(*chance));

	(void)bed;
	assert_non_null(chance);
	for (uint64_t entry = 0; entry < disclosures; entry++) {
		const struct disclosure *d = chance_next(&stream, chance);

		if (entry >= index_next_entry(index))
			assert_int_equal(index_add(index, entry, d, NULL), ERR_NONE);
	}
	free(chance);
}

static void
an_index_fed_anew_answers_byte_for_byte_the_same(void **state)
{
	const uint64_t step = 300000000, end = START_US + 12000 * step;
	struct bytes first, second;
	struct bed bed;

	(void)state;
	bytes_init(&first, 1U << 30);
	bytes_init(&second, 1U << 30);
	bed_make(&bed, 9000);
	struct index *index = bed_open(&bed);
	feed_again(&bed, 5, step, 12000, index);
	bed_answers(index, 55, START_US, end, &first);
	index_free(index);
	assert_int_equal(index_erase(bed.dir, NULL), ERR_NONE);
	/* Other segments, other flushes, the same disclosures. */
	bed.options.seal_events = 31000;
	index = bed_open(&bed);
	assert_int_equal(index_next_entry(index), 0);
	feed_again(&bed, 5, step, 12000, index);
	assert_int_equal(index_seal(index, NULL), ERR_NONE);
	bed_answers(index, 55, START_US, end, &second);
	assert_true(first.len > 100000);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	index_free(index);
	bed_remove(&bed);
	bytes_wipe(&first);
	bytes_wipe(&second);
}

struct sights {
	struct index_sight list[8192];
	size_t n;
};

static enum err
take_sight(void *context, const struct index_sight *sight)
{
	struct sights *s = context;

	assert_true(s->n < 8192);
	assert_true(s->n == 0 || s->list[s->n - 1].at_us <= sight->at_us);
	s->list[s->n++] = *sight;
	return ERR_NONE;
}

static void
same_sights(struct world *w, uint32_t number, struct sights *s)
{
	uint8_t id[PERSON_ID_MAX];
	struct person_ref ref;
	uint32_t silent = 99;
	size_t n = 0;

	model_person(number, id, &ref);
	struct index_person person = {ref.id, ref.id_len, ref.space, START_US + INDEX_DAY_US, UINT64_MAX};
	s->n = 0;
	assert_int_equal(index_seen(w->index, &person, take_sight, s, &silent, NULL), ERR_NONE);
	assert_int_equal(silent, 0);
	for (size_t i = 0; i < w->model.n; i++) {
		const struct fact *f = &w->model.facts[i];
		size_t k = 0;

		if (!f->named || f->person != number || f->at_us < person.since_us)
			continue;
		n++;
		while (k < s->n && (s->list[k].at_us != f->at_us || s->list[k].identity != f->identity
		    || s->list[k].session != f->session || s->list[k].fields != f->fields
		    || s->list[k].organisation != f->organisation || s->list[k].route != f->route
		    || s->list[k].meter != f->meter))
			k++;
		assert_true(k < s->n);
	}
	assert_int_equal(n, s->n);
}

static void
who_saw_a_person_is_answered_from_both_ends(void **state)
{
	struct world *w = world_make(6, 20000, 300000000);
	struct sights *s = malloc(sizeof(*s));

	(void)state;
	assert_non_null(s);
	world_feed(w, 120000);
	for (uint32_t i = 0; i < 150; i++)
		same_sights(w, dice_below(&w->stream.dice, 3100), s);
	free(s);
	world_end(w);
}

static uint32_t
model_day(const struct world *w, const struct index_query *query)
{
	struct model_rows rows = {0};
	struct index_total total;

	model_query(&w->model, query, true, &rows, &total);
	rows_wipe(&rows);
	return (uint32_t)total.persons;
}

static void
days_are_counted_as_the_list_would(void **state)
{
	struct world *w = world_make(7, 20000, 240000000);
	const uint32_t first = (uint32_t)(START_US / INDEX_DAY_US);
	const uint32_t identity = 117, organisation = 12;
	uint32_t of_identity[30], of_organisation[30], of_all[30];

	(void)state;
	world_feed(w, 120000);
	/* No key is needed: numbers do not have names. */
	w->bed.gone = 202601;
	assert_int_equal(index_daily(w->index, INDEX_IDENTITY, identity, first, 30, of_identity, NULL), ERR_NONE);
	assert_int_equal(index_daily(w->index, INDEX_ORGANISATION, organisation, first, 30, of_organisation,
	    NULL), ERR_NONE);
	assert_int_equal(index_daily(w->index, INDEX_PLATFORM, 0, first, 30, of_all, NULL), ERR_NONE);
	for (uint32_t i = 0; i < 30; i++) {
		struct index_query q = {.since_us = (first + i) * INDEX_DAY_US,
		    .until_us = (first + i + 1) * INDEX_DAY_US};

		assert_int_equal(of_all[i], model_day(w, &q));
		q.identities = &identity;
		q.n_identities = 1;
		assert_int_equal(of_identity[i], model_day(w, &q));
		q.n_identities = 0;
		q.organisations = &organisation;
		q.n_organisations = 1;
		assert_int_equal(of_organisation[i], model_day(w, &q));
	}
	world_end(w);
}

static enum err
no_row(void *context, const struct index_row *row)
{
	(void)context;
	(void)row;
	fail_msg("a row came though the key is gone");
	return ERR_NONE;
}

static void
without_its_key_a_period_names_nobody(void **state)
{
	struct world *w = world_make(8, 20000, 300000000);
	const struct index_sink sink = {no_row, NULL};
	struct index_query january = {.since_us = 0, .until_us = 1769904000000000ULL};
	struct index_query all = {.since_us = 0, .until_us = UINT64_MAX};
	struct index_total total;
	struct sights *s = malloc(sizeof(*s));
	const char *why = NULL;
	uint32_t silent = 0;

	(void)state;
	world_feed(w, 100000);
	const struct disclosure late = {.kind = DISCLOSURE_HANDED, .at_us = START_US, .n_persons = 1,
	    .persons = &(struct person_ref){(const uint8_t *)"1", 1, 0, 1}};
	w->bed.gone = 202601;
	assert_int_equal(index_forget(w->index, 202601, &why), ERR_NONE);
	assert_int_equal(index_query(w->index, &january, false, &sink, &total, &why), ERR_EXPIRED);
	assert_string_equal(why, "the key of this period was destroyed: its persons can no longer be named");
	assert_int_equal(index_query(w->index, &all, true, &sink, &total, NULL), ERR_EXPIRED);
	assert_int_equal(index_list(w->index, &all, &sink, &total, NULL), ERR_EXPIRED);
	assert_int_equal(index_count(w->index, &all, &total, NULL), ERR_EXPIRED);
	assert_int_equal(index_count(w->index, &january, &total, NULL), ERR_NONE);
	assert_int_equal(total.persons, model_day(w, &january));
	assert_int_equal(index_add(w->index, w->entry + 1, &late, NULL), ERR_EXPIRED);
	assert_int_equal(index_next_entry(w->index), w->entry + 1);
	/* What lies after the destroyed period is answered as ever. */
	all.since_us = january.until_us;
	same_rows(w, &all, true);
	struct index_person person = {(const uint8_t *)"0000000001Z", 11, 0, 0, UINT64_MAX};
	s->n = 0;
	assert_int_equal(index_seen(w->index, &person, take_sight, s, &silent, NULL), ERR_NONE);
	assert_int_equal(silent, 1);
	assert_true(s->n > 0 && s->list[0].at_us >= january.until_us);
	free(s);
	world_end(w);
}

static void
a_dropped_period_is_gone_and_the_rest_stays(void **state)
{
	struct world *w = world_make(9, 20000, 300000000);
	size_t kept = 0;

	(void)state;
	world_feed(w, 100000);
	assert_int_equal(index_drop(w->index, 202601, NULL), ERR_NONE);
	for (size_t i = 0; i < w->model.n; i++)
		if (index_period(w->model.facts[i].at_us) != 202601)
			w->model.facts[kept++] = w->model.facts[i];
	w->model.n = kept;
	same_answers(w, 20);
	index_free(w->index);
	w->index = bed_open(&w->bed);
	assert_int_equal(index_next_entry(w->index), w->entry + 1);
	same_answers(w, 20);
	world_end(w);
}

static void
entries_are_taken_once_and_in_order(void **state)
{
	struct person_ref p = {(const uint8_t *)"P1", 2, 1, 1};
	struct disclosure d = {.kind = DISCLOSURE_HANDED, .at_us = START_US, .n_persons = 1, .persons = &p};
	struct index_query all = {.until_us = UINT64_MAX};
	struct index_total total;
	struct bed bed;

	(void)state;
	bed_make(&bed, 0);
	struct index *index = bed_open(&bed);
	assert_int_equal(index_add(index, 5, &d, NULL), ERR_NONE);
	assert_int_equal(index_add(index, 5, &d, NULL), ERR_EXISTS);
	assert_int_equal(index_add(index, 4, NULL, NULL), ERR_EXISTS);
	assert_int_equal(index_add(index, 9, NULL, NULL), ERR_NONE);
	assert_int_equal(index_next_entry(index), 10);
	d.kind = DISCLOSURE_REFUSED;
	assert_int_equal(index_add(index, 10, &d, NULL), ERR_NONE);
	d.kind = DISCLOSURE_HANDED;
	p.id_len = 0;
	assert_int_equal(index_add(index, 11, &d, NULL), ERR_RANGE);
	d.at_us = UINT64_MAX;
	assert_int_equal(index_add(index, 11, &d, NULL), ERR_RANGE);
	assert_int_equal(index_next_entry(index), 11);
	assert_int_equal(index_count(index, &all, &total, NULL), ERR_NONE);
	assert_int_equal(total.persons, 1);
	all.until_us = 0;
	assert_int_equal(index_count(index, &all, &total, NULL), ERR_RANGE);
	index_free(index);
	bed_remove(&bed);
}

static void
periods_are_the_months_of_the_calendar(void **state)
{
	(void)state;
	assert_int_equal(index_period(0), 197001);
	assert_int_equal(index_period(INDEX_TIME_END_US - 1), 999912);
	for (uint64_t day = 0; day < 200000; day++) {
		time_t at = (time_t)(day * 86400);
		struct tm tm;

		assert_non_null(gmtime_r(&at, &tm));
		assert_int_equal(index_period(day * INDEX_DAY_US), (tm.tm_year + 1900) * 100 + tm.tm_mon + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_answer_is_that_of_a_plain_list),
	    cmocka_unit_test(within_one_day_bitmaps_and_events_say_the_same),
	    cmocka_unit_test(a_question_cut_into_passes_has_the_same_answer),
	    cmocka_unit_test(opening_again_changes_no_answer),
	    cmocka_unit_test(a_reader_sees_what_was_flushed_and_may_not_write),
	    cmocka_unit_test(an_index_fed_anew_answers_byte_for_byte_the_same),
	    cmocka_unit_test(who_saw_a_person_is_answered_from_both_ends),
	    cmocka_unit_test(days_are_counted_as_the_list_would),
	    cmocka_unit_test(without_its_key_a_period_names_nobody),
	    cmocka_unit_test(a_dropped_period_is_gone_and_the_rest_stays),
	    cmocka_unit_test(entries_are_taken_once_and_in_order),
	    cmocka_unit_test(periods_are_the_months_of_the_calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
