/* ledger_entry: an entry that parses and has nothing sealed is written back byte for byte. */
#include <string.h>

#include "base/codec.h"
#include "fuzz.h"
#include "ledger/entry.h"
#include "ledger/period.h"
#include "ledger/tiles.h"

static void
write_back(const struct ledger_entry *entry)
{
	struct entry_cut cut = {.part = entry->part};
	struct entry_seal seal = {.period = period_of(entry->at_us)};
	struct bytes out;

	/* The period of a disclosure is stored and may differ from that of its time. */
	if (entry->kind == LEDGER_DISCLOSURE)
		seal.period = get_u32(entry->data + ENTRY_HEADER_LEN);
	bytes_init(&out, ENTRY_LEN_MAX + 1);
	FUZZ_CHECK(entry_encode(entry, &seal, &cut, &out) == ERR_NONE);
	FUZZ_CHECK(out.len == entry->len && memcmp(out.data, entry->data, out.len) == 0);
	bytes_wipe(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t key[AEAD_KEY_LEN];
	struct ledger_entry entry;
	struct entry_room room;
	struct aead *aead;

	if (entry_parse(data, len, &entry) != ERR_NONE)
		return 0;
	FUZZ_CHECK(entry.sealed_at <= entry.len);
	FUZZ_CHECK((entry.period == 0) == (entry.sealed_at == entry.len));
	if (entry.period == 0) {
		write_back(&entry);
		return 0;
	}
	FUZZ_CHECK(aead_open(key, &aead) == ERR_NONE && entry_room_init(&room) == ERR_NONE);
	(void)!entry_unseal(&entry, aead, &room);
	entry_room_wipe(&room);
	aead_free(aead);
	return 0;
}
