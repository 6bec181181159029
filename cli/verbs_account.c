/* What leaves: the daemon's state, who was touched, the ledger as the daemon has it. */
#include "cli/author.h"
#include "cli/cli.h"
#include "cli/touched.h"

#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}

static const struct cli_arg args_touched[] = {
    {"--scope", "scope", CLI_TEXT, true, "whose disclosures, such as identity=of-0012.a, or everyone"},
    {"--since", "since_us", CLI_TIME, true, "from when"},
    {"--until", "until_us", CLI_TIME, true, "until when"},
    {"--count-only", "count_only", CLI_FLAG, false, "only how many"},
    {"--csv", "csv", CLI_FLAG, false, "as CSV (RFC 4180), a row per person and identity"},
    ARGS_END,
};
static const struct cli_arg args_cat[] = {
    {"--from", "from", CLI_NUMBER, false, "first entry, counted from 0"},
    {"--count", "count", CLI_NUMBER, false, "how many"},
    ARGS_END,
};
static const struct cli_arg args_retire[] = {
    {"PERIOD", "period", CLI_TEXT, true, "the month whose secret key is destroyed, such as 2026-01"},
    {"--reason", "reason", CLI_TEXT, true, "why, for the record"},
    CLI_ARG_AUTHOR,
    ARGS_END,
};

const struct cli_verb cli_verbs_account[] = {
    {"status", NULL, "How the daemon and what it guards are doing.", NULL, "status", NULL, NULL},
    {"touched", NULL, "The exact persons that left, with fields, times and by whom.", args_touched, "touched",
        "space person login route meter fields first_us last_us", cli_touched},
    {"ledger", "checkpoint", "Print the newest signed checkpoint: keep it elsewhere.", NULL, "ledger.checkpoint", NULL,
        NULL},
    {"ledger", "cat", "Print entries of the ledger.", args_cat, "ledger.cat", "index at_us kind identity persons",
        NULL},
    {"ledger", "flush", "Bring everything journalled so far into the ledger.", NULL, "flush", NULL, NULL},
    {"ledger", "retire", "Destroy a month's key: its persons become unreadable, proofs stay.", args_retire,
        "ledger.retire", NULL, cli_call_with_author},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
