/*
 * disclosure: the one description of "identity X was handed the fields F of
 * persons P at time T" that the gate writes, the journal carries, the ledger
 * keeps and the index answers from. A view: it borrows all it points to.
 *
 * Numbers for identities, organisations, routes, meters and namespaces are
 * given once by the store and never reused, so that a file written years ago
 * still means the same thing.
 */
#ifndef CORE_DISCLOSURE_H
#define CORE_DISCLOSURE_H

#include <stdint.h>

#include "parse/bounds.h"

/* Most persons in one entry; a larger response makes several entries. */
#define DISCLOSURE_PERSONS_MAX 4096

struct person_ref {
	const uint8_t *id; /* canonical identifier, not terminated */
	uint8_t id_len;    /* 1..PERSON_ID_MAX */
	uint8_t space;     /* number of the namespace, "jobseeker" or "pupil" */
	uint32_t fields;   /* which fields of this person were shown */
};

enum disclosure_kind {
	DISCLOSURE_HANDED = 1, /* the persons are about to leave */
	DISCLOSURE_WEIGHED,    /* could not be parsed: `weight` unnamed persons were charged */
	DISCLOSURE_REFUSED,    /* a hard limit or an order stopped it; nobody left */
	DISCLOSURE_STEP_UP,    /* a soft limit or an order asked for a second factor */
	DISCLOSURE_SEVERED,    /* stopped in the middle of a long response */
	DISCLOSURE_OBSERVED,   /* observe mode: would have been refused, was handed all the same */
	DISCLOSURE_KIND_MAX
};

struct disclosure {
	enum disclosure_kind kind;
	uint64_t at_us;        /* microseconds since 1970 */
	uint64_t session;      /* number of the session */
	uint32_t identity;
	uint32_t organisation;
	uint16_t route;
	uint16_t meter;
	uint16_t reason;       /* enum verdict_reason, 0 where handed without remark */
	uint32_t weight;       /* DISCLOSURE_WEIGHED only */
	uint32_t n_persons;    /* 0..DISCLOSURE_PERSONS_MAX */
	const struct person_ref *persons;
};

#endif
