/* config_keys: the table of every key of the configuration. The manual is checked against it. */
#include "engine/config.h"

#include <stddef.h>

#include "base/log.h"
#include "core/rules.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define HOUR_S 3600
#define DAY_S 86400

static const char *const levels[] = { "error", "warn", "info", "debug", NULL };
static const char *const modes[] = { "enforce", "observe", NULL };
static const char *const undeclared[] = { "refuse", "weigh", NULL };
static const char *const kinds[] = { "json", "csv", "header", NULL };

static const struct conf_key service_keys[] = {
	{ "name", CONF_TEXT, AT(config_service, name), .text = "Tourniquet", .min = 1, .max = 63 },
	{ "origin", CONF_TEXT, AT(config_service, origin), .required = true, .min = 8, .max = 127 },
	{ "support", CONF_TEXT, AT(config_service, support), .text = "", .max = 127 },
	{ 0 },
};

static const struct conf_key rights_keys[] = {
	{ "user", CONF_TEXT, AT(config_rights, user), .min = 1, .max = 31 },
	{ "gate_group", CONF_TEXT, AT(config_rights, gate_group), .min = 1, .max = 31 },
	{ 0 },
};

static const struct conf_key session_keys[] = {
	{ "lifetime_s", CONF_U32, AT(config_session, lifetime_s), .number = 12 * HOUR_S, .min = 60, .max = 30 * DAY_S },
	{ "step_up_valid_s", CONF_U32, AT(config_session, step_up_valid_s), .number = 900, .min = 30, .max = DAY_S },
	{ "per_identity", CONF_U32, AT(config_session, per_identity), .number = 20, .min = 1, .max = 10000 },
	{ 0 },
};

static const struct conf_key token_keys[] = {
	{ "issuer", CONF_TEXT, AT(config_token, issuer), .min = 1, .max = 127 },
	{ "audience", CONF_TEXT, AT(config_token, audience), .text = "platform", .min = 1, .max = 63 },
	{ "lifetime_s", CONF_U32, AT(config_token, lifetime_s), .number = 600, .min = 60, .max = HOUR_S },
	{ "rotate_days", CONF_U32, AT(config_token, rotate_days), .number = 30, .min = 1, .max = 366 },
	{ 0 },
};

static const struct conf_key gate_keys[] = {
	{ "hold_kib", CONF_U64, AT(config_gate, hold_kib), .number = 8192, .min = 16, .max = 1 << 20 },
	{ "undeclared", CONF_CHOICE, AT(config_gate, undeclared), .choices = undeclared },
	{ "undeclared_weight", CONF_U32, AT(config_gate, undeclared_weight), .max = 1 << 20 },
	{ 0 },
};

static const struct conf_key capacity_keys[] = {
	{ "sessions", CONF_U32, AT(config_capacity, sessions), .number = 1000000, .min = 1024, .max = 16 << 20 },
	{ "orders", CONF_U32, AT(config_capacity, orders), .number = 16384, .min = 64, .max = 65536 },
	{ "scopes", CONF_U32, AT(config_capacity, scopes), .number = 262144, .min = 64, .max = 16 << 20 },
	{ "locks", CONF_U32, AT(config_capacity, locks), .number = 16384, .min = 64, .max = 1 << 20 },
	{ "arena_mib", CONF_U32, AT(config_capacity, arena_mib), .number = 2048, .min = 16, .max = 1 << 20 },
	{ 0 },
};

static const struct conf_key orders_keys[] = {
	{ "approval_share", CONF_REAL, AT(config_orders, approval_share), .number = 0.2, .min = 0, .max = 1 },
	{ "approval_from", CONF_U32, AT(config_orders, approval_from), .number = 10 },
	{ "longest_s", CONF_U32, AT(config_orders, longest_s), .number = 30 * DAY_S, .min = 60, .max = 366 * DAY_S },
	{ 0 },
};

#define PERSONS_MAX ((double)LIMIT_PERSONS_MAX)
#define WINDOW_KEYS(table, floor_, ceiling_) \
	static const struct conf_key table[] = { \
		{ "floor", CONF_REAL, AT(config_window, floor), .number = (floor_), .min = 1, .max = PERSONS_MAX }, \
		{ "ceiling", CONF_REAL, AT(config_window, ceiling), .number = (ceiling_), .min = 1, .max = PERSONS_MAX }, \
		{ "multiple", CONF_REAL, AT(config_window, multiple), .number = 3, .min = 1, .max = 100 }, \
		{ 0 }, \
	}
#define BUDGET_KEYS(table, hour, day, month) \
	static const struct conf_key table[] = { \
		{ "name", CONF_TEXT, AT(config_budget, name), .min = 1, .max = 63 }, \
		{ "line", CONF_LINE, AT(config_budget, line) }, \
		{ "hour", CONF_GROUP, AT(config_budget, window[BUDGET_HOUR]), .keys = (hour) }, \
		{ "day", CONF_GROUP, AT(config_budget, window[BUDGET_DAY]), .keys = (day) }, \
		{ "month", CONF_GROUP, AT(config_budget, window[BUDGET_MONTH]), .keys = (month) }, \
		{ 0 }, \
	}

WINDOW_KEYS(identity_hour, 40, 400);
WINDOW_KEYS(identity_day, 120, 1200);
WINDOW_KEYS(identity_month, 600, 6000);
BUDGET_KEYS(identity_keys, identity_hour, identity_day, identity_month);

WINDOW_KEYS(organisation_hour, 200, 4000);
WINDOW_KEYS(organisation_day, 600, 12000);
WINDOW_KEYS(organisation_month, 3000, 60000);
BUDGET_KEYS(organisation_keys, organisation_hour, organisation_day, organisation_month);

static const struct conf_key budgets_keys[] = {
	{ "line", CONF_LINE, AT(config_budgets, line) },
	{ "mode", CONF_CHOICE, AT(config_budgets, mode), .choices = modes },
	{ "soft_fraction", CONF_REAL, AT(config_budgets, soft_fraction), .number = 0.5, .min = 0.05, .max = 1 },
	{ "young_days", CONF_U32, AT(config_budgets, young_days), .number = 30, .max = 366 },
	{ "history_days", CONF_U32, AT(config_budgets, history_days), .number = 20, .min = 3, .max = 60 },
	{ "platform_day", CONF_U32, AT(config_budgets, platform_day) },
	{ "identity", CONF_GROUP, AT(config_budgets, identity), .keys = identity_keys },
	{ "organisation", CONF_GROUP, AT(config_budgets, organisation), .keys = organisation_keys },
	{ "profiles", CONF_LIST, AT(config_budgets, profiles), .keys = identity_keys,
	    .item_size = sizeof(struct config_budget), .max = 64 },
	{ "kinds", CONF_LIST, AT(config_budgets, kinds), .keys = organisation_keys,
	    .item_size = sizeof(struct config_budget), .max = 64 },
	{ 0 },
};

static const struct conf_key meter_keys[] = {
	{ "line", CONF_LINE, AT(config_meter, line) },
	{ "name", CONF_TEXT, AT(config_meter, name), .required = true, .min = 1, .max = 63 },
	{ "kind", CONF_CHOICE, AT(config_meter, kind), .choices = kinds },
	{ "space", CONF_TEXT, AT(config_meter, space), .required = true, .min = 1, .max = 63 },
	{ "records", CONF_TEXTS, AT(config_meter, records), .max = SHAPE_WAYS_MAX },
	{ "id", CONF_TEXT, AT(config_meter, id), .min = 1, .max = 200 },
	{ "canon", CONF_TEXT, AT(config_meter, canon), .text = "exact", .min = 1, .max = 63 },
	{ "fields", CONF_TEXTS, AT(config_meter, fields), .max = METER_FIELDS_MAX },
	{ "separator", CONF_TEXT, AT(config_meter, separator), .text = ",", .min = 1, .max = 1 },
	{ "header", CONF_TEXT, AT(config_meter, header), .min = 1, .max = 63 },
	{ "optional", CONF_BOOL, AT(config_meter, optional) },
	{ "unparsable", CONF_CHOICE, AT(config_meter, unparsable), .choices = undeclared },
	{ "weight", CONF_U32, AT(config_meter, weight), .max = 1 << 20 },
	{ "max_hold_kib", CONF_U64, AT(config_meter, max_hold_kib), .max = 1 << 20 },
	{ 0 },
};

static const struct conf_key route_keys[] = {
	{ "line", CONF_LINE, AT(config_route, line) },
	{ "name", CONF_TEXT, AT(config_route, name), .required = true, .min = 1, .max = 63 },
	{ "methods", CONF_TEXTS, AT(config_route, methods), .required = true, .min = 1, .max = 8 },
	{ "path", CONF_TEXT, AT(config_route, path), .required = true, .min = 1, .max = PATTERN_TEXT_MAX },
	{ "capabilities", CONF_TEXT, AT(config_route, capabilities), .text = "read", .min = 1, .max = 79 },
	{ "meters", CONF_TEXTS, AT(config_route, meters), .max = ROUTE_METERS_MAX },
	{ "weight", CONF_U32, AT(config_route, weight), .max = 1 << 20 },
	{ "exempt", CONF_BOOL, AT(config_route, exempt) },
	{ "public", CONF_BOOL, AT(config_route, open) },
	{ "second_factor", CONF_BOOL, AT(config_route, second_factor) },
	{ "api", CONF_BOOL, AT(config_route, api) },
	{ 0 },
};

const struct conf_key config_keys[] = {
	{ "data", CONF_TEXT, AT(config, data), .required = true, .min = 1, .max = 200 },
	{ "node", CONF_U32, AT(config, node), .number = 1, .min = 1, .max = 65535 },
	{ "log", CONF_CHOICE, AT(config, log_level), .number = LOG_INFO, .choices = levels },
	{ "journals", CONF_TEXTS, AT(config, journals), .max = 2 },
	{ "ledger_origin", CONF_TEXT, AT(config, ledger_origin), .text = "tourniquet.example/ledger", .min = 1,
	    .max = 127 },
	{ "retention_months", CONF_U32, AT(config, retention_months), .number = 12, .min = 1, .max = 120 },
	{ "pages", CONF_TEXT, AT(config, pages), .text = "/usr/local/share/tourniquet/pages", .min = 1, .max = 200 },
	{ "scim_token_file", CONF_TEXT, AT(config, scim_token_file), .min = 1, .max = 200 },
	{ "service", CONF_GROUP, AT(config, service), .keys = service_keys },
	{ "rights", CONF_GROUP, AT(config, rights), .keys = rights_keys },
	{ "session", CONF_GROUP, AT(config, session), .keys = session_keys },
	{ "token", CONF_GROUP, AT(config, token), .keys = token_keys },
	{ "gate", CONF_GROUP, AT(config, gate), .keys = gate_keys },
	{ "capacity", CONF_GROUP, AT(config, capacity), .keys = capacity_keys },
	{ "orders", CONF_GROUP, AT(config, orders), .keys = orders_keys },
	{ "budgets", CONF_GROUP, AT(config, budgets), .keys = budgets_keys },
	{ "meters", CONF_LIST, AT(config, meters), .keys = meter_keys, .item_size = sizeof(struct config_meter),
	    .max = RULES_METERS_MAX },
	{ "routes", CONF_LIST, AT(config, routes), .keys = route_keys, .item_size = sizeof(struct config_route),
	    .max = RULES_ROUTES_MAX },
	{ 0 },
};
