#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "transcript.h"

#define CASES 20000
#define CELLS 5

static struct transcript whole, bytewise;

static const struct column_text people = {.id = "id", .fields = {"name", "e-mail"}, .n_fields = 2,
    .separator = ','};

static struct column_shape
compile(const struct column_text *text)
{
	struct column_shape shape;
	const char *why = NULL;

	if (column_compile(&shape, text, &why) != ERR_NONE)
		fail_msg("shape refused: %s", why);
	return shape;
}

static void
expect_bytes(const struct column_text *text, const char *doc, size_t len, const char *want)
{
	struct column_shape shape = compile(text);

	transcript_csv(&whole, &shape, doc, len, (struct cut){0});
	transcript_csv(&bytewise, &shape, doc, len, (struct cut){.most = 1});
	if (strcmp(whole.text, want) != 0)
		print_message("document: %.*s\n", (int)len, doc);
	assert_string_equal(whole.text, want);
	assert_string_equal(whole.text, bytewise.text);
	assert_int_equal(whole.closed, bytewise.closed);
}

static void
expect(const char *doc, const char *want)
{
	expect_bytes(&people, doc, strlen(doc), want);
}

static void
lines_are_reported_with_the_cells_that_are_not_empty(void **state)
{
	(void)state;
	expect("id,name,e-mail\r\nP1,A,\r\nP2,,x\r\n", "0:P1/1 0:P2/2 end");
	expect("other,e-mail,id\n1,x,P1\n2,,P2", "0:P1/2 0:P2/0 end");
	expect("id\nP1\n", "0:P1/0 end");
	expect("id,name,e-mail\n", "end");
	expect("id", "end");
}

static void
a_byte_order_mark_is_skipped_once(void **state)
{
	(void)state;
	expect("\xef\xbb\xbfid,name\nP1,A\n", "0:P1/1 end");
	expect("\xef\xbb\xbf\"id\",name\nP1,A\n", "0:P1/1 end");
	expect("\xef\xbb\xbf\xef\xbb\xbfid,name\nP1,A\n", "refused: no column of the person");
	expect("\xef\xbbid\nP1\n", "refused: no column of the person");
}

static void
quotes_may_hold_separators_line_ends_and_quotes(void **state)
{
	static const struct column_text semicolon = {.id = "a;\"b\"", .fields = {"c"}, .n_fields = 1, .separator = ';'};
	static const char doc[] = "\"a;\"\"b\"\"\";c\n\"P;1\";\"\"\n\"P\"\"2\";\"\n\"\r\nP,3;\"\r\"";

	(void)state;
	expect("\"id\",\"name\"\n\"P1\",\"a,\r\n\"\"b\"\"\"\n", "0:P1/1 end");
	expect_bytes(&semicolon, doc, strlen(doc), "0:P;1/0 0:P\"2/1 0:P,3/1 end");
}

static void
what_rfc_4180_forbids_is_refused(void **state)
{
	(void)state;
	expect("", "refused: no column of the person");
	expect("name\nA\n", "refused: no column of the person");
	expect("id,id\n1,2\n", "refused: a column name that comes twice");
	expect("id,name,name\n1,2,3\n", "refused: a column name that comes twice");
	expect("id,x,x\n1,2,3\n", "0:1/0 end");
	expect("id,name\nP1\n", "refused: a line with fewer cells than the first");
	expect("id,name\nP1,A,B\n", "refused: a line with more cells than the first");
	expect("id,name\nP1,A\n\n", "0:P1/1 refused: a line with fewer cells than the first");
	expect("id\nP1\n\n", "0:P1/0 refused: an empty identifier");
	expect("id,name\nP1,a\"b\n", "refused: a quote inside a cell without quotes");
	expect("id,name\nP1,\"a\"b\n", "refused: something after a closing quote");
	expect("id,name\nP1,\"a\" \n", "refused: something after a closing quote");
	expect("id,name\nP1,\"a", "refused: a quote that is left open");
	expect("id,name\rP1,a\r", "refused: a CR without LF");
	expect("id,name\nP1,a\r", "refused: a CR without LF");
	expect_bytes(&people, "id,name\nP1,\0\n", 13, "refused: a NUL byte");
	expect_bytes(&people, "id,name\nP1,\"\0\"\n", 15, "refused: a NUL byte");
	expect("id\nP\xff\n", "refused: an identifier that is not UTF-8");
	expect("id,name\nP1,\xe9t\xe9\n", "0:P1/1 end");
}

static void
closed_bytes_end_with_the_last_line_reported(void **state)
{
	static const char doc[] = "id\r\nP1\r\nP2\r\n";
	struct column_shape shape = compile(&people);

	(void)state;
	transcript_csv(&whole, &shape, doc, strlen(doc), (struct cut){0});
	assert_int_equal(whole.closed, 12);
	transcript_csv(&whole, &shape, "id\nP1\nP2\"", 9, (struct cut){0});
	assert_int_equal(whole.closed, 6);
	transcript_csv(&whole, &shape, "id\n\"P", 5, (struct cut){0});
	assert_int_equal(whole.closed, 0);
}

static void
columns_are_bounded(void **state)
{
	char doc[CSV_COLUMNS_MAX + 2 + 3] = "id";

	(void)state;
	memset(doc + 2, ',', CSV_COLUMNS_MAX - 1);
	expect_bytes(&people, doc, CSV_COLUMNS_MAX + 1, "end");
	memset(doc + 2, ',', CSV_COLUMNS_MAX);
	expect_bytes(&people, doc, CSV_COLUMNS_MAX + 2, "refused: more than 512 columns");
}

static void
a_shape_that_contradicts_itself_is_refused(void **state)
{
	struct column_text text = people;
	struct column_shape shape;
	char name[COLUMN_NAME_MAX + 2];
	const char *why;

	(void)state;
	text.separator = '|';
	assert_int_equal(column_compile(&shape, &text, &why), ERR_FORMAT);
	text = people;
	text.id = "";
	assert_int_equal(column_compile(&shape, &text, &why), ERR_FORMAT);
	text = people;
	text.fields[1] = "name";
	assert_int_equal(column_compile(&shape, &text, &why), ERR_FORMAT);
	text = people;
	text.fields[1] = "id";
	assert_int_equal(column_compile(&shape, &text, &why), ERR_FORMAT);
	text = people;
	snprintf(name, sizeof(name), "%0*d", COLUMN_NAME_MAX + 1, 1);
	text.id = name;
	assert_int_equal(column_compile(&shape, &text, &why), ERR_RANGE);
	text = people;
	text.canon = CANON_UPPER | CANON_LOWER;
	assert_int_equal(column_compile(&shape, &text, &why), ERR_FORMAT);
}

static void
must(enum err err)
{
	assert_int_equal(err, ERR_NONE);
}

static void
write_cell(struct bytes *b, struct dice *dice, const char *cell, char separator)
{
	const char needs[] = {separator, '"', '\r', '\n', '\0'};

	if (strpbrk(cell, needs) == NULL && dice_roll(dice, 2) != 0) {
		must(bytes_append_text(b, cell));
		return;
	}
	must(bytes_append_text(b, "\""));
	for (; *cell != '\0'; cell++)
		must(bytes_append(b, *cell == '"' ? "\"\"" : cell, *cell == '"' ? 2 : 1));
	must(bytes_append_text(b, "\""));
}

/* Write a random table, and what should be said of it. */
static void
write_table(struct bytes *b, struct dice *dice, char separator, char *want)
{
	static const char *const cells[] = {"", "a", "id", "a,b;c\td", "\"", "\r\n", "\"\"\n,",
	    "some longer text, with a comma and \u00e9", "\xe9", " "};
	static const char *const names[] = {"x", "name", "y", "e-mail", "id"};
	size_t start = dice_roll(dice, CELLS), n_lines = dice_roll(dice, 6);

	must(bytes_append_text(b, dice_roll(dice, 3) == 0 ? "\xef\xbb\xbf" : ""));
	for (size_t line = 0; line <= n_lines; line++) {
		unsigned fields = 0;

		for (size_t i = 0; i < CELLS; i++) {
			size_t column = (start + i) % CELLS;
			const char *cell = line == 0 ? names[column] : cells[dice_roll(dice, 10)];

			if (line != 0 && column == 4)
				cell = "P1 \u00e9";
			must(bytes_append(b, &separator, i != 0));
			write_cell(b, dice, cell, separator);
			if (column == 1 || column == 3)
				fields |= cell[0] != '\0' ? 1U << column / 2 : 0;
		}
		if (line != n_lines || dice_roll(dice, 2) != 0)
			must(bytes_append_text(b, dice_roll(dice, 2) != 0 ? "\r\n" : "\n"));
		if (line != 0)
			want += sprintf(want, "0:p1 \u00e9/%x ", fields);
	}
	strcpy(want, "end");
}

static void
random_tables_are_read_as_they_were_written_however_they_are_cut(void **state)
{
	struct column_text text = people;
	struct dice dice = {.state = 4180};
	struct bytes b;
	char want[256];

	(void)state;
	bytes_init(&b, 1 << 16);
	text.canon = CANON_LOWER;
	for (size_t i = 0; i < CASES; i++) {
		struct column_shape shape;

		text.separator = ",;\t"[dice_roll(&dice, 3)];
		shape = compile(&text);
		bytes_clear(&b);
		write_table(&b, &dice, text.separator, want);
		transcript_csv(&whole, &shape, b.data, b.len, (struct cut){0});
		assert_string_equal(whole.text, want);
		transcript_csv(&bytewise, &shape, b.data, b.len,
		    (struct cut){.most = 1 + dice_roll(&dice, 30), .dice = &dice});
		assert_string_equal(bytewise.text, want);
		assert_int_equal(whole.closed, bytewise.closed);
	}
	bytes_wipe(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_reported_with_the_cells_that_are_not_empty),
	    cmocka_unit_test(a_byte_order_mark_is_skipped_once),
	    cmocka_unit_test(quotes_may_hold_separators_line_ends_and_quotes),
	    cmocka_unit_test(what_rfc_4180_forbids_is_refused),
	    cmocka_unit_test(closed_bytes_end_with_the_last_line_reported),
	    cmocka_unit_test(columns_are_bounded),
	    cmocka_unit_test(a_shape_that_contradicts_itself_is_refused),
	    cmocka_unit_test(random_tables_are_read_as_they_were_written_however_they_are_cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
