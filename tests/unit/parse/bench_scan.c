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
#include "parse/csv_scan.h"
#include "parse/json_scan.h"

#define ROUNDS 100
#define BYTES_PER_ROUND 4000000

/* The numbers are: identifier, month, day, mail, and two pairs of the telephone's digits. */
static const struct form {
	const char *what;
	const char *record;
} forms[] = {{"JSON",
    "{\"id\":\"P%07u\",\"lastName\":\"Lefebvre\",\"firstName\":\"Camille\",\"birthDate\":\"1984-0%u-1%u\","
    "\"email\":\"camille%u@mail.example\",\"phone\":\"+33 1 99 00 %02u %02u\",\"status\":\"registered\"}"},
    {"JSON, indented",
    "  {\n    \"id\": \"P%07u\",\n    \"lastName\": \"Lef\u00e8vre\",\n    \"firstName\": \"Andr\u00e9\",\n"
    "    \"birthDate\": \"1984-0%u-1%u\",\n    \"email\": \"camille%u@mail.example\",\n"
    "    \"phone\": \"+33 1 99 00 %02u %02u\",\n    \"status\": \"registered\"\n  }"},
    {"JSON, mixed kinds",
    "{\"id\":%u,\"lastName\":\"Lefebvre\",\"firstName\":\"Camille\",\"born\":{\"year\":1984,\"month\":%u,\"day\":1%u},"
    "\"email\":\"camille%u@mail.example\",\"phone\":null,\"active\":true,\"tags\":[\"a\",%u],\"score\":%u.5}"}};

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

/* One line; `us` is for about BYTES_PER_ROUND bytes. */
static void
say(const char *what, size_t len, size_t piece, uint64_t us)
{
	uint64_t bytes = BYTES_PER_ROUND / len * len;

	printf("%-20s %7zu bytes, pieces of %7zu: %6.2f GB/s\n", what, len, piece,
	    (double)bytes / (double)us / 1000.0);
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
	say(what, b->len, piece < b->len ? piece : b->len, best);
}

static void
measure_csv(void)
{
	static const struct column_text text = {.id = "id", .fields = {"lastName", "email"}, .n_fields = 2,
	    .separator = ';'};
	static const struct scan_sink sink = {count_person, NULL};
	static const struct scan_limits limits = {0};
	struct column_shape shape;
	struct bytes b;
	const char *why;
	uint64_t best = UINT64_MAX;

	must(column_compile(&shape, &text, &why), "columns");
	bytes_init(&b, 1 << 20);
	must(bytes_append_text(&b, "id;lastName;firstName;birthDate;email;note\r\n"), "table");
	for (unsigned i = 0; i < 500; i++)
		must(bytes_printf(&b, "P%07u;Lefebvre;Camille;1984-01-15;camille%u@mail.example;\"a; b\"\r\n", i, i),
		    "table");
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = clock_monotonic_us(), took;

		for (size_t i = 0; i < BYTES_PER_ROUND / b.len; i++) {
			struct csv_scan scan;

			csv_scan_init(&scan, &shape, &limits, &sink);
			must(csv_scan_feed(&scan, b.data, b.len), "feed");
			must(csv_scan_finish(&scan), "finish");
		}
		took = clock_monotonic_us() - start;
		best = took < best ? took : best;
	}
	say("CSV", b.len, b.len, best);
	bytes_wipe(&b);
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
	for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			struct bytes b;

			bytes_init(&b, 1 << 20);
			make_list(&b, forms[form].record, counts[i]);
			measure(forms[form].what, &shape, &b, SIZE_MAX / 2);
			measure(forms[form].what, &shape, &b, 4096);
			measure("  grammar alone", &unmatched, &b, SIZE_MAX / 2);
			bytes_wipe(&b);
		}
	measure_csv();
	return persons == 0;
}
