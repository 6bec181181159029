/* jobs: the queue behind http_defer(). One thread; the lock guards the ring only. */
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

#include "services/http/internal.h"
#include "services/http/problem.h"

#define JOBS_MAX 32

struct http_jobs {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct http_call *ring[JOBS_MAX];
	size_t first;
	size_t count;
	bool stopping;
};

/* Wait for a call; NULL when the queue stops and is empty. */
static struct http_call *
jobs_pop(struct http_jobs *jobs, bool *ret_stopping)
{
	struct http_call *call = NULL;

	pthread_mutex_lock(&jobs->lock);
	while (jobs->count == 0 && !jobs->stopping)
		pthread_cond_wait(&jobs->wake, &jobs->lock);
	*ret_stopping = jobs->stopping;
	if (jobs->count > 0) {
		call = jobs->ring[jobs->first];
		jobs->first = (jobs->first + 1) % JOBS_MAX;
		jobs->count--;
	}
	pthread_mutex_unlock(&jobs->lock);
	return call;
}

static void *
jobs_run(void *context)
{
	struct http_jobs *jobs = context;
	struct http_call *call;
	bool stopping;

	while ((call = jobs_pop(jobs, &stopping)) != NULL) {
		call->worker = NULL;
		if (stopping)
			http_fail(call, ERR_BUSY, "stopping");
		else
			call->job(call);
		call->job_done = true;
		MHD_resume_connection(call->connection);
	}
	return NULL;
}

enum err
http_jobs_start(struct http_jobs **ret_jobs)
{
	struct http_jobs *jobs = calloc(1, sizeof(*jobs));

	if (jobs == NULL)
		return ERR_NOMEM;
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->wake, NULL);
	if (pthread_create(&jobs->thread, NULL, jobs_run, jobs) != 0) {
		free(jobs);
		return ERR_NOMEM;
	}
	*ret_jobs = jobs;
	return ERR_NONE;
}

bool
http_jobs_push(struct http_jobs *jobs, struct http_call *call)
{
	bool room;

	pthread_mutex_lock(&jobs->lock);
	room = jobs->count < JOBS_MAX && !jobs->stopping;
	if (room) {
		jobs->ring[(jobs->first + jobs->count) % JOBS_MAX] = call;
		jobs->count++;
		pthread_cond_signal(&jobs->wake);
	}
	pthread_mutex_unlock(&jobs->lock);
	return room;
}

void
http_jobs_stop(struct http_jobs *jobs)
{
	if (jobs == NULL)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	pthread_cond_signal(&jobs->wake);
	pthread_mutex_unlock(&jobs->lock);
	pthread_join(jobs->thread, NULL);
	pthread_cond_destroy(&jobs->wake);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}
