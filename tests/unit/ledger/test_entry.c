#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ledger/entry.h"
#include "ledger/tiles.h"

#define NOV_2026_US UINT64_C(1794000000000000)

static struct aead *aead;
static struct entry_seal seal = {.period = 202611};
static struct entry_room room;
static struct bytes out;

static struct ledger_source
source_of(uint64_t sequence)
{
	return (struct ledger_source){.node = 1, .worker = 2, .segment = 3, .offset = 4168, .writer = 5,
	    .sequence = sequence};
}

/* Persons with identifiers of `id_len` bytes that differ in their first ones. */
static struct person_ref *
make_persons(uint32_t n, uint8_t id_len)
{
	struct person_ref *persons = calloc(n, sizeof(*persons));
	uint8_t *ids = calloc(n, id_len);

	assert_non_null(persons);
	assert_non_null(ids);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *id = ids + (size_t)i * id_len;

		memset(id, 'x', id_len);
		memcpy(id, &i, id_len < sizeof(i) ? id_len : sizeof(i));
		persons[i] = (struct person_ref){.id = id, .id_len = id_len, .space = (uint8_t)(i % 3), .fields = i * 7};
	}
	return persons;
}

static void
free_persons(struct person_ref *persons)
{
	union {
		const uint8_t *id;
		void *memory;
	} first = {.id = persons[0].id};

	free(first.memory);
	free(persons);
}

static struct ledger_entry
disclosure_of(struct person_ref *persons, uint32_t n)
{
	return (struct ledger_entry){.kind = LEDGER_DISCLOSURE, .source = source_of(9),
	    .disclosure = {.kind = DISCLOSURE_HANDED, .at_us = NOV_2026_US, .session = 77, .identity = 11,
	        .organisation = 12, .route = 13, .meter = 14, .reason = 15, .weight = 16, .n_persons = n,
	        .persons = persons}};
}

/* One entry that must come in one part; left in `out`. */
static void
encode(const struct ledger_entry *entry)
{
	struct entry_cut cut = {0};

	bytes_clear(&out);
	assert_int_equal(entry_encode(entry, &seal, &cut, &out), ERR_NONE);
	assert_true(cut.done);
}

static void
assert_text(struct ledger_text text, const char *expected)
{
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.data, expected, text.len);
}

static void
a_disclosure_reads_back_as_it_was_written(void **state)
{
	struct person_ref *persons = make_persons(10, 12);
	struct ledger_entry written = disclosure_of(persons, 10), read;

	(void)state;
	encode(&written);
	assert_int_equal(out.len, 76 + AEAD_OVERHEAD + 10 * (6 + 12));
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_int_equal(read.kind, LEDGER_DISCLOSURE);
	assert_int_equal(read.period, 202611);
	assert_true(ledger_source_same_writer(&read.source, &written.source));
	assert_int_equal(read.source.segment, 3);
	assert_int_equal(read.source.offset, 4168);
	assert_int_equal(read.source.sequence, 9);
	assert_true(read.at_us == NOV_2026_US);
	assert_int_equal(read.disclosure.n_persons, 10);
	assert_null(read.disclosure.persons);
	assert_int_equal(read.disclosure.session, 77);
	assert_int_equal(read.disclosure.weight, 16);
	assert_int_equal(read.disclosure.reason, 15);

	assert_int_equal(entry_unseal(&read, aead, &room), ERR_NONE);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(read.disclosure.persons[i].id_len, 12);
		assert_memory_equal(read.disclosure.persons[i].id, persons[i].id, 12);
		assert_int_equal(read.disclosure.persons[i].fields, persons[i].fields);
		assert_int_equal(read.disclosure.persons[i].space, persons[i].space);
	}
	free_persons(persons);
}

static void
the_first_bytes_are_those_that_the_format_promises(void **state)
{
	static const uint8_t expected[] = {1, 1, /* node */ 1, 0, /* worker */ 2, 0, /* segment */ 3, 0, 0, 0,
	    /* offset */ 0x48, 0x10, 0, 0, /* writer */ 5, 0, 0, 0, 0, 0, 0, 0, /* sequence */ 9, 0, 0, 0, 0, 0, 0, 0,
	    /* time */ 0, 0x20, 0xba, 0x2c, 0xa2, 0x5f, 6, 0, /* part, more */ 0, 0,
	    /* period */ 0x73, 0x17, 3, 0, /* kind, 0 */ 1, 0, /* route */ 13, 0, /* meter */ 14, 0,
	    /* reason */ 15, 0, /* identity */ 11, 0, 0, 0, /* organisation */ 12, 0, 0, 0,
	    /* session */ 77, 0, 0, 0, 0, 0, 0, 0, /* weight */ 16, 0, 0, 0, /* persons */ 0, 0, 0, 0};
	struct ledger_entry entry = disclosure_of(NULL, 0);

	(void)state;
	encode(&entry);
	assert_int_equal(out.len, sizeof(expected));
	assert_memory_equal(out.data, expected, sizeof(expected));
}

static void
no_identifier_stands_in_clear_and_the_same_record_gives_the_same_bytes(void **state)
{
	struct person_ref *persons = make_persons(3, 20);
	struct ledger_entry entry = disclosure_of(persons, 3);
	struct bytes again;
	struct entry_cut cut = {0};

	(void)state;
	encode(&entry);
	for (uint32_t i = 0; i < 3; i++)
		assert_null(memmem(out.data, out.len, persons[i].id + 4, 8));
	bytes_init(&again, ENTRY_LEN_MAX);
	assert_int_equal(entry_encode(&entry, &seal, &cut, &again), ERR_NONE);
	assert_int_equal(again.len, out.len);
	assert_memory_equal(again.data, out.data, out.len);

	/* Another list at the same source, as from a journal that began anew: another nonce. */
	persons[2].fields ^= 1;
	cut = (struct entry_cut){0};
	bytes_clear(&again);
	assert_int_equal(entry_encode(&entry, &seal, &cut, &again), ERR_NONE);
	assert_memory_equal(again.data, out.data, 76);
	assert_memory_not_equal(again.data + 76, out.data + 76, AEAD_NONCE_LEN);
	bytes_wipe(&again);
	free_persons(persons);
}

static void
the_largest_disclosure_is_cut_into_parts_that_hold_everyone_once(void **state)
{
	struct person_ref *persons = make_persons(DISCLOSURE_PERSONS_MAX, PERSON_ID_MAX);
	struct ledger_entry entry = disclosure_of(persons, DISCLOSURE_PERSONS_MAX), read;
	struct entry_cut cut = {0};
	uint32_t seen = 0;
	uint8_t parts = 0;

	(void)state;
	while (!cut.done) {
		bytes_clear(&out);
		assert_int_equal(entry_encode(&entry, &seal, &cut, &out), ERR_NONE);
		assert_true(out.len <= ENTRY_LEN_MAX);
		assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
		assert_int_equal(read.part, parts++);
		assert_int_equal(read.more, !cut.done);
		assert_int_equal(entry_unseal(&read, aead, &room), ERR_NONE);
		for (uint32_t i = 0; i < read.disclosure.n_persons; i++, seen++)
			assert_memory_equal(read.disclosure.persons[i].id, persons[seen].id, PERSON_ID_MAX);
	}
	assert_int_equal(seen, DISCLOSURE_PERSONS_MAX);
	assert_int_equal(parts, 5);
	free_persons(persons);
}

static void
orders_and_statements_read_back_as_they_were_written(void **state)
{
	struct ledger_entry read, entry = {.kind = LEDGER_ORDER, .source = source_of(1), .at_us = NOV_2026_US,
	    .order = {.event = LEDGER_ORDER_GIVEN, .action = 4, .capabilities = 6, .number = 70, .expires_us = 80,
	        .author = 90, .second_author = 91, .scope = ledger_text_of("organisation = 7"),
	        .reason = ledger_text_of("vol de session")}};

	(void)state;
	encode(&entry);
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_int_equal(read.order.event, LEDGER_ORDER_GIVEN);
	assert_int_equal(read.order.second_author, 91);
	assert_text(read.order.scope, "organisation = 7");
	assert_text(read.order.reason, "vol de session");

	entry.kind = LEDGER_RETENTION;
	entry.retention = (struct ledger_retention){LEDGER_KEY_DESTROYED, 202603, ledger_text_of("after 6 months")};
	encode(&entry);
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_int_equal(read.retention.period, 202603);
	assert_text(read.retention.words, "after 6 months");

	entry.kind = LEDGER_GAP;
	entry.gap = (struct ledger_gap){source_of(40), 50, ledger_text_of("segment lost")};
	encode(&entry);
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_int_equal(read.gap.from.sequence, 40);
	assert_int_equal(read.gap.from.writer, 5);
	assert_int_equal(read.gap.to_sequence, 50);

	entry.kind = LEDGER_ADOPTION;
	entry.adoption = (struct ledger_adoption){{123, {{9, 8}}}, ledger_text_of("old.example/ledger"),
	    ledger_text_of("new key")};
	encode(&entry);
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_true(read.adoption.head.size == 123 && read.adoption.head.root.bytes[1] == 8);
	assert_text(read.adoption.origin, "old.example/ledger");

	entry.kind = LEDGER_REMARK;
	entry.remark = (struct ledger_remark){1, 2, ledger_text_of("budget"), ledger_text_of("raised to 500")};
	encode(&entry);
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_int_equal(read.remark.subject, 2);
	assert_text(read.remark.words, "raised to 500");
}

static void
a_definition_keeps_its_fields_and_an_identitys_name_is_sealed(void **state)
{
	struct ledger_entry read, entry = {.kind = LEDGER_DEFINITION, .source = source_of(1), .at_us = NOV_2026_US,
	    .definition = {.what = LEDGER_DEFINE_METER, .number = 3, .parent = 1, .name = ledger_text_of("record"),
	        .n_fields = 2, .fields = {ledger_text_of("name"), ledger_text_of("birth-date")}}};

	(void)state;
	assert_false(entry_is_sealed(&entry));
	encode(&entry);
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_int_equal(read.period, 0);
	assert_text(read.definition.name, "record");
	assert_text(read.definition.fields[1], "birth-date");

	entry.definition = (struct ledger_definition){
	    .what = LEDGER_DEFINE_IDENTITY, .number = 8, .parent = 2, .name = ledger_text_of("local:quelquun")};
	assert_true(entry_is_sealed(&entry));
	encode(&entry);
	assert_null(memmem(out.data, out.len, "quelquun", 8));
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_NONE);
	assert_int_equal(read.definition.name.len, 0);
	assert_int_equal(read.period, 202611);
	assert_int_equal(entry_unseal(&read, aead, &room), ERR_NONE);
	assert_text(read.definition.name, "local:quelquun");
	assert_int_equal(read.definition.number, 8);
}

static void
a_changed_byte_anywhere_in_a_sealed_entry_keeps_it_shut(void **state)
{
	struct person_ref *persons = make_persons(2, 8);
	struct ledger_entry entry = disclosure_of(persons, 2), read;

	(void)state;
	encode(&entry);
	for (size_t i = 0; i < out.len; i++) {
		out.data[i] ^= 0x20;
		if (entry_parse(out.data, out.len, &read) == ERR_NONE)
			assert_int_equal(entry_unseal(&read, aead, &room), ERR_CORRUPT);
		out.data[i] ^= 0x20;
	}
	free_persons(persons);
}

static void
a_cut_or_padded_entry_is_refused(void **state)
{
	struct ledger_entry read, entry = {.kind = LEDGER_REMARK, .source = source_of(1), .at_us = NOV_2026_US,
	    .remark = {1, 2, ledger_text_of("topic"), ledger_text_of("words")}};

	(void)state;
	encode(&entry);
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(entry_parse(out.data, len, &read), ERR_FORMAT);
	assert_int_equal(bytes_append(&out, "", 1), ERR_NONE);
	assert_int_equal(entry_parse(out.data, out.len, &read), ERR_FORMAT);
	out.data[0] = 2;
	assert_int_equal(entry_parse(out.data, out.len - 1, &read), ERR_UNSUPPORTED);
}

static void
what_cannot_be_written_leaves_the_output_as_it_was(void **state)
{
	static char words[ENTRY_TEXT_MAX + 2];
	struct person_ref *persons = make_persons(2, 8);
	struct ledger_entry entry = disclosure_of(persons, 2);
	struct entry_cut cut = {0};

	(void)state;
	bytes_clear(&out);
	assert_int_equal(entry_encode(&entry, &(struct entry_seal){.period = 202611}, &cut, &out), ERR_USAGE);
	assert_int_equal(entry_encode(&entry, &(struct entry_seal){.aead = aead}, &cut, &out), ERR_USAGE);
	entry.disclosure.kind = DISCLOSURE_KIND_MAX;
	assert_int_equal(entry_encode(&entry, &seal, &cut, &out), ERR_USAGE);
	entry.disclosure.kind = DISCLOSURE_HANDED;
	persons[1].id_len = 0;
	assert_int_equal(entry_encode(&entry, &seal, &cut, &out), ERR_RANGE);
	persons[1].id_len = PERSON_ID_MAX + 1;
	assert_int_equal(entry_encode(&entry, &seal, &cut, &out), ERR_RANGE);

	memset(words, 'w', sizeof(words) - 1);
	entry = (struct ledger_entry){.kind = LEDGER_REMARK, .remark = {1, 2, ledger_text_of("t"), ledger_text_of(words)}};
	assert_int_equal(entry_encode(&entry, &seal, &cut, &out), ERR_RANGE);
	entry.remark.words = ledger_text_of("\xff");
	assert_int_equal(entry_encode(&entry, &seal, &cut, &out), ERR_FORMAT);
	entry.kind = LEDGER_KIND_MAX;
	assert_int_equal(entry_encode(&entry, &seal, &cut, &out), ERR_USAGE);
	assert_int_equal(out.len, 0);
	free_persons(persons);
}

static int
set_up(void **state)
{
	static const uint8_t key[AEAD_KEY_LEN] = {42};

	(void)state;
	bytes_init(&out, 2 * ENTRY_LEN_MAX);
	if (aead_open(key, &aead) != ERR_NONE || entry_room_init(&room) != ERR_NONE)
		return 1;
	seal.aead = aead;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	aead_free(aead);
	entry_room_wipe(&room);
	bytes_wipe(&out);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_disclosure_reads_back_as_it_was_written),
	    cmocka_unit_test(the_first_bytes_are_those_that_the_format_promises),
	    cmocka_unit_test(no_identifier_stands_in_clear_and_the_same_record_gives_the_same_bytes),
	    cmocka_unit_test(the_largest_disclosure_is_cut_into_parts_that_hold_everyone_once),
	    cmocka_unit_test(orders_and_statements_read_back_as_they_were_written),
	    cmocka_unit_test(a_definition_keeps_its_fields_and_an_identitys_name_is_sealed),
	    cmocka_unit_test(a_changed_byte_anywhere_in_a_sealed_entry_keeps_it_shut),
	    cmocka_unit_test(a_cut_or_padded_entry_is_refused),
	    cmocka_unit_test(what_cannot_be_written_leaves_the_output_as_it_was),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
