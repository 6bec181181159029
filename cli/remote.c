/* remote: calls over the control socket. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/msg.h"
#include "cli/cli.h"

/* Rows gathered while the answer is on its way. */
struct gathering {
	json_t *rows;
	bool failed;
};

static void
on_frame(void *context, const json_t *frame)
{
	struct gathering *gathering = context;
	json_t *progress = json_object_get(frame, "progress");
	json_t *rows = json_object_get(frame, "rows");

	if (rows != NULL && json_array_extend(gathering->rows, rows) != 0)
		gathering->failed = true;
	if (progress != NULL)
		cli_progress(json_string_value(json_object_get(progress, "what")),
		    json_number_value(json_object_get(progress, "done")), json_number_value(json_object_get(progress, "of")));
}

static enum cli_exit
connect_to_daemon(const struct cli_call *call, struct msg *msg)
{
	switch (msg_connect(msg, call->socket_path)) {
	case ERR_NONE:
		return CLI_DONE;
	case ERR_DENIED:
		cli_complain("%s: you may not speak to the daemon; it answers its own user and root", call->socket_path);
		return CLI_AWAY;
	case ERR_NOT_FOUND:
		cli_complain("%s: the daemon is not running, or listens elsewhere (--socket)", call->socket_path);
		return CLI_AWAY;
	default:
		cli_complain("%s: cannot connect to the daemon", call->socket_path);
		return CLI_AWAY;
	}
}

static enum cli_exit
judge(const json_t *answer)
{
	const char *message = json_string_value(json_object_get(answer, "message"));
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (json_is_true(json_object_get(answer, "ok")))
		return CLI_DONE;
	cli_complain("%s", message != NULL ? message : "the daemon refused without words");
	return error != NULL && strcmp(error, "usage") == 0 ? CLI_USAGE : CLI_NO;
}

enum cli_exit
cli_ask(struct cli_call *call, const char *op, json_t *request, json_t **ret_answer)
{
	struct gathering gathering = {.rows = json_array()};
	struct msg msg;
	json_t *answer = NULL;
	enum cli_exit status = connect_to_daemon(call, &msg);

	if (status != CLI_DONE)
		goto out;
	status = CLI_AWAY;
	if (json_object_set_new(request, "op", json_string(op)) != 0 ||
	    msg_call(&msg, request, on_frame, &gathering, &answer) != ERR_NONE) {
		cli_complain("the daemon went away before it answered");
	} else if (gathering.failed) {
		cli_complain("out of memory for the rows of the answer");
		status = CLI_FAILED;
	} else {
		status = judge(answer);
	}
	msg_close(&msg);
	if (status == CLI_DONE && json_array_size(gathering.rows) != 0)
		(void)json_object_set(answer, "rows", gathering.rows);
	if (status == CLI_DONE)
		*ret_answer = json_incref(answer);
out:
	json_decref(answer);
	json_decref(gathering.rows);
	json_decref(request);
	return status;
}

enum cli_exit
cli_call_remote(struct cli_call *call)
{
	json_t *answer = NULL, *rows;
	enum cli_exit status = cli_ask(call, call->verb->op, json_incref(call->request), &answer);

	if (status != CLI_DONE)
		return status;
	rows = json_incref(json_object_get(answer, "rows"));
	json_object_del(answer, "rows");
	json_object_del(answer, "ok");
	json_object_del(answer, "id");
	if (call->verb->columns == NULL) {
		cli_print_object(call, answer);
	} else {
		json_t *empty = json_array();

		cli_print_rows(call, rows != NULL ? rows : empty, call->verb->columns);
		/* Totals that follow a list are for people; a program has the list. */
		if (!call->json && json_object_size(answer) != 0)
			cli_print_object(call, answer);
		json_decref(empty);
	}
	json_decref(rows);
	json_decref(answer);
	return CLI_DONE;
}
