/* verbs: finding a verb among the tables, and telling what there is. */
#include <string.h>

#include "cli/cli.h"

static const struct cli_verb *const tables[] = {cli_verbs_account, cli_verbs_order, cli_verbs_budget,
    cli_verbs_identity, cli_verbs_session, cli_verbs_local, cli_verbs_lab};

void
cli_each(bool (*each)(void *context, const struct cli_verb *verb), void *context)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct cli_verb *verb = tables[i]; verb->family != NULL; verb++)
			if (!each(context, verb))
				return;
}

struct search {
	int argc;
	char **argv;
	const struct cli_verb *found;
	int used;
};

static bool
try_verb(void *context, const struct cli_verb *verb)
{
	struct search *search = context;
	int words = verb->name != NULL ? 2 : 1;

	if (search->argc < words || strcmp(search->argv[0], verb->family) != 0)
		return true;
	if (verb->name != NULL && strcmp(search->argv[1], verb->name) != 0)
		return true;
	search->found = verb;
	search->used = words;
	return false;
}

const struct cli_verb *
cli_find(int argc, char **argv, int *ret_used)
{
	struct search search = {.argc = argc, .argv = argv};

	cli_each(try_verb, &search);
	*ret_used = search.used;
	return search.found;
}

static void
print_usage(FILE *out, const struct cli_verb *verb)
{
	(void)fprintf(out, "%s%s%s", verb->family, verb->name != NULL ? " " : "", verb->name != NULL ? verb->name : "");
	for (const struct cli_arg *arg = verb->args; arg != NULL && arg->name != NULL; arg++) {
		(void)fprintf(out, " %s%s%s%s", arg->required ? "" : "[", arg->name,
		    arg->name[0] == '-' && arg->kind != CLI_FLAG ? " VALUE" : "", arg->required ? "" : "]");
	}
}

static bool
print_line(void *context, const struct cli_verb *verb)
{
	(void)fputs("  tourniquet ", context);
	print_usage(context, verb);
	(void)fprintf(context, "\n      %s\n", verb->help);
	return true;
}

void
cli_print_help(FILE *out)
{
	(void)fputs("tourniquet keeps a platform open when an identity on it has been stolen.\n\n", out);
	cli_each(print_line, out);
	(void)fputs("\nEverywhere: --json for programs, --socket PATH of the daemon, --help, --version.\n"
	            "tourniquet(1) tells more.\n",
	    out);
}

void
cli_print_verb_help(FILE *out, const struct cli_verb *verb)
{
	(void)fputs("tourniquet ", out);
	print_usage(out, verb);
	(void)fprintf(out, "\n%s\n", verb->help);
	for (const struct cli_arg *arg = verb->args; arg != NULL && arg->name != NULL; arg++)
		(void)fprintf(out, "  %-20s %s\n", arg->name, arg->help);
}
