/*
 * maps: the two shared files, made or adopted. Private to engine/.
 */
#ifndef ENGINE_MAPS_H
#define ENGINE_MAPS_H

#include <sys/types.h>

#include "base/mapfile.h"
#include "core/map.h"
#include "engine/config.h"

struct maps {
	struct mapfile state_file;
	struct mapfile budgets_file;
	struct map_state state;
	struct map_budgets budgets;
	bool adopted; /* budgets are as a predecessor on this boot left them */
	const char *why_new; /* where not adopted */
};

/*
 * Take over the maps of a predecessor where they are of this boot, this
 * version and these capacities; else make new ones and retire the old. The gate's
 * group gets state.map to read and budgets.map to write. `maps` must stay at
 * its address.
 */
MUST_CHECK enum err maps_open(struct maps *maps, const struct config *config, bool renew, uint64_t at_us,
    const char **why);
void maps_close(struct maps *maps);

#endif
