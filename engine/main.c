/* main: tourniquetd's command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "engine/supervisor.h"

struct arguments {
	const char *config;
	bool check;
	bool allow_no_sandbox;
	bool rebuild;
};

static const char usage[] =
    "usage: tourniquetd --config FILE [--check] [--allow-no-sandbox] [--new-maps]\n"
    "       tourniquetd --version | --help\n"
    "\n"
    "  --config FILE        the configuration, see tourniquet.conf(5)\n"
    "  --check              say whether the configuration is right, and stop\n"
    "  --allow-no-sandbox   start even where the kernel cannot filter system calls\n"
    "  --new-maps           make new maps and count the budgets anew from the ledger\n";

/* Returns -1 to go on, or the exit status. */
static int
read_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },
		{ "allow-no-sandbox", no_argument, NULL, 'n' },
		{ "new-maps", no_argument, NULL, 'm' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			a->config = optarg;
			break;
		case 'k':
			a->check = true;
			break;
		case 'n':
			a->allow_no_sandbox = true;
			break;
		case 'm':
			a->rebuild = true;
			break;
		case 'v':
			(void)printf("tourniquetd %s\n", TOURNIQUET_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			(void)fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			(void)fputs(usage, stderr);
			return 2;
		}
	}
	if (a->config != NULL && optind == argc)
		return -1;
	(void)fputs(usage, stderr);
	return 2;
}

static int
load(const char *path, struct config **ret_config)
{
	struct bytes complaints;
	enum err err;

	bytes_init(&complaints, 256u << 10);
	err = config_load(path, ret_config, &complaints);
	if (err != ERR_NONE && complaints.len > 0)
		(void)fwrite(complaints.data, 1, complaints.len, stderr);
	else if (err != ERR_NONE)
		(void)fprintf(stderr, "%s: %s\n", path, err_text(err));
	bytes_wipe(&complaints);
	return err == ERR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Whether to use the sandbox; ERR_UNSUPPORTED where there is none and none was allowed. */
static enum err
decide_sandbox(const struct arguments *a, bool *ret_sandbox)
{
	const char *why = "";

	*ret_sandbox = sandbox_available(&why) == ERR_NONE;
	if (*ret_sandbox)
		return ERR_NONE;
	if (a->allow_no_sandbox) {
		log_warn("without a sandbox, as allowed: %s", why);
		return ERR_NONE;
	}
	log_error("%s; --allow-no-sandbox starts all the same", why);
	return ERR_UNSUPPORTED;
}

int
main(int argc, char **argv)
{
	struct supervisor_options options = { .sandbox = true };
	struct arguments arguments = { .config = NULL };
	char config_file[PATH_MAX];
	int status = read_arguments(argc, argv, &arguments);

	if (status >= 0)
		return status;
	log_init("tourniquetd", STDERR_FILENO, LOG_INFO);
	status = load(arguments.config, &options.config);
	if (status != EXIT_SUCCESS)
		return status;
	if (realpath(arguments.config, config_file) == NULL)
		(void)snprintf(config_file, sizeof(config_file), "%s", arguments.config);
	if (arguments.check) {
		(void)printf("%s: right\n", arguments.config);
	} else if (decide_sandbox(&arguments, &options.sandbox) == ERR_NONE) {
		log_init("tourniquetd", STDERR_FILENO, (enum log_level)options.config->log_level);
		options.config_file = config_file;
		options.rebuild = arguments.rebuild;
		status = supervisor_run(&options);
	} else
		status = EXIT_FAILURE;
	config_free(options.config);
	return status;
}
