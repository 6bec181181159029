/* What needs the demonstration: its accounts, and the replay of a theft. */
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "lab/demo/demo.h"

#define ARGS_END {NULL, NULL, CLI_TEXT, false, NULL}
#define FEW 2

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

const struct cli_verb cli_verbs_lab[] = {
    {"demo", "setup", "Make sign-in accounts for the demonstration platform.", args_setup, NULL, NULL, run_setup},
    {"demo", "accounts", "Show a few of them to try.", args_accounts, NULL, NULL, run_accounts},
    {"demo", "code", "Show an account's code of this moment.", args_code, NULL, NULL, run_code},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
