/* names: names in scopes, and numbers back to names, from the store. Private to engine/. */
#ifndef ENGINE_NAMES_H
#define ENGINE_NAMES_H

#include "core/scope.h"
#include "engine/engine.h"
#include "engine/ops.h"
#include "store/account.h"

/* For scope_resolve() and scope_format(). */
struct scope_names names_of(struct engine *engine);

/* Read and resolve the text of a scope; refuses the call and returns false where it cannot. */
MUST_CHECK bool names_op_scope(struct engine *engine, struct op_call *call, const char *key, struct scope *ret_scope);

/* The identity that an argument names by number, login or provider/subject; refuses where there is none. */
MUST_CHECK bool names_op_identity(struct engine *engine, struct op_call *call, const char *key,
    struct store_identity *ret_identity);
/* By number or key. */
MUST_CHECK bool names_op_organisation(struct engine *engine, struct op_call *call, const char *key,
    struct store_organisation *ret_organisation);

/* How many identities and organisations a scope means, by its terms about identities. */
MUST_CHECK enum err names_reach(struct engine *engine, const struct scope *scope, uint64_t *ret_identities,
    uint64_t *ret_organisations);

/* The filter that asks the store for the identities of a scope. */
void names_filter(const struct scope *scope, struct store_filter *ret_filter);

#endif
