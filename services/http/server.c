/*
 * server: libmicrohttpd's daemons, the life of a call, threads and their state.
 * http_server_start() and _stop() block and belong to the main thread; all
 * else runs on the pool.
 */
#include "services/http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "services/http/internal.h"
#include "services/http/problem.h"

#define LISTENERS_MAX 2
#define CONNECTIONS_MAX 8192
#define IDLE_S 120
#define STREAM_BLOCK (32 * 1024)
#define STREAM_CHUNK_MAX (1024 * 1024)

struct http_server {
	struct http_options options;
	struct MHD_Daemon *daemon[LISTENERS_MAX];
	size_t daemon_count;
	struct http_jobs *jobs;
	pthread_key_t worker_key;
	bool has_worker_key;
};

/* The state of a thread, and how to free it when the thread ends. */
struct worker_slot {
	void *worker;
	void (*close)(void *worker);
};

/* A stream on its way, with the piece that is being sent. */
struct stream_state {
	struct http_server *server;
	struct http_stream stream;
	struct bytes chunk;
	size_t sent;
	bool ended;
};

const char *
http_server_name(const struct http_server *server)
{
	return server->options.name;
}

static void
worker_free(void *context)
{
	struct worker_slot *slot = context;

	if (slot->close != NULL)
		slot->close(slot->worker);
	free(slot);
}

static enum err
worker_get(struct http_server *server, void **ret_worker)
{
	struct worker_slot *slot = pthread_getspecific(server->worker_key);
	enum err err;

	if (server->options.worker_open == NULL || slot != NULL) {
		*ret_worker = slot == NULL ? NULL : slot->worker;
		return ERR_NONE;
	}
	slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		return ERR_NOMEM;
	err = server->options.worker_open(server->options.service, &slot->worker);
	if (err == ERR_NONE && pthread_setspecific(server->worker_key, slot) != 0)
		err = ERR_NOMEM;
	if (err != ERR_NONE) {
		free(slot);
		return err;
	}
	slot->close = server->options.worker_close;
	*ret_worker = slot->worker;
	return ERR_NONE;
}

static struct http_call *
call_new(struct http_server *server, struct MHD_Connection *connection)
{
	struct http_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->server = server;
	call->connection = connection;
	call->service = server->options.service;
	bytes_init(&call->body, HTTP_BODY_MAX);
	bytes_init(&call->reply.body, HTTP_REPLY_MAX);
	return call;
}

static void
call_free(struct http_call *call)
{
	for (size_t i = 0; i < HTTP_PARTS_MAX; i++)
		free(call->parts[i]);
	if (call->reply.stream.close != NULL)
		call->reply.stream.close(call->reply.stream.context);
	bytes_wipe(&call->body);
	bytes_wipe(&call->reply.body);
	free(call);
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **call,
    enum MHD_RequestTerminationCode how)
{
	(void)context;
	(void)connection;
	(void)how;
	if (*call != NULL)
		call_free(*call);
	*call = NULL;
}

static ssize_t
stream_read(void *context, uint64_t at, char *out, size_t room)
{
	struct stream_state *state = context;

	(void)at;
	while (state->sent == state->chunk.len) {
		void *worker;
		if (state->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		bytes_clear(&state->chunk);
		state->sent = 0;
		if (worker_get(state->server, &worker) != ERR_NONE ||
		    state->stream.next(
		        state->stream.context, worker, &state->chunk, &state->ended) != ERR_NONE)
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	size_t left = state->chunk.len - state->sent;
	size_t len = left < room ? left : room;
	memcpy(out, state->chunk.data + state->sent, len);
	state->sent += len;
	return (ssize_t)len;
}

static void
stream_free(void *context)
{
	struct stream_state *state = context;

	if (state->stream.close != NULL)
		state->stream.close(state->stream.context);
	bytes_wipe(&state->chunk);
	free(state);
}

static struct MHD_Response *
stream_response(struct http_call *call)
{
	struct stream_state *state = calloc(1, sizeof(*state));
	struct MHD_Response *response;

	if (state == NULL)
		return NULL;
	state->server = call->server;
	state->stream = call->reply.stream;
	call->reply.stream = (struct http_stream){0};
	bytes_init(&state->chunk, STREAM_CHUNK_MAX);
	response = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, state, stream_free);
	if (response == NULL)
		stream_free(state);
	return response;
}

/* Hand the body's memory over instead of copying it. */
static struct MHD_Response *
buffer_response(struct bytes *body)
{
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);

	if (response != NULL)
		bytes_init(body, HTTP_REPLY_MAX);
	return response;
}

static bool
add_headers(struct MHD_Response *response, const struct http_reply *reply)
{
	bool ok = MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
	    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;

	if (reply->type != NULL)
		ok = ok && MHD_add_response_header(response, "Content-Type", reply->type) == MHD_YES;
	for (size_t i = 0; i < 2 && reply->header_name[i] != NULL; i++)
		ok = ok && MHD_add_response_header(
		               response, reply->header_name[i], reply->header_value[i]) == MHD_YES;
	return ok;
}

static enum MHD_Result
call_send(struct http_call *call)
{
	struct http_reply *reply = &call->reply;
	struct MHD_Response *response;
	enum MHD_Result sent;

	if (reply->shared != NULL)
		return MHD_queue_response(call->connection, reply->status, reply->shared);
	if (reply->status == 0)
		http_fail(call, ERR_UNSUPPORTED, "no answer");
	response = reply->stream.next != NULL ? stream_response(call) : buffer_response(&reply->body);
	if (response == NULL)
		return MHD_NO;
	sent = add_headers(response, reply)
	    ? MHD_queue_response(call->connection, reply->status, response) : MHD_NO;
	MHD_destroy_response(response);
	return sent;
}

/* The connection is suspended before the job can resume it. */
static enum MHD_Result
call_defer(struct http_call *call)
{
	MHD_suspend_connection(call->connection);
	if (http_jobs_push(call->server->jobs, call))
		return MHD_YES;
	http_fail(call, ERR_BUSY, "too many jobs");
	call->job_done = true;
	MHD_resume_connection(call->connection);
	return MHD_YES;
}

static enum MHD_Result
call_answer(struct http_call *call)
{
	struct http_server *server = call->server;

	if (call->job_done)
		return call_send(call);
	if (worker_get(server, &call->worker) != ERR_NONE)
		http_fail(call, ERR_NOMEM, "no state for a thread");
	else
		http_dispatch(call, &server->options);
	return call->job != NULL && call->reply.status == 0 ? call_defer(call) : call_send(call);
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_len, void **slot)
{
	struct http_call *call = *slot;

	(void)version;
	if (call == NULL) {
		*slot = call_new(context, connection);
		return *slot == NULL ? MHD_NO : MHD_YES;
	}
	call->method = method;
	call->path = url;
	if (*upload_len == 0)
		return call_answer(call);
	if (!call->too_large && bytes_append(&call->body, upload, *upload_len) != ERR_NONE)
		call->too_large = true;
	*upload_len = 0;
	return MHD_YES;
}

static enum err
add_daemon(struct http_server *server, int fd, const char **why)
{
	unsigned threads = server->options.threads > 1 ? server->options.threads : 0;
	struct MHD_Daemon *daemon = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, threads,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)IDLE_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);

	if (daemon == NULL) {
		close(fd);
		*why = "the HTTP server does not start";
		return ERR_IO;
	}
	server->daemon[server->daemon_count++] = daemon;
	return ERR_NONE;
}

static enum err
listen_error(void)
{
	if (errno == EADDRINUSE || errno == EEXIST)
		return ERR_BUSY;
	if (errno == EINVAL)
		return ERR_DENIED;
	return ERR_IO;
}

static enum err
start_listening(struct http_server *server, const char **why)
{
	const struct http_options *options = &server->options;
	enum err err = ERR_NONE;
	int fd;

	if (options->socket_path != NULL) {
		fd = http_listen_unix(options->socket_path, options->socket_group, why);
		err = fd < 0 ? listen_error() : add_daemon(server, fd, why);
	}
	if (err == ERR_NONE && options->listen != NULL) {
		fd = http_listen_tcp(options->listen, why);
		err = fd < 0 ? listen_error() : add_daemon(server, fd, why);
	}
	return err;
}

enum err
http_server_start(
    const struct http_options *options, struct http_server **ret_server, const char **why)
{
	struct http_server *server = calloc(1, sizeof(*server));
	enum err err = ERR_NOMEM;

	*why = "out of memory";
	if (server == NULL)
		return ERR_NOMEM;
	server->options = *options;
	server->has_worker_key = pthread_key_create(&server->worker_key, worker_free) == 0;
	if (server->has_worker_key)
		err = http_jobs_start(&server->jobs);
	if (err == ERR_NONE)
		err = start_listening(server, why);
	if (err != ERR_NONE) {
		http_server_stop(server);
		return err;
	}
	*ret_server = server;
	return ERR_NONE;
}

void
http_server_stop(struct http_server *server)
{
	if (server == NULL)
		return;
	for (size_t i = 0; i < server->daemon_count; i++) {
		int fd = MHD_quiesce_daemon(server->daemon[i]);
		if (fd >= 0)
			close(fd);
	}
	/* Suspended connections must be resumed before the daemons stop. */
	http_jobs_stop(server->jobs);
	for (size_t i = 0; i < server->daemon_count; i++)
		MHD_stop_daemon(server->daemon[i]);
	if (server->daemon_count > 0 && server->options.socket_path != NULL)
		(void)unlink(server->options.socket_path);
	if (server->has_worker_key)
		pthread_key_delete(server->worker_key);
	free(server);
}

void
http_defer(struct http_call *call, void (*job)(struct http_call *call), void *context)
{
	call->job = job;
	call->job_context = context;
}

struct MHD_Response *
http_shared_make(const void *data, size_t len, const char *const *headers)
{
	struct MHD_Response *response;

	/* libmicrohttpd copies the bytes; its prototype only lacks a const. */
	response = MHD_create_response_from_buffer(
	    len, (void *)(uintptr_t)data, MHD_RESPMEM_MUST_COPY);
	for (size_t i = 0; response != NULL && headers[i] != NULL; i += 2) {
		if (MHD_add_response_header(response, headers[i], headers[i + 1]) == MHD_YES)
			continue;
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

void
http_shared_free(struct MHD_Response *response)
{
	if (response != NULL)
		MHD_destroy_response(response);
}
