/* The text of a checkpoint: what parses without extensions is written back byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint checkpoint;
	struct bytes out;

	if (checkpoint_parse((const char *)data, size, &checkpoint) != ERR_NONE || checkpoint.n_extensions != 0)
		return 0;
	bytes_init(&out, NOTE_LEN_MAX);
	if (checkpoint_format(&checkpoint, &out) != ERR_NONE || out.len != size || memcmp(out.data, data, size) != 0)
		abort();
	bytes_wipe(&out);
	return 0;
}
