/*
 * orders: from an order given to the first refusal in every worker, and from
 * lifting it to the first answer.
 *
 *   orders --control SOCKET --port N --path P --cookie NAME=VALUE --session N [--orders N] [--workers N]
 *
 * Keeps one connection to each worker of the nginx on the port (the answer's
 * X-Worker names it) and asks on all of them without pause. Each round gives an
 * order `deny` for the session on the control socket and notes when the last
 * worker refused for the first time, then lifts it and notes when the last
 * worker answered again. The clock starts before the order is sent. Prints one
 * JSON object, milliseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/msg.h"
#include "histogram.h"

#define WORKERS_MAX 16u
#define TRIES_MAX 512u
#define ANSWER_MAX 16384u
#define GIVE_UP_US 5000000ULL
#define PAUSE_US 2000u

struct client {
	int fd;
	unsigned long worker;
	char answer[ANSWER_MAX];
	size_t len;
	int status;
};

struct plan {
	const char *control;
	const char *path;
	const char *cookie;
	uint16_t port;
	unsigned session;
	unsigned orders;
	unsigned workers;
};

struct bench {
	struct plan plan;
	struct msg control;
	char request[512];
	struct client clients[WORKERS_MAX];
	struct histogram given;
	struct histogram lifted;
};

static void __attribute__((noreturn))
die(const char *what)
{
	(void)fprintf(stderr, "orders: %s\n", what);
	exit(1);
}

static void
ask(const struct bench *bench, struct client *client)
{
	size_t len = strlen(bench->request);

	client->len = 0;
	if (send(client->fd, bench->request, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("a worker ended its connection");
}

/* True when the answer is whole: status and worker are set then. */
static bool
receive(struct client *client)
{
	ssize_t n = recv(client->fd, client->answer + client->len, ANSWER_MAX - 1 - client->len, 0);
	const char *end, *length, *worker;

	if (n <= 0)
		die("a worker ended its connection");
	client->len += (size_t)n;
	client->answer[client->len] = '\0';
	end = strstr(client->answer, "\r\n\r\n");
	if (end == NULL)
		return false;
	length = strstr(client->answer, "\r\nContent-Length: ");
	worker = strstr(client->answer, "\r\nX-Worker: ");
	if (length == NULL || worker == NULL)
		die("an answer without Content-Length or X-Worker");
	if (client->len < (size_t)(end + 4 - client->answer) + strtoul(length + 18, NULL, 10))
		return false;
	client->worker = strtoul(worker + 12, NULL, 10);
	client->status = (int)strtol(client->answer + 9, NULL, 10);
	return true;
}

static int
connect_one(uint16_t port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
		die("the server cannot be reached");
	return fd;
}

static bool
is_known(const struct bench *bench, unsigned n, unsigned long worker)
{
	for (unsigned i = 0; i < n; i++)
		if (bench->clients[i].worker == worker)
			return true;
	return false;
}

/* Connect until each worker has one connection. */
static void
meet_workers(struct bench *bench)
{
	unsigned n = 0;

	for (unsigned tries = 0; n < bench->plan.workers; tries++) {
		struct client *client = &bench->clients[n];

		if (tries == TRIES_MAX)
			die("not every worker took a connection");
		client->fd = connect_one(bench->plan.port);
		ask(bench, client);
		while (!receive(client))
			;
		if (client->status != 200)
			die("the route does not answer 200");
		if (is_known(bench, n, client->worker))
			(void)close(client->fd);
		else
			n++;
	}
}

/* Ask every worker without pause until each has once said `status`; returns when the last did. */
static uint64_t
await_status(struct bench *bench, int status, uint64_t since_us)
{
	struct pollfd polls[WORKERS_MAX];
	unsigned waiting = bench->plan.workers;
	uint64_t now_us = since_us;

	for (unsigned i = 0; i < bench->plan.workers; i++)
		polls[i] = (struct pollfd){.fd = bench->clients[i].fd, .events = POLLIN};
	while (waiting > 0) {
		if (poll(polls, bench->plan.workers, 1000) < 0)
			die("poll");
		now_us = clock_monotonic_us();
		if (now_us - since_us > GIVE_UP_US)
			die("a worker did not follow within five seconds");
		for (unsigned i = 0; i < bench->plan.workers; i++) {
			struct client *client = &bench->clients[i];

			if (polls[i].fd < 0 || polls[i].revents == 0 || !receive(client))
				continue;
			if (client->status == status) {
				polls[i].fd = -1;
				waiting--;
			} else
				ask(bench, client);
		}
	}
	return now_us;
}

static void
ask_all(struct bench *bench)
{
	for (unsigned i = 0; i < bench->plan.workers; i++)
		ask(bench, &bench->clients[i]);
}

/* Send and do not wait: what is measured is when it bites, not when the engine says so. */
static void
tell(struct bench *bench, json_t *request)
{
	if (request == NULL || msg_send(&bench->control, request) != ERR_NONE)
		die("the engine does not listen");
	json_decref(request);
}

static json_int_t
await_order(struct bench *bench)
{
	json_t *answer = NULL;
	json_int_t order;

	do {
		json_decref(answer);
		if (msg_wait(&bench->control, 5000, &answer) != ERR_NONE)
			die("the engine does not answer");
	} while (json_object_get(answer, "ok") == NULL);
	if (!json_is_true(json_object_get(answer, "ok")))
		die(json_string_value(json_object_get(answer, "message")));
	order = json_integer_value(json_object_get(answer, "order"));
	json_decref(answer);
	return order;
}

static void
one_round(struct bench *bench)
{
	char scope[64];
	uint64_t start_us;
	json_int_t order;

	(void)snprintf(scope, sizeof(scope), "session=#%u", bench->plan.session);
	ask_all(bench);
	start_us = clock_monotonic_us();
	tell(bench, json_pack("{ss ss ss ss ss si}", "op", "order.give", "scope", scope, "action", "deny", "reason",
	    "measured", "author", "bench", "for_s", 600));
	histogram_add(&bench->given, (await_status(bench, 403, start_us) - start_us) * 1000);
	order = await_order(bench);
	ask_all(bench);
	start_us = clock_monotonic_us();
	tell(bench, json_pack("{ss sI ss}", "op", "order.lift", "order", order, "author", "bench"));
	histogram_add(&bench->lifted, (await_status(bench, 200, start_us) - start_us) * 1000);
	(void)await_order(bench);
	(void)usleep(PAUSE_US);
}

static unsigned
number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end != '\0' || value == 0 || value > max)
		die(text);
	return (unsigned)value;
}

static void
parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
	    {"control", required_argument, NULL, 'c'}, {"port", required_argument, NULL, 'p'},
	    {"path", required_argument, NULL, 'u'}, {"cookie", required_argument, NULL, 'k'},
	    {"session", required_argument, NULL, 's'}, {"orders", required_argument, NULL, 'o'},
	    {"workers", required_argument, NULL, 'w'}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c': plan->control = optarg; break;
		case 'p': plan->port = (uint16_t)number(optarg, 65535); break;
		case 'u': plan->path = optarg; break;
		case 'k': plan->cookie = optarg; break;
		case 's': plan->session = number(optarg, UINT32_MAX); break;
		case 'o': plan->orders = number(optarg, 100000); break;
		case 'w': plan->workers = number(optarg, WORKERS_MAX); break;
		default: exit(2);
		}
	}
	if (plan->control == NULL || plan->path == NULL || plan->cookie == NULL || plan->port == 0 || plan->session == 0)
		die("--control, --port, --path, --cookie and --session are needed");
}

static double
ms(const struct histogram *histogram, double share)
{
	return (double)histogram_quantile(histogram, share) / 1e6;
}

int
main(int argc, char **argv)
{
	static struct bench bench = {.plan = {.orders = 300, .workers = 2}};

	parse(argc, argv, &bench.plan);
	(void)snprintf(bench.request, sizeof(bench.request),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nCookie: %s\r\n\r\n", bench.plan.path,
	    bench.plan.cookie);
	if (msg_connect(&bench.control, bench.plan.control) != ERR_NONE)
		die("the control socket cannot be reached");
	meet_workers(&bench);
	for (unsigned i = 0; i < bench.plan.orders; i++)
		one_round(&bench);
	printf("{\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"lift_p50_ms\":%.3f,\"lift_p99_ms\":%.3f,"
	       "\"orders\":%u,\"workers\":%u}\n", ms(&bench.given, 0.5), ms(&bench.given, 0.99), ms(&bench.given, 1),
	    ms(&bench.lifted, 0.5), ms(&bench.lifted, 0.99), bench.plan.orders, bench.plan.workers);
	for (unsigned i = 0; i < bench.plan.workers; i++)
		(void)close(bench.clients[i].fd);
	msg_close(&bench.control);
	return 0;
}
