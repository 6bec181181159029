#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "journal/format.h"

#define TEST_SIZE JOURNAL_SEGMENT_MIN

static struct person_ref persons[DISCLOSURE_PERSONS_MAX];
static struct person_ref read_back[DISCLOSURE_PERSONS_MAX];
static uint8_t bytes[JOURNAL_ENTRY_MAX];

static void
assert_same(const struct disclosure *a, const struct disclosure *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_true(a->at_us == b->at_us && a->session == b->session);
	assert_true(a->identity == b->identity && a->organisation == b->organisation && a->weight == b->weight);
	assert_true(a->route == b->route && a->meter == b->meter && a->reason == b->reason);
	assert_int_equal(a->n_persons, b->n_persons);
	for (uint32_t i = 0; i < a->n_persons; i++) {
		assert_int_equal(a->persons[i].id_len, b->persons[i].id_len);
		assert_memory_equal(a->persons[i].id, b->persons[i].id, a->persons[i].id_len);
		assert_int_equal(a->persons[i].space, b->persons[i].space);
		assert_true(a->persons[i].fields == b->persons[i].fields);
	}
}

static size_t
round_trip(const struct disclosure *d, uint64_t base_us)
{
	struct disclosure back;
	struct reader r;
	uint64_t time_us = base_us;

	assert_int_equal(format_check_entry(d), ERR_NONE);
	size_t len = format_put_entry(bytes, d, &time_us);
	assert_true(time_us == d->at_us);
	time_us = base_us;
	reader_init(&r, bytes, len);
	assert_int_equal(format_get_entry(&r, &time_us, read_back, &back), ERR_NONE);
	assert_int_equal(reader_left(&r), 0);
	assert_true(time_us == d->at_us);
	assert_same(d, &back);
	return len;
}

static void
entries_come_back_as_they_were(void **state)
{
	const uint8_t id[PERSON_ID_MAX] = {0xff, 0, 'a'};
	struct disclosure d = {.kind = DISCLOSURE_OBSERVED,
	    .at_us = UINT64_MAX,
	    .session = UINT64_MAX,
	    .identity = UINT32_MAX,
	    .organisation = UINT32_MAX,
	    .route = UINT16_MAX,
	    .meter = UINT16_MAX,
	    .reason = UINT16_MAX,
	    .weight = UINT32_MAX,
	    .persons = persons};

	(void)state;
	round_trip(&d, 0);
	round_trip(&d, UINT64_MAX - 5);
	d.at_us = 10;
	round_trip(&d, 1000000);
	for (uint32_t i = 0; i < DISCLOSURE_PERSONS_MAX; i++)
		persons[i] = (struct person_ref){id, PERSON_ID_MAX, (uint8_t)i, UINT32_MAX - i};
	for (uint32_t n = 1; n <= DISCLOSURE_PERSONS_MAX; n *= 2) {
		d.n_persons = n;
		assert_true(round_trip(&d, 0) <= JOURNAL_ENTRY_MAX);
	}
}

static void
an_ordinary_person_costs_one_byte_and_the_identifier(void **state)
{
	struct disclosure d = {.kind = DISCLOSURE_HANDED, .at_us = 1000, .n_persons = 50, .persons = persons};

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		persons[i] = (struct person_ref){(const uint8_t *)"12345678901", 11, 1, 7};
	assert_true(round_trip(&d, 900) <= 50 * 12 + 16);
}

static void
bounds_are_kept_when_writing(void **state)
{
	struct disclosure d = {.kind = DISCLOSURE_HANDED, .persons = persons, .n_persons = 1};

	(void)state;
	persons[0] = (struct person_ref){(const uint8_t *)"", 0, 1, 0};
	assert_int_equal(format_check_entry(&d), ERR_RANGE);
	persons[0].id_len = PERSON_ID_MAX + 1;
	assert_int_equal(format_check_entry(&d), ERR_RANGE);
	persons[0].id_len = 1;
	d.n_persons = DISCLOSURE_PERSONS_MAX + 1;
	assert_int_equal(format_check_entry(&d), ERR_RANGE);
	d.n_persons = 1;
	d.kind = DISCLOSURE_KIND_MAX;
	assert_int_equal(format_check_entry(&d), ERR_RANGE);
}

static void
no_bytes_make_the_entry_decoder_read_past_its_end(void **state)
{
	struct disclosure d = {.kind = DISCLOSURE_HANDED, .at_us = 77, .n_persons = 3, .persons = persons};
	uint64_t time_us = 0;
	unsigned seed = 1;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		persons[i] = (struct person_ref){(const uint8_t *)"abcdef", 6, (uint8_t)i, i};
	size_t len = format_put_entry(bytes, &d, &time_us);
	for (int i = 0; i < 20000; i++) {
		/* Exactly as large as its content, so that a sanitizer sees any step outside. */
		size_t n = (size_t)rand_r(&seed) % (len + 1);
		uint8_t *copy = malloc(n != 0 ? n : 1);
		struct disclosure back;
		struct reader r;

		assert_non_null(copy);
		memcpy(copy, bytes, n);
		for (int k = 0; k < 3 && n > 0; k++)
			copy[(size_t)rand_r(&seed) % n] ^= (uint8_t)(1 << rand_r(&seed) % 8);
		reader_init(&r, copy, n);
		enum err err = format_get_entry(&r, &time_us, read_back, &back);
		assert_true(err == ERR_NONE || err == ERR_FORMAT);
		if (err == ERR_NONE)
			assert_true(back.n_persons <= DISCLOSURE_PERSONS_MAX);
		free(copy);
	}
}

static void
headers_come_back_and_any_changed_bit_is_found(void **state)
{
	struct segment_header s = {7, 3, 42, 202601, TEST_SIZE, 0x1122334455667788U, 99, {1, 2}, {3, 4}}, s2;
	struct batch_header b = {false, 42, 5, 2, 11, 10, 1000, 300, 0xdeadbeef}, b2;
	uint8_t block[JOURNAL_BLOCK] = {0};

	(void)state;
	format_put_segment(block, &s);
	assert_int_equal(format_get_segment(block, &s2), ERR_NONE);
	assert_true(s2.node == 7 && s2.worker == 3 && s2.segment == 42 && s2.period == 202601);
	assert_true(s2.size == TEST_SIZE && s2.writer == s.writer && s2.created_us == 99);
	assert_memory_equal(s2.sealed, s.sealed, sizeof(s.sealed));
	for (size_t i = 0; i < SEGMENT_HEADER_LEN * 8; i++) {
		block[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(format_get_segment(block, &s2), ERR_NONE);
		block[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	memset(block, 0, sizeof(block));
	assert_int_equal(format_get_batch(block, &b2), ERR_NOT_FOUND);
	format_put_batch(block, &b);
	assert_int_equal(format_get_batch(block, &b2), ERR_NONE);
	assert_true(b2.number == 5 && b2.first == 11 && b2.follows == 10 && b2.len == 300 && b2.base_us == 1000);
	for (size_t i = 0; i < 52 * 8; i++) {
		block[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(format_get_batch(block, &b2), ERR_NONE);
		block[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void
names_are_strict(void **state)
{
	struct journal_position at;
	char name[JOURNAL_NAME_MAX];

	(void)state;
	format_name_segment(name, 65535, 0, UINT32_MAX);
	assert_string_equal(name, "n65535-w00000-s4294967295.tqj");
	assert_int_equal(format_name_parse(name, &at), ERR_NONE);
	assert_true(at.node == 65535 && at.worker == 0 && at.segment == UINT32_MAX);
	assert_int_equal(format_name_parse("n65536-w00000-s0000000001.tqj", &at), ERR_FORMAT);
	assert_int_equal(format_name_parse("n00001-w00000-s4294967296.tqj", &at), ERR_FORMAT);
	assert_int_equal(format_name_parse("n00001-w00000-s0000000000.tqj", &at), ERR_FORMAT);
	assert_int_equal(format_name_parse("n00001-w00000-s0000000001.tqj2", &at), ERR_FORMAT);
	assert_int_equal(format_name_parse("n00001-w0000a-s0000000001.tqj", &at), ERR_FORMAT);
	assert_int_equal(format_name_parse("n00001-w00000.mark", &at), ERR_FORMAT);
}

static void
periods_are_months_of_utc(void **state)
{
	(void)state;
	assert_int_equal(journal_period(0), 197001);
	assert_int_equal(journal_period(1767225599999999U), 202512);
	assert_int_equal(journal_period(1767225600000000U), 202601);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_come_back_as_they_were),
	    cmocka_unit_test(an_ordinary_person_costs_one_byte_and_the_identifier),
	    cmocka_unit_test(bounds_are_kept_when_writing),
	    cmocka_unit_test(no_bytes_make_the_entry_decoder_read_past_its_end),
	    cmocka_unit_test(headers_come_back_and_any_changed_bit_is_found),
	    cmocka_unit_test(names_are_strict),
	    cmocka_unit_test(periods_are_months_of_utc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
