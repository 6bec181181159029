/* call: what a handler asks of its call. Pure look-ups. */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/http/problem.h"
#include "services/http/server.h"

const char *
http_call_header(const struct http_call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

const char *
http_call_query(const struct http_call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

enum err
http_call_query_number(
    struct http_call *call, const char *name, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	const char *text = http_call_query(call, name);
	char detail[160];
	char *end;

	if (text == NULL)
		return ERR_NONE;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value >= min &&
	    value <= max) {
		*ret_value = value;
		return ERR_NONE;
	}
	(void)snprintf(detail, sizeof(detail), "%s must be a whole number from %llu to %llu.", name,
	    (unsigned long long)min, (unsigned long long)max);
	http_bad_request(call, detail);
	return ERR_USAGE;
}

void
http_reply_header(struct http_call *call, const char *name, const char *value)
{
	struct http_reply *reply = &call->reply;

	for (size_t i = 0; i < 2; i++) {
		if (reply->header_name[i] != NULL)
			continue;
		reply->header_name[i] = name;
		(void)snprintf(reply->header_value[i], sizeof(reply->header_value[i]), "%s", value);
		return;
	}
}
