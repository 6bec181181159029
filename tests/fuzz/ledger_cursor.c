/* ledger_cursor: a cursor that parses is written back; the checksum is put right, so that the rest is reached. */
#include <string.h>

#include "base/codec.h"
#include "fuzz.h"
#include "ledger/positions.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct cursor cursor;
	struct ledger_state states[2];
	struct bytes in, out;

	if (len < 4 || len > CURSOR_LEN_MAX)
		return 0;
	bytes_init(&in, CURSOR_LEN_MAX);
	bytes_init(&out, CURSOR_LEN_MAX);
	FUZZ_CHECK(bytes_append(&in, data, len) == ERR_NONE);
	put_u32(in.data + len - 4, codec_crc32c(0, in.data, len - 4));
	if (cursor_parse(in.data, len, &cursor) == ERR_NONE) {
		for (int i = 0; i < 2; i++)
			states[i] = (struct ledger_state){.head = cursor.heads[i], .positions = &cursor.positions[i]};
		FUZZ_CHECK(cursor_format(&states[0], &states[1], &out) == ERR_NONE);
		FUZZ_CHECK(out.len == len && memcmp(out.data, in.data, len) == 0);
	}
	bytes_wipe(&in);
	bytes_wipe(&out);
	return 0;
}
