/* touched: the list of the persons that left, as a table, CSV or JSON. */
#ifndef CLI_TOUCHED_H
#define CLI_TOUCHED_H

#include "cli/cli.h"

enum cli_exit cli_touched(struct cli_call *call);

#endif
