/* session: who is signed in, and ending it. */
#include "cli/author.h"
#include "cli/cli.h"

#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}

static const struct cli_arg args_list[] = {
    {"--scope", "scope", CLI_TEXT, false, "only those meant by this scope"},
    {"--limit", "limit", CLI_NUMBER, false, "at most so many"},
    ARGS_END,
};
static const struct cli_arg args_revoke[] = {
    {"--session", "session", CLI_NUMBER, false, "number of the session"},
    {"--scope", "scope", CLI_TEXT, false, "all sessions meant by this scope"},
    CLI_ARG_AUTHOR,
    ARGS_END,
};

const struct cli_verb cli_verbs_session[] = {
    {"session", "list", "List sessions.", args_list, "session.list",
        "session login organisation created_us last_seen_us stepped_up_us ends_us address user_agent", NULL},
    {"session", "revoke", "End sessions at once.", args_revoke, "session.revoke", NULL, cli_call_with_author},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
