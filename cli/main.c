/* main: words to verb, verb to call. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"

#define DEFAULT_SOCKET "/run/tourniquet/control.sock"

/* Options before the verb, so that `tourniquet --json status` works like `tourniquet status --json`. */
static int
skip_common(int argc, char **argv, struct cli_call *call)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			call->json = true;
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			call->socket_path = argv[++i];
		else
			break;
	}
	return i;
}

static enum cli_exit
run(struct cli_call *call)
{
	return call->verb->run != NULL ? call->verb->run(call) : cli_call_remote(call);
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	const char *socket_path = getenv("TOURNIQUET_SOCKET");
	struct cli_call call = {.out = stdout, .socket_path = socket_path != NULL ? socket_path : DEFAULT_SOCKET};
	enum cli_exit status = CLI_USAGE;
	int used = 0;
	int first = skip_common(argc, argv, &call);

	log_init("tourniquet", 2, LOG_WARN);
	if (first == argc || strcmp(argv[first], "help") == 0 || strcmp(argv[first], "--help") == 0) {
		cli_print_help(first == argc ? stderr : stdout);
		return first == argc ? CLI_USAGE : CLI_DONE;
	}
	if (strcmp(argv[first], "--version") == 0) {
		(void)puts("tourniquet " TOURNIQUET_VERSION);
		return CLI_DONE;
	}
	call.verb = cli_find(argc - first, argv + first, &used);
	if (call.verb == NULL) {
		cli_complain("there is no command \"%s%s%s\"; tourniquet help lists them", argv[first],
		    first + 1 < argc ? " " : "", first + 1 < argc ? argv[first + 1] : "");
		return CLI_USAGE;
	}
	if (asks_for_help(argc - first - used, argv + first + used)) {
		cli_print_verb_help(stdout, call.verb);
		return CLI_DONE;
	}
	call.request = json_object();
	if (call.request != NULL && cli_read_args(&call, argc - first - used, argv + first + used))
		status = run(&call);
	json_decref(call.request);
	if (fflush(stdout) != 0 && status == CLI_DONE) {
		cli_complain("the output could not be written");
		status = CLI_FAILED;
	}
	return (int)status;
}
