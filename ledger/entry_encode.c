/* entry_encode: the writing half of ledger/entry.h. Pure; any thread, one aead each. */
#include "ledger/entry.h"

#include <string.h>

#include "base/codec.h"
#include "ledger/period.h"
#include "ledger/tiles.h"
#include "parse/utf8.h"

#define PERSON_HEAD_LEN 6U
#define PERSON_LEN_MAX (PERSON_HEAD_LEN + PERSON_ID_MAX)
#define DISCLOSURE_LEN 36U

static enum err
put_text(struct bytes *out, const struct ledger_text *text)
{
	uint8_t len[2];

	if (text->len > ENTRY_TEXT_MAX)
		return ERR_RANGE;
	if (!utf8_valid((const uint8_t *)text->data, text->len))
		return ERR_FORMAT;
	put_u16(len, (uint16_t)text->len);
	enum err err = bytes_append(out, len, sizeof(len));
	return err == ERR_NONE ? bytes_append(out, text->data, text->len) : err;
}

static enum err
put_header(const struct ledger_entry *entry, uint64_t at_us, uint8_t part, bool more, struct bytes *out)
{
	uint8_t h[ENTRY_HEADER_LEN];
	const struct ledger_source *s = &entry->source;

	h[0] = ENTRY_VERSION;
	h[1] = (uint8_t)entry->kind;
	put_u16(h + 2, s->node);
	put_u16(h + 4, s->worker);
	put_u32(h + 6, s->segment);
	put_u32(h + 10, s->offset);
	put_u64(h + 14, s->writer);
	put_u64(h + 22, s->sequence);
	put_u64(h + 30, at_us);
	h[38] = part;
	h[39] = more;
	return bytes_append(out, h, sizeof(h));
}

/* Seal what stands from `plain_at` on, in place; room for the nonce was left before it. */
static enum err
seal_tail(struct aead *aead, struct bytes *out, size_t entry_at, size_t plain_at)
{
	size_t sealed_at = plain_at - AEAD_NONCE_LEN;
	size_t len = out->len - plain_at;
	enum err err = bytes_reserve(out, AEAD_TAG_LEN);

	if (err == ERR_NONE && aead == NULL)
		err = ERR_USAGE;
	if (err == ERR_NONE)
		err = aead_seal(aead, out->data + entry_at, sealed_at - entry_at, out->data + plain_at, len,
		    out->data + sealed_at);
	out->len += AEAD_TAG_LEN;
	return err;
}

/* How many persons from `first` on fit one entry, and in how many bytes. ERR_RANGE for an identifier out of bounds. */
static enum err
measure_persons(const struct disclosure *d, uint32_t first, uint32_t *ret_n, size_t *ret_len)
{
	size_t len = 0;
	uint32_t i;

	for (i = first; i < d->n_persons; i++) {
		size_t more = PERSON_HEAD_LEN + d->persons[i].id_len;

		if (more == PERSON_HEAD_LEN || more > PERSON_LEN_MAX)
			return ERR_RANGE;
		if (len + more > ENTRY_PERSONS_LEN_MAX)
			break;
		len += more;
	}
	*ret_n = i - first;
	*ret_len = len;
	return ERR_NONE;
}

/* Room was reserved by the caller. */
static void
put_persons(const struct person_ref *persons, uint32_t n, struct bytes *out)
{
	uint8_t *p = out->data + out->len;

	for (uint32_t i = 0; i < n; i++) {
		p[0] = persons[i].space;
		p[1] = persons[i].id_len;
		put_u32(p + 2, persons[i].fields);
		memcpy(p + PERSON_HEAD_LEN, persons[i].id, persons[i].id_len);
		p += PERSON_HEAD_LEN + persons[i].id_len;
	}
	out->len = (size_t)(p - out->data);
}

static enum err
put_disclosure_fields(const struct disclosure *d, uint32_t period, uint32_t n, struct bytes *out)
{
	uint8_t f[DISCLOSURE_LEN];

	put_u32(f, period);
	f[4] = (uint8_t)d->kind;
	f[5] = 0;
	put_u16(f + 6, d->route);
	put_u16(f + 8, d->meter);
	put_u16(f + 10, d->reason);
	put_u32(f + 12, d->identity);
	put_u32(f + 16, d->organisation);
	put_u64(f + 20, d->session);
	put_u32(f + 28, d->weight);
	put_u32(f + 32, n);
	return bytes_append(out, f, sizeof(f));
}

static enum err
encode_disclosure(const struct ledger_entry *entry, const struct entry_seal *seal, struct entry_cut *cut,
    struct bytes *out)
{
	const struct disclosure *d = &entry->disclosure;
	size_t entry_at = out->len, len = 0;
	uint32_t n = 0;

	if (d->kind < DISCLOSURE_HANDED || d->kind >= DISCLOSURE_KIND_MAX)
		return ERR_USAGE;
	if (d->n_persons > DISCLOSURE_PERSONS_MAX)
		return ERR_RANGE;
	enum err err = measure_persons(d, cut->first, &n, &len);
	bool more = cut->first + n < d->n_persons;
	if (err == ERR_NONE)
		err = put_header(entry, d->at_us, cut->part, more, out);
	if (err == ERR_NONE)
		err = put_disclosure_fields(d, seal->period, n, out);
	if (err == ERR_NONE && n != 0)
		err = bytes_reserve(out, AEAD_OVERHEAD + len);
	if (err == ERR_NONE && n != 0) {
		out->len += AEAD_NONCE_LEN;
		put_persons(d->persons + cut->first, n, out);
		err = seal_tail(seal->aead, out, entry_at, out->len - len);
	}
	if (err == ERR_NONE)
		*cut = (struct entry_cut){.first = cut->first + n, .part = (uint8_t)(cut->part + 1), .done = !more};
	return err;
}

static enum err
encode_order(const struct ledger_order *order, struct bytes *out)
{
	uint8_t f[30];

	if (order->event < LEDGER_ORDER_GIVEN || order->event >= LEDGER_ORDER_EVENT_MAX)
		return ERR_USAGE;
	f[0] = (uint8_t)order->event;
	f[1] = order->action;
	put_u32(f + 2, order->capabilities);
	put_u64(f + 6, order->number);
	put_u64(f + 14, order->expires_us);
	put_u32(f + 22, order->author);
	put_u32(f + 26, order->second_author);
	enum err err = bytes_append(out, f, sizeof(f));
	if (err == ERR_NONE)
		err = put_text(out, &order->scope);
	return err == ERR_NONE ? put_text(out, &order->reason) : err;
}

static enum err
encode_retention(const struct ledger_retention *retention, struct bytes *out)
{
	uint8_t f[5];

	if (retention->event < LEDGER_KEY_DESTROYED || retention->event >= LEDGER_RETENTION_EVENT_MAX ||
	    !period_valid(retention->period))
		return ERR_USAGE;
	f[0] = (uint8_t)retention->event;
	put_u32(f + 1, retention->period);
	enum err err = bytes_append(out, f, sizeof(f));
	return err == ERR_NONE ? put_text(out, &retention->words) : err;
}

static enum err
encode_definition(const struct ledger_entry *entry, const struct entry_seal *seal, struct bytes *out, size_t entry_at)
{
	const struct ledger_definition *definition = &entry->definition;
	bool sealed = entry_is_sealed(entry);
	uint8_t f[14 + AEAD_NONCE_LEN] = {0};

	if (definition->what < LEDGER_DEFINE_ROUTE || definition->what >= LEDGER_DEFINITION_OF_MAX ||
	    definition->n_fields > METER_FIELDS_MAX)
		return ERR_USAGE;
	f[0] = (uint8_t)definition->what;
	f[1] = definition->n_fields;
	put_u32(f + 2, definition->number);
	put_u32(f + 6, definition->parent);
	put_u32(f + 10, sealed ? seal->period : 0);
	enum err err = bytes_append(out, f, sealed ? sizeof(f) : 14);
	size_t plain_at = out->len;
	if (err == ERR_NONE)
		err = put_text(out, &definition->name);
	for (uint8_t i = 0; i < definition->n_fields && err == ERR_NONE; i++)
		err = put_text(out, &definition->fields[i]);
	if (err == ERR_NONE && sealed)
		err = seal_tail(seal->aead, out, entry_at, plain_at);
	return err;
}

static enum err
encode_gap(const struct ledger_gap *gap, struct bytes *out)
{
	uint8_t f[36];

	if (gap->to_sequence <= gap->from.sequence)
		return ERR_USAGE;
	put_u16(f, gap->from.node);
	put_u16(f + 2, gap->from.worker);
	put_u32(f + 4, gap->from.segment);
	put_u32(f + 8, gap->from.offset);
	put_u64(f + 12, gap->from.writer);
	put_u64(f + 20, gap->from.sequence);
	put_u64(f + 28, gap->to_sequence);
	enum err err = bytes_append(out, f, sizeof(f));
	return err == ERR_NONE ? put_text(out, &gap->words) : err;
}

static enum err
encode_adoption(const struct ledger_adoption *adoption, struct bytes *out)
{
	uint8_t f[8 + SHA256_LEN];

	put_u64(f, adoption->head.size);
	memcpy(f + 8, adoption->head.root.bytes, SHA256_LEN);
	enum err err = bytes_append(out, f, sizeof(f));
	if (err == ERR_NONE)
		err = put_text(out, &adoption->origin);
	return err == ERR_NONE ? put_text(out, &adoption->words) : err;
}

static enum err
encode_remark(const struct ledger_remark *remark, struct bytes *out)
{
	uint8_t f[8];

	put_u32(f, remark->author);
	put_u32(f + 4, remark->subject);
	enum err err = bytes_append(out, f, sizeof(f));
	if (err == ERR_NONE)
		err = put_text(out, &remark->topic);
	return err == ERR_NONE ? put_text(out, &remark->words) : err;
}

/* All kinds but disclosures, which are the only ones that come in parts. */
static enum err
encode_whole(const struct ledger_entry *entry, const struct entry_seal *seal, struct bytes *out)
{
	size_t entry_at = out->len;
	enum err err = put_header(entry, entry->at_us, 0, false, out);

	if (err != ERR_NONE)
		return err;
	switch (entry->kind) {
	case LEDGER_ORDER:
		return encode_order(&entry->order, out);
	case LEDGER_RETENTION:
		return encode_retention(&entry->retention, out);
	case LEDGER_DEFINITION:
		return encode_definition(entry, seal, out, entry_at);
	case LEDGER_GAP:
		return encode_gap(&entry->gap, out);
	case LEDGER_ADOPTION:
		return encode_adoption(&entry->adoption, out);
	case LEDGER_REMARK:
		return encode_remark(&entry->remark, out);
	case LEDGER_DISCLOSURE:
	case LEDGER_KIND_MAX:
		break;
	}
	return ERR_USAGE;
}

enum err
entry_encode(const struct ledger_entry *entry, const struct entry_seal *seal, struct entry_cut *cut,
    struct bytes *out)
{
	size_t start = out->len;
	struct entry_cut next = *cut;
	enum err err;

	if (cut->done || !period_valid(seal->period))
		return ERR_USAGE;
	if (entry->kind == LEDGER_DISCLOSURE) {
		err = encode_disclosure(entry, seal, &next, out);
	} else {
		err = encode_whole(entry, seal, out);
		next.done = true;
	}
	if (err == ERR_NONE && out->len - start > ENTRY_LEN_MAX)
		err = ERR_RANGE;
	if (err != ERR_NONE) {
		out->len = start;
		return err;
	}
	*cut = next;
	return ERR_NONE;
}
