/* Entries, headers and names: what parses is within bounds, and is the same when written and read again. */
#include <string.h>

#include "fuzz.h"
#include "journal/format.h"

static struct person_ref persons[DISCLOSURE_PERSONS_MAX], again_persons[DISCLOSURE_PERSONS_MAX];
static uint8_t written[JOURNAL_ENTRY_MAX];

static void
write_and_read(const struct disclosure *d, uint64_t base_us)
{
	struct disclosure again;
	struct reader r;
	uint64_t time_us = base_us;

	FUZZ_CHECK(format_check_entry(d) == ERR_NONE);
	size_t len = format_put_entry(written, d, &time_us);
	FUZZ_CHECK(len <= sizeof(written) && time_us == d->at_us);
	time_us = base_us;
	reader_init(&r, written, len);
	FUZZ_CHECK(format_get_entry(&r, &time_us, again_persons, &again) == ERR_NONE);
	FUZZ_CHECK(reader_left(&r) == 0 && again.at_us == d->at_us && again.session == d->session);
	FUZZ_CHECK(again.kind == d->kind && again.weight == d->weight && again.n_persons == d->n_persons);
	for (uint32_t i = 0; i < d->n_persons; i++) {
		const struct person_ref *a = &d->persons[i], *b = &again.persons[i];

		FUZZ_CHECK(a->id_len == b->id_len && a->space == b->space && a->fields == b->fields);
		FUZZ_CHECK(memcmp(a->id, b->id, a->id_len) == 0);
	}
}

static void
headers(const uint8_t *data, size_t size)
{
	uint8_t block[JOURNAL_BLOCK] = {0};
	char name[JOURNAL_NAME_MAX] = {0};
	struct journal_position at;
	struct segment_header s;
	struct batch_header b;

	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	(void)!format_get_segment(block, &s);
	/* The sum is mended, so that what stands behind it is looked at. */
	put_u32(block + 48, codec_crc32c(0, block, 48));
	if (format_get_batch(block, &b) == ERR_NONE)
		FUZZ_CHECK(b.len <= JOURNAL_BATCH_MAX && b.follows < b.first);
	memcpy(name, data, size < sizeof(name) - 1 ? size : sizeof(name) - 1);
	if (format_name_parse(name, &at) == ERR_NONE) {
		char same[JOURNAL_NAME_MAX];

		format_name_segment(same, at.node, at.worker, at.segment);
		FUZZ_CHECK(strcmp(same, name) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t time_us = 1767225600000000U;
	struct disclosure d;
	struct reader r;

	reader_init(&r, data, size);
	while (reader_left(&r) > 0) {
		uint64_t before_us = time_us;

		if (format_get_entry(&r, &time_us, persons, &d) != ERR_NONE)
			break;
		write_and_read(&d, before_us);
	}
	headers(data, size);
	return 0;
}
