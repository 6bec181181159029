/* An entry of a bundle: what parses and has nothing sealed is written back byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/entry.h"
#include "ledger/period.h"
#include "ledger/tiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_back(const struct ledger_entry *entry)
{
	struct entry_cut cut = {.part = entry->part};
	struct bytes out;

	/* The period of a disclosure is stored and may differ from that of its time; parts come from their whole. */
	if (entry->kind == LEDGER_DISCLOSURE && get_u32(entry->data + ENTRY_HEADER_LEN) != period_of(entry->at_us))
		return;
	bytes_init(&out, ENTRY_LEN_MAX + 1);
	if (entry_encode(entry, NULL, &cut, &out) != ERR_NONE || out.len != entry->len ||
	    memcmp(out.data, entry->data, out.len) != 0)
		abort();
	bytes_wipe(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[AEAD_KEY_LEN];
	struct ledger_entry entry;
	struct entry_room room;
	struct aead *aead;

	if (entry_parse(data, size, &entry) != ERR_NONE)
		return 0;
	if (entry.sealed_at > entry.len || (entry.period == 0) != (entry.sealed_at == entry.len))
		abort();
	if (entry.period == 0) {
		write_back(&entry);
		return 0;
	}
	if (aead_open(key, &aead) != ERR_NONE || entry_room_init(&room) != ERR_NONE)
		abort();
	(void)!entry_unseal(&entry, aead, &room);
	entry_room_wipe(&room);
	aead_free(aead);
	return 0;
}
