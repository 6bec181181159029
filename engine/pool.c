#include "engine/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct pool_job *first;
	struct pool_job **end;
	unsigned waiting;
	unsigned jobs_max;
	bool stopping;
	struct mailbox *box;
	pthread_t thread[POOL_THREADS];
	unsigned n_threads;
};

/* The next job, or NULL when the pool ends. */
static struct pool_job *
next_job(struct pool *pool)
{
	struct pool_job *job;

	pthread_mutex_lock(&pool->lock);
	while (pool->first == NULL && !pool->stopping)
		pthread_cond_wait(&pool->more, &pool->lock);
	job = pool->first;
	if (job != NULL) {
		pool->first = job->next;
		if (pool->first == NULL)
			pool->end = &pool->first;
		pool->waiting--;
	}
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void *
run(void *context)
{
	struct pool *pool = context;
	struct pool_job *job;

	while ((job = next_job(pool)) != NULL) {
		job->work(job);
		mailbox_post(pool->box, &job->letter);
	}
	return NULL;
}

enum err
pool_open(struct mailbox *box, unsigned jobs_max, struct pool **ret_pool)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return ERR_NOMEM;
	pool->box = box;
	pool->jobs_max = jobs_max;
	pool->end = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->more, NULL);
	while (pool->n_threads < POOL_THREADS) {
		if (pthread_create(&pool->thread[pool->n_threads], NULL, run, pool) != 0) {
			pool_free(pool);
			return ERR_NOMEM;
		}
		pool->n_threads++;
	}
	*ret_pool = pool;
	return ERR_NONE;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->n_threads; i++)
		pthread_join(pool->thread[i], NULL);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->more);
	free(pool);
}

enum err
pool_take(struct pool *pool, struct pool_job *job)
{
	enum err err = ERR_BUSY;

	job->next = NULL;
	pthread_mutex_lock(&pool->lock);
	if (pool->waiting < pool->jobs_max) {
		*pool->end = job;
		pool->end = &job->next;
		pool->waiting++;
		pthread_cond_signal(&pool->more);
		err = ERR_NONE;
	}
	pthread_mutex_unlock(&pool->lock);
	return err;
}
