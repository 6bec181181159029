/* password_job: hash a password on the pool, store it, answer. Private to engine/; on the loop's thread. */
#ifndef ENGINE_PASSWORD_JOB_H
#define ENGINE_PASSWORD_JOB_H

#include "engine/engine.h"
#include "engine/ops.h"

/*
 * Both take the reference of `answer` and answer or refuse the call. Whoever
 * was signed in with the former password is signed out.
 */
void password_job_start(struct engine *engine, struct op_call *call, uint32_t identity, const char *password,
    json_t *answer);
/* The same for a hash that is there already. */
void password_job_store(struct engine *engine, struct op_call *call, uint32_t identity, const char *hash,
    json_t *answer);

#endif
