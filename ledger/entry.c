/* entry: take ledger entries apart; see entry_encode.c for writing. Pure; any thread, one room and aead each. */
#include "ledger/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "ledger/period.h"
#include "ledger/tiles.h"
#include "parse/utf8.h"

#define PERSON_HEAD_LEN 6U
#define PERSON_LEN_MAX (PERSON_HEAD_LEN + PERSON_ID_MAX)

bool
ledger_source_same_writer(const struct ledger_source *a, const struct ledger_source *b)
{
	return a->writer == b->writer && a->worker == b->worker && a->node == b->node;
}

struct ledger_text
ledger_text_of(const char *words)
{
	return (struct ledger_text){.data = words, .len = strlen(words)};
}

const char *
ledger_kind_name(enum ledger_kind kind)
{
	static const char *const names[LEDGER_KIND_MAX] = {[LEDGER_DISCLOSURE] = "disclosure",
	    [LEDGER_ORDER] = "order", [LEDGER_RETENTION] = "retention", [LEDGER_DEFINITION] = "definition",
	    [LEDGER_GAP] = "gap", [LEDGER_ADOPTION] = "adoption", [LEDGER_REMARK] = "remark"};

	if ((unsigned)kind >= LEDGER_KIND_MAX || names[kind] == NULL)
		return "unknown";
	return names[kind];
}

bool
entry_is_sealed(const struct ledger_entry *entry)
{
	if (entry->kind == LEDGER_DISCLOSURE)
		return entry->disclosure.n_persons != 0;
	return entry->kind == LEDGER_DEFINITION && entry->definition.what == LEDGER_DEFINE_IDENTITY;
}

static struct ledger_text
take_text(struct reader *r)
{
	struct ledger_text text = {.len = reader_u16(r)};

	if (text.len > ENTRY_TEXT_MAX)
		r->bad = true;
	text.data = (const char *)reader_take(r, text.len);
	if (text.data == NULL || !utf8_valid((const uint8_t *)text.data, text.len)) {
		r->bad = true;
		return (struct ledger_text){.data = "", .len = 0};
	}
	return text;
}

static void
take_header(struct reader *r, struct ledger_entry *entry)
{
	struct ledger_source *s = &entry->source;

	s->node = reader_u16(r);
	s->worker = reader_u16(r);
	s->segment = reader_u32(r);
	s->offset = reader_u32(r);
	s->writer = reader_u64(r);
	s->sequence = reader_u64(r);
	entry->at_us = reader_u64(r);
	entry->part = reader_u8(r);
	uint8_t more = reader_u8(r);
	entry->more = more == 1;
	if (more > 1 || (entry->kind != LEDGER_DISCLOSURE && (entry->part != 0 || more != 0)))
		r->bad = true;
}

/* What is left is sealed under the key of `period`. */
static void
take_sealed(struct reader *r, struct ledger_entry *entry, uint32_t period)
{
	entry->period = period;
	entry->sealed_at = (size_t)(r->at - entry->data);
	if (reader_left(r) < AEAD_OVERHEAD || !period_valid(period))
		r->bad = true;
	(void)reader_take(r, reader_left(r));
}

static void
take_disclosure(struct reader *r, struct ledger_entry *entry)
{
	struct disclosure *d = &entry->disclosure;
	uint32_t period = reader_u32(r);
	uint8_t kind = reader_u8(r);
	uint8_t zero = reader_u8(r);

	d->at_us = entry->at_us;
	d->kind = (enum disclosure_kind)kind;
	d->route = reader_u16(r);
	d->meter = reader_u16(r);
	d->reason = reader_u16(r);
	d->identity = reader_u32(r);
	d->organisation = reader_u32(r);
	d->session = reader_u64(r);
	d->weight = reader_u32(r);
	d->n_persons = reader_u32(r);
	if (kind < DISCLOSURE_HANDED || kind >= DISCLOSURE_KIND_MAX || zero != 0 || !period_valid(period) ||
	    d->n_persons > DISCLOSURE_PERSONS_MAX || (d->n_persons == 0 && (entry->part != 0 || entry->more)))
		r->bad = true;
	if (r->bad || d->n_persons == 0)
		return;
	size_t left = reader_left(r), n = d->n_persons;
	if (left < AEAD_OVERHEAD + n * (PERSON_HEAD_LEN + 1) || left > AEAD_OVERHEAD + n * PERSON_LEN_MAX)
		r->bad = true;
	take_sealed(r, entry, period);
}

static void
take_order(struct reader *r, struct ledger_order *order)
{
	uint8_t event = reader_u8(r);

	if (event < LEDGER_ORDER_GIVEN || event >= LEDGER_ORDER_EVENT_MAX)
		r->bad = true;
	order->event = (enum ledger_order_event)event;
	order->action = reader_u8(r);
	order->capabilities = reader_u32(r);
	order->number = reader_u64(r);
	order->expires_us = reader_u64(r);
	order->author = reader_u32(r);
	order->second_author = reader_u32(r);
	order->scope = take_text(r);
	order->reason = take_text(r);
}

static void
take_retention(struct reader *r, struct ledger_retention *retention)
{
	uint8_t event = reader_u8(r);

	retention->event = (enum ledger_retention_event)event;
	retention->period = reader_u32(r);
	retention->words = take_text(r);
	if (event < LEDGER_KEY_DESTROYED || event >= LEDGER_RETENTION_EVENT_MAX ||
	    !period_valid(retention->period))
		r->bad = true;
}

static void
take_definition_texts(struct reader *r, struct ledger_definition *definition)
{
	definition->name = take_text(r);
	for (uint8_t i = 0; i < definition->n_fields; i++)
		definition->fields[i] = take_text(r);
}

static void
take_definition(struct reader *r, struct ledger_entry *entry)
{
	struct ledger_definition *definition = &entry->definition;
	uint8_t what = reader_u8(r);

	definition->what = (enum ledger_definition_of)what;
	definition->n_fields = reader_u8(r);
	definition->number = reader_u32(r);
	definition->parent = reader_u32(r);
	uint32_t period = reader_u32(r);
	/* An identity's name is sealed and nothing else is: a clear one would be a leak, not a format. */
	if (what < LEDGER_DEFINE_ROUTE || what >= LEDGER_DEFINITION_OF_MAX ||
	    definition->n_fields > METER_FIELDS_MAX || (period != 0) != (what == LEDGER_DEFINE_IDENTITY))
		r->bad = true;
	if (r->bad)
		return;
	if (period != 0)
		take_sealed(r, entry, period);
	else
		take_definition_texts(r, definition);
}

static void
take_gap(struct reader *r, struct ledger_gap *gap)
{
	gap->from.node = reader_u16(r);
	gap->from.worker = reader_u16(r);
	gap->from.segment = reader_u32(r);
	gap->from.offset = reader_u32(r);
	gap->from.writer = reader_u64(r);
	gap->from.sequence = reader_u64(r);
	gap->to_sequence = reader_u64(r);
	gap->words = take_text(r);
	if (gap->to_sequence <= gap->from.sequence)
		r->bad = true;
}

static void
take_adoption(struct reader *r, struct ledger_adoption *adoption)
{
	adoption->head.size = reader_u64(r);
	const uint8_t *root = reader_take(r, SHA256_LEN);
	if (root != NULL)
		memcpy(adoption->head.root.bytes, root, SHA256_LEN);
	adoption->origin = take_text(r);
	adoption->words = take_text(r);
}

static void
take_kind(struct reader *r, struct ledger_entry *entry)
{
	switch (entry->kind) {
	case LEDGER_DISCLOSURE:
		take_disclosure(r, entry);
		return;
	case LEDGER_ORDER:
		take_order(r, &entry->order);
		return;
	case LEDGER_RETENTION:
		take_retention(r, &entry->retention);
		return;
	case LEDGER_DEFINITION:
		take_definition(r, entry);
		return;
	case LEDGER_GAP:
		take_gap(r, &entry->gap);
		return;
	case LEDGER_ADOPTION:
		take_adoption(r, &entry->adoption);
		return;
	case LEDGER_REMARK:
		entry->remark.author = reader_u32(r);
		entry->remark.subject = reader_u32(r);
		entry->remark.topic = take_text(r);
		entry->remark.words = take_text(r);
		return;
	case LEDGER_KIND_MAX:
		break;
	}
	r->bad = true;
}

enum err
entry_parse(const uint8_t *data, size_t len, struct ledger_entry *ret_entry)
{
	struct reader r;
	uint8_t kind;

	reader_init(&r, data, len);
	if (reader_u8(&r) != ENTRY_VERSION)
		return len == 0 ? ERR_FORMAT : ERR_UNSUPPORTED;
	kind = reader_u8(&r);
	if (kind < LEDGER_DISCLOSURE || kind >= LEDGER_KIND_MAX || len > ENTRY_LEN_MAX)
		return ERR_FORMAT;

	struct ledger_entry entry;
	memset(&entry, 0, sizeof(entry));
	entry.kind = (enum ledger_kind)kind;
	entry.data = data;
	entry.len = len;
	entry.sealed_at = len;
	take_header(&r, &entry);
	take_kind(&r, &entry);
	if (r.bad || reader_left(&r) != 0)
		return ERR_FORMAT;
	*ret_entry = entry;
	return ERR_NONE;
}

enum err
entry_room_init(struct entry_room *room)
{
	bytes_init(&room->plain, ENTRY_LEN_MAX);
	room->persons = calloc(DISCLOSURE_PERSONS_MAX, sizeof(*room->persons));
	return room->persons != NULL ? ERR_NONE : ERR_NOMEM;
}

void
entry_room_wipe(struct entry_room *room)
{
	bytes_wipe(&room->plain);
	free(room->persons);
	room->persons = NULL;
}

static bool
take_persons(struct reader *r, struct person_ref *persons, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		persons[i].space = reader_u8(r);
		persons[i].id_len = reader_u8(r);
		persons[i].fields = reader_u32(r);
		persons[i].id = reader_take(r, persons[i].id_len);
		if (persons[i].id == NULL || persons[i].id_len == 0 || persons[i].id_len > PERSON_ID_MAX)
			return false;
	}
	return true;
}

enum err
entry_unseal(struct ledger_entry *entry, struct aead *aead, struct entry_room *room)
{
	size_t sealed_len = entry->len - entry->sealed_at;
	struct ledger_definition definition;
	struct reader r;
	enum err err;

	if (sealed_len == 0)
		return ERR_NONE;
	bytes_clear(&room->plain);
	err = bytes_reserve(&room->plain, sealed_len);
	if (err == ERR_NONE)
		err = aead_unseal(aead, entry->data, entry->sealed_at, entry->data + entry->sealed_at, sealed_len,
		    room->plain.data);
	if (err != ERR_NONE)
		return err;
	room->plain.len = sealed_len - AEAD_OVERHEAD;
	reader_init(&r, room->plain.data, room->plain.len);
	if (entry->kind == LEDGER_DISCLOSURE) {
		if (!take_persons(&r, room->persons, entry->disclosure.n_persons) || reader_left(&r) != 0)
			return ERR_FORMAT;
		entry->disclosure.persons = room->persons;
		return ERR_NONE;
	}
	definition = entry->definition;
	take_definition_texts(&r, &definition);
	if (r.bad || reader_left(&r) != 0)
		return ERR_FORMAT;
	entry->definition = definition;
	return ERR_NONE;
}
