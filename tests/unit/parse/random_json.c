#include "random_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL_MAX 64
#define DOCUMENT_ABOUT 1500 /* bytes from which on a document is brought to its end */
#define STEPS_MAX (2 * PATH_STEPS_MAX)

static const char *const names[] = {"id", "a", "b", "people", "first name", "\u00e9t\u00e9",
    "a-name-that-is-longer-than-sixteen-bytes"};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* A path of a record and one inside it, in one; `steps[i]` NULL: every name, "[": every element. */
struct full_path {
	const char *steps[STEPS_MAX];
	size_t n;
	bool is_id;
};

struct author {
	struct dice *dice;
	struct bytes *text;
	struct full_path full[FULL_MAX];
	size_t n_full;
};

static void
must(enum err err)
{
	if (err != ERR_NONE)
		abort();
}

static bool
chance(struct dice *dice, uint32_t percent)
{
	return dice_roll(dice, 100) < percent;
}

static const char *
roll_step(struct dice *dice, bool wild, char *ret_word, size_t size)
{
	const char *name = names[dice_roll(dice, N_NAMES)];
	uint32_t kind = dice_roll(dice, wild ? 4 : 2);

	if (kind == 2) {
		snprintf(ret_word, size, ".*");
		return NULL;
	}
	if (kind == 3) {
		snprintf(ret_word, size, "[*]");
		return "[";
	}
	if (kind == 0 && strchr(name, ' ') == NULL)
		snprintf(ret_word, size, ".%s", name);
	else
		snprintf(ret_word, size, "['%s']", name);
	return name;
}

/* A path of up to `most` steps as words, and what it means. */
static void
roll_path(struct dice *dice, uint32_t most, bool wild, char *ret_words, struct full_path *ret_path)
{
	size_t n = dice_roll(dice, most + 1);

	strcpy(ret_words, "$");
	ret_path->n = 0;
	while (n-- > 0) {
		char word[64];

		ret_path->steps[ret_path->n++] = roll_step(dice, wild, word, sizeof(word));
		if (strlen(ret_words) + strlen(word) >= 64) {
			ret_path->n--;
			return;
		}
		strcat(ret_words, word);
	}
}

static void
join(struct author *a, const struct full_path *way, const struct full_path *inner, bool is_id)
{
	struct full_path *full = &a->full[a->n_full++];

	*full = *way;
	for (size_t i = 0; i < inner->n; i++)
		full->steps[full->n++] = inner->steps[i];
	full->is_id = is_id;
}

static bool
key_fits(const struct full_path *ways, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ways[i].n == 0 || (ways[i].steps[ways[i].n - 1] != NULL && ways[i].steps[ways[i].n - 1][0] == '['))
			return false;
	return true;
}

static void
roll_shape(struct author *a, struct random_shape *s)
{
	struct full_path ways[SHAPE_WAYS_MAX], inner;
	static const uint32_t rules[] = {CANON_EXACT, CANON_TRIM | CANON_UPPER, CANON_NO_ZEROES};
	size_t n_words = 0;
	bool by_key;

	memset(s, 0, sizeof(*s));
	s->text.n_records = 1 + dice_roll(a->dice, 2);
	for (size_t i = 0; i < s->text.n_records; i++) {
		roll_path(a->dice, 3, true, s->words[n_words], &ways[i]);
		s->text.records[i] = s->words[n_words++];
	}
	by_key = key_fits(ways, s->text.n_records) && chance(a->dice, 40);
	roll_path(a->dice, 2, false, s->words[n_words], &inner);
	s->text.id = by_key ? "key" : s->words[n_words++];
	for (size_t i = 0; i < s->text.n_records; i++)
		join(a, &ways[i], by_key ? &(struct full_path){.n = 0} : &inner, !by_key);
	s->text.n_fields = dice_roll(a->dice, 5);
	for (size_t i = 0; i < s->text.n_fields; i++) {
		roll_path(a->dice, 3, true, s->words[n_words], &inner);
		s->text.fields[i] = s->words[n_words++];
		for (size_t j = 0; j < s->text.n_records; j++)
			join(a, &ways[j], &inner, false);
	}
	s->text.canon = rules[dice_roll(a->dice, 3)];
	s->text.flags = chance(a->dice, 70) ? SHAPE_OPTIONAL : 0;
}

static void
compile_shape(struct random_shape *s)
{
	const char *why;

	must(shape_compile(&s->compiled, &s->text, &why));
	must(shape_check(&s->compiled));
	for (size_t i = 0; i < s->text.n_records; i++)
		must(path_compile(&s->ways[i], s->text.records[i], &why));
	if (strcmp(s->text.id, "key") != 0)
		must(path_compile(&s->id, s->text.id, &why));
	for (size_t i = 0; i < s->text.n_fields; i++)
		must(path_compile(&s->fields[i], s->text.fields[i], &why));
}

static void
write_space(struct author *a)
{
	static const char *const spaces[] = {" ", "\n", "\t", "\r\n", "                      "};

	while (chance(a->dice, 15))
		must(bytes_append_text(a->text, spaces[dice_roll(a->dice, 5)]));
}

static void
write_char(struct author *a, char c)
{
	if (c == '"' || c == '\\')
		must(bytes_printf(a->text, "\\%c", c));
	else if (c == '\n')
		must(bytes_append_text(a->text, "\\n"));
	else if ((c & 0x80) == 0 && chance(a->dice, 3))
		must(bytes_printf(a->text, chance(a->dice, 50) ? "\\u%04x" : "\\u%04X", (unsigned)c));
	else
		must(bytes_append(a->text, &c, 1));
}

static void
write_string(struct author *a, const char *text)
{
	must(bytes_append_text(a->text, "\""));
	for (; *text != '\0'; text++)
		write_char(a, *text);
	must(bytes_append_text(a->text, "\""));
}

static void
write_scalar(struct author *a)
{
	static const char *const plain[] = {"null", "true", "false", "0", "-1", "1.5", "1e3", "12345678901",
	    "\"\"", "\"\\ud83d\\ude00\"", "\"\\u00E9\""};
	static const char *const texts[] = {"P1", "", "x\"y\\z\n", "\u00e9\u20ac\U0001f600",
	    "a text of some length, which goes over several blocks of sixteen bytes \u00e9 and on",
	    "/", "{\"id\":\"P9\"}", "0"};

	if (chance(a->dice, 50))
		must(bytes_append_text(a->text, plain[dice_roll(a->dice, 11)]));
	else
		write_string(a, texts[dice_roll(a->dice, 8)]);
}

static void
write_id(struct author *a)
{
	char id[80];

	if (chance(a->dice, 2)) {
		write_scalar(a);
		return;
	}
	if (chance(a->dice, 30)) {
		must(bytes_printf(a->text, "%u", dice_roll(a->dice, 1000)));
		return;
	}
	snprintf(id, sizeof(id), "%s%s%u", chance(a->dice, 10) ? " " : "",
	    chance(a->dice, 10) ? "0\u00e9" : "p", dice_roll(a->dice, 1000));
	write_string(a, id);
}

static void write_value(struct author *a, uint64_t alive, size_t depth);

/* Those of the paths that go on with this name, or (name NULL) with an element. */
static uint64_t
alive_after(const struct author *a, uint64_t alive, size_t depth, const char *name)
{
	uint64_t set = 0;

	for (size_t i = 0; i < a->n_full; i++) {
		const struct full_path *full = &a->full[i];
		const char *step = depth < full->n ? full->steps[depth] : "";
		bool element = step != NULL && step[0] == '[';

		if ((alive >> i & 1) == 0 || depth >= full->n)
			continue;
		if (name == NULL ? element : !element && (step == NULL || strcmp(step, name) == 0))
			set |= (uint64_t)1 << i;
	}
	return set;
}

static void
write_object(struct author *a, uint64_t alive, size_t depth)
{
	bool some = false;
	size_t start = dice_roll(a->dice, N_NAMES);

	must(bytes_append_text(a->text, "{"));
	for (size_t i = 0; i < N_NAMES; i++) {
		const char *name = names[(start + i * 3) % N_NAMES];
		uint64_t next = alive_after(a, alive, depth, name);

		if (!chance(a->dice, next != 0 ? 90 : 20))
			continue;
		must(bytes_append_text(a->text, some ? "," : ""));
		some = true;
		write_space(a);
		write_string(a, name);
		write_space(a);
		must(bytes_append_text(a->text, ":"));
		write_value(a, next, depth + 1);
	}
	write_space(a);
	must(bytes_append_text(a->text, "}"));
}

static void
write_array(struct author *a, uint64_t alive, size_t depth)
{
	size_t n = dice_roll(a->dice, 5);

	must(bytes_append_text(a->text, "["));
	write_space(a);
	for (size_t i = 0; i < n; i++) {
		must(bytes_append_text(a->text, i != 0 ? "," : ""));
		write_value(a, alive_after(a, alive, depth, NULL), depth + 1);
	}
	must(bytes_append_text(a->text, "]"));
}

/* What the paths want here: 0 nothing, else one of the letters of id, object, array. */
static char
wanted(const struct author *a, uint64_t alive, size_t depth)
{
	char want = 0;

	for (size_t i = 0; i < a->n_full; i++) {
		const struct full_path *full = &a->full[i];

		if ((alive >> i & 1) == 0)
			continue;
		if (full->n == depth && full->is_id)
			return 'i';
		if (full->n > depth && (want == 0 || chance(a->dice, 50)))
			want = full->steps[depth] != NULL && full->steps[depth][0] == '[' ? 'a' : 'o';
	}
	return want;
}

static void
write_value(struct author *a, uint64_t alive, size_t depth)
{
	char want = chance(a->dice, 95) ? wanted(a, alive, depth) : 0;

	if (a->text->len > DOCUMENT_ABOUT && want != 'i')
		want = 's';
	else if (want == 0 && depth < 6)
		want = "sssssoa"[dice_roll(a->dice, 7)];
	write_space(a);
	if (want == 'i')
		write_id(a);
	else if (want == 'o')
		write_object(a, alive, depth);
	else if (want == 'a')
		write_array(a, alive, depth);
	else
		write_scalar(a);
	write_space(a);
}

void
random_case_roll(struct random_case *c, struct dice *dice)
{
	struct author author = {.dice = dice, .text = &c->text};

	bytes_clear(&c->text);
	c->n_shapes = chance(dice, 70) ? 1 : 2;
	for (size_t i = 0; i < c->n_shapes; i++) {
		roll_shape(&author, &c->shapes[i]);
		compile_shape(&c->shapes[i]);
		c->compiled[i] = c->shapes[i].compiled;
	}
	write_value(&author, ((uint64_t)1 << author.n_full) - 1, 0);
}
