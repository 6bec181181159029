/* spares: prepares segments ahead. Its thread blocks on the disk; nobody holds the lock over that. */
#include "journal/spares.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#define RETRY_FIRST_US 1000000U
#define RETRY_MAX_US 30000000U
#define RETRY_HURRY_US 2000000U
#define PATIENCE_US 1000000U
#define THREAD_STACK (512U << 10)

static void
wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t at_us)
{
	const struct timespec at = {(time_t)(at_us / 1000000U), (long)(at_us % 1000000U * 1000U)};

	(void)pthread_cond_timedwait(cond, lock, &at);
}

/* Under the lock, after any change of state: what others look at without it. */
static void
set_state(struct spares *s, struct directory *d, enum directory_state state)
{
	bool hope = false;

	d->state = state;
	for (int i = 0; i < 2; i++)
		if (s->directories[i].state == DIRECTORY_READY || s->directories[i].state == DIRECTORY_WANTED)
			hope = true;
	atomic_store(&s->hope, hope);
	atomic_store(&s->first_ready, s->directories[0].state == DIRECTORY_READY);
}

/* Under the lock. Returns a prepared segment that is no longer trusted, to be closed without it. */
static struct segment *
mark_failed(struct spares *s, struct directory *d, enum err err, int error)
{
	struct segment *spare = d->spare;
	bool by_kernel = (err == ERR_IO || err == ERR_SPACE) && error != 0;

	(void)snprintf(d->why, sizeof(d->why), "%s", by_kernel ? strerrordesc_np(error) : err_text(err));
	d->spare = NULL;
	d->failures++;
	d->failed_at_us = clock_monotonic_us();
	set_state(s, d, DIRECTORY_FAILED);
	return spare;
}

void
spares_failed(struct spares *s, unsigned index, enum err err)
{
	int error = errno;
	struct segment *spare;

	pthread_mutex_lock(&s->lock);
	spare = mark_failed(s, &s->directories[index], err, error);
	s->failures++;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	segment_release(spare);
}

void
spares_peace(struct spares *s, unsigned index)
{
	pthread_mutex_lock(&s->lock);
	s->directories[index].failures = 0;
	pthread_mutex_unlock(&s->lock);
}

void
spares_hurry(struct spares *s)
{
	pthread_mutex_lock(&s->lock);
	s->hurry = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

/* Under the lock: the directory to take from, or NULL to give up. */
static struct directory *
choose_ready(struct spares *s)
{
	uint64_t deadline = clock_monotonic_us() + PATIENCE_US;
	struct directory *first = &s->directories[0], *second = &s->directories[1];

	for (;;) {
		bool late = first->state != DIRECTORY_WANTED || clock_monotonic_us() >= deadline;

		if (first->state == DIRECTORY_READY)
			return first;
		if (second->state == DIRECTORY_READY && late)
			return second;
		if (!atomic_load(&s->hope))
			return NULL;
		if (second->state == DIRECTORY_READY)
			wait_until(&s->prepared, &s->lock, deadline);
		else
			pthread_cond_wait(&s->prepared, &s->lock);
	}
}

struct segment *
spares_take(struct spares *s)
{
	struct segment *spare = NULL;

	pthread_mutex_lock(&s->lock);
	struct directory *d = choose_ready(s);
	if (d != NULL) {
		spare = d->spare;
		d->spare = NULL;
		set_state(s, d, DIRECTORY_WANTED);
		pthread_cond_signal(&s->work);
	}
	pthread_mutex_unlock(&s->lock);
	return spare;
}

/* When a directory that failed is tried again. */
static uint64_t
retry_at(const struct spares *s, const struct directory *d)
{
	unsigned doubled = d->failures == 0 ? 0 : d->failures < 6 ? d->failures - 1 : 5;
	uint64_t pause = (uint64_t)RETRY_FIRST_US << doubled;

	if (pause > RETRY_MAX_US)
		pause = RETRY_MAX_US;
	if (s->hurry && pause > RETRY_HURRY_US)
		pause = RETRY_HURRY_US;
	return d->failed_at_us + pause;
}

/* Under the lock: the directory that needs a segment now, or NULL and when one will. */
static struct directory *
choose_work(struct spares *s, uint64_t *ret_wake_us)
{
	uint64_t now = clock_monotonic_us();

	*ret_wake_us = UINT64_MAX;
	for (int i = 0; i < 2; i++)
		if (s->directories[i].state == DIRECTORY_WANTED)
			return &s->directories[i];
	for (int i = 0; i < 2; i++) {
		struct directory *d = &s->directories[i];
		uint64_t at = d->state == DIRECTORY_FAILED ? retry_at(s, d) : UINT64_MAX;

		if (at <= now)
			return d;
		if (at < *ret_wake_us)
			*ret_wake_us = at;
	}
	return NULL;
}

static void
prepare(struct spares *s, struct directory *d)
{
	struct segment *spare = NULL;

	pthread_mutex_unlock(&s->lock);
	enum err err = segment_prepare(&d->place, &spare);
	int error = errno;
	pthread_mutex_lock(&s->lock);
	if (err == ERR_NONE) {
		d->spare = spare;
		s->hurry = false;
		set_state(s, d, DIRECTORY_READY);
	} else {
		(void)mark_failed(s, d, err, error);
	}
	pthread_cond_signal(&s->prepared);
}

static void *
run(void *argument)
{
	struct spares *s = argument;
	uint64_t wake_us;

	/* Behind everybody else, on the processor and (class 3: idle) on the disk. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	(void)syscall(SYS_ioprio_set, 1, 0, 3 << 13);
	for (int i = 0; i < 2; i++)
		if (s->dirs[i] != NULL)
			segment_sweep(s->dirs[i]);
	pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->stop)) {
		struct directory *d = choose_work(s, &wake_us);

		if (d != NULL)
			prepare(s, d);
		else if (wake_us == UINT64_MAX)
			pthread_cond_wait(&s->work, &s->lock);
		else
			wait_until(&s->work, &s->lock, wake_us);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

enum err
spares_thread(pthread_t *thread, void *(*start)(void *), void *argument, const char *name)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	if (pthread_attr_init(&attributes) != 0)
		return ERR_NOMEM;
	(void)pthread_attr_setstacksize(&attributes, THREAD_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(thread, &attributes, start, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (failed != 0)
		return ERR_IO;
	(void)pthread_setname_np(*thread, name);
	return ERR_NONE;
}

static enum err
set_place(struct spares *s, unsigned i, const struct journal_options *o, uint64_t writer)
{
	struct directory *d = &s->directories[i];

	if (o->dirs[i] == NULL)
		return ERR_NONE;
	s->dirs[i] = strdup(o->dirs[i]);
	if (s->dirs[i] == NULL)
		return ERR_NOMEM;
	d->place = (struct segment_place){
	    .dirs = (const char *const *)s->dirs,
	    .index = i,
	    .node = o->node,
	    .worker = o->worker,
	    .writer = writer,
	    .size = o->segment_size,
	    .mode = o->mode,
	    .group = o->group,
	    .sync = o->sync,
	    .stop = &s->stop,
	};
	set_state(s, d, DIRECTORY_WANTED);
	return ERR_NONE;
}

static void
release(struct spares *s)
{
	for (int i = 0; i < 2; i++) {
		segment_release(s->directories[i].spare);
		free(s->dirs[i]);
	}
	pthread_cond_destroy(&s->prepared);
	pthread_cond_destroy(&s->work);
	pthread_mutex_destroy(&s->lock);
}

enum err
spares_start(struct spares *s, const struct journal_options *options, uint64_t writer)
{
	pthread_condattr_t monotonic;
	enum err err;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->prepared, &monotonic);
	pthread_cond_init(&s->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	err = set_place(s, 0, options, writer);
	if (err == ERR_NONE)
		err = set_place(s, 1, options, writer);
	if (err == ERR_NONE)
		err = spares_thread(&s->thread, run, s, "journal-prepare");
	if (err != ERR_NONE)
		release(s);
	return err;
}

void
spares_stop(struct spares *s)
{
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stop, true);
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	release(s);
}

static const char *
state_words(const struct directory *d)
{
	switch (d->state) {
	case DIRECTORY_WANTED:
		return "a segment is being prepared";
	case DIRECTORY_READY:
		return "a segment is ready";
	default:
		return d->why;
	}
}

bool
spares_status(struct spares *s, char *out, size_t size)
{
	const struct directory *d = s->directories;
	char second[160] = "";
	bool well;

	pthread_mutex_lock(&s->lock);
	well = d[0].state != DIRECTORY_FAILED && d[1].state != DIRECTORY_FAILED;
	if (d[1].state != DIRECTORY_ABSENT)
		(void)snprintf(second, sizeof(second), "; second directory: %s", state_words(&d[1]));
	(void)snprintf(out, size, "first directory: %s%s", state_words(&d[0]), second);
	pthread_mutex_unlock(&s->lock);
	return well;
}
