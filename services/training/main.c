/* training: a table of subcommands. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/training/commands.h"

static int command_help(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *words;
} commands[] = {
	{"serve", command_serve,
	    "--database FILE --socket PATH [--socket-group GROUP]\n"
	    "           [--listen 127.0.0.1:PORT] [--pages DIR] [--access caseload|open] [--threads N]\n"
	    "           [--provisioning-socket PATH --provisioning-token FILE [--provisioning-path PATH]]\n"
	    "      Serve the platform. Who asks is read from Remote-* headers: only the proxy\n"
	    "      that sets them may be able to open the socket (mode 0660, the given group)."},
	{"seed", command_seed,
	    "--database FILE --people N [--bodies 40] [--seed 1] [--reference DIR] [--progress]\n"
	    "      Make a new database with an invented population. The same seed makes the same people."},
	{"accounts", command_accounts,
	    "--database FILE [--job-seekers N]\n"
	    "      List the accounts, tab-separated: login, name, profile, organisation, person."},
	{"help", command_help, "\n      Say this."},
};

static int
command_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("training: a platform for the training files of job seekers\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  training %s %s\n", commands[i].name, commands[i].words);
	return EXIT_SUCCESS;
}

int
command_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("training: ", stderr);
	vfprintf(stderr, format, args);
	fputs(" (training help)\n", stderr);
	va_end(args);
	return EXIT_USAGE;
}

int
command_number(const char *option, const char *text, unsigned long long min,
    unsigned long long max, unsigned long long *ret_number)
{
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < min || number > max)
		return command_usage("--%s: a whole number from %llu to %llu is needed", option, min, max);
	*ret_number = number;
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 2)
		return command_usage("a subcommand is missing");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return command_help(argc, argv);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return command_usage("no subcommand is called \"%s\"", argv[1]);
}
