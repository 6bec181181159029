#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t
dice_next(struct dice *dice)
{
	/* xorshift64* (Vigna, 2016) */
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return dice->state * 0x2545f4914f6cdd1dULL;
}

uint32_t
dice_below(struct dice *dice, uint32_t n)
{
	return (uint32_t)((dice_next(dice) >> 32) * n >> 32);
}

uint8_t
model_space(uint32_t person)
{
	return (uint8_t)(person % MODEL_SPACES);
}

void
model_person(uint32_t person, uint8_t *id, struct person_ref *ret_person)
{
	/* Of different lengths up to the longest; the same digits in several namespaces. */
	static const char *const tails[] = {"", "Z", "-4f0c", "0123456789012345678901234567890123456789012345678901"};
	char text[PERSON_ID_MAX + 1];
	int len = snprintf(text, sizeof(text), "%010u%s", person / MODEL_SPACES, tails[person / MODEL_SPACES % 4]);

	memcpy(id, text, (size_t)len);
	*ret_person = (struct person_ref){.id = id, .id_len = (uint8_t)len, .space = model_space(person)};
}

uint32_t
model_person_number(const uint8_t *id, size_t len)
{
	uint32_t number = 0;

	for (size_t i = 0; i < 10 && i < len; i++)
		number = number * 10 + (uint32_t)(id[i] - '0');
	return number;
}

static enum disclosure_kind
kind_of_chance(struct dice *dice)
{
	uint32_t roll = dice_below(dice, 100);

	if (roll < 90)
		return DISCLOSURE_HANDED;
	if (roll < 94)
		return DISCLOSURE_OBSERVED;
	return (enum disclosure_kind)(DISCLOSURE_WEIGHED + roll % 4);
}

static uint32_t
persons_of_chance(struct stream_of_chance *s)
{
	if (s->bursts && dice_below(&s->dice, 400) == 0)
		return 1500 + dice_below(&s->dice, DISCLOSURE_PERSONS_MAX - 1500 + 1);
	return dice_below(&s->dice, 3) == 0 ? dice_below(&s->dice, 40) : 1;
}

const struct disclosure *
chance_next(struct stream_of_chance *s, struct chance *chance)
{
	struct dice *dice = &s->dice;
	uint32_t n = persons_of_chance(s);
	uint32_t fields = 1 + dice_below(dice, 7);
	bool mixed = n < 1000 && dice_below(dice, 3) == 0;
	uint64_t late = dice_below(dice, 50) == 0 ? dice_below(dice, 1000) * s->step_us / 10 : 0;

	s->now_us += s->step_us / 2 + dice_next(dice) % s->step_us;
	for (uint32_t i = 0; i < n; i++) {
		model_person(dice_below(dice, s->persons), chance->ids[i], &chance->persons[i]);
		chance->persons[i].fields = mixed ? dice_below(dice, s->wild ? 1U << 20 : 5) : fields;
	}
	uint32_t identity = 100 + dice_below(dice, s->identities);
	chance->disclosure = (struct disclosure){
	    .kind = kind_of_chance(dice),
	    .at_us = s->now_us - late,
	    .session = (uint64_t)identity << 40 | dice_below(dice, 5),
	    .identity = identity,
	    .organisation = 10 + (identity + dice_below(dice, 10) / 9) % s->organisations,
	    .route = (uint16_t)(1 + dice_below(dice, MODEL_ROUTES)),
	    .meter = (uint16_t)(1 + dice_below(dice, MODEL_METERS)),
	    .n_persons = n,
	    .persons = chance->persons,
	};
	if (chance->disclosure.kind == DISCLOSURE_WEIGHED) {
		chance->disclosure.weight = dice_below(dice, 100);
		chance->disclosure.n_persons = 0;
	}
	return &chance->disclosure;
}

static struct fact *
fact_room(struct model *model)
{
	if (model->n == model->cap) {
		model->cap = model->cap * 2 + 1024;
		model->facts = realloc(model->facts, model->cap * sizeof(*model->facts));
		if (model->facts == NULL)
			abort();
	}
	return &model->facts[model->n++];
}

void
model_add(struct model *model, const struct disclosure *d)
{
	struct fact fact = {.at_us = d->at_us, .session = d->session, .identity = d->identity,
	    .organisation = d->organisation, .route = d->route, .meter = d->meter};
	size_t start = model->n;

	if (d->kind == DISCLOSURE_WEIGHED) {
		fact.weight = d->weight;
		*fact_room(model) = fact;
	}
	if (d->kind != DISCLOSURE_HANDED && d->kind != DISCLOSURE_OBSERVED)
		return;
	fact.named = true;
	for (uint32_t i = 0; i < d->n_persons; i++) {
		const struct person_ref *p = &d->persons[i];
		size_t k = start;

		fact.person = model_person_number(p->id, p->id_len) * MODEL_SPACES + p->space;
		fact.fields = p->fields;
		while (k < model->n && model->facts[k].person != fact.person)
			k++;
		if (k < model->n)
			model->facts[k].fields |= fact.fields;
		else
			*fact_room(model) = fact;
	}
}

void
model_wipe(struct model *model)
{
	free(model->facts);
	*model = (struct model){0};
}

#define HAS(list, n, value) \
	do { \
		bool found = (n) == 0; \
		for (size_t has = 0; has < (n); has++) \
			found = found || (list)[has] == (value); \
		if (!found) \
			return false; \
	} while (0)

static bool
fact_matches(const struct fact *f, const struct index_query *q)
{
	HAS(q->identities, q->n_identities, f->identity);
	HAS(q->organisations, q->n_organisations, f->organisation);
	HAS(q->sessions, q->n_sessions, f->session);
	HAS(q->meters, q->n_meters, f->meter);
	HAS(q->routes, q->n_routes, f->route);
	if (f->at_us < q->since_us || f->at_us >= q->until_us)
		return false;
	if (!f->named)
		return true;
	HAS(q->spaces, q->n_spaces, model_space(f->person));
	return q->fields == 0 || (f->fields & q->fields) != 0;
}

static struct model_row *
row_room(struct model_rows *rows)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap * 2 + 1024;
		rows->list = realloc(rows->list, rows->cap * sizeof(*rows->list));
		if (rows->list == NULL)
			abort();
	}
	memset(&rows->list[rows->n], 0, sizeof(rows->list[0]));
	return &rows->list[rows->n++];
}

static int
compare(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

static int
fact_compare(const void *a, const void *b)
{
	const struct fact *left = *(const struct fact *const *)a, *right = *(const struct fact *const *)b;
	int order = compare(left->person, right->person);

	if (order == 0)
		order = compare(left->identity, right->identity);
	if (order == 0)
		order = compare(left->at_us, right->at_us);
	return order != 0 ? order : compare(left->organisation, right->organisation);
}

static int
row_compare(const void *a, const void *b)
{
	const struct model_row *left = a, *right = b;
	int order = compare(left->person, right->person);

	return order != 0 ? order : compare(left->identity, right->identity);
}

void
rows_sort(struct model_rows *rows)
{
	if (rows->n != 0)
		qsort(rows->list, rows->n, sizeof(*rows->list), row_compare);
}

static void
row_add_part(struct model_row *row, const struct fact *f)
{
	size_t i = 0;

	while (i < row->n_parts && (row->parts[i].meter < f->meter
	    || (row->parts[i].meter == f->meter && row->parts[i].route < f->route)))
		i++;
	if (i == row->n_parts || row->parts[i].meter != f->meter || row->parts[i].route != f->route) {
		memmove(&row->parts[i + 1], &row->parts[i], (row->n_parts - i) * sizeof(row->parts[0]));
		memset(&row->parts[i], 0, sizeof(row->parts[0]));
		row->parts[i].meter = f->meter;
		row->parts[i].route = f->route;
		row->n_parts++;
	}
	row->parts[i].fields |= f->fields;
	row->parts[i].count++;
}

static void
row_add(struct model_row *row, const struct fact *f, bool new_identity)
{
	bool first = row->count == 0 || f->at_us < row->first_us;

	if (first) {
		row->first_us = f->at_us;
		row->identity = f->identity;
		row->organisation = f->organisation;
	}
	if (f->at_us > row->last_us)
		row->last_us = f->at_us;
	row->person = f->person;
	row->count++;
	row->n_identities += new_identity ? 1 : 0;
	row_add_part(row, f);
}

void
model_query(const struct model *model, const struct index_query *q, bool merged,
    struct model_rows *rows, struct index_total *total)
{
	const struct fact **list = malloc((model->n + 1) * sizeof(const struct fact *));
	size_t n = 0;

	*total = (struct index_total){0};
	for (size_t i = 0; i < model->n; i++) {
		if (!fact_matches(&model->facts[i], q))
			continue;
		total->unnamed += model->facts[i].weight;
		if (model->facts[i].named)
			list[n++] = &model->facts[i];
	}
	if (n != 0)
		qsort(list, n, sizeof(*list), fact_compare);
	for (size_t i = 0; i < n; i++) {
		bool new_person = i == 0 || list[i]->person != list[i - 1]->person;
		bool new_identity = new_person || list[i]->identity != list[i - 1]->identity;
		struct model_row *row = new_person || (!merged && new_identity)
		    ? row_room(rows) : &rows->list[rows->n - 1];

		total->persons += new_person ? 1 : 0;
		row_add(row, list[i], new_identity);
	}
	total->disclosures = n;
	total->rows = rows->n;
	free(list);
}

void
rows_wipe(struct model_rows *rows)
{
	free(rows->list);
	*rows = (struct model_rows){0};
}

enum err
rows_take(void *context, const struct index_row *row)
{
	struct model_row *taken = row_room(context);

	if (row->n_parts > MODEL_PARTS)
		return ERR_RANGE;
	taken->identity = row->identity;
	taken->person = model_person_number(row->id, row->id_len) * MODEL_SPACES + row->space;
	taken->organisation = row->organisation;
	taken->n_identities = row->n_identities;
	taken->first_us = row->first_us;
	taken->last_us = row->last_us;
	taken->count = row->count;
	taken->n_parts = row->n_parts;
	for (size_t i = 0; i < row->n_parts; i++) {
		taken->parts[i].meter = row->parts[i].meter;
		taken->parts[i].route = row->parts[i].route;
		taken->parts[i].fields = row->parts[i].fields;
		taken->parts[i].count = row->parts[i].count;
	}
	return ERR_NONE;
}

void
question_make(struct question *q, struct stream_of_chance *s, uint64_t from_us, uint64_t to_us)
{
	struct dice *dice = &s->dice;
	uint64_t span = to_us - from_us;
	uint64_t a = from_us + dice_next(dice) % span, b = from_us + dice_next(dice) % span;

	for (size_t i = 0; i < 4; i++)
		q->identities[i] = 100 + dice_below(dice, s->identities + 1);
	for (size_t i = 0; i < 2; i++) {
		q->organisations[i] = 10 + dice_below(dice, s->organisations + 1);
		q->meters[i] = (uint16_t)(1 + dice_below(dice, MODEL_METERS));
		q->routes[i] = (uint16_t)(1 + dice_below(dice, MODEL_ROUTES));
		q->spaces[i] = (uint8_t)dice_below(dice, MODEL_SPACES);
	}
	for (size_t i = 0; i < 3; i++)
		q->sessions[i] = (uint64_t)q->identities[i] << 40 | dice_below(dice, 5);
	q->query = (struct index_query){.identities = q->identities, .organisations = q->organisations,
	    .sessions = q->sessions, .meters = q->meters, .routes = q->routes, .spaces = q->spaces};
	if (dice_below(dice, 3) != 0)
		q->query.n_identities = 1 + dice_below(dice, 4);
	if (dice_below(dice, 3) == 0)
		q->query.n_organisations = 1 + dice_below(dice, 2);
	if (dice_below(dice, 6) == 0)
		q->query.n_sessions = 3;
	if (dice_below(dice, 4) == 0)
		q->query.n_meters = 1 + dice_below(dice, 2);
	if (dice_below(dice, 6) == 0)
		q->query.n_routes = 2;
	if (dice_below(dice, 5) == 0)
		q->query.n_spaces = 1;
	if (dice_below(dice, 4) == 0)
		q->query.fields = 1U << dice_below(dice, 4);
	/* Now and then whole hours, or all the time there is. */
	if (dice_below(dice, 3) == 0) {
		a -= a % INDEX_HOUR_US;
		b += INDEX_HOUR_US - b % INDEX_HOUR_US;
	}
	q->query.since_us = a < b ? a : b;
	q->query.until_us = (a < b ? b : a) + 1;
	if (dice_below(dice, 10) == 0) {
		q->query.since_us = 0;
		q->query.until_us = UINT64_MAX;
	}
}
