/* routes: a table, and the description of itself. */
#include "services/training/routes.h"

#include <string.h>

#include "services/http/problem.h"
#include "services/training/accounts.h"
#include "services/training/bodies.h"
#include "services/training/embedded.h"
#include "services/training/enrolments.h"
#include "services/training/entries.h"
#include "services/training/people.h"
#include "services/training/quotes.h"

static void
openapi(struct http_call *call)
{
	enum err err = bytes_append(&call->reply.body, embedded_openapi, strlen(embedded_openapi));

	if (err != ERR_NONE) {
		http_fail(call, err, "openapi");
		return;
	}
	call->reply.status = 200;
	call->reply.type = "application/json";
}

const struct http_route training_routes[] = {
	{"GET", "/api/people", people_list},
	{"GET", "/api/people/{}", people_record},
	{"GET", "/api/people.csv", people_export},
	{"GET", "/api/me", people_me},
	{"GET", "/api/bodies", bodies_list},
	{"POST", "/api/bodies", bodies_create},
	{"GET", "/api/trainings", bodies_trainings},
	{"GET", "/api/enrolments", enrolments_list},
	{"POST", "/api/enrolments", enrolments_create},
	{"GET", "/api/quotes", quotes_list},
	{"POST", "/api/quotes", quotes_create},
	{"POST", "/api/quotes/{}/send", quotes_send},
	{"POST", "/api/quotes/{}/accept", quotes_accept},
	{"POST", "/api/quotes/{}/refuse", quotes_refuse},
	{"GET", "/api/entries", entries_list},
	{"POST", "/api/entries", entries_create},
	{"GET", "/api/entries/{}/attendance", entries_attendance},
	{"POST", "/api/entries/{}/attendance", entries_attendance_record},
	{"GET", "/api/accounts", accounts_list},
	{"POST", "/api/accounts", accounts_create},
	{"GET", "/api/openapi.json", openapi},
};
const size_t training_route_count = sizeof(training_routes) / sizeof(training_routes[0]);
