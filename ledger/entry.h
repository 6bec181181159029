/*
 * entry: the bytes of one ledger entry, and taking them apart again.
 *
 * All integers little-endian. `text` is a u16 length and that many bytes of
 * UTF-8. Every entry begins with 40 bytes:
 *
 *    0  u8   1, the version of this format
 *    1  u8   enum ledger_kind
 *    2  u16  node    \
 *    4  u16  worker   | the source: which record of which journal the entry
 *    6  u32  segment  | comes from. Worker 0xffff is the engine itself; then
 *   10  u32  offset   | segment, offset and writer are 0 and the sequence
 *   14  u64  writer   | counts the engine's own entries from 1
 *   22  u64  sequence /
 *   30  u64  time, microseconds since 1970
 *   38  u8   part: 0, 1, ... of one large disclosure
 *   39  u8   1 where another part follows, else 0
 *
 * LEDGER_DISCLOSURE
 *   40  u32  period (yyyymm) whose key sealed the persons: that of the time, or
 *            of the day it was written where the time lies in a month to come
 *   44  u8   enum disclosure_kind
 *   45  u8   0
 *   46  u16  route
 *   48  u16  meter
 *   50  u16  reason
 *   52  u32  identity
 *   56  u32  organisation
 *   60  u64  session
 *   68  u32  weight
 *   72  u32  persons in this part
 *   76  sealed persons, absent where there are none. Plain, per person:
 *       u8 namespace, u8 length of the identifier, u32 fields, identifier
 *
 * LEDGER_ORDER
 *   40  u8   enum ledger_order_event
 *   41  u8   action (enum of core; as a number, LEDGER_DEFINITION may name it)
 *   42  u32  capabilities, a mask
 *   46  u64  number of the order
 *   54  u64  expiry, microseconds since 1970
 *   62  u32  author (identity), u32 second author or 0
 *   70  text scope, text reason
 *
 * LEDGER_RETENTION
 *   40  u8   enum ledger_retention_event
 *   41  u32  period (yyyymm)
 *   45  text words
 *
 * LEDGER_DEFINITION
 *   40  u8   enum ledger_definition_of
 *   41  u8   number of field names
 *   42  u32  number that is defined
 *   46  u32  parent: organisation of an identity, namespace of a meter; or 0
 *   50  u32  period whose key sealed the rest, or 0 where the rest is clear
 *   54  text name, then one text per field, bit 0 first
 *       An identity is a person too: its name is always sealed.
 *
 * LEDGER_GAP: records of a journal that were lost and will never be integrated
 *   40  u16 node, u16 worker, u32 segment, u32 offset: where
 *   52  u64 writer, u64 first lost sequence, u64 first sequence after the gap
 *   76  text words
 *
 * LEDGER_ADOPTION: this log goes on where another one ended
 *   40  u64  size, 32 bytes root
 *   80  text origin, text words
 *
 * LEDGER_REMARK: a decision in words (a budget raised, a restore from backup)
 *   40  u32  author (identity), u32 subject (identity or 0)
 *   48  text topic, text words
 *
 * Sealed bytes are what aead_seal() of ledger/crypto.h makes (12 bytes nonce,
 * ciphertext, 16 bytes tag) under the key period_key_derive(PERIOD_LABEL_LEDGER),
 * with all bytes of the entry before them as associated data. The nonce comes
 * from key, header and persons: the same record integrated again after a crash
 * gives the same bytes, and a journal that counts from the start again, with
 * other persons at an old source, does not use a nonce twice.
 *
 * A disclosure whose persons take more than ENTRY_PERSONS_LEN_MAX plain bytes
 * is cut into several entries of the same source. No I/O here.
 */
#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "core/disclosure.h"
#include "ledger/merkle.h"

#define LEDGER_WORKER_ENGINE 0xffffU
#define ENTRY_VERSION 1
#define ENTRY_HEADER_LEN 40U
#define ENTRY_PERSONS_LEN_MAX 60000U
#define ENTRY_TEXT_MAX 4096U

/*
 * Which record of which journal: journal_cursor of journal/reader.h in one
 * piece. Of one writer (an instance of a worker, named by a random number) the
 * sequences rise; position and writer are carried so that reading can go on there.
 */
struct ledger_source {
	uint16_t node;
	uint16_t worker;
	uint32_t segment;
	uint32_t offset;
	uint64_t writer;
	uint64_t sequence;
};

/* Same node, worker and writer: the sequences can be compared. */
bool ledger_source_same_writer(const struct ledger_source *a, const struct ledger_source *b);

/* Not terminated; borrowed. */
struct ledger_text {
	const char *data;
	size_t len; /* 0..ENTRY_TEXT_MAX */
};

struct ledger_text ledger_text_of(const char *words);

enum ledger_kind {
	LEDGER_DISCLOSURE = 1,
	LEDGER_ORDER,
	LEDGER_RETENTION,
	LEDGER_DEFINITION,
	LEDGER_GAP,
	LEDGER_ADOPTION,
	LEDGER_REMARK,
	LEDGER_KIND_MAX
};

enum ledger_order_event {
	LEDGER_ORDER_GIVEN = 1,
	LEDGER_ORDER_LIFTED,
	LEDGER_ORDER_EXPIRED,
	LEDGER_ORDER_CHANGED,
	LEDGER_ORDER_EVENT_MAX
};

struct ledger_order {
	enum ledger_order_event event;
	uint8_t action;
	uint32_t capabilities;
	uint64_t number;
	uint64_t expires_us;
	uint32_t author;
	uint32_t second_author;
	struct ledger_text scope;
	struct ledger_text reason;
};

enum ledger_retention_event {
	LEDGER_KEY_DESTROYED = 1, /* the persons of the period can no longer be read */
	LEDGER_JOURNALS_REMOVED,
	LEDGER_INDEX_REMOVED,
	LEDGER_RETENTION_EVENT_MAX
};

struct ledger_retention {
	enum ledger_retention_event event;
	uint32_t period;
	struct ledger_text words;
};

enum ledger_definition_of {
	LEDGER_DEFINE_ROUTE = 1,
	LEDGER_DEFINE_METER,
	LEDGER_DEFINE_NAMESPACE,
	LEDGER_DEFINE_IDENTITY,
	LEDGER_DEFINE_ORGANISATION,
	LEDGER_DEFINE_REASON,
	LEDGER_DEFINE_ACTION,
	LEDGER_DEFINITION_OF_MAX
};

struct ledger_definition {
	enum ledger_definition_of what;
	uint32_t number;
	uint32_t parent;
	struct ledger_text name; /* empty while sealed */
	uint8_t n_fields;        /* 0..METER_FIELDS_MAX */
	struct ledger_text fields[METER_FIELDS_MAX];
};

struct ledger_gap {
	struct ledger_source from; /* first lost record */
	uint64_t to_sequence;      /* first sequence after the gap, of the same writer */
	struct ledger_text words;
};

struct ledger_adoption {
	struct merkle_head head;
	struct ledger_text origin;
	struct ledger_text words;
};

struct ledger_remark {
	uint32_t author;
	uint32_t subject;
	struct ledger_text topic;
	struct ledger_text words;
};

struct ledger_entry {
	enum ledger_kind kind;
	struct ledger_source source;
	uint64_t at_us; /* writing a disclosure takes disclosure.at_us instead */

	/* The rest of this block is set by reading and ignored by writing. */
	uint8_t part;
	bool more;
	uint32_t period; /* whose key opens the sealed bytes; 0 where none are sealed */
	const uint8_t *data; /* the whole entry */
	size_t sealed_at;    /* first sealed byte; == len where none are sealed */
	size_t len;

	union {
		struct disclosure disclosure; /* persons is NULL while sealed, n_persons is known */
		struct ledger_order order;
		struct ledger_retention retention;
		struct ledger_definition definition;
		struct ledger_gap gap;
		struct ledger_adoption adoption;
		struct ledger_remark remark;
	};
};

/* Does writing this entry need a period key? */
bool entry_is_sealed(const struct ledger_entry *entry);

/* What seals: the key of `period`. */
struct entry_seal {
	struct aead *aead; /* may be NULL where entry_is_sealed() is false */
	uint32_t period;
};

/* Where writing a disclosure in parts stands; all zero at the start. */
struct entry_cut {
	uint32_t first; /* person */
	uint8_t part;
	bool done;
};

/*
 * Append one entry (the part that `cut` has come to) to `out` and move `cut`
 * on. ERR_USAGE for values outside their enums, ERR_RANGE for texts or persons
 * too long; `out` is as before on failure.
 */
MUST_CHECK enum err entry_encode(const struct ledger_entry *entry, const struct entry_seal *seal,
    struct entry_cut *cut, struct bytes *out);

/*
 * Take apart without any key: all that is clear. The result borrows `data`.
 * ERR_FORMAT for bytes that break the format, ERR_UNSUPPORTED for another version.
 */
MUST_CHECK enum err entry_parse(const uint8_t *data, size_t len, struct ledger_entry *ret_entry);

/* Memory that an opened entry points into; valid until the next use or the wipe. */
struct entry_room {
	struct bytes plain;
	struct person_ref *persons;
};

MUST_CHECK enum err entry_room_init(struct entry_room *room);
void entry_room_wipe(struct entry_room *room);

/*
 * Open the sealed bytes of a parsed entry: fills disclosure.persons, or the
 * texts of a definition. Nothing to do where none are sealed. ERR_CORRUPT
 * where key or bytes do not fit, ERR_FORMAT where the plain bytes are off.
 */
MUST_CHECK enum err entry_unseal(struct ledger_entry *entry, struct aead *aead, struct entry_room *room);

/* "disclosure", "order", ...; never NULL. */
const char *ledger_kind_name(enum ledger_kind kind);

#endif
