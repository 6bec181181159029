#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"

struct item {
	uint32_t line;
	const char *name;
};

struct sample {
	const char *text;
	uint32_t number;
	double share;
	bool yes;
	uint32_t choice;
	struct conf_texts texts;
	struct item group;
	struct conf_list list;
};

static const char *const choices[] = { "red", "green", NULL };
static const struct conf_key item_keys[] = {
	{ "line", CONF_LINE, .offset = offsetof(struct item, line) },
	{ "name", CONF_TEXT, .offset = offsetof(struct item, name), .text = "nobody" },
	{ 0 },
};
static const struct conf_key keys[] = {
	{ "text", CONF_TEXT, .offset = offsetof(struct sample, text), .required = true, .min = 1, .max = 5 },
	{ "number", CONF_U32, .offset = offsetof(struct sample, number), .number = 7, .min = 1, .max = 10 },
	{ "share", CONF_REAL, .offset = offsetof(struct sample, share), .number = 0.25, .max = 1 },
	{ "yes", CONF_BOOL, .offset = offsetof(struct sample, yes), .number = 1 },
	{ "choice", CONF_CHOICE, .offset = offsetof(struct sample, choice), .choices = choices },
	{ "texts", CONF_TEXTS, .offset = offsetof(struct sample, texts), .max = 2 },
	{ "group", CONF_GROUP, .offset = offsetof(struct sample, group), .keys = item_keys },
	{ "list", CONF_LIST, .offset = offsetof(struct sample, list), .keys = item_keys,
	    .item_size = sizeof(struct item), .max = 3 },
	{ 0 },
};

static char path[64];
static struct sample sample;
static struct conf *conf;
static struct bytes complaints;

static int
set_up(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test_conf_XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	memset(&sample, 0, sizeof(sample));
	conf = NULL;
	bytes_init(&complaints, 4096);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	conf_free(conf);
	bytes_wipe(&complaints);
	return unlink(path);
}

static enum err
read_text(const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text), 0600), ERR_NONE);
	return conf_read(path, keys, &sample, &conf, &complaints);
}

/* The complaints, without the file's name, are exactly `words`. */
static void
assert_complaints(const char *words)
{
	char expected[1024] = "";
	size_t len = 0;

	for (const char *at = words; *at != '\0';) {
		int line_len = (int)strcspn(at, "\n");

		len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s%.*s\n", path, line_len, at);
		at += line_len + (at[line_len] == '\n');
	}
	assert_int_equal(bytes_append(&complaints, "", 1), ERR_NONE);
	assert_string_equal((const char *)complaints.data, expected);
}

static void
what_is_absent_has_its_default(void **state)
{
	(void)state;
	assert_int_equal(read_text("text = \"a\";\n"), ERR_NONE);
	assert_string_equal(sample.text, "a");
	assert_int_equal(sample.number, 7);
	assert_true(sample.share > 0.24 && sample.share < 0.26);
	assert_true(sample.yes);
	assert_int_equal(sample.texts.n, 0);
	assert_string_equal(sample.group.name, "nobody");
	assert_int_equal(sample.group.line, 0);
}

static void
every_kind_of_value_is_read(void **state)
{
	const struct item *items;

	(void)state;
	assert_int_equal(read_text("text = \"abc\"; number = 3; share = 1; yes = false; choice = \"green\";\n"
	    "texts = [ \"x\", \"y\" ];\ngroup = { name = \"g\"; };\nlist = ( { name = \"one\"; },\n { } );\n"), ERR_NONE);
	items = sample.list.item;
	assert_int_equal(sample.number, 3);
	assert_false(sample.yes);
	assert_int_equal(sample.choice, 1);
	assert_string_equal(sample.texts.text[1], "y");
	assert_string_equal(sample.group.name, "g");
	assert_int_equal(sample.list.n, 2);
	assert_string_equal(items[0].name, "one");
	assert_string_equal(items[1].name, "nobody");
	assert_int_equal(items[1].line, 5);
}

static void
all_mistakes_are_told_at_once_with_their_lines(void **state)
{
	(void)state;
	assert_int_equal(read_text("number = 11;\ntexte = 1;\nshare = \"much\";\nyes = 1;\nchoice = \"blue\";\n"
	    "texts = [ \"a\", \"b\", \"c\" ];\nlist = ( 1 );\ngroup = { nam = \"x\"; };\n"), ERR_FORMAT);
	assert_complaints(":2: unknown key texte\n"
	    ": text is missing\n"
	    ":1: number must be between 1 and 10\n"
	    ":3: share must be a number\n"
	    ":4: yes must be true or false\n"
	    ":5: choice must be one of \"red\" \"green\"\n"
	    ":6: the count of texts must be between 0 and 2\n"
	    ":8: unknown key nam in group\n"
	    ":7: list: entry 1 is not a group { ... }\n");
}

static void
a_negative_number_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text("text = \"a\"; number = -1;\n"), ERR_FORMAT);
	assert_complaints(":1: number must not be negative\n");
}

static void
a_text_longer_than_its_bound_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text("text = \"abcdef\";\n"), ERR_FORMAT);
	assert_complaints(":1: the length of text must be between 1 and 5\n");
}

static void
a_syntax_error_has_its_line(void **state)
{
	(void)state;
	assert_int_equal(read_text("text = \"a\";\nnumber = = 3;\n"), ERR_FORMAT);
	assert_complaints(":2: syntax error\n");
}

static void
a_missing_file_is_not_found(void **state)
{
	(void)state;
	assert_int_equal(conf_read("/tmp/there/is/no/such/file", keys, &sample, &conf, &complaints), ERR_NOT_FOUND);
	assert_true(complaints.len > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_absent_has_its_default, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_kind_of_value_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_mistakes_are_told_at_once_with_their_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_negative_number_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_text_longer_than_its_bound_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_syntax_error_has_its_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_missing_file_is_not_found, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
