/* ledger_checkpoint: a text that parses without extensions is written back byte for byte. */
#include <string.h>

#include "fuzz.h"
#include "ledger/checkpoint.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct checkpoint checkpoint;
	struct bytes out;

	if (checkpoint_parse((const char *)data, len, &checkpoint) != ERR_NONE || checkpoint.n_extensions != 0)
		return 0;
	bytes_init(&out, NOTE_LEN_MAX);
	FUZZ_CHECK(checkpoint_format(&checkpoint, &out) == ERR_NONE);
	FUZZ_CHECK(out.len == len && memcmp(out.data, data, len) == 0);
	bytes_wipe(&out);
	return 0;
}
