/* format: segment and batch headers, names, entries. Pure; any thread. */
#include "journal/format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAGIC_BATCH 0x31425154U /* "TQB1" */
#define MAGIC_END 0x31455154U   /* "TQE1" */
#define FORMAT_VERSION 1
#define PERSON_CHANGED 0x80

static const char magic[8] = {'T', 'Q', 'J', 'R', 'N', 'L', '1', '\n'};

uint32_t
journal_period(uint64_t at_us)
{
	time_t seconds = (time_t)(at_us / 1000000U);
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL)
		return 0;
	return (uint32_t)(utc.tm_year + 1900) * 100U + (uint32_t)utc.tm_mon + 1U;
}

void
format_name_segment(char *out, uint16_t node, uint16_t worker, uint32_t segment)
{
	(void)snprintf(out, JOURNAL_NAME_MAX, "n%05u-w%05u-s%010u.tqj", (unsigned)node,
	    (unsigned)worker, (unsigned)segment);
}

void
format_name_mark(char *out, uint16_t node, uint16_t worker)
{
	(void)snprintf(out, JOURNAL_NAME_MAX, "n%05u-w%05u.mark", (unsigned)node, (unsigned)worker);
}

static uint64_t
digits(const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (uint64_t)(p[i] - '0');
	return v;
}

enum err
format_name_parse(const char *name, struct journal_position *ret_at)
{
	static const char shape[] = "n00000-w00000-s0000000000.tqj";
	uint64_t node, worker, segment;

	if (strlen(name) != sizeof(shape) - 1)
		return ERR_FORMAT;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		bool digit = name[i] >= '0' && name[i] <= '9';

		if (shape[i] == '0' ? !digit : name[i] != shape[i])
			return ERR_FORMAT;
	}
	node = digits(name + 1, 5);
	worker = digits(name + 8, 5);
	segment = digits(name + 15, 10);
	if (node > UINT16_MAX || worker > UINT16_MAX || segment > UINT32_MAX || segment == 0)
		return ERR_FORMAT;
	ret_at->node = (uint16_t)node;
	ret_at->worker = (uint16_t)worker;
	ret_at->segment = (uint32_t)segment;
	ret_at->offset = 0;
	return ERR_NONE;
}

void
format_put_segment_aad(uint8_t *out, const struct segment_header *h)
{
	memcpy(out, magic, sizeof(magic));
	put_u16(out + 8, FORMAT_VERSION);
	put_u16(out + 10, h->node);
	put_u16(out + 12, h->worker);
	put_u16(out + 14, 0);
	put_u32(out + 16, h->segment);
	put_u32(out + 20, h->period);
	put_u32(out + 24, h->size);
	put_u32(out + 28, 0);
	put_u64(out + 32, h->writer);
	put_u64(out + 40, h->created_us);
}

void
format_put_segment(uint8_t *out, const struct segment_header *h)
{
	memset(out, 0, JOURNAL_BLOCK);
	format_put_segment_aad(out, h);
	memcpy(out + 48, h->enc, sizeof(h->enc));
	memcpy(out + 80, h->sealed, sizeof(h->sealed));
	put_u32(out + 128, codec_crc32c(0, out, 128));
}

enum err
format_get_segment(const uint8_t *in, struct segment_header *ret_h)
{
	if (memcmp(in, magic, sizeof(magic)) != 0)
		return ERR_FORMAT;
	if (get_u16(in + 8) != FORMAT_VERSION)
		return ERR_UNSUPPORTED;
	if (get_u32(in + 128) != codec_crc32c(0, in, 128))
		return ERR_CORRUPT;
	ret_h->node = get_u16(in + 10);
	ret_h->worker = get_u16(in + 12);
	ret_h->segment = get_u32(in + 16);
	ret_h->period = get_u32(in + 20);
	ret_h->size = get_u32(in + 24);
	ret_h->writer = get_u64(in + 32);
	ret_h->created_us = get_u64(in + 40);
	memcpy(ret_h->enc, in + 48, sizeof(ret_h->enc));
	memcpy(ret_h->sealed, in + 80, sizeof(ret_h->sealed));
	return ERR_NONE;
}

void
format_put_batch_aad(uint8_t *out, const struct batch_header *h)
{
	put_u32(out, h->end ? MAGIC_END : MAGIC_BATCH);
	put_u32(out + 4, h->segment);
	put_u32(out + 8, h->number);
	put_u32(out + 12, h->n_entries);
	put_u64(out + 16, h->first);
	put_u64(out + 24, h->follows);
	put_u64(out + 32, h->base_us);
	put_u32(out + 40, h->len);
}

void
format_put_batch(uint8_t *out, const struct batch_header *h)
{
	format_put_batch_aad(out, h);
	put_u32(out + 44, h->body_crc);
	put_u32(out + 48, codec_crc32c(0, out, 48));
	put_u32(out + 52, 0);
}

static bool
all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

enum err
format_get_batch(const uint8_t *in, struct batch_header *ret_h)
{
	struct batch_header h = {.end = get_u32(in) == MAGIC_END};

	if (!h.end && get_u32(in) != MAGIC_BATCH)
		return all_zero(in, BATCH_HEADER_LEN) ? ERR_NOT_FOUND : ERR_FORMAT;
	if (get_u32(in + 48) != codec_crc32c(0, in, 48))
		return ERR_CORRUPT;
	h.segment = get_u32(in + 4);
	h.number = get_u32(in + 8);
	h.n_entries = get_u32(in + 12);
	h.first = get_u64(in + 16);
	h.follows = get_u64(in + 24);
	h.base_us = get_u64(in + 32);
	h.len = get_u32(in + 40);
	h.body_crc = get_u32(in + 44);
	if (h.len > JOURNAL_BATCH_MAX || h.end != (h.n_entries == 0) || h.first == 0 ||
	    h.follows >= h.first || h.first > UINT64_MAX - h.n_entries)
		return ERR_FORMAT;
	*ret_h = h;
	return ERR_NONE;
}

enum err
format_check_entry(const struct disclosure *d)
{
	if (d->kind < DISCLOSURE_HANDED || d->kind >= DISCLOSURE_KIND_MAX)
		return ERR_RANGE;
	if (d->n_persons > DISCLOSURE_PERSONS_MAX)
		return ERR_RANGE;
	for (uint32_t i = 0; i < d->n_persons; i++)
		if (d->persons[i].id_len < 1 || d->persons[i].id_len > PERSON_ID_MAX)
			return ERR_RANGE;
	return ERR_NONE;
}

static size_t
put_persons(uint8_t *out, const struct disclosure *d)
{
	uint8_t *p = out;
	uint8_t space = 0;
	uint32_t fields = 0;

	for (uint32_t i = 0; i < d->n_persons; i++) {
		const struct person_ref *person = &d->persons[i];
		bool changed = person->space != space || person->fields != fields;

		*p++ = (uint8_t)(person->id_len | (changed ? PERSON_CHANGED : 0));
		if (changed) {
			space = person->space;
			fields = person->fields;
			*p++ = space;
			p += put_varint(p, fields);
		}
		memcpy(p, person->id, person->id_len);
		p += person->id_len;
	}
	return (size_t)(p - out);
}

/* Small differences of either sign become small numbers. */
static uint64_t
zigzag(uint64_t difference)
{
	return difference << 1 ^ (0U - (difference >> 63));
}

static uint64_t
unzigzag(uint64_t v)
{
	return v >> 1 ^ (0U - (v & 1));
}

size_t
format_put_entry(uint8_t *out, const struct disclosure *d, uint64_t *io_time_us)
{
	/* The length comes first and is known last: leave it the room that most lengths need. */
	uint8_t length[10];
	uint8_t *body = out + 2;
	uint8_t *p = body;

	*p++ = (uint8_t)d->kind;
	p += put_varint(p, zigzag(d->at_us - *io_time_us));
	p += put_varint(p, d->session);
	p += put_varint(p, d->identity);
	p += put_varint(p, d->organisation);
	p += put_varint(p, d->route);
	p += put_varint(p, d->meter);
	p += put_varint(p, d->reason);
	p += put_varint(p, d->weight);
	p += put_varint(p, d->n_persons);
	p += put_persons(p, d);
	*io_time_us = d->at_us;

	size_t len = (size_t)(p - body);
	size_t n = put_varint(length, len);
	if (n != 2)
		memmove(out + n, body, len);
	memcpy(out, length, n);
	return n + len;
}

static void
get_persons(struct reader *r, struct person_ref *persons, uint32_t n)
{
	uint8_t space = 0;
	uint64_t fields = 0;

	for (uint32_t i = 0; i < n && !r->bad; i++) {
		uint8_t control = reader_u8(r);
		uint8_t len = control & (PERSON_CHANGED - 1);

		if ((control & PERSON_CHANGED) != 0) {
			space = reader_u8(r);
			fields = reader_varint(r);
		}
		if (len < 1 || len > PERSON_ID_MAX || fields > UINT32_MAX)
			r->bad = true;
		persons[i].id = reader_take(r, len);
		persons[i].id_len = len;
		persons[i].space = space;
		persons[i].fields = (uint32_t)fields;
	}
}

static uint64_t
varint_upto(struct reader *r, uint64_t max)
{
	uint64_t v = reader_varint(r);

	if (v > max)
		r->bad = true;
	return r->bad ? 0 : v;
}

enum err
format_get_entry(struct reader *r, uint64_t *io_time_us, struct person_ref *persons, struct disclosure *ret_d)
{
	struct disclosure d = {.persons = persons};
	size_t len = (size_t)varint_upto(r, JOURNAL_ENTRY_MAX);
	const uint8_t *body = reader_take(r, len);
	struct reader in;

	if (body == NULL)
		return ERR_FORMAT;
	reader_init(&in, body, len);
	uint8_t kind = reader_u8(&in);
	d.kind = (enum disclosure_kind)kind;
	d.at_us = *io_time_us + unzigzag(reader_varint(&in));
	d.session = reader_varint(&in);
	d.identity = (uint32_t)varint_upto(&in, UINT32_MAX);
	d.organisation = (uint32_t)varint_upto(&in, UINT32_MAX);
	d.route = (uint16_t)varint_upto(&in, UINT16_MAX);
	d.meter = (uint16_t)varint_upto(&in, UINT16_MAX);
	d.reason = (uint16_t)varint_upto(&in, UINT16_MAX);
	d.weight = (uint32_t)varint_upto(&in, UINT32_MAX);
	d.n_persons = (uint32_t)varint_upto(&in, DISCLOSURE_PERSONS_MAX);
	get_persons(&in, persons, d.n_persons);
	if (in.bad || reader_left(&in) != 0 || kind < DISCLOSURE_HANDED || kind >= DISCLOSURE_KIND_MAX) {
		r->bad = true;
		return ERR_FORMAT;
	}
	*io_time_us = d.at_us;
	*ret_d = d;
	return ERR_NONE;
}
