/* order: containment decisions. */
#include "cli/author.h"
#include "cli/cli.h"

#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}

static const struct cli_arg args_give[] = {
    {"ACTION", "action", CLI_TEXT, true, "observe, slow, step-up, read-only or deny"},
    {"--scope", "scope", CLI_TEXT, true, "who is meant, such as organisation=of-0012 & profile=partner"},
    {"--capabilities", "capabilities", CLI_LIST, false, "what is meant: read,search,export,send,sign-in; default: all"},
    {"--reason", "reason", CLI_TEXT, true, "why, for the record and for the person stopped"},
    {"--for", "for_s", CLI_DURATION, false, "how long"},
    {"--until", "until_us", CLI_TIME, false, "until when"},
    {"--dry-run", "dry_run", CLI_FLAG, false, "only tell whom it would reach"},
    CLI_ARG_AUTHOR,
    ARGS_END,
};
static const struct cli_arg args_list[] = {
    {"--all", "all", CLI_FLAG, false, "the ended ones too"},
    ARGS_END,
};
static const struct cli_arg args_one[] = {
    {"ORDER", "order", CLI_NUMBER, true, "number of the order"},
    CLI_ARG_AUTHOR,
    ARGS_END,
};

const struct cli_verb cli_verbs_order[] = {
    {"order", "give", "Give an order; it bites within 50 ms and ends by itself.", args_give, "order.give", NULL,
        cli_call_with_author},
    {"order", "approve", "Approve an order that reaches many, as a second operator.", args_one, "order.approve", NULL,
        cli_call_with_author},
    {"order", "list", "List orders.", args_list, "order.list",
        "order state action scope capabilities reason author given_us until_us", NULL},
    {"order", "lift", "Lift an order.", args_one, "order.lift", NULL, cli_call_with_author},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
