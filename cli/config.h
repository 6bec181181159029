/* config: `tourniquet config check FILE` and `config keys`, offline; every complaint with its line. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/cli.h"

enum cli_exit cli_config_check(struct cli_call *call);
enum cli_exit cli_config_keys(struct cli_call *call);

#endif
