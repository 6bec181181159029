/* account: identities and organisations. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "core/disclosure.h"
#include "store/name.h"
#include "store/store.h"

#define STORE_LOGIN_MAX 128  /* with the final NUL */
#define STORE_TEXT_MAX 128   /* display names; with the final NUL */
#define STORE_REASON_MAX 256 /* with the final NUL */

struct store_organisation {
	uint32_t number;
	char key[STORE_LOGIN_MAX];   /* unique, as the platform spells it */
	char name[STORE_TEXT_MAX];
	char territory[STORE_NAME_TEXT_MAX]; /* empty: none */
	char kind[STORE_NAME_TEXT_MAX];      /* "training-body"; empty: none */
	uint32_t territory_number;   /* filled when read */
	uint32_t n_identities;       /* filled by store_organisation_each() alone */
};

struct store_identity {
	uint32_t number;
	char provider[STORE_NAME_TEXT_MAX];  /* identity provider, "local" */
	char subject[STORE_LOGIN_MAX];       /* as the provider names it; unique within it */
	char login[STORE_LOGIN_MAX];         /* unique over all; sent to the platform */
	char name[STORE_TEXT_MAX];
	char profile[STORE_NAME_TEXT_MAX];
	char territory[STORE_NAME_TEXT_MAX]; /* empty: that of the organisation */
	char person[PERSON_ID_MAX + 1];      /* own identifier where the identity is a data subject */
	uint32_t organisation;               /* 0: none */
	uint32_t created_by;                 /* lineage; 0: none */
	uint64_t created_us;
	uint64_t suspended_us;               /* 0: not suspended */
	uint64_t suspect_until_us;           /* 0: not suspect */
	/* Filled when read. */
	uint32_t provider_number;
	uint32_t profile_number;
	uint32_t territory_number;           /* its own, or the organisation's */
};

/* Take `organisation->key, name, territory, kind`; ERR_EXISTS where the key is taken. */
MUST_CHECK enum err store_organisation_add(struct store *store, const struct store_organisation *organisation,
    uint32_t *ret_number);
MUST_CHECK enum err store_organisation_get(struct store *store, uint32_t number, struct store_organisation *ret);
MUST_CHECK enum err store_organisation_find(struct store *store, const char *key, struct store_organisation *ret);
/* In the order of their numbers, until `each` returns false. */
MUST_CHECK enum err store_organisation_each(struct store *store,
    bool (*each)(void *context, const struct store_organisation *organisation), void *context);

/*
 * Add; `number` and the filled-in fields are ignored. ERR_EXISTS: login or
 * (provider, subject) is taken. ERR_NOT_FOUND: no such organisation or creator.
 */
MUST_CHECK enum err store_identity_add(struct store *store, const struct store_identity *identity,
    uint32_t *ret_number);
MUST_CHECK enum err store_identity_get(struct store *store, uint32_t number, struct store_identity *ret);
MUST_CHECK enum err store_identity_find_login(struct store *store, const char *login, struct store_identity *ret);
MUST_CHECK enum err store_identity_find_subject(struct store *store, const char *provider, const char *subject,
    struct store_identity *ret);

/* `at_us` 0 resumes. */
MUST_CHECK enum err store_identity_suspend(struct store *store, uint32_t number, uint64_t at_us);
MUST_CHECK enum err store_identity_suspect(struct store *store, uint32_t number, uint64_t until_us);

/* Which identities: every member that is not 0 must agree. */
struct store_filter {
	uint32_t identity;
	uint32_t creator;      /* this identity and all that it created, directly or not */
	uint32_t organisation;
	uint32_t territory;
	uint32_t profile;
	uint32_t provider;
	bool suspended_only;
	const char *query;     /* NULL, or the beginning of login or a part of the name */
	uint32_t after;        /* numbers above this one */
	uint32_t limit;        /* 0: all */
};

MUST_CHECK enum err store_identity_each(struct store *store, const struct store_filter *filter,
    bool (*each)(void *context, const struct store_identity *identity), void *context);

/* How many identities agree, and of how many organisations they are. */
MUST_CHECK enum err store_identity_count(struct store *store, const struct store_filter *filter,
    uint64_t *ret_identities, uint64_t *ret_organisations);

/* How many identities there are. */
MUST_CHECK enum err store_identity_total(struct store *store, uint64_t *ret_identities);

#endif
