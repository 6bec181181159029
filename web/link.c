/*
 * link: requests of the HTTP thread to the engine, answers read by the main thread. One lock guards the connection and
 * the table of who waits; neither thread waits for anything while it holds the lock.
 */
#include "web/link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/msg.h"

#define TICK_MS 500

struct waiting {
	json_int_t id; /* 0: free */
	uint64_t since_us;
	struct web_request *request;
};

struct web_link {
	pthread_mutex_t lock;
	struct msg msg;
	bool gone;
	int wake_fd; /* written when more waits to be sent than the socket took */
	json_int_t newest_id;
	struct waiting waiting[WEB_LINK_WAITING_MAX];
};

enum err
web_link_open(int fd, struct web_link **ret)
{
	struct web_link *link = calloc(1, sizeof(*link));
	enum err err = ERR_NOMEM;

	if (link == NULL)
		goto fail;
	link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (link->wake_fd < 0)
		goto fail_link;
	err = msg_open(&link->msg, fd);
	if (err != ERR_NONE)
		goto fail_event;
	pthread_mutex_init(&link->lock, NULL);
	*ret = link;
	return ERR_NONE;

fail_event:
	close(link->wake_fd);
fail_link:
	free(link);
fail:
	close(fd);
	return err;
}

void
web_link_free(struct web_link *link)
{
	if (link == NULL)
		return;
	msg_close(&link->msg);
	close(link->wake_fd);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

static struct waiting *
find_id(struct web_link *link, json_int_t id)
{
	for (size_t i = 0; i < WEB_LINK_WAITING_MAX; i++)
		if (link->waiting[i].id == id)
			return &link->waiting[i];
	return NULL;
}

static enum err
send_locked(struct web_link *link, json_t *operation, struct web_request *request)
{
	struct waiting *place = find_id(link, 0);
	enum err err;

	if (link->gone)
		return ERR_IO;
	if (place == NULL)
		return ERR_BUSY;
	if (json_object_set_new(operation, "id", json_integer(link->newest_id + 1)) != 0)
		return ERR_NOMEM;
	err = msg_send(&link->msg, operation);
	if (err != ERR_NONE && err != ERR_BUSY)
		return err;
	*place = (struct waiting){++link->newest_id, clock_monotonic_us(), request};
	if (msg_backlog(&link->msg) > 0)
		(void)eventfd_write(link->wake_fd, 1);
	return ERR_NONE;
}

enum err
web_link_send(struct web_link *link, json_t *operation, struct web_request *request)
{
	pthread_mutex_lock(&link->lock);
	enum err err = send_locked(link, operation, request);
	pthread_mutex_unlock(&link->lock);
	json_decref(operation);
	return err;
}

/* `answer` may be NULL: there is none. */
static void
resume(struct waiting *place, json_t *answer)
{
	struct web_request *request = place->request;

	*place = (struct waiting){0};
	request->answer = answer;
	MHD_resume_connection(request->connection);
}

static void
deliver(struct web_link *link, json_t *frame)
{
	json_int_t id = json_integer_value(json_object_get(frame, "id"));
	struct waiting *place = id > 0 ? find_id(link, id) : NULL;

	/* Late answers to requests that were given up, and progress, concern nobody. */
	if (place == NULL || json_object_get(frame, "ok") == NULL) {
		json_decref(frame);
		return;
	}
	resume(place, frame);
}

static void
receive_locked(struct web_link *link)
{
	json_t *frame = NULL;
	enum err err = msg_fill(&link->msg);

	if (err != ERR_NONE && err != ERR_BUSY) {
		link->gone = true;
		return;
	}
	while ((err = msg_next(&link->msg, &frame)) == ERR_NONE)
		deliver(link, frame);
	if (err != ERR_BUSY) {
		log_error("the engine sent a frame that is none; this worker ends");
		link->gone = true;
	}
}

static void
give_up_locked(struct web_link *link, uint64_t before_us)
{
	for (size_t i = 0; i < WEB_LINK_WAITING_MAX; i++)
		if (link->waiting[i].id != 0 && link->waiting[i].since_us <= before_us)
			resume(&link->waiting[i], NULL);
}

static void
turn(struct web_link *link, short events)
{
	pthread_mutex_lock(&link->lock);
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
		receive_locked(link);
	if (!link->gone && msg_backlog(&link->msg) > 0) {
		enum err err = msg_flush(&link->msg);

		link->gone = err != ERR_NONE && err != ERR_BUSY;
	}
	give_up_locked(link, clock_monotonic_us() - WEB_LINK_TIMEOUT_S * UINT64_C(1000000));
	pthread_mutex_unlock(&link->lock);
}

void
web_link_run(struct web_link *link, const volatile sig_atomic_t *stop)
{
	while (!*stop && !link->gone) {
		pthread_mutex_lock(&link->lock);
		short wanted = (short)(POLLIN | (msg_backlog(&link->msg) > 0 ? POLLOUT : 0));
		pthread_mutex_unlock(&link->lock);
		struct pollfd polled[2] = {
		    {.fd = link->msg.fd, .events = wanted}, {.fd = link->wake_fd, .events = POLLIN}};
		eventfd_t ignored;

		if (poll(polled, 2, TICK_MS) < 0 && errno != EINTR)
			break;
		if ((polled[1].revents & POLLIN) != 0)
			(void)eventfd_read(link->wake_fd, &ignored);
		turn(link, polled[0].revents);
	}
	/* Nobody may stay suspended: the HTTP server cannot stop while a connection is. */
	pthread_mutex_lock(&link->lock);
	link->gone = true;
	give_up_locked(link, UINT64_MAX);
	pthread_mutex_unlock(&link->lock);
}
