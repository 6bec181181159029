/*
 * ledger_verify: `tourniquet ledger verify DIR --key FILE [--since CHECKPOINT]`,
 * offline, from files alone. Exit status: CLI_DONE where the ledger is intact,
 * CLI_NO where it is not, CLI_USAGE for a file of the caller that is of no use.
 */
#ifndef CLI_LEDGER_VERIFY_H
#define CLI_LEDGER_VERIFY_H

#include "cli/cli.h"

extern const struct cli_arg cli_ledger_verify_args[];

enum cli_exit cli_ledger_verify(struct cli_call *call);

#endif
