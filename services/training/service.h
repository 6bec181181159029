/*
 * service: what all handlers of the training service share.
 *
 * Reads go through a connection per thread (struct worker), writes through the
 * one writer, a transaction at a time. A query that is only blank or marks
 * finds nobody's name and is taken for none.
 */
#ifndef SERVICES_TRAINING_SERVICE_H
#define SERVICES_TRAINING_SERVICE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "services/training/roster.h"
#include "services/training/scim.h"

struct service_options {
	const char *database;
	bool open;                 /* every partner sees every person */
	const struct clock *clock;
	struct scim_target scim;   /* scim.socket_path NULL: accounts cannot be created */
};

struct service;

/* The state of one thread. */
struct worker {
	struct sql *sql;
	struct service *service;
};

/* Opens the database, migrates it and prepares the list of everybody. */
MUST_CHECK enum err service_open(
    const struct service_options *options, struct service **ret_service, const char **why);
void service_close(struct service *service);

const struct service_options *service_options(const struct service *service);
struct roster_cache *service_rosters(struct service *service);

/* For struct http_options; `service` is a struct service, a worker a struct worker. */
MUST_CHECK enum err service_worker_open(void *service, void **ret_worker);
void service_worker_close(void *worker);

/* Begin a transaction on the writer, and end it: COMMIT where `err` is ERR_NONE. */
MUST_CHECK enum err service_write_begin(struct service *service, struct sql **ret_sql);
MUST_CHECK enum err service_write_end(struct service *service, enum err err);

/* RFC 3339, UTC, and its first ten characters: the date. */
void service_now(const struct service *service, char out[25]);
void service_today(const struct service *service, char out[11]);

#endif
