/*
 * actor: who asks, and what that profile may do here.
 *
 * | profile     | people it sees                      | writes                                  |
 * | agent       | everybody                           | enrols anybody                          |
 * | partner     | enrolled with the own body; in open | enrols who gives identifier and birth   |
 * |             | mode everybody                      | date; quotes, entries, attendance       |
 * | manager     | as partner                          | as partner, and accounts of the body    |
 * | jobseeker   | self                                | accepts or refuses own quotes           |
 */
#ifndef SERVICES_TRAINING_ACTOR_H
#define SERVICES_TRAINING_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "services/http/identity.h"
#include "services/training/service.h"

enum profile {
	PROFILE_AGENT = 0,
	PROFILE_PARTNER,
	PROFILE_MANAGER,
	PROFILE_JOBSEEKER,
	PROFILE_MAX
};

struct actor {
	struct http_identity identity;
	enum profile profile;
	int64_t body;   /* row of the own training body; 0 for agents and job seekers */
	int64_t person; /* row of the job seeker itself; 0 for all others */
	bool open;
};

/*
 * Who asks. ERR_DENIED (and the answer is 401 or 403) where nobody is signed in
 * or the headers name a profile, body or person that is not known here.
 */
MUST_CHECK enum err actor_read(struct http_call *call, struct actor *ret_actor);

const char *actor_profile_name(enum profile profile);
bool actor_is_staff(const struct actor *actor); /* partner or manager: staff of a body */

/* The body whose caseload bounds what the actor sees; 0 where nothing does. */
int64_t actor_caseload(const struct actor *actor);

/* ERR_DENIED (answer 403) unless the actor is staff of a training body. */
MUST_CHECK enum err actor_require_staff(struct http_call *call, const struct actor *actor);

/*
 * The row of the person `id`, where the actor may see it. ERR_NOT_FOUND (answer
 * 404, the same words whether there is no such person or not for this actor).
 */
MUST_CHECK enum err actor_find_person(
    struct http_call *call, const struct actor *actor, const char *id, int64_t *ret_person);

#endif
