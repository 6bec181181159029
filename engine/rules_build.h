/*
 * rules_build: routes, meters and namespaces of the configuration, compiled to
 * what the gate reads. Numbers come from the caller: from the store in the
 * engine, from a counter where a file is only checked.
 */
#ifndef ENGINE_RULES_BUILD_H
#define ENGINE_RULES_BUILD_H

#include "base/bytes.h"
#include "core/rules.h"
#include "engine/config.h"
#include "store/name.h"

struct rules_numbers {
	enum err (*number)(void *context, enum store_name_kind kind, const char *name, uint32_t *ret_number);
	void *context;
};

/*
 * Compile to `rules` (about 900 KiB, the caller's). ERR_FORMAT: contradictions
 * in the configuration, each in `complaints`; other errors come from numbers->number.
 */
MUST_CHECK enum err rules_build(const struct config *config, const struct rules_numbers *numbers, struct rules *rules,
    struct bytes *complaints);

/*
 * The name of field `i` of a configured meter: the text before "=" of its entry.
 * `out` holds RULES_NAME_MAX bytes.
 */
void rules_field_name(const struct config_meter *meter, size_t i, char *out);

#endif
