/*
 * budget_history: `tourniquet budget history FILE`: how many distinct persons each identity and organisation handled on
 * each day of a past log, handed to the daemon so that budgets can be learned before Tourniquet has a past of its own.
 */
#ifndef CLI_BUDGET_HISTORY_H
#define CLI_BUDGET_HISTORY_H

#include "cli/cli.h"

enum cli_exit cli_budget_history(struct cli_call *call);

#endif
