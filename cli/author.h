/* author: who gives a command, for the record: --author, else the name of the user who types. */
#ifndef CLI_AUTHOR_H
#define CLI_AUTHOR_H

#include "cli/cli.h"

/* The row of a verb's table. */
#define CLI_ARG_AUTHOR {"--author", "author", CLI_TEXT, false, "who decides; default: the user who types this"}

/* Fill in the author where none was given, then call the verb's operation. */
enum cli_exit cli_call_with_author(struct cli_call *call);

#endif
