/*
 * reference: parses tab- or semicolon-separated tables in place and draws from
 * them. Loading allocates and may read files; drawing does neither.
 */
#include "services/training/reference.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "services/training/embedded.h"

#define COLUMNS_MAX 6
#define TEXTS_MAX 16
#define FILE_MAX_LEN (64 * 1024 * 1024)
#define YEAR_FIRST 1930u
#define YEARS 90u
#define SEXES 2

struct reference {
	char *texts[TEXTS_MAX]; /* what the rows point into */
	size_t text_count;
	struct reference_list communes; /* `text` unused */
	struct reference_commune *commune;
	struct reference_list families;
	struct reference_list rare_families;
	struct reference_list streets;
	struct reference_list body_names;
	struct reference_list given[SEXES][YEARS];
	struct reference_list rare_given[SEXES];
	struct reference_training *training;
	size_t training_count;
};

static enum err
list_add(struct reference_list *list, const char *text, uint64_t weight)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 64 : list->room * 2;
		const char **texts = realloc(list->text, room * sizeof(*texts));
		if (texts != NULL)
			list->text = texts;
		uint64_t *upto = realloc(list->upto, room * sizeof(*upto));
		if (upto != NULL)
			list->upto = upto;
		if (texts == NULL || upto == NULL)
			return ERR_NOMEM;
		list->room = room;
	}
	list->text[list->count] = text;
	list->upto[list->count] = weight + (list->count == 0 ? 0 : list->upto[list->count - 1]);
	list->count++;
	return ERR_NONE;
}

static void
list_wipe(struct reference_list *list)
{
	free(list->text);
	free(list->upto);
}

/* The first row whose cumulative weight is above a number drawn below the total. */
static size_t
list_draw(const struct reference_list *list, struct prng *prng)
{
	uint64_t total = list->upto[list->count - 1];
	uint64_t drawn = prng_next(prng) % total;
	size_t low = 0;
	size_t high = list->count - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (list->upto[middle] > drawn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Take the next line apart; 0 columns at the end. */
static size_t
next_row(char **cursor, char separator, char *column[COLUMNS_MAX])
{
	char *line = *cursor;
	size_t count = 0;

	if (line == NULL || *line == '\0')
		return 0;
	*cursor = strchr(line, '\n');
	if (*cursor != NULL)
		*(*cursor)++ = '\0';
	line[strcspn(line, "\r")] = '\0';
	while (count < COLUMNS_MAX && line != NULL) {
		column[count++] = line;
		line = strchr(line, separator);
		if (line != NULL)
			*line++ = '\0';
	}
	return count;
}

static enum err
add_commune(struct reference *r, char *column[COLUMNS_MAX])
{
	uint64_t population = strtoull(column[4], NULL, 10);
	struct reference_commune commune = {.code = column[0], .name = column[1],
	    .region = (unsigned)strtoul(column[3], NULL, 10)};
	char *next = column[5];

	if (population == 0 || *next == '\0')
		return ERR_NONE;
	while (next != NULL && commune.postal_count < REFERENCE_POSTAL_MAX) {
		commune.postal[commune.postal_count++] = next;
		next = strchr(next, ',');
		if (next != NULL)
			*next++ = '\0';
	}
	size_t before = r->communes.room;
	enum err err = list_add(&r->communes, NULL, population);
	if (err == ERR_NONE && r->communes.room != before) {
		void *grown = realloc(r->commune, r->communes.room * sizeof(*r->commune));
		if (grown == NULL)
			return ERR_NOMEM;
		r->commune = grown;
	}
	if (err == ERR_NONE)
		r->commune[r->communes.count - 1] = commune;
	return err;
}

static enum err
add_family(struct reference *r, char *column[COLUMNS_MAX])
{
	return list_add(&r->families, column[0], strtoull(column[1], NULL, 10));
}

static enum err
add_rare_family(struct reference *r, char *column[COLUMNS_MAX])
{
	return strlen(column[0]) < 2 ? ERR_NONE : list_add(&r->rare_families, column[0], 1);
}

static enum err
add_given(struct reference *r, char *column[COLUMNS_MAX])
{
	unsigned first = (unsigned)strtoul(column[2], NULL, 10);
	unsigned last = (unsigned)strtoul(column[3], NULL, 10);
	uint64_t weight = strtoull(column[4], NULL, 10);
	enum err err = ERR_NONE;

	if (first < YEAR_FIRST || last >= YEAR_FIRST + YEARS)
		return ERR_FORMAT;
	for (unsigned year = first; err == ERR_NONE && year <= last; year++)
		err = list_add(&r->given[column[1][0] == 'm'][year - YEAR_FIRST], column[0], weight);
	return err;
}

/* First letter to a capital, where it is ASCII or a two-byte letter of Latin-1. */
static void
capitalise(char *name)
{
	unsigned char *p = (unsigned char *)name;

	if (p[0] >= 'a' && p[0] <= 'z')
		p[0] = (unsigned char)(p[0] - 32);
	else if (p[0] == 0xc3 && p[1] >= 0xa0 && p[1] != 0xb7 && p[1] != 0xbf)
		p[1] = (unsigned char)(p[1] - 32);
}

/*
 * `name;sex;languages;frequency in texts`. A frequency above 10 per million
 * marks ordinary words ("les", "juste"), one of 0 names nobody writes.
 */
static enum err
add_rare_given(struct reference *r, char *column[COLUMNS_MAX])
{
	double frequency = strtod(column[3], NULL);
	bool one_sex = strcmp(column[1], "f") == 0 || strcmp(column[1], "m") == 0;

	if (!one_sex || strstr(column[2], "french") == NULL || frequency <= 0 || frequency > 10 ||
	    strlen(column[0]) < 3 || strpbrk(column[0], " (") != NULL)
		return ERR_NONE;
	capitalise(column[0]);
	return list_add(&r->rare_given[column[1][0] == 'm'], column[0], 1);
}

static enum err
add_street(struct reference *r, char *column[COLUMNS_MAX])
{
	return list_add(&r->streets, column[0], strtoull(column[1], NULL, 10));
}

static enum err
add_body_name(struct reference *r, char *column[COLUMNS_MAX])
{
	return list_add(&r->body_names, column[0], 1);
}

static enum err
add_training(struct reference *r, char *column[COLUMNS_MAX])
{
	struct reference_training *grown =
	    realloc(r->training, (r->training_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return ERR_NOMEM;
	r->training = grown;
	r->training[r->training_count++] = (struct reference_training){
	    .title = column[0],
	    .hours = (unsigned)strtoul(column[1], NULL, 10),
	    .cents_per_hour = (unsigned)strtoul(column[2], NULL, 10),
	};
	return ERR_NONE;
}

struct table {
	const char *name;
	const char *embedded; /* NULL: only from the folder */
	char separator;
	bool has_head;
	size_t columns;
	enum err (*add)(struct reference *r, char *column[COLUMNS_MAX]);
};

static const struct table embedded_tables[] = {
	{"communes", embedded_communes, '\t', true, 6, add_commune},
	{"family names", embedded_family_names, '\t', true, 2, add_family},
	{"given names", embedded_given_names, '\t', true, 5, add_given},
	{"streets", embedded_streets, '\t', true, 2, add_street},
	{"trainings", embedded_trainings, '\t', true, 3, add_training},
	{"body names", embedded_body_names, '\t', true, 2, add_body_name},
};

static const struct table folder_tables[] = {
	{"communes.tsv", NULL, '\t', true, 6, add_commune},
	{"prenoms.csv", NULL, ';', true, 4, add_rare_given},
	{"noms_famille_insee2008.txt", NULL, '\t', false, 1, add_rare_family},
};

/* `text` is taken, and kept for the rows. */
static enum err
read_table(struct reference *r, const struct table *table, char *text)
{
	char *column[COLUMNS_MAX];
	char *cursor = text;
	bool head = table->has_head;
	enum err err = ERR_NONE;
	size_t count;

	if (text == NULL || r->text_count == TEXTS_MAX) {
		free(text);
		return ERR_NOMEM;
	}
	r->texts[r->text_count++] = text;
	while (err == ERR_NONE && (count = next_row(&cursor, table->separator, column)) > 0) {
		if (!head)
			err = count < table->columns ? ERR_FORMAT : table->add(r, column);
		head = false;
	}
	return err;
}

static enum err
read_file(struct reference *r, const struct table *table, const char *dir)
{
	char path[4096];
	struct bytes content;
	char *text = NULL;
	enum err err;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, table->name);
	bytes_init(&content, FILE_MAX_LEN);
	err = file_read(path, &content);
	if (err == ERR_NONE)
		text = strndup((const char *)content.data, content.len);
	bytes_wipe(&content);
	return err == ERR_NONE ? read_table(r, table, text) : err;
}

/* The folder's communes replace the built-in ones; its names come beside them. */
static enum err
load_all(struct reference *r, const char *dir, const char **why)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; err == ERR_NONE && i < sizeof(folder_tables) / sizeof(folder_tables[0]); i++) {
		*why = folder_tables[i].name;
		if (dir != NULL)
			err = read_file(r, &folder_tables[i], dir);
	}
	for (size_t i = 0; err == ERR_NONE && i < sizeof(embedded_tables) / sizeof(embedded_tables[0]); i++) {
		*why = embedded_tables[i].name;
		if (embedded_tables[i].add != add_commune || r->communes.count == 0)
			err = read_table(r, &embedded_tables[i], strdup(embedded_tables[i].embedded));
	}
	return err;
}

enum err
reference_load(const char *dir, struct reference **ret_reference, const char **why)
{
	struct reference *r = calloc(1, sizeof(*r));
	enum err err;

	*why = err_text(ERR_NOMEM);
	if (r == NULL)
		return ERR_NOMEM;
	err = load_all(r, dir, why);
	if (err != ERR_NONE) {
		reference_free(r);
		return err;
	}
	*ret_reference = r;
	return ERR_NONE;
}

void
reference_free(struct reference *r)
{
	if (r == NULL)
		return;
	list_wipe(&r->communes);
	list_wipe(&r->families);
	list_wipe(&r->rare_families);
	list_wipe(&r->streets);
	list_wipe(&r->body_names);
	for (size_t sex = 0; sex < SEXES; sex++) {
		list_wipe(&r->rare_given[sex]);
		for (size_t year = 0; year < YEARS; year++)
			list_wipe(&r->given[sex][year]);
	}
	for (size_t i = 0; i < r->text_count; i++)
		free(r->texts[i]);
	free(r->commune);
	free(r->training);
	free(r);
}

const struct reference_commune *
reference_commune(const struct reference *r, struct prng *prng)
{
	return &r->commune[list_draw(&r->communes, prng)];
}

const char *
reference_family_name(const struct reference *r, struct prng *prng)
{
	bool rare = prng_below(prng, 100) < 35 && r->rare_families.count > 0;
	const struct reference_list *list = rare ? &r->rare_families : &r->families;

	return list->text[list_draw(list, prng)];
}

const char *
reference_given_name(const struct reference *r, struct prng *prng, char sex, unsigned birth_year)
{
	const struct reference_list *list = &r->rare_given[sex == 'm'];
	unsigned year = birth_year < YEAR_FIRST ? YEAR_FIRST : birth_year;

	if (year > YEAR_FIRST + 82)
		year = YEAR_FIRST + 82;
	if (prng_below(prng, 100) >= 10 || list->count == 0)
		list = &r->given[sex == 'm'][year - YEAR_FIRST];
	return list->text[list_draw(list, prng)];
}

const char *
reference_street(const struct reference *r, struct prng *prng)
{
	return r->streets.text[list_draw(&r->streets, prng)];
}

const char *
reference_body_name(const struct reference *r, size_t at)
{
	return r->body_names.text[at % r->body_names.count];
}

const struct reference_training *
reference_training(const struct reference *r, size_t at)
{
	return &r->training[at % r->training_count];
}
