/* command_seed: `training seed`. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "services/training/commands.h"
#include "services/training/population.h"
#include "services/training/reference.h"
#include "services/training/seed.h"

#define BAR_WIDTH 40

struct arguments {
	const char *database;
	const char *reference;
	unsigned long long people;
	unsigned long long bodies;
	unsigned long long seed;
	bool progress;
};

static const struct option options[] = {
	{"database", required_argument, NULL, 'd'},
	{"people", required_argument, NULL, 'n'},
	{"bodies", required_argument, NULL, 'b'},
	{"seed", required_argument, NULL, 's'},
	{"reference", required_argument, NULL, 'r'},
	{"progress", no_argument, NULL, 'p'},
	{NULL, 0, NULL, 0},
};

static int
take_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 'd':
		arguments->database = optarg;
		return 0;
	case 'n':
		return command_number("people", optarg, 1, POPULATION_MAX, &arguments->people);
	case 'b':
		return command_number("bodies", optarg, 1, SEED_BODIES_MAX, &arguments->bodies);
	case 's':
		return command_number("seed", optarg, 0, UINT64_MAX, &arguments->seed);
	case 'r':
		arguments->reference = optarg;
		return 0;
	case 'p':
		arguments->progress = true;
		return 0;
	default:
		return EXIT_USAGE;
	}
}

static int
read_arguments(int argc, char **argv, struct arguments *arguments)
{
	int option;
	int failed = 0;

	*arguments = (struct arguments){.bodies = 40, .seed = 1, .progress = isatty(STDERR_FILENO) == 1};
	optind = 1;
	while (failed == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		failed = take_option(arguments, option);
	if (failed != 0)
		return failed;
	if (optind < argc)
		return command_usage("seed: \"%s\" is not expected", argv[optind]);
	if (arguments->database == NULL)
		return command_usage("seed: --database FILE is missing");
	if (arguments->people == 0)
		return command_usage("seed: --people N is missing");
	return 0;
}

static void
draw_bar(void *context, uint64_t done, uint64_t total)
{
	unsigned full = (unsigned)(done * BAR_WIDTH / total);

	(void)context;
	fprintf(stderr, "\r[");
	for (unsigned i = 0; i < BAR_WIDTH; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %3u %%  %llu people%s", (unsigned)(done * 100 / total),
	    (unsigned long long)done, done == total ? "\n" : "");
}

int
command_seed(int argc, char **argv)
{
	struct arguments arguments;
	struct reference *reference;
	const char *why;
	enum err err;
	int failed = read_arguments(argc, argv, &arguments);

	if (failed != 0)
		return failed;
	err = reference_load(arguments.reference, &reference, &why);
	if (err != ERR_NONE) {
		fprintf(stderr, "training: seed: reference data, %s: %s\n", why, err_text(err));
		return EXIT_FAILURE;
	}
	struct seed_options seed = {
	    .database = arguments.database,
	    .people = arguments.people,
	    .bodies = (unsigned)arguments.bodies,
	    .seed = arguments.seed,
	    .reference = reference,
	    .progress = arguments.progress ? draw_bar : NULL,
	};
	err = seed_run(&seed, &why);
	reference_free(reference);
	if (err == ERR_NONE)
		return EXIT_SUCCESS;
	fprintf(stderr, "training: seed: %s: %s\n", arguments.database, why);
	return EXIT_FAILURE;
}
