/* The cursor beside the checkpoint. The checksum is put right, so that the rest is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "ledger/positions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cursor cursor;
	struct ledger_state states[2];
	struct bytes out;

	if (size < 4 || size > CURSOR_LEN_MAX)
		return 0;
	uint8_t *copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	put_u32(copy + size - 4, codec_crc32c(0, copy, size - 4));
	if (cursor_parse(copy, size, &cursor) == ERR_NONE) {
		for (int i = 0; i < 2; i++)
			states[i] = (struct ledger_state){.head = cursor.heads[i], .positions = &cursor.positions[i]};
		bytes_init(&out, CURSOR_LEN_MAX);
		if (cursor_format(&states[0], &states[1], &out) != ERR_NONE || out.len != size ||
		    memcmp(out.data, copy, size) != 0)
			abort();
		bytes_wipe(&out);
	}
	free(copy);
	return 0;
}
