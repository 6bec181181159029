#include "bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err
bed_key(void *context, uint32_t period, uint8_t ret_key[INDEX_KEY_LEN])
{
	struct bed *bed = context;

	bed->asked++;
	if (period == bed->gone)
		return ERR_EXPIRED;
	for (unsigned i = 0; i < INDEX_KEY_LEN; i++)
		ret_key[i] = (uint8_t)(period >> i % 3 * 8) ^ (uint8_t)(i * 7) ^ bed->salt;
	return ERR_NONE;
}

void
bed_make(struct bed *bed, uint32_t seal_events)
{
	*bed = (struct bed){.options = {.key = bed_key, .seal_events = seal_events}};
	bed->options.context = bed;
	strcpy(bed->dir, "/tmp/index-test-XXXXXX");
	assert_non_null(mkdtemp(bed->dir));
}

void
bed_remove(struct bed *bed)
{
	char path[512];
	DIR *dir = opendir(bed->dir);

	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		(void)snprintf(path, sizeof(path), "%s/%s", bed->dir, entry->d_name);
		(void)unlink(path);
	}
	(void)closedir(dir);
	assert_int_equal(rmdir(bed->dir), 0);
}

struct index *
bed_open(struct bed *bed)
{
	struct index *index = NULL;
	const char *why = NULL;
	enum err err = index_open(bed->dir, &bed->options, &index, &why);

	if (err != ERR_NONE)
		fail_msg("index_open: %s: %s", err_text(err), why);
	return index;
}

static enum err
print_row(void *context, const struct index_row *row)
{
	enum err err = bytes_printf(context, "%u %.*s %u %u %u %llu %llu %llu", row->space, (int)row->id_len,
	    (const char *)row->id, row->identity, row->organisation, row->n_identities,
	    (unsigned long long)row->first_us, (unsigned long long)row->last_us,
	    (unsigned long long)row->count);

	for (size_t i = 0; i < row->n_parts && err == ERR_NONE; i++)
		err = bytes_printf(context, " %u/%u:%x*%llu", row->parts[i].meter, row->parts[i].route,
		    row->parts[i].fields, (unsigned long long)row->parts[i].count);
	return err == ERR_NONE ? bytes_append(context, "\n", 1) : err;
}

static enum err
print_sight(void *context, const struct index_sight *s)
{
	return bytes_printf(context, "seen %llu %llu %u %u %x %u %u\n", (unsigned long long)s->at_us,
	    (unsigned long long)s->session, s->identity, s->organisation, s->fields, s->meter, s->route);
}

static void
print_sights(struct index *index, struct dice *dice, struct bytes *out)
{
	uint8_t id[PERSON_ID_MAX];
	struct person_ref ref;
	uint32_t silent = 0;

	model_person(dice_below(dice, 3000), id, &ref);
	struct index_person person = {ref.id, ref.id_len, ref.space, 0, UINT64_MAX};
	assert_int_equal(index_seen(index, &person, print_sight, out, &silent, NULL), ERR_NONE);
	assert_int_equal(silent, 0);
}

void
bed_answers(struct index *index, uint64_t seed, uint64_t from_us, uint64_t to_us, struct bytes *out)
{
	struct stream_of_chance stream = {.dice = {seed}, .identities = 40, .organisations = 7};
	const struct index_sink sink = {print_row, out};
	struct question q;
	struct index_total total;
	uint32_t days[40];

	for (int i = 0; i < 12; i++) {
		question_make(&q, &stream, from_us, to_us);
		assert_int_equal(index_query(index, &q.query, i % 2 == 0, &sink, &total, NULL), ERR_NONE);
		assert_int_equal(bytes_append(out, &total, sizeof(total)), ERR_NONE);
		assert_int_equal(index_list(index, &q.query, &sink, &total, NULL), ERR_NONE);
		assert_int_equal(bytes_append(out, &total, sizeof(total)), ERR_NONE);
		print_sights(index, &stream.dice, out);
	}
	assert_int_equal(index_daily(index, INDEX_PLATFORM, 0, (uint32_t)(from_us / INDEX_DAY_US), 40, days,
	    NULL), ERR_NONE);
	assert_int_equal(bytes_append(out, days, sizeof(days)), ERR_NONE);
}

void
bed_path(const struct bed *bed, const char *prefix, char path[512])
{
	DIR *dir = opendir(bed->dir);
	bool found = false;

	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		(void)snprintf(path, 512, "%s/%s", bed->dir, entry->d_name);
		found = true;
	}
	(void)closedir(dir);
	assert_true(found);
}
