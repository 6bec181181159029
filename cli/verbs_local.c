/* What needs no daemon, or more than one call to it. */
#include "cli/cli.h"
#include "cli/config.h"
#include "cli/ledger_verify.h"

#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}

static const struct cli_arg args_config_check[] = {
    {"FILE", "file", CLI_TEXT, true, "the configuration file"},
    ARGS_END,
};

const struct cli_verb cli_verbs_local[] = {
    {"ledger", "verify", "Hold a ledger's files against its public key, offline.", cli_ledger_verify_args, NULL, NULL,
        cli_ledger_verify},
    {"config", "check", "Check a configuration file without starting anything.", args_config_check, NULL, NULL,
        cli_config_check},
    {"config", "keys", "Every key with its bounds and its default.", NULL, NULL, NULL, cli_config_keys},
    {"config", "reload", "Let the daemon read its configuration again.", NULL, "config.reload", NULL, NULL},
    {"config", "show", "Show the values in force.", NULL, "config.show", NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
