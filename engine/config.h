/*
 * config: the daemon's one configuration file, as a structure.
 *
 * config_load() reads, completes and checks everything that can be known from
 * the file alone, also that rules compile; `tourniquet config check` is this
 * function. All complaints are collected as "file:line: words".
 */
#ifndef ENGINE_CONFIG_H
#define ENGINE_CONFIG_H

#include <limits.h>

#include "base/conf.h"
#include "core/limits.h"

struct config_service {
	const char *name;
	const char *origin;  /* "https://localhost:8443" */
	const char *support;
};

struct config_rights {
	const char *user;       /* NULL: stay who we are */
	const char *gate_group; /* NULL: that of `user` */
};

struct config_session {
	uint32_t lifetime_s;
	uint32_t step_up_valid_s;
	uint32_t per_identity; /* most sessions at a time; the oldest ends */
};

struct config_token {
	const char *issuer;   /* NULL: service.origin */
	const char *audience;
	uint32_t lifetime_s;
	uint32_t rotate_days;
};

struct config_window {
	double floor;
	double ceiling;
	double multiple; /* of the median */
};

struct config_budget {
	const char *name; /* of the profile or kind of organisation; NULL: default */
	uint32_t line;
	struct config_window window[BUDGET_WINDOWS];
};

struct config_budgets {
	uint32_t line;
	uint32_t mode;          /* enum limit_mode */
	double soft_fraction;   /* of the hard limit */
	uint32_t young_days;    /* accounts share their creator's budget so long */
	uint32_t history_days;  /* active days that the median is taken over */
	uint32_t platform_day;  /* distinct persons that alert; 0: none */
	struct config_budget identity;     /* default */
	struct config_budget organisation; /* default */
	struct conf_list profiles;         /* struct config_budget */
	struct conf_list kinds;            /* struct config_budget, by kind of organisation */
};

struct config_meter {
	uint32_t line;
	const char *name;
	uint32_t kind; /* place in { json, csv, header }: enum meter_kind - 1 */
	const char *space;
	struct conf_texts records;
	const char *id;
	const char *canon;
	struct conf_texts fields; /* "name" or "name=path" */
	const char *separator;
	const char *header;
	bool optional;
	uint32_t unparsable; /* enum meter_unparsable */
	uint32_t weight;
	uint64_t max_hold_kib;
};

struct config_route {
	uint32_t line;
	const char *name;
	struct conf_texts methods;
	const char *path;
	const char *capabilities;
	struct conf_texts meters;
	uint32_t weight;
	bool exempt;
	bool open; /* no session needed */
	bool second_factor;
	bool api;
};

struct config_gate {
	uint64_t hold_kib;
	uint32_t undeclared; /* enum rules_undeclared */
	uint32_t undeclared_weight;
};

struct config_capacity {
	uint32_t sessions;
	uint32_t orders;
	uint32_t scopes;
	uint32_t locks;
	uint32_t arena_mib;
};

struct config_orders {
	double approval_share;  /* of the identities; above it a second operator decides */
	uint32_t approval_from; /* an order that reaches fewer identities never needs one */
	uint32_t longest_s;
};

struct config {
	const char *data; /* absolute */
	uint32_t node;
	uint32_t log_level; /* enum log_level */
	struct conf_texts journals; /* one or two directories, relative to data */
	const char *ledger_origin;
	uint32_t retention_months;
	const char *pages; /* directory of the built pages */
	const char *scim_token_file; /* NULL: no accounts by SCIM */
	struct config_service service;
	struct config_rights rights;
	struct config_session session;
	struct config_token token;
	struct config_gate gate;
	struct config_capacity capacity;
	struct config_orders orders;
	struct config_budgets budgets;
	struct conf_list meters; /* struct config_meter */
	struct conf_list routes; /* struct config_route */

	struct conf *owner; /* of all texts */
	char file[PATH_MAX];
};

/* Free with config_free(). On failure `complaints` says everything, line by line. */
MUST_CHECK enum err config_load(const char *path, struct config **ret_config, struct bytes *complaints);
void config_free(struct config *config);

/* The journal directory `i` (0 or 1) as an absolute path; false where there is no such one. */
bool config_journal_dir(const struct config *config, size_t i, char out[PATH_MAX]);

/* "DATA/name"; ERR_RANGE where that is too long. */
MUST_CHECK enum err config_path(const struct config *config, const char *name, char out[PATH_MAX]);

extern const struct conf_key config_keys[];

#endif
