#include "engine/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define WATCHES_MAX 1024
#define TIMERS_MAX 8

struct watch {
	void (*ready)(void *context, short events);
	void *context;
};

struct timer {
	uint64_t every_us;
	uint64_t due_us;
	void (*due)(void *context);
	void *context;
};

/* polls[i] and watches[i] belong together; a forgotten one has descriptor -1 until the end of the round. */
struct loop {
	struct pollfd polls[WATCHES_MAX];
	struct watch watches[WATCHES_MAX];
	size_t n;
	struct timer timers[TIMERS_MAX];
	size_t n_timers;
};

enum err
loop_open(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return ERR_NOMEM;
	*ret_loop = loop;
	return ERR_NONE;
}

void
loop_free(struct loop *loop)
{
	free(loop);
}

enum err
loop_watch(struct loop *loop, int fd, short events, void (*ready)(void *context, short events), void *context)
{
	if (loop->n == WATCHES_MAX)
		return ERR_SPACE;
	loop->polls[loop->n] = (struct pollfd){ .fd = fd, .events = events };
	loop->watches[loop->n++] = (struct watch){ ready, context };
	return ERR_NONE;
}

void
loop_change(struct loop *loop, int fd, short events)
{
	for (size_t i = 0; i < loop->n; i++)
		if (loop->polls[i].fd == fd)
			loop->polls[i].events = events;
}

void
loop_forget(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->n; i++)
		if (loop->polls[i].fd == fd) {
			loop->polls[i].fd = -1;
			loop->polls[i].revents = 0;
		}
}

enum err
loop_every(struct loop *loop, uint32_t every_ms, void (*due)(void *context), void *context)
{
	uint64_t every_us = (uint64_t)every_ms * 1000;

	if (loop->n_timers == TIMERS_MAX)
		return ERR_SPACE;
	loop->timers[loop->n_timers++] =
	    (struct timer){ every_us, clock_monotonic_us() + every_us, due, context };
	return ERR_NONE;
}

static int
until_timer(const struct loop *loop, int timeout_ms)
{
	uint64_t now_us = clock_monotonic_us();

	for (size_t i = 0; i < loop->n_timers; i++) {
		uint64_t due_us = loop->timers[i].due_us;
		int wait_ms = due_us <= now_us ? 0 : (int)((due_us - now_us + 999) / 1000);

		if (timeout_ms < 0 || wait_ms < timeout_ms)
			timeout_ms = wait_ms;
	}
	return timeout_ms;
}

static void
serve_timers(struct loop *loop)
{
	uint64_t now_us = clock_monotonic_us();

	for (size_t i = 0; i < loop->n_timers; i++) {
		struct timer *timer = &loop->timers[i];

		if (timer->due_us > now_us)
			continue;
		/* After a long pause once is enough. */
		timer->due_us = now_us + timer->every_us;
		timer->due(timer->context);
	}
}

static void
drop_forgotten(struct loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->n; i++) {
		if (loop->polls[i].fd < 0)
			continue;
		loop->polls[kept] = loop->polls[i];
		loop->watches[kept++] = loop->watches[i];
	}
	loop->n = kept;
}

enum err
loop_once(struct loop *loop, int timeout_ms)
{
	size_t n = loop->n;
	int ready = poll(loop->polls, (nfds_t)n, until_timer(loop, timeout_ms));

	if (ready < 0 && errno != EINTR)
		return ERR_IO;
	for (size_t i = 0; ready > 0 && i < n; i++)
		if (loop->polls[i].fd >= 0 && loop->polls[i].revents != 0)
			loop->watches[i].ready(loop->watches[i].context, loop->polls[i].revents);
	serve_timers(loop);
	drop_forgotten(loop);
	return ERR_NONE;
}
