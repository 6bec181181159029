#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lab/replay/received.h"

static size_t
take(struct received *set, const char *text, bool complete)
{
	return received_take(set, (const uint8_t *)text, strlen(text), complete);
}

static void
a_person_counts_once(void **state)
{
	struct received set = {0};

	(void)state;
	assert_true(received_add(&set, "1234567A"));
	assert_false(received_add(&set, "1234567A"));
	assert_true(received_add(&set, "1234567B"));
	assert_int_equal(set.count, 2);
	assert_true(received_has(&set, "1234567B"));
	assert_false(received_has(&set, "1234567C"));
	received_wipe(&set);
}

static void
what_is_no_identifier_is_not_added(void **state)
{
	static const char *const wrong[] = {"12345678", "1234567a", "A234567A", "        "};
	struct received set = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(received_add(&set, wrong[i]));
	assert_int_equal(set.count, 0);
	received_wipe(&set);
}

static void
a_set_holds_many(void **state)
{
	struct received set = {0};
	char id[16];

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		(void)snprintf(id, sizeof(id), "%07u%c", i * 7, (char)('A' + i % 26));
		assert_true(received_add(&set, id));
	}
	for (unsigned i = 0; i < 50000; i++) {
		(void)snprintf(id, sizeof(id), "%07u%c", i * 7, (char)('A' + i % 26));
		assert_true(received_has(&set, id));
		assert_false(received_add(&set, id));
	}
	assert_int_equal(set.count, 50000);
	received_wipe(&set);
}

static void
whole_documents_give_every_identifier_wherever_it_stands(void **state)
{
	struct received set = {0};

	(void)state;
	assert_int_equal(take(&set, "{\"people\": [{\"id\": \"0000001A\"}, {\"\\u0069d\": \"0000002B\"}]}", true), 2);
	assert_int_equal(take(&set, "{\"id\":\"0000003C\",\"guardian\":null}", true), 1);
	assert_int_equal(take(&set, "{\"enrolments\":[{\"number\":1,\"person\":{\"id\":\"0000001A\"}}]}", true), 0);
	assert_int_equal(set.count, 3);
	received_wipe(&set);
}

static void
torn_documents_give_what_arrived(void **state)
{
	struct received set = {0};

	(void)state;
	assert_int_equal(take(&set, "{\"people\":[{\"id\":\"0000001A\",\"family_name\":\"X\"},{\"id\":\"0000002B\",\"fa",
	    false), 2);
	assert_int_equal(take(&set, "{\"people\":[{\"id\":\"0000003", false), 0);
	assert_int_equal(take(&set, "", false), 0);
	received_wipe(&set);
}

static void
exports_are_read_by_their_first_column_even_when_torn(void **state)
{
	struct received set = {0};

	(void)state;
	assert_int_equal(take(&set, "id,family_name\r\n0000001A,X\r\n0000002B,\"Y, Z\"\r\n0000003", false), 2);
	assert_int_equal(take(&set, "id,family_name\r\n", true), 0);
	received_wipe(&set);
}

static void
one_set_is_held_against_another(void **state)
{
	struct received part = {0}, whole = {0};

	(void)state;
	assert_true(received_within(&part, &whole));
	(void)received_add(&part, "0000001A");
	assert_false(received_within(&part, &whole));
	(void)received_add(&whole, "0000001A");
	(void)received_add(&whole, "0000002B");
	assert_true(received_within(&part, &whole));
	assert_false(received_within(&whole, &part));
	received_wipe(&part);
	received_wipe(&whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_person_counts_once),
	    cmocka_unit_test(what_is_no_identifier_is_not_added),
	    cmocka_unit_test(a_set_holds_many),
	    cmocka_unit_test(whole_documents_give_every_identifier_wherever_it_stands),
	    cmocka_unit_test(torn_documents_give_what_arrived),
	    cmocka_unit_test(exports_are_read_by_their_first_column_even_when_torn),
	    cmocka_unit_test(one_set_is_held_against_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
