/* ledger_path: a path below tile/ that parses is spelled the same again. */
#include <string.h>

#include "fuzz.h"
#include "ledger/tiles.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[2 * TILE_PATH_MAX], path[TILE_PATH_MAX];
	struct tile_id id;

	if (len >= sizeof(text))
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (tile_parse_path(text, &id) != ERR_NONE)
		return 0;
	tile_path(&id, path);
	FUZZ_CHECK(strcmp(path, text) == 0);
	return 0;
}
