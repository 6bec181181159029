/*
 * fields: the names of what masks of fields mean. A mask is one bit for each
 * place in the meter's list, in journals and ledgers that are never rewritten,
 * so a place keeps its first name for ever. Private to engine/.
 */
#ifndef ENGINE_FIELDS_H
#define ENGINE_FIELDS_H

#include "base/bytes.h"
#include "core/rules.h"
#include "engine/config.h"
#include "store/store.h"

/*
 * Hold the meters of a configuration, numbered in `rules`, against the names
 * that their places have, and remember names of new places. ERR_FORMAT, with
 * words in `complaints`, where a place would get another name; then none is remembered.
 */
MUST_CHECK enum err fields_remember(struct store *store, const struct config *config, const struct rules *rules,
    struct bytes *complaints);

#endif
