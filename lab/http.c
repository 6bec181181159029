#include "lab/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/clock.h"

#define BODY_MAX (1u << 30)
#define TIMEOUT_S 600L
#define FILES_SPARE 256u

struct request {
	struct request *next; /* among those under way */
	struct request *before;
	CURL *easy;
	struct curl_slist *headers;
	char *posted;
	struct bytes body;
	char cookies[HTTP_COOKIES_MAX];
	void (*done)(void *context, const struct http_reply *reply);
	void *context;
};

struct http {
	CURLM *multi;
	char *cacert;
	struct request *requests;
	size_t running;
};

/* One file descriptor per connection. */
static void
allow_files(unsigned connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= connections + FILES_SPARE)
		return;
	limit.rlim_cur = connections + FILES_SPARE;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

enum err
http_open(const char *cacert, unsigned connections_max, struct http **ret_http)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(http);
		return ERR_NOMEM;
	}
	allow_files(connections_max);
	http->multi = curl_multi_init();
	http->cacert = cacert != NULL ? strdup(cacert) : NULL;
	if (http->multi == NULL || (cacert != NULL && http->cacert == NULL)) {
		http_free(http);
		return ERR_NOMEM;
	}
	curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
	curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections_max);
	*ret_http = http;
	return ERR_NONE;
}

static void
request_unlink(struct http *http, struct request *request)
{
	if (http->requests == request)
		http->requests = request->next;
	else
		request->before->next = request->next;
	if (request->next != NULL)
		request->next->before = request->before;
	http->running--;
	(void)curl_multi_remove_handle(http->multi, request->easy);
}

static void
request_free(struct request *request)
{
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->headers);
	free(request->posted);
	bytes_wipe(&request->body);
	free(request);
}

void
http_free(struct http *http)
{
	struct request *request;

	if (http == NULL)
		return;
	while ((request = http->requests) != NULL) {
		request_unlink(http, request);
		request_free(request);
	}
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	free(http->cacert);
	free(http);
}

static size_t
take_body(char *data, size_t size, size_t count, void *context)
{
	struct request *request = context;

	return bytes_append(&request->body, data, size * count) == ERR_NONE ? size * count : 0;
}

/* Set-Cookie: name=value; attributes. Name and value are kept; one that is too long for us is dropped. */
static size_t
take_header(char *data, size_t size, size_t count, void *context)
{
	static const char name[] = "set-cookie: ";
	struct request *request = context;
	size_t len = size * count;
	size_t used = strlen(request->cookies);
	size_t value_len = 0;

	if (len < sizeof(name) - 1 || strncasecmp(data, name, sizeof(name) - 1) != 0)
		return len;
	data += sizeof(name) - 1;
	while (value_len < len - (sizeof(name) - 1) && strchr(";\r\n", data[value_len]) == NULL)
		value_len++;
	if (used + value_len + 3 < sizeof(request->cookies))
		(void)snprintf(request->cookies + used, sizeof(request->cookies) - used, "%s%.*s", used != 0 ? "; " : "",
		    (int)value_len, data);
	return len;
}

static enum err
add_header(struct request *request, const char *line)
{
	struct curl_slist *grown = curl_slist_append(request->headers, line);

	if (grown == NULL)
		return ERR_NOMEM;
	request->headers = grown;
	return ERR_NONE;
}

static enum err
set_post(struct request *request, const struct http_call *call)
{
	char origin[160];
	enum err err;

	if (call->json == NULL)
		return ERR_NONE;
	request->posted = strdup(call->json);
	if (request->posted == NULL)
		return ERR_NOMEM;
	curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, request->posted);
	(void)snprintf(origin, sizeof(origin), "Origin: %s", call->origin);
	err = add_header(request, "Content-Type: application/json");
	if (err == ERR_NONE)
		err = add_header(request, "Expect:");
	return err == ERR_NONE ? add_header(request, origin) : err;
}

static enum err
set_up(const struct http *http, struct request *request, const struct http_call *call)
{
	CURL *easy = request->easy;
	char url[512];
	enum err err = set_post(request, call);

	if (err == ERR_NONE)
		err = add_header(request, "Accept: application/json, text/csv");
	(void)snprintf(url, sizeof(url), "%s%s", call->origin, call->path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "tourniquet-replay");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	if (http->cacert != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, http->cacert);
	if (call->cookies != NULL)
		curl_easy_setopt(easy, CURLOPT_COOKIE, call->cookies);
	return err;
}

enum err
http_start(struct http *http, const struct http_call *call)
{
	struct request *request = calloc(1, sizeof(*request));
	enum err err = ERR_NOMEM;

	if (request == NULL)
		return err;
	bytes_init(&request->body, BODY_MAX);
	request->done = call->done;
	request->context = call->context;
	request->easy = curl_easy_init();
	if (request->easy != NULL)
		err = set_up(http, request, call);
	if (err == ERR_NONE && curl_multi_add_handle(http->multi, request->easy) != CURLM_OK)
		err = ERR_NOMEM;
	if (err != ERR_NONE) {
		request_free(request);
		return err;
	}
	request->next = http->requests;
	if (request->next != NULL)
		request->next->before = request;
	http->requests = request;
	http->running++;
	return ERR_NONE;
}

static void
call_back(struct http *http, struct request *request, CURLcode result)
{
	struct http_reply reply = {.complete = result == CURLE_OK, .why = curl_easy_strerror(result),
	    .ended_us = clock_monotonic_us()};

	(void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &reply.status);
	reply.body = request->body.data;
	reply.len = request->body.len;
	reply.cookies = request->cookies;
	request_unlink(http, request);
	request->done(request->context, &reply);
	request_free(request);
}

enum err
http_turn(struct http *http, int timeout_ms)
{
	CURLMsg *message;
	int running, left;

	if (curl_multi_perform(http->multi, &running) != CURLM_OK)
		return ERR_IO;
	if (running > 0 && (size_t)running == http->running) {
		if (curl_multi_poll(http->multi, NULL, 0, timeout_ms, NULL) != CURLM_OK ||
		    curl_multi_perform(http->multi, &running) != CURLM_OK)
			return ERR_IO;
	} else if (http->running == 0) {
		(void)curl_multi_poll(http->multi, NULL, 0, timeout_ms, NULL);
	}
	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		struct request *request = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		call_back(http, request, result);
	}
	return ERR_NONE;
}

size_t
http_running(const struct http *http)
{
	return http->running;
}

void
http_cut(struct http *http)
{
	struct request *request;

	/* Those that a callback starts stand before the rest and are cut as well: callers stop starting first. */
	while ((request = http->requests) != NULL)
		call_back(http, request, CURLE_ABORTED_BY_CALLBACK);
}
