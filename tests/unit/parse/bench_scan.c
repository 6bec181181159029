/*
 * bench_scan: how fast the scanners read, in GB/s of one core.
 *
 * Responses of about 1, 10 and 100 KB as a training platform lists its people,
 * compact and indented, whole and in pieces of 4096 bytes. The best of several
 * rounds is printed, because what disturbs a round can only slow it down.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "parse/json_scan.h"

#define ROUNDS 100
#define BYTES_PER_ROUND 4000000

static const char *const record_forms[] = {
    "{\"id\":\"P%07u\",\"lastName\":\"Lefebvre\",\"firstName\":\"Camille\",\"birthDate\":\"1984-0%u-1%u\","
    "\"email\":\"camille%u@mail.example\",\"phone\":\"+33 1 99 00 %02u %02u\",\"status\":\"registered\"}",
    "  {\n    \"id\": \"P%07u\",\n    \"lastName\": \"Lef\u00e8vre\",\n    \"firstName\": \"Andr\u00e9\",\n"
    "    \"birthDate\": \"1984-0%u-1%u\",\n    \"email\": \"camille%u@mail.example\",\n"
    "    \"phone\": \"+33 1 99 00 %02u %02u\",\n    \"status\": \"registered\"\n  }"};

static uint64_t persons;

static enum err
count_person(void *context, unsigned shape, const struct canon_id *id, uint32_t fields)
{
	(void)context;
	(void)shape;
	persons += id->len + fields;
	return ERR_NONE;
}

static void
must(enum err err, const char *what)
{
	if (err == ERR_NONE)
		return;
	fprintf(stderr, "%s: %s\n", what, err_text(err));
	exit(1);
}

static void
make_list(struct bytes *b, const char *form, unsigned n)
{
	must(bytes_append_text(b, "{\"total\":100,\"people\":["), "list");
	for (unsigned i = 0; i < n; i++) {
		must(bytes_append_text(b, i == 0 ? "" : ","), "list");
		must(bytes_printf(b, form, i, i % 9 + 1, i % 10, i, i % 100, i * 7 % 100), "list");
	}
	must(bytes_append_text(b, "]}"), "list");
}

static void
scan_once(const struct record_shape *shape, const struct bytes *b, size_t piece)
{
	static const struct scan_sink sink = {count_person, NULL};
	static const struct scan_limits limits = {0};
	struct json_scan scan;

	must(json_scan_init(&scan, shape, 1, &limits, &sink), "init");
	for (size_t at = 0; at < b->len; at += piece) {
		size_t n = b->len - at < piece ? b->len - at : piece;

		must(json_scan_feed(&scan, b->data + at, n), "feed");
	}
	must(json_scan_finish(&scan), "finish");
}

static void
measure(const char *what, const struct record_shape *shape, const struct bytes *b, size_t piece)
{
	uint64_t times = BYTES_PER_ROUND / b->len, best = UINT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = clock_monotonic_us(), took;

		for (uint64_t i = 0; i < times; i++)
			scan_once(shape, b, piece);
		took = clock_monotonic_us() - start;
		if (took < best)
			best = took;
	}
	printf("%-28s %7zu bytes, pieces of %7zu: %6.2f GB/s\n", what, b->len,
	    piece < b->len ? piece : b->len, (double)(times * b->len) / (double)best / 1000.0);
}

int
main(void)
{
	static const struct shape_text metered = {.records = {"$.people[*]"}, .n_records = 1, .id = "$.id",
	    .fields = {"$.lastName", "$.firstName", "$.birthDate", "$.email", "$.phone"}, .n_fields = 5};
	static const struct shape_text elsewhere = {.records = {"$.elsewhere[*]"}, .n_records = 1,
	    .id = "$.id", .flags = SHAPE_OPTIONAL};
	static const unsigned counts[] = {5, 54, 538};
	struct record_shape shape, unmatched;
	const char *why;

	must(shape_compile(&shape, &metered, &why), "shape");
	must(shape_compile(&unmatched, &elsewhere, &why), "shape");
	for (size_t form = 0; form < 2; form++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			const char *what = form == 0 ? "JSON list" : "JSON list, indented";
			struct bytes b;

			bytes_init(&b, 1 << 20);
			make_list(&b, record_forms[form], counts[i]);
			measure(what, &shape, &b, SIZE_MAX / 2);
			measure(what, &shape, &b, 4096);
			measure("  grammar alone", &unmatched, &b, SIZE_MAX / 2);
			bytes_wipe(&b);
		}
	return persons == 0;
}
