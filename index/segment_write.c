/* segment_write: sort the unsealed events of a period into a segment. Blocks on the disk; one thread. */
#include "index/segment.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "index/bitmap.h"
#include "index/index.h"
#include "index/io.h"
#include "index/sort.h"

/* A bucket below this is read faster from its events; one above has at most so many bitmaps. */
#define BITMAP_PEOPLE_MIN 1024
#define BITMAPS_MAX 64
#define REVERSE_PAIRS 512
#define SEGMENT_MAX (16ULL << 30)

/* What one bitmap is about. */
struct kind {
	uint32_t fields;
	uint16_t meter;
};

struct writer {
	const struct active *active;
	struct pair *order; /* value: number of the event; sorted by stream, then time */
	size_t n;
	struct bytes out;     /* the file */
	struct bytes streams; /* the streams' table */
	struct bytes reverse; /* the reverse table */
	struct bytes dir;     /* of the stream being written */
	struct bytes body;    /* of the stream being written */
	uint64_t *pairs;      /* person << 32 | stream */
	size_t n_pairs;
	uint64_t *keys; /* of one bucket: kind << 32 | person */
	uint32_t *values;
	size_t cap_keys;
	uint32_t n_streams;
	uint64_t first_us;
	uint64_t last_us;
};

void
segment_name(uint64_t sequence, char ret_name[SEGMENT_NAME_LEN])
{
	(void)snprintf(ret_name, SEGMENT_NAME_LEN, "segment-%08" PRIu64, sequence);
}

static const struct active_event *
event_at(const struct writer *w, size_t i)
{
	return &w->active->list[w->order[i].value];
}

static uint64_t
stream_key(const struct event *event)
{
	return (uint64_t)event->identity << 32 | event->organisation;
}

static enum err
put_u32_at_end(struct bytes *out, uint32_t v)
{
	uint8_t four[4];

	put_u32(four, v);
	return bytes_append(out, four, sizeof(four));
}

/* The events of the period, by stream, then time, then ledger order. */
static enum err
order_events(struct writer *w, uint32_t period)
{
	const struct active *active = w->active;
	size_t people = 0;

	w->order = malloc((active->n + 1) * sizeof(*w->order));
	if (w->order == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < active->n; i++) {
		if (active->list[i].period != period)
			continue;
		w->order[w->n++] = (struct pair){active->list[i].event.at_us, (uint32_t)i};
		people += active->list[i].event.n;
	}
	w->pairs = malloc((people + 1) * sizeof(*w->pairs));
	if (w->pairs == NULL)
		return ERR_NOMEM;
	enum err err = sort_pairs(w->order, w->n);
	if (err != ERR_NONE)
		return err;
	w->first_us = event_at(w, 0)->event.at_us;
	w->last_us = event_at(w, w->n - 1)->event.at_us;
	for (size_t i = 0; i < w->n; i++)
		w->order[i].key = stream_key(&event_at(w, i)->event);
	return sort_pairs(w->order, w->n);
}

static enum err
keys_reserve(struct writer *w, size_t n)
{
	if (n <= w->cap_keys)
		return ERR_NONE;
	free(w->keys);
	free(w->values);
	w->cap_keys = 0;
	w->keys = malloc(n * sizeof(*w->keys));
	w->values = malloc(n * sizeof(*w->values));
	if (w->keys == NULL || w->values == NULL)
		return ERR_NOMEM;
	w->cap_keys = n;
	return ERR_NONE;
}

/* The number of a kind, told apart by looking; BITMAPS_MAX where there are too many. */
static unsigned
kind_of(struct kind *kinds, unsigned *n_kinds, uint16_t meter, uint32_t fields)
{
	unsigned i = 0;

	while (i < *n_kinds && (kinds[i].meter != meter || kinds[i].fields != fields))
		i++;
	if (i == *n_kinds && i < BITMAPS_MAX)
		kinds[(*n_kinds)++] = (struct kind){fields, meter};
	return i;
}

/* Collect kind and person of each sighting; no kinds where bitmaps do not pay. */
static enum err
collect_kinds(struct writer *w, size_t from, size_t to, size_t people, struct kind *kinds,
    unsigned *ret_n_kinds)
{
	unsigned n_kinds = 0;
	size_t n = 0;

	*ret_n_kinds = 0;
	if (people < BITMAP_PEOPLE_MIN)
		return ERR_NONE;
	enum err err = keys_reserve(w, people);
	if (err != ERR_NONE)
		return err;
	for (size_t i = from; i < to; i++) {
		const struct active_event *e = event_at(w, i);
		const struct sighting *seen = w->active->people + e->first;

		for (uint32_t k = 0; k < e->event.n; k++) {
			unsigned kind = kind_of(kinds, &n_kinds, e->event.meter, seen[k].fields);

			if (kind == BITMAPS_MAX)
				return ERR_NONE;
			w->keys[n++] = (uint64_t)kind << 32 | seen[k].person;
		}
	}
	*ret_n_kinds = n_kinds;
	return sort_keys(w->keys, n);
}

static enum err
put_bitmap(struct writer *w, const struct kind *kind, size_t n)
{
	size_t before = w->body.len;
	uint32_t len = 0;
	enum err err = bitmap_put(&w->body, w->values, n, &len);

	if (err == ERR_NONE)
		err = varint_put(&w->dir, kind->meter);
	if (err == ERR_NONE)
		err = varint_put(&w->dir, kind->fields);
	if (err == ERR_NONE)
		err = varint_put(&w->dir, len);
	if (err == ERR_NONE)
		err = put_u32_at_end(&w->dir, codec_crc32c(0, w->body.data + before, len));
	return err;
}

static enum err
put_bitmaps(struct writer *w, size_t from, size_t to, size_t people)
{
	struct kind kinds[BITMAPS_MAX];
	unsigned n_kinds;
	size_t at = 0;
	enum err err = collect_kinds(w, from, to, people, kinds, &n_kinds);

	if (err == ERR_NONE)
		err = varint_put(&w->dir, n_kinds);
	for (unsigned kind = 0; kind < n_kinds && err == ERR_NONE; kind++) {
		size_t n = 0;

		for (; at < people && w->keys[at] >> 32 == kind; at++)
			if (n == 0 || w->values[n - 1] != (uint32_t)w->keys[at])
				w->values[n++] = (uint32_t)w->keys[at];
		err = put_bitmap(w, &kinds[kind], n);
	}
	return err;
}

static enum err
put_events(struct writer *w, uint64_t hour, size_t from, size_t to, size_t *ret_people)
{
	const struct event *first = &event_at(w, from)->event;
	struct event_base base = {.at_us = hour * INDEX_HOUR_US, .identity = first->identity,
	    .organisation = first->organisation};
	size_t people = 0;

	for (size_t i = from; i < to; i++) {
		const struct active_event *e = event_at(w, i);
		const struct sighting *seen = w->active->people + e->first;
		enum err err = event_put(&w->body, &base, &e->event, seen);

		if (err != ERR_NONE)
			return err;
		for (uint32_t k = 0; k < e->event.n; k++)
			w->pairs[w->n_pairs++] = (uint64_t)seen[k].person << 32 | w->n_streams;
		people += e->event.n;
	}
	*ret_people = people;
	return ERR_NONE;
}

static enum err
put_bucket(struct writer *w, uint64_t hour, uint64_t hour_before, size_t from, size_t to,
    size_t *total_people)
{
	size_t before = w->body.len, people = 0;
	enum err err = put_events(w, hour, from, to, &people);
	size_t len = w->body.len - before;

	if (err == ERR_NONE)
		err = varint_put(&w->dir, hour - hour_before);
	if (err == ERR_NONE)
		err = varint_put(&w->dir, people);
	if (err == ERR_NONE)
		err = varint_put(&w->dir, len);
	if (err == ERR_NONE)
		err = put_u32_at_end(&w->dir, codec_crc32c(0, w->body.data + before, len));
	if (err == ERR_NONE)
		err = put_bitmaps(w, from, to, people);
	*total_people += people;
	return err;
}

static enum err
put_stream_entry(struct writer *w, size_t from, size_t to, uint32_t buckets, size_t people)
{
	uint8_t entry[SEGMENT_STREAM_LEN];
	const struct event *first = &event_at(w, from)->event;

	put_u32(entry, first->identity);
	put_u32(entry + 4, first->organisation);
	put_u64(entry + 8, w->out.len);
	put_u32(entry + 16, (uint32_t)w->dir.len);
	put_u32(entry + 20, buckets);
	put_u64(entry + 24, first->at_us);
	put_u64(entry + 32, event_at(w, to - 1)->event.at_us);
	put_u32(entry + 40, (uint32_t)people);
	put_u32(entry + 44, codec_crc32c(0, w->dir.data, w->dir.len));
	enum err err = bytes_append(&w->streams, entry, sizeof(entry));
	if (err == ERR_NONE)
		err = bytes_append(&w->out, w->dir.data, w->dir.len);
	if (err == ERR_NONE)
		err = bytes_append(&w->out, w->body.data, w->body.len);
	w->n_streams++;
	return err;
}

static enum err
put_stream(struct writer *w, size_t from, size_t to)
{
	uint64_t hour_before = 0;
	uint32_t buckets = 0;
	size_t people = 0;

	bytes_clear(&w->dir);
	bytes_clear(&w->body);
	for (size_t start = from; start < to;) {
		uint64_t hour = event_at(w, start)->event.at_us / INDEX_HOUR_US;
		size_t end = start + 1;

		while (end < to && event_at(w, end)->event.at_us / INDEX_HOUR_US == hour)
			end++;
		enum err err = put_bucket(w, hour, hour_before, start, end, &people);
		if (err != ERR_NONE)
			return err;
		hour_before = hour;
		start = end;
		buckets++;
	}
	return put_stream_entry(w, from, to, buckets, people);
}

static enum err
put_streams(struct writer *w)
{
	for (size_t from = 0; from < w->n;) {
		size_t to = from + 1;

		while (to < w->n && w->order[to].key == w->order[from].key)
			to++;
		enum err err = put_stream(w, from, to);
		if (err != ERR_NONE)
			return err;
		from = to;
	}
	return ERR_NONE;
}

static enum err
put_reverse_block(struct writer *w, size_t from, size_t to)
{
	uint8_t entry[SEGMENT_REVERSE_LEN];
	size_t before = w->out.len;
	uint32_t person = 0;

	for (size_t i = from; i < to; i++) {
		uint32_t next = (uint32_t)(w->pairs[i] >> 32);
		enum err err = varint_put(&w->out, next - person);

		if (err == ERR_NONE)
			err = varint_put(&w->out, (uint32_t)w->pairs[i]);
		if (err != ERR_NONE)
			return err;
		person = next;
	}
	put_u32(entry, (uint32_t)(w->pairs[from] >> 32));
	put_u64(entry + 4, before);
	put_u32(entry + 12, (uint32_t)(w->out.len - before));
	put_u32(entry + 16, codec_crc32c(0, w->out.data + before, w->out.len - before));
	return bytes_append(&w->reverse, entry, sizeof(entry));
}

static enum err
put_reverse(struct writer *w)
{
	size_t n = 0;
	enum err err = sort_keys(w->pairs, w->n_pairs);

	for (size_t i = 0; i < w->n_pairs; i++)
		if (n == 0 || w->pairs[n - 1] != w->pairs[i])
			w->pairs[n++] = w->pairs[i];
	for (size_t from = 0; from < n && err == ERR_NONE; from += REVERSE_PAIRS)
		err = put_reverse_block(w, from, from + REVERSE_PAIRS < n ? from + REVERSE_PAIRS : n);
	return err;
}

/* Stream numbers by organisation: sorting is stable, so identities stay in order within. */
static enum err
put_organisations(struct writer *w)
{
	struct pair *order = malloc((w->n_streams + 1) * sizeof(*order));

	if (order == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < w->n_streams; i++)
		order[i] = (struct pair){get_u32(w->streams.data + (size_t)i * SEGMENT_STREAM_LEN + 4), i};
	enum err err = sort_pairs(order, w->n_streams);
	for (uint32_t i = 0; i < w->n_streams && err == ERR_NONE; i++)
		err = put_u32_at_end(&w->out, order[i].value);
	free(order);
	return err;
}

static void
put_header(struct writer *w, uint64_t sequence, uint32_t period, uint32_t persons, size_t streams)
{
	uint8_t *header = w->out.data;
	size_t organisations = streams + w->streams.len;
	size_t reverse = organisations + (size_t)w->n_streams * 4;
	uint64_t people = 0;

	for (size_t i = 0; i < w->n; i++)
		people += event_at(w, i)->event.n;
	memset(header, 0, SEGMENT_HEADER_LEN);
	memcpy(header, segment_magic, 8);
	put_u64(header + 8, sequence);
	put_u64(header + 16, w->out.len);
	put_u64(header + 24, w->first_us);
	put_u64(header + 32, w->last_us);
	put_u64(header + 40, people);
	put_u64(header + 48, streams);
	put_u64(header + 56, organisations);
	put_u64(header + 64, reverse);
	put_u32(header + 72, period);
	put_u32(header + 76, w->n_streams);
	put_u32(header + 80, (uint32_t)(w->reverse.len / SEGMENT_REVERSE_LEN));
	put_u32(header + 84, persons);
	put_u32(header + 88, codec_crc32c(0, header + streams, w->out.len - streams));
	put_u32(header + 124, codec_crc32c(0, header, 124));
}

static enum err
build(struct writer *w, uint64_t sequence, uint32_t period, uint32_t persons)
{
	static const uint8_t header[SEGMENT_HEADER_LEN];
	enum err err = order_events(w, period);

	if (err == ERR_NONE)
		err = bytes_append(&w->out, header, sizeof(header));
	if (err == ERR_NONE)
		err = put_streams(w);
	if (err == ERR_NONE)
		err = put_reverse(w);
	size_t streams = w->out.len;
	if (err == ERR_NONE)
		err = bytes_append(&w->out, w->streams.data, w->streams.len);
	if (err == ERR_NONE)
		err = put_organisations(w);
	if (err == ERR_NONE && w->reverse.len != 0)
		err = bytes_append(&w->out, w->reverse.data, w->reverse.len);
	if (err == ERR_NONE)
		put_header(w, sequence, period, persons, streams);
	return err;
}

static enum err
write_file(const struct writer *w, int dir_fd, uint64_t sequence)
{
	char name[SEGMENT_NAME_LEN];

	segment_name(sequence, name);
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return io_error();
	enum err err = io_write(fd, 0, w->out.data, w->out.len);
	if (err == ERR_NONE && fsync(fd) != 0)
		err = io_error();
	(void)close(fd);
	if (err != ERR_NONE)
		(void)unlinkat(dir_fd, name, 0);
	return err;
}

enum err
segment_write(int dir_fd, uint64_t sequence, uint32_t period, uint32_t persons,
    const struct active *active, struct manifest_segment *ret_listed)
{
	struct writer w = {.active = active};

	bytes_init(&w.out, SEGMENT_MAX);
	bytes_init(&w.streams, SEGMENT_MAX);
	bytes_init(&w.reverse, SEGMENT_MAX);
	bytes_init(&w.dir, UINT32_MAX);
	bytes_init(&w.body, SEGMENT_MAX);
	enum err err = build(&w, sequence, period, persons);
	if (err == ERR_NONE)
		err = write_file(&w, dir_fd, sequence);
	if (err == ERR_NONE)
		*ret_listed = (struct manifest_segment){
		    sequence, w.out.len, period, get_u32(w.out.data + 124)};
	bytes_wipe(&w.out);
	bytes_wipe(&w.streams);
	bytes_wipe(&w.reverse);
	bytes_wipe(&w.dir);
	bytes_wipe(&w.body);
	free(w.order);
	free(w.pairs);
	free(w.keys);
	free(w.values);
	return err;
}
