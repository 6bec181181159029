#include "lab/control.h"

#include <stdio.h>
#include <string.h>

enum err
control_open(struct control *control, const char *path)
{
	enum err err;

	memset(control, 0, sizeof(*control));
	err = msg_connect(&control->msg, path);
	if (err != ERR_NONE)
		(void)snprintf(control->why, sizeof(control->why), "%s: the daemon does not answer: %s", path, err_text(err));
	return err;
}

void
control_close(struct control *control)
{
	msg_close(&control->msg);
}

static void
gather_rows(void *context, const json_t *frame)
{
	json_t *rows = json_object_get(frame, "rows");

	if (rows != NULL)
		(void)json_array_extend(context, rows);
}

static enum err
judge(struct control *control, const char *op, const json_t *answer)
{
	const char *message = json_string_value(json_object_get(answer, "message"));

	if (json_is_true(json_object_get(answer, "ok")))
		return ERR_NONE;
	(void)snprintf(control->why, sizeof(control->why), "%s: %s", op, message != NULL ? message : "refused without words");
	return ERR_DENIED;
}

enum err
control_call(struct control *control, const char *op, json_t *request, json_t **ret_answer)
{
	json_t *rows = json_array();
	json_t *answer = NULL;
	enum err err = ERR_NOMEM;

	if (rows != NULL && json_object_set_new(request, "op", json_string(op)) == 0)
		err = msg_call(&control->msg, request, gather_rows, rows, &answer);
	if (err != ERR_NONE)
		(void)snprintf(control->why, sizeof(control->why), "%s: the daemon went away: %s", op, err_text(err));
	else
		err = judge(control, op, answer);
	if (err == ERR_NONE && json_object_set(answer, "rows", rows) != 0)
		err = ERR_NOMEM;
	json_decref(rows);
	json_decref(request);
	if (err != ERR_NONE) {
		json_decref(answer);
		return err;
	}
	*ret_answer = answer;
	return ERR_NONE;
}

enum err
control_do(struct control *control, const char *op, json_t *request)
{
	json_t *answer = NULL;
	enum err err = control_call(control, op, request, &answer);

	json_decref(answer);
	return err;
}
