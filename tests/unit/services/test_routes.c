#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "services/training/embedded.h"
#include "services/training/routes.h"

static json_t *document;

/* "/api/people/{id}" as the routes write it: "/api/people/{}". */
static void
pattern_of(const char *path, char *out, size_t size)
{
	size_t len = 0;

	for (bool name = false; *path != '\0' && len + 1 < size; path++) {
		if (*path == '}')
			name = false;
		if (!name)
			out[len++] = *path;
		if (*path == '{')
			name = true;
	}
	out[len] = '\0';
}

static bool
is_routed(const char *method, const char *path)
{
	char pattern[128];

	pattern_of(path, pattern, sizeof(pattern));
	for (size_t i = 0; i < training_route_count; i++)
		if (strcasecmp(training_routes[i].method, method) == 0 &&
		    strcmp(training_routes[i].pattern, pattern) == 0)
			return true;
	return false;
}

static bool
is_described(const struct http_route *route)
{
	const char *path;
	json_t *item;
	char pattern[128];
	char method[8] = "";

	for (size_t i = 0; route->method[i] != '\0' && i < sizeof(method) - 1; i++)
		method[i] = (char)tolower((unsigned char)route->method[i]);
	json_object_foreach(json_object_get(document, "paths"), path, item) {
		pattern_of(path, pattern, sizeof(pattern));
		if (strcmp(pattern, route->pattern) == 0 && json_object_get(item, method) != NULL)
			return true;
	}
	return false;
}

static void
every_route_is_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < training_route_count; i++)
		if (!is_described(&training_routes[i]))
			fail_msg("not in openapi.json: %s %s", training_routes[i].method,
			    training_routes[i].pattern);
}

static void
everything_described_is_routed(void **state)
{
	const char *path;
	const char *method;
	json_t *item;
	json_t *operation;

	(void)state;
	json_object_foreach(json_object_get(document, "paths"), path, item)
		json_object_foreach(item, method, operation)
			if (!is_routed(method, path))
				fail_msg("no route answers: %s %s", method, path);
}

static int
load(void **state)
{
	(void)state;
	document = json_loads(embedded_openapi, JSON_REJECT_DUPLICATES, NULL);
	return document == NULL;
}

static int
unload(void **state)
{
	(void)state;
	json_decref(document);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_route_is_described),
	    cmocka_unit_test(everything_described_is_routed),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
