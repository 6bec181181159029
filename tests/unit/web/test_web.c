/*
 * The web worker as a process of its own, with this test on both its sides: as the engine that answers, and as browsers
 * that send what they like.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/msg.h"
#include "web/web.h"

#define ORIGIN "https://localhost:8443"
#define TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define COOKIE "Cookie: __Host-tourniquet=" TOKEN "\r\n"
#define JSON "Content-Type: application/json\r\n"
#define ANSWER_MAX ((size_t)256 << 10)
#define TIMEOUT_MS 20000

struct stage {
	char dir[64];
	char socket[96];
	pid_t worker;
	struct msg engine;
	char *answer;
};

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static int
set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct web_options options = {.public_origin = ORIGIN, .service_name = "Files",
	    .cookie_max_age_s = 3600};
	int pair[2];

	assert_non_null(stage);
	(void)snprintf(stage->dir, sizeof(stage->dir), "/tmp/test-web-XXXXXX");
	assert_non_null(mkdtemp(stage->dir));
	(void)snprintf(stage->socket, sizeof(stage->socket), "%s/web.sock", stage->dir);
	write_file(stage->dir, "sign-in.html", "<!doctype html><title>page</title>");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	options.listen_fd = listen_at(stage->socket);
	options.pages_dir = stage->dir;
	stage->worker = fork();
	assert_true(stage->worker >= 0);
	if (stage->worker == 0) {
		close(pair[0]);
		exit(web_main(pair[1], &options));
	}
	close(pair[1]);
	close(options.listen_fd);
	assert_int_equal(msg_open(&stage->engine, pair[0]), ERR_NONE);
	stage->answer = malloc(ANSWER_MAX);
	assert_non_null(stage->answer);
	*state = stage;
	return 0;
}

/* The worker's own end tells of leaks and of memory errors: it must be a clean one. */
static int
tear_down(void **state)
{
	struct stage *stage = *state;
	char path[128];
	int status = -1;

	(void)kill(stage->worker, SIGTERM);
	msg_close(&stage->engine);
	if (waitpid(stage->worker, &status, 0) != stage->worker || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		(void)fprintf(stderr, "the worker ended with status %x\n", (unsigned)status);
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/sign-in.html", stage->dir);
	(void)unlink(path);
	(void)unlink(stage->socket);
	(void)rmdir(stage->dir);
	free(stage->answer);
	free(stage);
	return 0;
}

static int
connect_to(const struct stage *stage)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", stage->socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		assert_true(n > 0);
		data += n;
		len -= (size_t)n;
	}
}

static int
ask_with(const struct stage *stage, const char *method, const char *path, const char *headers, const char *body)
{
	char head[4096];
	int fd = connect_to(stage);
	int len = snprintf(head, sizeof(head),
	    "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n", method, path, headers,
	    strlen(body));

	assert_in_range(len, 1, sizeof(head) - 1);
	send_all(fd, head, (size_t)len);
	send_all(fd, body, strlen(body));
	return fd;
}

/* The whole response, into stage->answer; its status. 0: the connection was closed without one. */
static int
hear(struct stage *stage, int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	ssize_t n;
	int status = 0;

	do {
		assert_int_equal(poll(&polled, 1, TIMEOUT_MS), 1);
		n = recv(fd, stage->answer + len, ANSWER_MAX - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	close(fd);
	stage->answer[len] = '\0';
	if (sscanf(stage->answer, "HTTP/1.1 %d", &status) != 1)
		return 0;
	return status;
}

static int
ask(struct stage *stage, const char *method, const char *path, const char *headers, const char *body)
{
	return hear(stage, ask_with(stage, method, path, headers, body));
}

/* The operation that the worker sends for a request. */
static json_t *
operation(struct stage *stage)
{
	json_t *frame = NULL;

	assert_int_equal(msg_wait(&stage->engine, TIMEOUT_MS, &frame), ERR_NONE);
	return frame;
}

/* Answer `frame` (taken) with the members of `text`. */
static void
engine_says(struct stage *stage, json_t *frame, const char *text)
{
	json_t *answer = json_loads(text, 0, NULL);

	assert_non_null(answer);
	assert_int_equal(json_object_set(answer, "id", json_object_get(frame, "id")), 0);
	assert_int_equal(msg_send(&stage->engine, answer), ERR_NONE);
	json_decref(answer);
	json_decref(frame);
}

static const char *
member(const json_t *frame, const char *key)
{
	return json_string_value(json_object_get(frame, key));
}

static void
a_right_password_becomes_cookies(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "POST", "/.tourniquet/api/sign-in",
	    JSON "User-Agent: Browser/1\r\nX-Forwarded-For: 192.0.2.7\r\nOrigin: " ORIGIN "\r\n"
	         "Sec-Fetch-Site: same-origin\r\nCookie: __Host-tourniquet-device=" OTHER "\r\n",
	    "{\"login\":\"x\",\"password\":\"y\",\"next\":\"/a?b#c\"}");
	json_t *op = operation(stage);

	assert_string_equal(member(op, "op"), "signin.password");
	assert_string_equal(member(op, "login"), "x");
	assert_string_equal(member(op, "password"), "y");
	assert_string_equal(member(op, "device"), OTHER);
	assert_string_equal(member(op, "address"), "192.0.2.7");
	assert_string_equal(member(op, "user_agent"), "Browser/1");
	engine_says(stage, op, "{\"ok\":true,\"session\":1,\"token\":\"" TOKEN "\",\"device\":\"" OTHER "\"}");
	assert_int_equal(hear(stage, fd), 200);
	assert_non_null(strstr(stage->answer,
	    "Set-Cookie: __Host-tourniquet=" TOKEN "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600\r\n"));
	assert_non_null(strstr(stage->answer, "Set-Cookie: __Host-tourniquet-device=" OTHER "; Path=/; Secure; HttpOnly"));
	assert_non_null(strstr(stage->answer, "\"next\":\"/a?b#c\""));
	assert_non_null(strstr(stage->answer, "Cache-Control: no-store\r\n"));
	assert_null(strstr(strstr(stage->answer, "\r\n\r\n"), TOKEN));
}

static void
a_ticket_asks_for_the_code_and_sets_no_cookie(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "POST", "/.tourniquet/api/sign-in", JSON, "{\"login\":\"x\",\"password\":\"y\"}");

	engine_says(stage, operation(stage), "{\"ok\":true,\"ticket\":\"t\",\"methods\":[\"totp\"],\"expires_us\":5}");
	assert_int_equal(hear(stage, fd), 200);
	assert_non_null(strstr(stage->answer, "\"ticket\":\"t\""));
	assert_null(strstr(stage->answer, "Set-Cookie"));
}

static void
what_follows_a_sign_in_stays_on_this_site(void **state)
{
	static const char *const foreign[] = {"//evil.example", "https://evil.example", "/\\\\evil.example", "javascript:1",
	    "/\\tx/evil.example", "", "/a\\\\b"};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		char body[128];
		int fd;

		(void)snprintf(body, sizeof(body), "{\"code\":\"123456\",\"next\":\"%s\"}", foreign[i]);
		fd = ask_with(stage, "POST", "/.tourniquet/api/step-up", JSON COOKIE, body);
		engine_says(stage, operation(stage), "{\"ok\":true,\"stepped_up_us\":1,\"until_us\":2}");
		assert_int_equal(hear(stage, fd), 200);
		assert_non_null(strstr(stage->answer, "\"next\":\"/\""));
	}
}

static void
refusals_become_problems(void **state)
{
	static const struct {
		const char *says;
		int status;
		const char *contains;
	} cases[] = {
	    {"{\"ok\":false,\"error\":\"denied\",\"message\":\"no\"}", 403, "urn:tourniquet:problem:denied"},
	    {"{\"ok\":false,\"error\":\"denied\",\"reason\":\"closed\",\"message\":\"no\"}", 403, "problem:closed"},
	    {"{\"ok\":false,\"error\":\"denied\",\"message\":\"no\",\"retry_after_s\":61}", 429, "Retry-After: 61\r\n"},
	    {"{\"ok\":false,\"error\":\"expired\",\"message\":\"no\"}", 410, "problem:expired"},
	    {"{\"ok\":false,\"error\":\"busy\",\"message\":\"no\"}", 429, "Retry-After: 5\r\n"},
	    {"{\"ok\":false,\"error\":\"space\",\"message\":\"no\"}", 503, "Retry-After: 5\r\n"},
	    {"{\"ok\":true}", 503, "problem:engine-away"},
	    {"{\"ok\":\"yes\",\"token\":\"" TOKEN "\"}", 503, "application/problem+json"},
	};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = ask_with(stage, "POST", "/.tourniquet/api/second-factor", JSON, "{\"ticket\":\"t\",\"code\":\"1\"}");

		engine_says(stage, operation(stage), cases[i].says);
		assert_int_equal(hear(stage, fd), cases[i].status);
		assert_non_null(strstr(stage->answer, cases[i].contains));
		assert_null(strstr(stage->answer, "Set-Cookie"));
	}
}

static void
pages_of_other_sites_cannot_act(void **state)
{
	static const char *const headers[] = {JSON COOKIE "Origin: https://evil.example\r\n", JSON COOKIE "Origin: null\r\n",
	    JSON COOKIE "Origin: " ORIGIN ".evil.example\r\n", JSON COOKIE "Sec-Fetch-Site: cross-site\r\n",
	    JSON COOKIE "Sec-Fetch-Site: same-site\r\n"};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_int_equal(ask(stage, "POST", "/.tourniquet/api/sign-out", headers[i], "{}"), 403);
		assert_non_null(strstr(stage->answer, "foreign-origin"));
	}
}

static void
bodies_that_are_no_json_object_are_refused(void **state)
{
	static const char *const types[] = {"", "Content-Type: text/plain\r\n", "Content-Type: application/jsonx\r\n",
	    "Content-Type: application/x-www-form-urlencoded\r\n"};
	static const char *const bodies[] = {"", "[]", "{", "nul", "{\"login\":\"a\",\"login\":\"b\"}", "\xff\xfe",
	    "{\"login\":\"\xff\"}", "{\"login\":\"a\\u0000\",\"password\":\"b\"}", "{} {}"};
	static const char *const shapes[] = {"{}", "{\"login\":1,\"password\":\"b\"}", "{\"login\":\"a\",\"password\":null}",
	    "{\"login\":\"a\",\"password\":{\"x\":[1]}}"};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(ask(stage, "POST", "/.tourniquet/api/sign-in", types[i], "{}"), 415);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(ask(stage, "POST", "/.tourniquet/api/sign-in", JSON, bodies[i]), 400);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		assert_int_equal(ask(stage, "POST", "/.tourniquet/api/sign-in", JSON, shapes[i]), 400);
	assert_int_equal(ask(stage, "POST", "/.tourniquet/api/sessions/revoke", JSON COOKIE, "{\"session\":\"1\"}"), 400);
	assert_int_equal(
	    ask(stage, "POST", "/.tourniquet/api/sessions/revoke", JSON COOKIE, "{\"others\":true,\"session\":1}"), 400);
}

static void
a_body_that_is_too_large_is_answered_so(void **state)
{
	struct stage *stage = *state;
	size_t len = (size_t)1 << 20;
	char *body = malloc(len + 1);

	assert_non_null(body);
	memset(body, '[', len);
	body[len] = '\0';
	assert_int_equal(ask(stage, "POST", "/.tourniquet/api/sign-in", JSON, body), 413);
	/* Within the limit and as deep as it gets. */
	body[65000] = '\0';
	assert_int_equal(ask(stage, "POST", "/.tourniquet/api/sign-in", JSON, body), 400);
	free(body);
}

static void
only_one_well_formed_session_cookie_counts(void **state)
{
	static const char *const headers[] = {"", "Cookie: __Host-tourniquet=\r\n", "Cookie: __Host-tourniquet=short\r\n",
	    COOKIE "Cookie: __Host-tourniquet=" OTHER "\r\n",
	    "Cookie: __Host-tourniquet=" TOKEN "; __Host-tourniquet=" TOKEN "\r\n",
	    "Cookie: __Host-tourniquet=\xff" TOKEN "\r\n", "Cookie: __Host-tourniquetx=" TOKEN "\r\n"};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_int_equal(ask(stage, "GET", "/.tourniquet/api/me", headers[i], ""), 401);
		assert_non_null(strstr(stage->answer, "not-signed-in"));
	}
}

static void
what_the_session_asks_goes_with_its_token(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "POST", "/.tourniquet/api/sessions/revoke", JSON COOKIE, "{\"session\":7}");
	json_t *op = operation(stage);

	assert_string_equal(member(op, "op"), "my.revoke");
	assert_string_equal(member(op, "token"), TOKEN);
	assert_int_equal(json_integer_value(json_object_get(op, "session")), 7);
	engine_says(stage, op, "{\"ok\":true,\"revoked\":1}");
	assert_int_equal(hear(stage, fd), 200);
	assert_non_null(strstr(stage->answer, "{\"revoked\":1}"));
}

static void
signing_out_takes_the_cookie_away(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "POST", "/.tourniquet/api/sign-out", JSON COOKIE, "{}");

	engine_says(stage, operation(stage), "{\"ok\":true,\"session\":1}");
	assert_int_equal(hear(stage, fd), 200);
	assert_non_null(strstr(stage->answer, "Set-Cookie: __Host-tourniquet=; Path=/; Secure; HttpOnly; SameSite=Lax; "
	                                      "Max-Age=0\r\n"));
}

static void
headers_of_all_kinds_do_no_harm(void **state)
{
	struct stage *stage = *state;
	char headers[2048];
	char agent[1200];
	json_t *op;
	int fd;

	memset(agent, 'a', sizeof(agent) - 1);
	agent[sizeof(agent) - 1] = '\0';
	agent[0] = '\xff';
	(void)snprintf(headers, sizeof(headers), JSON "User-Agent: %s\r\nX-Forwarded-For: 192.0.2.7, evil\r\n", agent);
	fd = ask_with(stage, "POST", "/.tourniquet/api/sign-in", headers, "{\"login\":\"x\",\"password\":\"y\"}");
	op = operation(stage);
	assert_int_equal(strlen(member(op, "user_agent")), 256);
	assert_string_equal(member(op, "address"), "");
	engine_says(stage, op, "{\"ok\":false,\"error\":\"denied\",\"message\":\"no\"}");
	assert_int_equal(hear(stage, fd), 403);
	assert_int_equal(ask(stage, "GET", "/.tourniquet/scim/v2/Users/1", "Authorization: Bearer \xff\r\n", ""), 401);
}

static void
pages_and_unknown_addresses_need_no_engine(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(ask(stage, "GET", "/.tourniquet/sign-in?next=%2F", "", ""), 200);
	assert_non_null(strstr(stage->answer, "Content-Security-Policy: default-src 'none'"));
	assert_int_equal(ask(stage, "HEAD", "/.tourniquet/sign-in", "", ""), 200);
	assert_int_equal(ask(stage, "GET", "/.tourniquet/api/service", "", ""), 200);
	assert_non_null(strstr(stage->answer, "{\"name\":\"Files\"}"));
	assert_int_equal(ask(stage, "GET", "/.tourniquet/nothing", "", ""), 404);
	assert_int_equal(ask(stage, "GET", "/.tourniquet/", "", ""), 404);
	assert_int_equal(ask(stage, "GET", "/.tourniquet/../sign-in.html", "", ""), 404);
	assert_int_equal(ask(stage, "GET", "/sign-in", "", ""), 404);
	assert_int_equal(ask(stage, "DELETE", "/.tourniquet/api/sign-in", "", ""), 405);
	assert_int_equal(ask(stage, "GET", "/.tourniquet/api/sign-in", "", ""), 405);
}

static void
accounts_of_platforms_are_created_with_their_creator(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "POST", "/.tourniquet/scim/v2/Users",
	    "Content-Type: application/scim+json\r\nAuthorization: Bearer secret\r\n",
	    "{\"userName\":\"n\",\"userType\":\"partner\",\"password\":\"p\",\"active\":true,\"name\":{},"
	    "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"organization\":\"o\","
	    "\"manager\":{\"value\":\"m\"}}}");
	json_t *op = operation(stage);
	json_t *user = json_object_get(op, "user");

	assert_string_equal(member(op, "bearer"), "secret");
	assert_string_equal(member(user, "userName"), "n");
	assert_string_equal(member(user, "profile"), "partner");
	assert_string_equal(member(user, "password"), "p");
	assert_string_equal(member(user, "organisation"), "o");
	assert_string_equal(member(user, "manager"), "m");
	engine_says(stage, op, "{\"ok\":true,\"user\":{\"id\":\"9\",\"userName\":\"n\",\"active\":true}}");
	assert_int_equal(hear(stage, fd), 201);
	assert_non_null(strstr(stage->answer, "Location: /.tourniquet/scim/v2/Users/9\r\n"));
	assert_int_equal(ask(stage, "POST", "/.tourniquet/scim/v2/Users", JSON, "{\"userName\":\"n\"}"), 401);
	fd = ask_with(stage, "GET", "/.tourniquet/scim/v2/Users/9", "Authorization: Bearer secret\r\n", "");
	op = operation(stage);
	assert_string_equal(member(op, "user_id"), "9");
	engine_says(stage, op, "{\"ok\":true,\"user\":{\"id\":\"9\",\"userName\":\"n\",\"active\":false}}");
	assert_int_equal(hear(stage, fd), 200);
	assert_non_null(strstr(stage->answer, "\"active\":false"));
}

static void
many_requests_wait_at_once_and_each_gets_its_own_answer(void **state)
{
	struct stage *stage = *state;
	json_t *ops[50];
	int fds[50];

	for (int i = 0; i < 50; i++)
		fds[i] = ask_with(stage, "GET", "/.tourniquet/api/sessions", COOKIE, "");
	for (int i = 0; i < 50; i++)
		ops[i] = operation(stage);
	/* In another order; each answer carries its request's id. */
	for (int i = 49; i >= 0; i--) {
		char says[64];

		(void)snprintf(says, sizeof(says), "{\"ok\":true,\"n\":%lld}",
		    (long long)json_integer_value(json_object_get(ops[i], "id")));
		engine_says(stage, ops[i], says);
	}
	for (int i = 0; i < 50; i++)
		assert_int_equal(hear(stage, fds[i]), 200);
}

static void
a_browser_that_leaves_while_the_engine_thinks_does_no_harm(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "GET", "/.tourniquet/api/me", COOKIE, "");
	json_t *op = operation(stage);

	close(fd);
	engine_says(stage, op, "{\"ok\":true}");
	assert_int_equal(ask(stage, "GET", "/.tourniquet/api/service", "", ""), 200);
}

static void
an_engine_that_dies_is_said_to_be_away(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "GET", "/.tourniquet/api/me", COOKIE, "");

	json_decref(operation(stage));
	assert_int_equal(shutdown(stage->engine.fd, SHUT_RDWR), 0);
	assert_int_equal(hear(stage, fd), 503);
	assert_non_null(strstr(stage->answer, "engine-away"));
	assert_non_null(strstr(stage->answer, "Retry-After: 5\r\n"));
}

static void
an_engine_that_sends_nonsense_is_not_heard_on(void **state)
{
	struct stage *stage = *state;
	int fd = ask_with(stage, "GET", "/.tourniquet/api/me", COOKIE, "");

	json_decref(operation(stage));
	assert_int_equal(send(stage->engine.fd, "\x03\0\0\0{x}", 7, MSG_NOSIGNAL), 7);
	assert_int_equal(hear(stage, fd), 503);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    ON_STAGE(a_right_password_becomes_cookies),
	    ON_STAGE(a_ticket_asks_for_the_code_and_sets_no_cookie),
	    ON_STAGE(what_follows_a_sign_in_stays_on_this_site),
	    ON_STAGE(refusals_become_problems),
	    ON_STAGE(pages_of_other_sites_cannot_act),
	    ON_STAGE(bodies_that_are_no_json_object_are_refused),
	    ON_STAGE(a_body_that_is_too_large_is_answered_so),
	    ON_STAGE(only_one_well_formed_session_cookie_counts),
	    ON_STAGE(what_the_session_asks_goes_with_its_token),
	    ON_STAGE(signing_out_takes_the_cookie_away),
	    ON_STAGE(headers_of_all_kinds_do_no_harm),
	    ON_STAGE(pages_and_unknown_addresses_need_no_engine),
	    ON_STAGE(accounts_of_platforms_are_created_with_their_creator),
	    ON_STAGE(many_requests_wait_at_once_and_each_gets_its_own_answer),
	    ON_STAGE(a_browser_that_leaves_while_the_engine_thinks_does_no_harm),
	    ON_STAGE(an_engine_that_dies_is_said_to_be_away),
	    ON_STAGE(an_engine_that_sends_nonsense_is_not_heard_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
