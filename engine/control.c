#include "engine/control.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/msg.h"
#include "engine/keeper.h"
#include "engine/loop.h"
#include "engine/mailbox.h"
#include "engine/pool.h"

/* Connections at a time, and calls of one connection that are not answered yet. */
#define PEERS_MAX 256
#define PEER_CALLS_MAX 2048
/* A peer is not read from while so much waits for it. */
#define PEER_PAUSE_BYTES (4u << 20)
/* While more than this waits for its peer, a part counts as under way. */
#define PART_PAUSE_BYTES (2u << 20)
/* A peer that takes nothing of a long answer for so long is cut off. */
#define PART_PATIENCE_US 20000000ULL

struct peer {
	struct peer *next;
	struct control *control;
	struct msg msg;
	unsigned permit;
	struct op_call *calls;
	unsigned n_calls;
	bool dead; /* closed as soon as no function of ours is on the stack */
};

struct op_call {
	struct op_call *next; /* of the peer */
	struct engine *engine;
	struct peer *peer;    /* NULL: gone */
	json_t *request;
	json_t *id;           /* NULL: none was given */
	const struct op *op;
};

struct control {
	struct engine *engine;
	struct mailbox *box;
	struct peer *peers;
	unsigned n_peers;
	unsigned n_calls;
	int listen_fd;
	/* One long answer at a time, since the keeper works on one. */
	struct op_call *part_call;
	struct keeper_part part; /* the last one */
	unsigned parts_owed;
	size_t part_backlog;    /* when it was last seen to shrink */
	uint64_t part_moved_us;
};

/* A call's work on the pool. */
struct deferred {
	struct pool_job job;
	struct op_call *call;
	void (*work)(void *job);
	void (*done)(struct engine *engine, struct op_call *call, void *job);
	void *context;
};

static void peer_ready(void *context, short events);

static void
open_letters(void *context, short events)
{
	struct control *control = context;

	(void)events;
	mailbox_open_letters(control->box, control->engine);
}

enum err
control_open(struct engine *engine, struct control **ret_control)
{
	struct control *control = calloc(1, sizeof(*control));
	enum err err;

	if (control == NULL)
		return ERR_NOMEM;
	control->engine = engine;
	control->listen_fd = -1;
	err = mailbox_open(&control->box);
	if (err == ERR_NONE)
		err = loop_watch(engine->loop, mailbox_descriptor(control->box), POLLIN, open_letters, control);
	if (err != ERR_NONE) {
		mailbox_free(control->box);
		free(control);
		return err;
	}
	*ret_control = control;
	return ERR_NONE;
}

struct mailbox *
control_mailbox(struct control *control)
{
	return control->box;
}

static void
peer_close(struct peer *peer)
{
	struct control *control = peer->control;
	struct peer **at = &control->peers;

	for (struct op_call *call = peer->calls; call != NULL; call = call->next)
		call->peer = NULL;
	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	control->n_peers--;
	loop_forget(control->engine->loop, peer->msg.fd);
	msg_close(&peer->msg);
	free(peer);
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	while (control->peers != NULL)
		peer_close(control->peers);
	if (control->listen_fd >= 0) {
		loop_forget(control->engine->loop, control->listen_fd);
		close(control->listen_fd);
	}
	loop_forget(control->engine->loop, mailbox_descriptor(control->box));
	mailbox_free(control->box);
	free(control);
}

enum err
control_adopt(struct control *control, int fd, enum op_permit permit)
{
	struct peer *peer;
	enum err err;

	if (control->n_peers >= PEERS_MAX || (peer = calloc(1, sizeof(*peer))) == NULL) {
		close(fd);
		return ERR_SPACE;
	}
	peer->control = control;
	peer->permit = permit;
	err = msg_open(&peer->msg, fd);
	if (err == ERR_NONE)
		err = loop_watch(control->engine->loop, fd, POLLIN, peer_ready, peer);
	if (err != ERR_NONE) {
		close(fd);
		free(peer);
		return err;
	}
	peer->next = control->peers;
	control->peers = peer;
	control->n_peers++;
	return ERR_NONE;
}

static void
accept_one(void *context, short events)
{
	struct control *control = context;
	int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (control_adopt(control, fd, OP_OPERATOR) != ERR_NONE)
		log_warn("a control connection was refused: there are too many");
}

enum err
control_listen(struct control *control, int fd)
{
	control->listen_fd = fd;
	return loop_watch(control->engine->loop, fd, POLLIN, accept_one, control);
}

/* Send to the peer of a call, if it is still there. */
static void
call_send(struct op_call *call, json_t *frame)
{
	struct peer *peer = call->peer;

	if (peer == NULL || peer->dead)
		return;
	if ((call->id != NULL && json_object_set(frame, "id", call->id) != 0) ||
	    msg_send(&peer->msg, frame) != ERR_NONE)
		peer->dead = true;
	/* The loop comes back to a dead peer by its hang-up or by POLLOUT. */
	loop_change(peer->control->engine->loop, peer->msg.fd, POLLIN | POLLOUT);
}

/* Tell the keeper of all parts that it waits for. */
static void
settle_parts(struct control *control, bool wanted)
{
	for (; control->parts_owed > 0; control->parts_owed--)
		keeper_part_done(control->part.keeper, control->part.serial, wanted);
}

void
control_part_sent(struct control *control, struct op_call *call, const struct keeper_part *part)
{
	if (!op_is_wanted(call) || op_backlog(call) <= PART_PAUSE_BYTES) {
		keeper_part_done(part->keeper, part->serial, op_is_wanted(call));
		return;
	}
	control->part = *part;
	control->part_call = call;
	control->parts_owed++;
	control->part_backlog = op_backlog(call);
	control->part_moved_us = clock_monotonic_us();
}

void
control_tick(struct control *control)
{
	struct op_call *call = control->part_call;
	uint64_t now_us = clock_monotonic_us();

	if (control->parts_owed == 0)
		return;
	if (op_is_wanted(call) && op_backlog(call) < control->part_backlog) {
		control->part_backlog = op_backlog(call);
		control->part_moved_us = now_us;
	}
	if (now_us > control->part_moved_us + PART_PATIENCE_US && call->peer != NULL)
		call->peer->dead = true;
	if (!op_is_wanted(call) || op_backlog(call) <= PART_PAUSE_BYTES)
		settle_parts(control, op_is_wanted(call));
}

static void
call_free(struct op_call *call)
{
	struct peer *peer = call->peer;

	call->engine->control->n_calls--;
	if (call->engine->control->part_call == call) {
		settle_parts(call->engine->control, true);
		call->engine->control->part_call = NULL;
	}
	if (peer != NULL) {
		struct op_call **at = &peer->calls;

		while (*at != call)
			at = &(*at)->next;
		*at = call->next;
		peer->n_calls--;
	}
	json_decref(call->id);
	json_decref(call->request);
	free(call);
}

void
op_answer(struct op_call *call, json_t *object)
{
	json_t *answer = object != NULL ? object : json_object();

	if (answer == NULL || json_object_set_new(answer, "ok", json_true()) != 0)
		log_error("no memory for the answer to %s", call->op == NULL ? "a request" : call->op->name);
	else
		call_send(call, answer);
	json_decref(answer);
	call_free(call);
}

void
op_refuse_with(struct op_call *call, enum err err, json_t *more, const char *message)
{
	json_t *answer = json_pack("{sbssss}", "ok", 0, "error", err_name(err), "message", message);

	if (answer != NULL && more != NULL && json_object_update_missing(answer, more) != 0)
		log_error("no memory for an answer");
	json_decref(more);
	if (answer != NULL)
		call_send(call, answer);
	json_decref(answer);
	call_free(call);
}

void
op_refuse(struct op_call *call, enum err err, const char *format, ...)
{
	char words[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	op_refuse_with(call, err, NULL, words);
}

void
op_progress(struct op_call *call, uint64_t done, uint64_t of, const char *what)
{
	json_t *frame = json_pack("{s{sIsIss}}", "progress", "done", (json_int_t)done, "of", (json_int_t)of, "what", what);

	if (frame != NULL)
		call_send(call, frame);
	json_decref(frame);
}

void
op_rows(struct op_call *call, json_t *rows)
{
	json_t *frame = json_pack("{so}", "rows", rows);

	if (frame != NULL)
		call_send(call, frame);
	json_decref(frame);
}

size_t
op_rows_text(struct op_call *call, const char *text, size_t len)
{
	struct peer *peer = call->peer;
	struct bytes frame;
	enum err err;

	if (peer == NULL || peer->dead)
		return 0;
	bytes_init(&frame, MSG_MAX);
	if (call->id != NULL)
		err = bytes_printf(&frame, "{\"id\":%lld,\"rows\":[", (long long)json_integer_value(call->id));
	else
		err = bytes_append_text(&frame, "{\"rows\":[");
	if (err == ERR_NONE)
		err = bytes_append(&frame, text, len);
	if (err == ERR_NONE)
		err = bytes_append_text(&frame, "]}");
	if (err == ERR_NONE)
		err = msg_send_text(&peer->msg, (const char *)frame.data, frame.len);
	bytes_wipe(&frame);
	if (err != ERR_NONE)
		peer->dead = true;
	loop_change(peer->control->engine->loop, peer->msg.fd, POLLIN | POLLOUT);
	return op_backlog(call);
}

bool
op_is_wanted(const struct op_call *call)
{
	return call->peer != NULL && !call->peer->dead;
}

size_t
op_backlog(const struct op_call *call)
{
	return call->peer == NULL ? 0 : msg_backlog(&call->peer->msg);
}

json_t *
op_request(const struct op_call *call)
{
	return call->request;
}

/* Is `key` among the blank-separated words of `keys`? */
static bool
listed(const char *keys, const char *key)
{
	size_t len = strlen(key);
	const char *at = keys;

	while (*at != '\0') {
		size_t word = strcspn(at, " ");

		if (word == len && memcmp(at, key, len) == 0)
			return true;
		at += word;
		at += strspn(at, " ");
	}
	return false;
}

static const char *
unknown_key(const struct op_call *call)
{
	const char *key;
	json_t *value;

	json_object_foreach(call->request, key, value)
		if (strcmp(key, "op") != 0 && strcmp(key, "id") != 0 && !listed(call->op->keys, key))
			return key;
	return NULL;
}

/* A frame has come: make a call of it and run it. */
static void
dispatch(struct peer *peer, json_t *request)
{
	struct op_call *call = calloc(1, sizeof(*call));
	json_t *id = json_object_get(request, "id");
	const char *name = json_string_value(json_object_get(request, "op"));
	const char *stray;

	if (call == NULL) {
		json_decref(request);
		peer->dead = true;
		return;
	}
	call->engine = peer->control->engine;
	call->request = request;
	call->id = json_is_integer(id) ? json_incref(id) : NULL;
	call->peer = peer;
	call->next = peer->calls;
	peer->calls = call;
	peer->n_calls++;
	peer->control->n_calls++;
	call->op = name == NULL ? NULL : ops_find(name);
	if (id != NULL && call->id == NULL)
		op_refuse(call, ERR_USAGE, "id must be an integer");
	else if (name == NULL)
		op_refuse(call, ERR_USAGE, "op is missing");
	else if (call->op == NULL || (call->op->permit & peer->permit) == 0)
		op_refuse(call, ERR_NOT_FOUND, "there is no operation %.60s", name);
	else if ((stray = unknown_key(call)) != NULL)
		op_refuse(call, ERR_USAGE, "%s does not take %.60s", name, stray);
	else
		call->op->run(call->engine, call);
}

static void
peer_read(struct peer *peer)
{
	json_t *request;
	enum err err = msg_fill(&peer->msg);

	if (err != ERR_NONE && err != ERR_BUSY)
		peer->dead = true;
	while (!peer->dead && (err = msg_next(&peer->msg, &request)) == ERR_NONE)
		dispatch(peer, request);
	if (err == ERR_FORMAT)
		peer->dead = true;
}

/* What is to be waited for on this peer's socket. */
static void
peer_update(struct peer *peer)
{
	size_t waiting = msg_backlog(&peer->msg);
	bool read = waiting < PEER_PAUSE_BYTES && peer->n_calls < PEER_CALLS_MAX;

	loop_change(peer->control->engine->loop, peer->msg.fd,
	    (short)((read ? POLLIN : 0) | (waiting > 0 ? POLLOUT : 0)));
	/* A long answer goes on as its peer takes it. */
	if (peer->control->parts_owed > 0 && waiting <= PART_PAUSE_BYTES)
		control_tick(peer->control);
}

static void
peer_ready(void *context, short events)
{
	struct peer *peer = context;
	enum err err = msg_flush(&peer->msg);

	if (err != ERR_NONE && err != ERR_BUSY)
		peer->dead = true;
	if (!peer->dead && (events & (POLLIN | POLLHUP | POLLERR)) != 0)
		peer_read(peer);
	if (peer->dead)
		peer_close(peer);
	else
		peer_update(peer);
}

static void
deferred_work(struct pool_job *job)
{
	struct deferred *deferred = (struct deferred *)(void *)job;

	deferred->work(deferred->context);
}

static void
deferred_open(void *owner, struct letter *letter)
{
	struct deferred *deferred =
	    (struct deferred *)(void *)((char *)letter - offsetof(struct deferred, job.letter));

	deferred->done(owner, deferred->call, deferred->context);
	free(deferred);
}

bool
op_defer(struct engine *engine, struct op_call *call, void (*work)(void *job),
    void (*done)(struct engine *engine, struct op_call *call, void *job), void *job)
{
	struct deferred *deferred = calloc(1, sizeof(*deferred));

	if (deferred == NULL) {
		op_refuse(call, ERR_NOMEM, "no memory");
		return false;
	}
	deferred->job.work = deferred_work;
	deferred->job.letter.open = deferred_open;
	deferred->call = call;
	deferred->work = work;
	deferred->done = done;
	deferred->context = job;
	if (pool_take(engine->pool, &deferred->job) == ERR_NONE)
		return true;
	free(deferred);
	op_refuse(call, ERR_BUSY, "too many sign-ins at this moment; try again in a few seconds");
	return false;
}

void
control_counts(const struct control *control, unsigned *ret_operators, unsigned *ret_web)
{
	*ret_operators = 0;
	*ret_web = 0;
	for (const struct peer *peer = control->peers; peer != NULL; peer = peer->next) {
		if (peer->permit == OP_WEB)
			(*ret_web)++;
		else
			(*ret_operators)++;
	}
}

unsigned
control_calls(const struct control *control)
{
	return control->n_calls;
}
