/* service: see the header. The writer's lock is held for one transaction. */
#include "services/training/service.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "services/sql/sql.h"
#include "services/training/schema.h"

struct service {
	struct service_options options;
	struct sql *writer;
	pthread_mutex_t lock;
	struct roster_cache *rosters;
};

static enum err
prepare(struct service *service, const char **why)
{
	struct roster *everybody;
	enum err err = sql_open(service->options.database, SQL_WRITE, &service->writer, why);

	if (err != ERR_NONE)
		return err;
	err = schema_migrate(service->writer);
	*why = err == ERR_UNSUPPORTED ? "the file was written by a newer version"
	                              : sql_words(service->writer);
	if (err == ERR_NONE)
		err = roster_cache_open(&service->rosters);
	if (err == ERR_NONE)
		err = roster_get(service->rosters, service->writer, 0, "", &everybody);
	if (err == ERR_NONE)
		roster_release(service->rosters, everybody);
	return err;
}

enum err
service_open(
    const struct service_options *options, struct service **ret_service, const char **why)
{
	struct service *service = calloc(1, sizeof(*service));
	enum err err;

	*why = err_text(ERR_NOMEM);
	if (service == NULL)
		return ERR_NOMEM;
	service->options = *options;
	pthread_mutex_init(&service->lock, NULL);
	err = prepare(service, why);
	if (err != ERR_NONE) {
		/* The words belong to a connection that is about to go. */
		*why = service->writer == NULL ? *why : err_text(err);
		service_close(service);
		return err;
	}
	*ret_service = service;
	return ERR_NONE;
}

void
service_close(struct service *service)
{
	if (service == NULL)
		return;
	roster_cache_free(service->rosters);
	sql_close(service->writer);
	pthread_mutex_destroy(&service->lock);
	free(service);
}

const struct service_options *
service_options(const struct service *service)
{
	return &service->options;
}

struct roster_cache *
service_rosters(struct service *service)
{
	return service->rosters;
}

enum err
service_worker_open(void *context, void **ret_worker)
{
	struct service *service = context;
	struct worker *worker = calloc(1, sizeof(*worker));
	const char *why;
	enum err err;

	if (worker == NULL)
		return ERR_NOMEM;
	worker->service = service;
	err = sql_open(service->options.database, SQL_READ, &worker->sql, &why);
	if (err != ERR_NONE) {
		free(worker);
		return err;
	}
	*ret_worker = worker;
	return ERR_NONE;
}

void
service_worker_close(void *context)
{
	struct worker *worker = context;

	sql_close(worker->sql);
	free(worker);
}

enum err
service_write_begin(struct service *service, struct sql **ret_sql)
{
	enum err err;

	pthread_mutex_lock(&service->lock);
	err = sql_begin(service->writer);
	if (err != ERR_NONE)
		pthread_mutex_unlock(&service->lock);
	else
		*ret_sql = service->writer;
	return err;
}

enum err
service_write_end(struct service *service, enum err err)
{
	err = sql_end(service->writer, err);
	pthread_mutex_unlock(&service->lock);
	return err;
}

void
service_now(const struct service *service, char out[25])
{
	clock_format(clock_now_us(service->options.clock), out);
}

void
service_today(const struct service *service, char out[11])
{
	char now[25];

	service_now(service, now);
	memcpy(out, now, 10);
	out[10] = '\0';
}
