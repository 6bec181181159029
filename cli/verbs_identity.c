/* identity, organisation: who may sign in, and for whom they act. */
#include "cli/author.h"
#include "cli/cli.h"

#define ARG_IDENTITY {"IDENTITY", "identity", CLI_TEXT, true, "login, provider/subject, or #number"}
#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}

static const struct cli_arg args_add[] = {
    {"LOGIN", "login", CLI_TEXT, true, "the name to sign in with"},
    {"--name", "name", CLI_TEXT, false, "name shown to people"},
    {"--organisation", "organisation", CLI_TEXT, false, "key of the organisation"},
    {"--profile", "profile", CLI_TEXT, false, "what kind of user, such as partner"},
    {"--territory", "territory", CLI_TEXT, false, "where, such as fr-bre"},
    {"--person", "person", CLI_TEXT, false, "the own identifier of a data subject"},
    {"--created-by", "created_by", CLI_TEXT, false, "the identity that made this one"},
    {"--password", "password", CLI_TEXT, false, "first password, at least 12 characters"},
    {"--totp", "totp", CLI_FLAG, false, "make a secret for one-time codes and print it"},
    ARGS_END,
};
static const struct cli_arg args_import[] = {
    {"FILE", "identities", CLI_FILE_JSON, true, "a JSON array of identities, or - for standard input"},
    ARGS_END,
};
static const struct cli_arg args_list[] = {
    {"--organisation", "organisation", CLI_TEXT, false, "only those of this organisation"},
    {"--profile", "profile", CLI_TEXT, false, "only this profile"},
    {"--suspended", "suspended", CLI_FLAG, false, "only the suspended"},
    {"--query", "query", CLI_TEXT, false, "part of the login or name"},
    {"--limit", "limit", CLI_NUMBER, false, "at most so many"},
    ARGS_END,
};
static const struct cli_arg args_one[] = {ARG_IDENTITY, ARGS_END};
static const struct cli_arg args_suspend[] = {
    ARG_IDENTITY,
    {"--reason", "reason", CLI_TEXT, true, "why, for the record"},
    CLI_ARG_AUTHOR,
    ARGS_END,
};
static const struct cli_arg args_resume[] = {ARG_IDENTITY, CLI_ARG_AUTHOR, ARGS_END};
static const struct cli_arg args_suspect[] = {
    ARG_IDENTITY,
    {"--for", "for_s", CLI_DURATION, true, "how long accounts it created share its budget; 0s lifts it"},
    ARGS_END,
};
static const struct cli_arg args_organisation_add[] = {
    {"KEY", "organisation", CLI_TEXT, true, "its key, such as a SIRET or UAI number"},
    {"--name", "name", CLI_TEXT, true, "its name"},
    {"--territory", "territory", CLI_TEXT, false, "where, such as fr-bre"},
    {"--kind", "kind", CLI_TEXT, false, "what kind, such as training-body"},
    ARGS_END,
};
static const struct cli_arg args_organisation_import[] = {
    {"FILE", "organisations", CLI_FILE_JSON, true, "a JSON array of organisations, or - for standard input"},
    ARGS_END,
};

const struct cli_verb cli_verbs_identity[] = {
    {"identity", "add", "Add an account of our own.", args_add, "identity.add", NULL, NULL},
    {"identity", "import", "Add many accounts, all or none.", args_import, "identity.import", NULL, NULL},
    {"identity", "list", "List identities.", args_list, "identity.list",
        "identity login name profile organisation suspended suspect_until_us", NULL},
    {"identity", "show", "Show one identity.", args_one, "identity.show", NULL, NULL},
    {"identity", "suspend", "End its sessions and let it sign in no more.", args_suspend, "identity.suspend", NULL,
        cli_call_with_author},
    {"identity", "resume", "Let a suspended identity sign in again.", args_resume, "identity.resume", NULL,
        cli_call_with_author},
    {"identity", "suspect", "Make accounts that it created share its budget.", args_suspect, "identity.suspect", NULL,
        NULL},
    {"organisation", "add", "Add an organisation.", args_organisation_add, "organisation.add", NULL, NULL},
    {"organisation", "import", "Add many organisations.", args_organisation_import, "organisation.import", NULL, NULL},
    {"organisation", "list", "List organisations.", NULL, "organisation.list",
        "organisation key name territory kind identities", NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
