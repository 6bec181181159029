/* budget: how many distinct persons a scope may be handed. */
#include "cli/author.h"
#include "cli/budget_history.h"
#include "cli/cli.h"

#define ARG_SCOPE_IDENTITY {"--identity", "identity", CLI_TEXT, false, "an identity's budget"}
#define ARG_SCOPE_ORGANISATION {"--organisation", "organisation", CLI_TEXT, false, "an organisation's budget"}
#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}

static const struct cli_arg args_show[] = {
    ARG_SCOPE_IDENTITY,
    ARG_SCOPE_ORGANISATION,
    {"--platform", "platform", CLI_FLAG, false, "the platform's total"},
    ARGS_END,
};
static const struct cli_arg args_list[] = {
    {"KIND", "kind", CLI_TEXT, true, "identity or organisation"},
    {"--over", "over", CLI_NUMBER, false, "only where more than so many percent are used"},
    {"--limit", "limit", CLI_NUMBER, false, "at most so many"},
    ARGS_END,
};
static const struct cli_arg args_learn[] = {
    ARG_SCOPE_IDENTITY,
    ARG_SCOPE_ORGANISATION,
    {"--dry-run", "dry_run", CLI_FLAG, false, "only tell what would change, and why"},
    ARGS_END,
};
static const struct cli_arg args_raise[] = {
    ARG_SCOPE_IDENTITY,
    ARG_SCOPE_ORGANISATION,
    {"--window", "window", CLI_TEXT, true, "hour, day or month"},
    {"--hard", "hard", CLI_NUMBER, true, "the new hard limit, in distinct persons"},
    {"--for", "for_s", CLI_DURATION, true, "how long"},
    {"--reason", "reason", CLI_TEXT, true, "why, for the record"},
    CLI_ARG_AUTHOR,
    ARGS_END,
};
static const struct cli_arg args_history[] = {
    {"FILE", "file", CLI_TEXT, true, "CSV time,identity,organisation,person of a past log, or -"},
    ARGS_END,
};

const struct cli_verb cli_verbs_budget[] = {
    {"budget", "show", "Show what a scope has used, its limits and its past days.", args_show, "budget.show", NULL,
        NULL},
    {"budget", "list", "List budgets of active scopes, and how much of them is used.", args_list, "budget.list",
        "scope kind used_percent", NULL},
    {"budget", "learn", "Set budgets from the scopes' own past.", args_learn, "budget.learn",
        "scope window was_soft was_hard soft hard why", NULL},
    {"budget", "raise", "Raise one limit for a time.", args_raise, "budget.raise", NULL, cli_call_with_author},
    {"budget", "history", "Take daily counts from a past log, so that learning need not wait.", args_history,
        "budget.history", NULL, cli_budget_history},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
