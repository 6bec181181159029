#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/book.h"

#define MANY 20000u

static void
many_are_found_and_removed_in_any_order(void **state)
{
	struct session_entry entry = { .number = 0 };
	struct session_entry *added;
	struct book *book;

	(void)state;
	assert_int_equal(book_open(&book), ERR_NONE);
	for (uint64_t i = 1; i <= MANY; i++) {
		entry.number = i * 3;
		assert_int_equal(book_add(book, &entry, &added), ERR_NONE);
	}
	assert_int_equal(book_add(book, &entry, &added), ERR_EXISTS);
	assert_int_equal(book_count(book), MANY);
	for (uint64_t i = 1; i <= MANY; i += 2)
		book_remove(book, book_find(book, i * 3));
	for (uint64_t i = 1; i <= MANY; i++) {
		struct session_entry *found = book_find(book, i * 3);

		assert_int_equal(found != NULL, i % 2 == 0);
		assert_true(found == NULL || found->number == i * 3);
	}
	assert_null(book_find(book, 1));
	assert_null(book_find(book, 0));
	/* Places of the removed are used again. */
	for (uint64_t i = 1; i <= MANY; i += 2) {
		entry.number = i * 3;
		assert_int_equal(book_add(book, &entry, &added), ERR_NONE);
	}
	assert_int_equal(book_count(book), MANY);
	assert_int_equal(book_places(book), MANY);
	book_free(book);
}

static void
an_entry_stays_at_its_address(void **state)
{
	struct session_entry entry = { .number = 1 };
	struct session_entry *first, *added;
	struct book *book;

	(void)state;
	assert_int_equal(book_open(&book), ERR_NONE);
	assert_int_equal(book_add(book, &entry, &first), ERR_NONE);
	for (entry.number = 2; entry.number < MANY; entry.number++)
		assert_int_equal(book_add(book, &entry, &added), ERR_NONE);
	assert_ptr_equal(book_find(book, 1), first);
	book_free(book);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_found_and_removed_in_any_order),
		cmocka_unit_test(an_entry_stays_at_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
