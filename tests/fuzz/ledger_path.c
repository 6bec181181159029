/* A path below tile/: what parses is spelled the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/tiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2 * TILE_PATH_MAX], path[TILE_PATH_MAX];
	struct tile_id id;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (tile_parse_path(text, &id) != ERR_NONE)
		return 0;
	tile_path(&id, path);
	if (strcmp(path, text) != 0)
		abort();
	return 0;
}
