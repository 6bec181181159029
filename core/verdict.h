/*
 * verdict: what the gate does with one request, why, and the words for it.
 *
 * This header is stable: reasons are written to journals; never renumber one.
 * Zero is the safe verdict, so that forgotten initialisation closes.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include <stdint.h>

/* From most to least severe. */
enum verdict {
	VERDICT_UNAVAILABLE = 0, /* cannot be decided or accounted for now: 503 */
	VERDICT_REFUSE,          /* no, and signing in again does not change it */
	VERDICT_STEP_UP,         /* show the second factor now, then again */
	VERDICT_SLOW,            /* yes, after a delay */
	VERDICT_ALLOW,
	VERDICT_MAX
};

enum verdict_reason {
	REASON_NONE = 0,               /* nothing to remark */
	REASON_SESSION_MISSING = 1,    /* no session cookie, or one that is not known (any more) */
	REASON_SESSION_EXPIRED = 2,
	REASON_ORDER_OBSERVE = 3,      /* an order only watches */
	REASON_ORDER_SLOW = 4,
	REASON_ORDER_STEP_UP = 5,
	REASON_ORDER_READ_ONLY = 6,
	REASON_ORDER_DENY = 7,
	REASON_BUDGET_SOFT = 8,        /* the identity's, or its creator's */
	REASON_BUDGET_HARD = 9,
	REASON_ORGANISATION_SOFT = 10,
	REASON_ORGANISATION_HARD = 11, /* refused, because this session has not stepped up */
	REASON_BUDGET_OBSERVED = 12,   /* observe mode: over a limit, handed all the same */
	REASON_ORGANISATION_PASSED = 13, /* over the organisation's limit, but stepped up */
	REASON_ROUTE_UNDECLARED = 14,  /* the configuration does not know this route */
	REASON_ROUTE_LEVEL = 15,       /* the route wants a second factor */
	REASON_RESPONSE_UNREADABLE = 16, /* the meter could not read it: unknown type, encoding, malformed */
	REASON_RESPONSE_TOO_LARGE = 17,
	REASON_REQUEST_AMBIGUOUS = 18, /* a path or header that servers could read in two ways */
	REASON_RANGE = 19,             /* part of a metered response was asked for */
	REASON_JOURNAL = 20,           /* what leaves cannot be written down */
	REASON_NOT_OPEN = 21,          /* budgets are being counted anew after a restart */
	REASON_MAP = 22,               /* the maps are missing or do not fit this version */
	REASON_SCOPE_STALE = 23,       /* the session names a budget that is gone; the engine renews it */
	REASON_BUDGET_BROKEN = 24,     /* a budget cannot be charged: damaged, or its lock is lost */
	REASON_WEIGHT = 25,            /* could not be read, charged its declared weight */
	REASON_SIGN_IN = 26,           /* sign-in is closed for this scope */
	REASON_PLATFORM = 27,          /* the platform does not answer, or outside its contract */
	REASON_MAX
};

enum verdict_language { LANGUAGE_ENGLISH, LANGUAGE_FRENCH, LANGUAGE_MAX };

struct verdict_words {
	const char *name;   /* stable machine name, "budget-hard" */
	const char *type;   /* problem type (RFC 9457 section 3.1.1): "urn:tourniquet:problem:budget-hard" */
	int status;         /* HTTP status where this reason stops a request; 0: it never does */
	const char *operator; /* for the operator, English */
	/* For the person stopped. */
	const char *title[LANGUAGE_MAX];  /* short */
	const char *text[LANGUAGE_MAX];   /* what happened */
	const char *next[LANGUAGE_MAX];   /* what to do now */
};

/* Never NULL; an unknown reason has the words of REASON_MAP. */
const struct verdict_words *verdict_words(enum verdict_reason reason);

/* "allow", "slow", "step-up", "refuse", "unavailable"; never NULL. */
const char *verdict_name(enum verdict verdict);

/* The severer of two: the lower one. */
static inline enum verdict
verdict_worse(enum verdict a, enum verdict b)
{
	return a < b ? a : b;
}

#endif
