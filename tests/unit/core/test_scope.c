#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/capability.h"
#include "core/scope.h"

static enum err
parse(const char *text, struct scope_text *ret)
{
	const char *why = NULL;
	enum err err = scope_parse(text, strlen(text), ret, &why);

	assert_true((err == ERR_NONE) == (why == NULL));
	return err;
}

/* A register of two names. */
static enum err
number_of(void *context, enum scope_kind kind, const char *name, uint64_t *ret_number)
{
	(void)context;
	if (kind == SCOPE_ORGANISATION && strcmp(name, "siret:123") == 0)
		*ret_number = 12;
	else if (kind == SCOPE_PROFILE && strcmp(name, "chargé & \"co\"") == 0)
		*ret_number = 34;
	else
		return ERR_NOT_FOUND;
	return ERR_NONE;
}

static enum err
name_of(void *context, enum scope_kind kind, uint64_t number, char out[SCOPE_VALUE_MAX])
{
	(void)context;
	if (kind == SCOPE_ORGANISATION && number == 12)
		strcpy(out, "siret:123");
	else if (kind == SCOPE_PROFILE && number == 34)
		strcpy(out, "chargé & \"co\"");
	else if (kind == SCOPE_TERRITORY)
		strcpy(out, "#5 a name that looks like a number");
	else
		return ERR_NOT_FOUND;
	return ERR_NONE;
}

static const struct scope_names names = {number_of, name_of, NULL};

static void
a_conjunction_is_read_term_by_term(void **state)
{
	struct scope_text t;

	(void)state;
	assert_int_equal(parse("  organisation=siret:123 & capability = export&profile=\"a \\\"b\\\\\"  ", &t), ERR_NONE);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.term[0].kind, SCOPE_ORGANISATION);
	assert_string_equal(t.term[0].value, "siret:123");
	assert_int_equal(t.term[1].kind, SCOPE_CAPABILITY);
	assert_string_equal(t.term[2].value, "a \"b\\");
	assert_int_equal(parse(" everyone ", &t), ERR_NONE);
	assert_int_equal(t.n, 0);
}

static void
what_is_not_a_scope_is_refused_with_a_reason(void **state)
{
	static const char *const bad[] = {
		"", " ", "everyone & identity=a", "somebody=x", "identity", "identity=", "identity=a b", "identity=a &",
		"& identity=a", "identity=a identity=b", "identity=a & identity=a", "identity=a & identity=b",
		"identity=\"a", "identity=\"\"", "identity=\"a\\n\"", "identity=\"a\nb\"", "identity==a", "Identity=a",
		"identity=a&&profile=b", "identity=\"a\"b",
	};
	struct scope_text t;
	char longest[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &t), ERR_FORMAT);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "identity=", 9);
	longest[9 + 128] = '\0';
	assert_int_equal(parse(longest, &t), ERR_RANGE);
	longest[9 + 127] = '\0';
	assert_int_equal(parse(longest, &t), ERR_NONE);
}

static void
names_become_numbers_and_unknown_ones_are_refused(void **state)
{
	struct scope_text t;
	struct scope s;
	const char *why;

	(void)state;
	assert_int_equal(parse("organisation=siret:123 & session=#18446744073709551615 & capability=read,export", &t),
	    ERR_NONE);
	assert_int_equal(scope_resolve(&t, &names, &s, &why), ERR_NONE);
	assert_int_equal(s.value[SCOPE_ORGANISATION], 12);
	assert_true(s.value[SCOPE_SESSION] == UINT64_MAX);
	assert_int_equal(s.value[SCOPE_CAPABILITY], CAPABILITY_READ | CAPABILITY_EXPORT);
	assert_int_equal(parse("organisation=other", &t), ERR_NONE);
	assert_int_equal(scope_resolve(&t, &names, &s, &why), ERR_NOT_FOUND);
	assert_string_equal(why, "no such organisation");
	static const char *const bad[] = {"identity=#", "identity=#0", "identity=#1x", "identity=#4294967296",
	    "session=#18446744073709551616", "capability=fly", "capability=read,read", "capability=\",\""};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i], &t), ERR_NONE);
		assert_int_equal(scope_resolve(&t, &names, &s, &why), ERR_FORMAT);
	}
}

static void
formatted_scopes_read_back_to_the_same(void **state)
{
	static const char *const texts[] = {
		"everyone", "organisation=siret:123 & profile=\"chargé & \\\"co\\\"\" & capability=read,send-wide",
		"session=#1 & identity=#2 & lineage=#3 & organisation=#4 & territory=#5 & profile=#6 & idp=#7 & route=#8",
		"identity=#2 & capability=all",
	};
	char out[SCOPE_TEXT_MAX];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct scope_text t;
		struct scope first, second;

		assert_int_equal(parse(texts[i], &t), ERR_NONE);
		assert_int_equal(scope_resolve(&t, &names, &first, &why), ERR_NONE);
		scope_format(&first, &names, out);
		assert_string_equal(out, texts[i]);
		assert_int_equal(parse(out, &t), ERR_NONE);
		assert_int_equal(scope_resolve(&t, &names, &second, &why), ERR_NONE);
		assert_memory_equal(&first, &second, sizeof(first));
	}
}

static enum err
quotes_only(void *context, enum scope_kind kind, uint64_t number, char out[SCOPE_VALUE_MAX])
{
	(void)context, (void)kind, (void)number;
	memset(out, '"', SCOPE_VALUE_MAX - 1);
	out[SCOPE_VALUE_MAX - 1] = '\0';
	return ERR_NONE;
}

static void
the_longest_scope_fits_its_room(void **state)
{
	const struct scope_names worst = {NULL, quotes_only, NULL};
	struct scope s = {.terms = (1u << SCOPE_KIND_MAX) - 1};
	char out[SCOPE_TEXT_MAX + 1];

	(void)state;
	for (int i = 0; i < SCOPE_KIND_MAX; i++)
		s.value[i] = UINT64_MAX;
	s.value[SCOPE_CAPABILITY] = CAPABILITY_ALL - 1;
	out[SCOPE_TEXT_MAX] = 'x';
	scope_format(&s, &worst, out);
	assert_true(strlen(out) < SCOPE_TEXT_MAX);
	assert_int_equal(out[SCOPE_TEXT_MAX], 'x');
}

static void
capabilities_have_names_that_read_back(void **state)
{
	char text[CAPABILITY_TEXT_MAX];
	const char *why;
	uint32_t set;

	(void)state;
	for (uint32_t i = 1; i <= CAPABILITY_ALL; i++) {
		capability_format(i, text);
		assert_int_equal(capability_parse(text, strlen(text), &set, &why), ERR_NONE);
		assert_int_equal(set, i);
	}
	assert_int_equal(capability_parse(" read , export ", 15, &set, &why), ERR_NONE);
	assert_int_equal(capability_parse("", 0, &set, &why), ERR_FORMAT);
	assert_int_equal(capability_parse("read,", 5, &set, &why), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_conjunction_is_read_term_by_term),
	    cmocka_unit_test(what_is_not_a_scope_is_refused_with_a_reason),
	    cmocka_unit_test(names_become_numbers_and_unknown_ones_are_refused),
	    cmocka_unit_test(formatted_scopes_read_back_to_the_same),
	    cmocka_unit_test(the_longest_scope_fits_its_room),
	    cmocka_unit_test(capabilities_have_names_that_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
