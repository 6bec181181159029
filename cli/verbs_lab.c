/* What needs the demonstration: its accounts, and the replay of a theft. */
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "lab/demo/demo.h"
#include "lab/replay/replay.h"

#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}
#define FEW 2

#define BYSTANDERS 40
#define BYSTANDERS_MAX 1000
#define GUARDED_S 60
#define UNGUARDED_S 600
#define REPLAY_COLUMNS \
	"strategy people unguarded guarded budget listed exact stopped_after bystanders refused stepped_up platform_up"

static const struct cli_arg args_setup[] = {
    {"--accounts", "accounts", CLI_TEXT, true, "the list that `training accounts` prints"},
    {"--out", "out", CLI_TEXT, true, "where the secrets go, or are already"},
    ARGS_END,
};
static const struct cli_arg args_accounts[] = {
    {"FILE", "file", CLI_TEXT, true, "the file that `demo setup` made"},
    ARGS_END,
};
static const struct cli_arg args_code[] = {
    {"FILE", "file", CLI_TEXT, true, "the file that `demo setup` made"},
    {"LOGIN", "login", CLI_TEXT, true, "whose code"},
    ARGS_END,
};

static const struct cli_arg args_replay[] = {
    {"--people", "people", CLI_NUMBER, false, "refuse to begin unless the platform has so many"},
    {"--base", "base", CLI_TEXT, false, "the platform behind the gate (https://localhost:8443)"},
    {"--plain", "plain", CLI_TEXT, false, "the same one without it (https://localhost:8444)"},
    {"--cacert", "cacert", CLI_TEXT, false, "PEM file of the certificate to trust"},
    {"--accounts", "accounts", CLI_TEXT, false, "of `demo setup`: bystanders work at their organisations (all)"},
    {"--rhythm", "rhythm", CLI_TEXT, false, "log reviewerId,vendorId,rating,date, plain or .xz (a model of one)"},
    {"--bystanders", "bystanders", CLI_NUMBER, false, "at most so many (40)"},
    {"--strategies", "strategies", CLI_LIST, false, "list walk export parallel sessions accounts stale (all)"},
    {"--time", "time_s", CLI_DURATION, false, "how long a strategy may go on without the gate (10m)"},
    ARGS_END,
};

static const char *
text_of(const struct cli_call *call, const char *key)
{
	return json_string_value(json_object_get(call->request, key));
}

static enum cli_exit
run_setup(struct cli_call *call)
{
	struct demo_options options = {call->socket_path, text_of(call, "accounts"), text_of(call, "out")};
	struct demo_counts counts;
	char why[DEMO_WHY_MAX] = "";
	json_t *said;

	if (demo_setup(&options, &counts, why) != ERR_NONE) {
		cli_complain("%s", why);
		return CLI_FAILED;
	}
	said = json_pack("{s:I, s:I, s:I, s:I}", "organisations", (json_int_t)counts.organisations, "added",
	    (json_int_t)counts.added, "renewed", (json_int_t)counts.renewed, "kept", (json_int_t)counts.kept);
	cli_print_object(call, said);
	json_decref(said);
	return CLI_DONE;
}

static enum cli_exit
read_accounts(const struct cli_call *call, json_t **ret_accounts)
{
	char why[DEMO_WHY_MAX] = "";

	if (demo_read(text_of(call, "file"), ret_accounts, why) == ERR_NONE)
		return CLI_DONE;
	cli_complain("%s", why);
	return CLI_NO;
}

static enum cli_exit
run_accounts(struct cli_call *call)
{
	json_t *accounts = NULL, *few;
	enum cli_exit status = read_accounts(call, &accounts);

	if (status != CLI_DONE)
		return status;
	few = demo_few(accounts, FEW);
	cli_print_rows(call, few, "login password totp_secret profile organisation");
	json_decref(few);
	json_decref(accounts);
	return CLI_DONE;
}

static enum cli_exit
run_code(struct cli_call *call)
{
	json_t *accounts = NULL, *said;
	char why[DEMO_WHY_MAX] = "";
	char code[7];
	enum cli_exit status = read_accounts(call, &accounts);

	if (status != CLI_DONE)
		return status;
	if (demo_code(accounts, text_of(call, "login"), clock_now_us(clock_system()), code, why) != ERR_NONE) {
		cli_complain("%s", why);
		status = CLI_NO;
	} else if (call->json) {
		said = json_pack("{s:s}", "code", code);
		cli_print_object(call, said);
		json_decref(said);
	} else {
		(void)fprintf(call->out, "%s\n", code);
	}
	json_decref(accounts);
	return status;
}

static void
show_progress(void *context, const char *words)
{
	(void)context;
	(void)fprintf(stderr, "replay: %s\n", words);
}

static bool
choose_strategies(const struct cli_call *call, struct replay_options *options)
{
	json_t *list = json_object_get(call->request, "strategies");
	json_t *item;
	size_t i;

	for (enum replay_strategy s = 0; s < REPLAY_STRATEGY_MAX; s++)
		options->strategies[s] = list == NULL;
	json_array_foreach(list, i, item) {
		enum replay_strategy s = 0;

		while (s < REPLAY_STRATEGY_MAX && strcmp(replay_strategy_name(s), json_string_value(item)) != 0)
			s++;
		if (s == REPLAY_STRATEGY_MAX) {
			cli_complain("there is no strategy \"%s\"", json_string_value(item));
			return false;
		}
		options->strategies[s] = true;
	}
	return true;
}

static const char *
text_or(const struct cli_call *call, const char *key, const char *otherwise)
{
	const char *text = text_of(call, key);

	return text != NULL ? text : otherwise;
}

static json_int_t
number_or(const struct cli_call *call, const char *key, json_int_t otherwise)
{
	json_t *number = json_object_get(call->request, key);

	return number != NULL ? json_integer_value(number) : otherwise;
}

/* The same under names short enough for one line. */
static json_t *
rows_for_people(const json_t *results)
{
	static const char *const names[][2] = {{"strategy", "strategy"}, {"people", "people_in_platform"},
	    {"unguarded", "people_disclosed_unguarded"}, {"guarded", "people_disclosed_guarded"}, {"budget", "budget"},
	    {"listed", "people_listed"}, {"exact", "list_exact"}, {"bystanders", "bystander_requests"},
	    {"refused", "bystander_refused"}, {"stepped_up", "bystander_stepped_up"}, {"platform_up", "platform_up"}};
	json_t *rows = json_array();
	json_t *result;
	size_t i;

	json_array_foreach(results, i, result) {
		json_t *seconds = json_object_get(result, "seconds_to_stop");
		json_t *row = json_object();
		char text[32];

		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			(void)json_object_set(row, names[n][0], json_object_get(result, names[n][1]));
		(void)snprintf(text, sizeof(text), "%.2f s", json_number_value(seconds));
		(void)json_object_set_new(row, "stopped_after", json_is_null(seconds) ? json_null() : json_string(text));
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

static enum cli_exit
run_replay(struct cli_call *call)
{
	struct replay_options options = {
	    .socket_path = call->socket_path,
	    .guarded = text_or(call, "base", "https://localhost:8443"),
	    .plain = text_or(call, "plain", "https://localhost:8444"),
	    .cacert = text_of(call, "cacert"),
	    .accounts = text_of(call, "accounts"),
	    .rhythm = text_of(call, "rhythm"),
	    .people = (uint64_t)number_or(call, "people", 0),
	    .bystanders = (unsigned)number_or(call, "bystanders", BYSTANDERS),
	    .guarded_s = GUARDED_S,
	    .unguarded_s = (unsigned)number_or(call, "time_s", UNGUARDED_S),
	    .progress = show_progress,
	};
	char why[REPLAY_WHY_MAX] = "";
	json_t *results = NULL;

	if (options.bystanders < 1 || options.bystanders > BYSTANDERS_MAX || !choose_strategies(call, &options))
		return CLI_USAGE;
	if (replay_kairos(&options, &results, why) != ERR_NONE) {
		cli_complain("%s", why);
		return CLI_FAILED;
	}
	if (call->json) {
		cli_print_rows(call, results, REPLAY_COLUMNS);
	} else {
		json_t *rows = rows_for_people(results);

		cli_print_rows(call, rows, REPLAY_COLUMNS);
		json_decref(rows);
	}
	json_decref(results);
	return CLI_DONE;
}

const struct cli_verb cli_verbs_lab[] = {
    {"demo", "setup", "Make sign-in accounts for the demonstration platform.", args_setup, NULL, NULL, run_setup},
    {"demo", "accounts", "Show a few of them to try.", args_accounts, NULL, NULL, run_accounts},
    {"demo", "code", "Show an account's code of this moment.", args_code, NULL, NULL, run_code},
    {"replay", "kairos", "Do the Kairos theft again on the running stack, with and without the gate, and measure it.",
        args_replay, NULL, NULL, run_replay},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
