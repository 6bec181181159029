#include "engine/password_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "engine/sessions.h"
#include "signin/password.h"

struct hashing {
	uint32_t identity;
	char password[PASSWORD_LEN_MAX + 1];
	char hash[PASSWORD_HASH_MAX];
	json_t *answer;
	enum err err;
};

static void
hash_work(void *context)
{
	struct hashing *job = context;

	job->err = password_hash(job->password, strlen(job->password), &password_cost_default, job->hash);
	bytes_zero(job->password, sizeof(job->password));
}

void
password_job_store(struct engine *engine, struct op_call *call, uint32_t identity, const char *hash, json_t *answer)
{
	struct scope scope;
	uint32_t ended;
	enum err err = store_credential_set_password(engine->store, identity, hash, engine_now_us(engine));

	memset(&scope, 0, sizeof(scope));
	scope.terms = 1u << SCOPE_IDENTITY;
	scope.value[SCOPE_IDENTITY] = identity;
	if (err == ERR_NONE)
		err = sessions_end_scope(engine, &scope, 0, &ended);
	if (err == ERR_NONE) {
		op_answer(call, answer);
		return;
	}
	json_decref(answer);
	op_refuse(call, err, "the password could not be stored");
}

static void
hash_done(struct engine *engine, struct op_call *call, void *context)
{
	struct hashing *job = context;

	if (job->err == ERR_NONE)
		password_job_store(engine, call, job->identity, job->hash, job->answer);
	else {
		json_decref(job->answer);
		op_refuse(call, job->err, "the password could not be hashed");
	}
	bytes_zero(job, sizeof(*job));
	free(job);
}

void
password_job_start(struct engine *engine, struct op_call *call, uint32_t identity, const char *password,
    json_t *answer)
{
	struct hashing *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		json_decref(answer);
		op_refuse(call, ERR_NOMEM, "no memory");
		return;
	}
	job->identity = identity;
	job->answer = answer;
	(void)snprintf(job->password, sizeof(job->password), "%s", password);
	if (op_defer(engine, call, hash_work, hash_done, job))
		return;
	json_decref(answer);
	bytes_zero(job, sizeof(*job));
	free(job);
}
