/*
 * load: HTTP/1.1 requests over connections that stay, and how long the answers took.
 *
 *   load --port N --path P --connections N --seconds S [--rate R] [--cookies FILE] [--name COOKIE]
 *
 * Without --rate each connection asks again as soon as it was answered
 * (saturation). With --rate requests fall due at a fixed rhythm whatever the
 * server does, and their time counts from when they were due: a server that
 * stalls is charged for those that had to wait. Connections take the lines of
 * FILE in turn as the value of COOKIE. The first fifth of a second is not
 * counted. Prints one JSON object. One thread; loopback alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"

#define CONNECTIONS_MAX 1024
#define COOKIES_MAX 1024
#define REQUEST_MAX 512
#define HEAD_MAX 4096
#define READ_MAX (256u * 1024)
#define EVENTS 256
#define SECOND_NS 1000000000ULL
#define WARM_NS (SECOND_NS / 5)

struct connection {
	int fd;
	char request[REQUEST_MAX];
	size_t request_len;
	uint64_t due_ns;    /* when what is under way was due */
	char head[HEAD_MAX]; /* of an answer that came in pieces */
	size_t head_len;
	size_t body_left;
	bool in_body;
	bool good; /* the answer under way is a 200 */
};

struct plan {
	uint16_t port;
	const char *path;
	const char *cookie_name;
	unsigned connections;
	double seconds;
	double rate; /* 0: as fast as answers come */
};

struct run {
	const struct plan *plan;
	struct connection *all;
	unsigned *idle; /* ring of connections that wait for a due request */
	unsigned idle_first, idle_count;
	int poll_fd;
	uint64_t count_from_ns, end_ns;
	uint64_t next_due_ns, interval_ns;
	uint64_t answered, bad, under_way;
	uint64_t all_answered; /* also those before counting began */
	struct histogram times;
};

static char cookies[COOKIES_MAX][128];
static unsigned n_cookies;

static void __attribute__((noreturn))
die(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, errno == 0 ? "wrong" : strerror(errno));
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void
cookies_read(const char *path)
{
	FILE *file = fopen(path, "r");

	if (file == NULL)
		die(path);
	while (n_cookies < COOKIES_MAX && fgets(cookies[n_cookies], sizeof(cookies[0]), file) != NULL) {
		cookies[n_cookies][strcspn(cookies[n_cookies], "\n")] = '\0';
		n_cookies++;
	}
	(void)fclose(file);
}

static void
request_render(const struct plan *plan, struct connection *c, unsigned number)
{
	char cookie[256] = "";
	int len;

	if (n_cookies > 0)
		(void)snprintf(cookie, sizeof(cookie), "Cookie: %s=%s\r\n", plan->cookie_name, cookies[number % n_cookies]);
	len = snprintf(c->request, REQUEST_MAX, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n%s\r\n",
	    plan->path, cookie);
	if (len >= REQUEST_MAX)
		die("--path");
	c->request_len = (size_t)len;
}

static void
connect_one(struct run *run, unsigned number)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(run->plan->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
	struct connection *c = &run->all[number];
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
	    epoll_ctl(run->poll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
		die("connect");
	request_render(run->plan, c, number);
}

static void
ask(struct run *run, struct connection *c, uint64_t due_ns)
{
	c->due_ns = due_ns;
	if (send(c->fd, c->request, c->request_len, MSG_NOSIGNAL) != (ssize_t)c->request_len)
		die("send");
	run->under_way++;
}

static void
answered(struct run *run, struct connection *c)
{
	uint64_t now = now_ns();

	run->under_way--;
	run->all_answered++;
	if (!c->good)
		run->bad++;
	if (c->due_ns >= run->count_from_ns) {
		histogram_add(&run->times, now - c->due_ns);
		run->answered += now <= run->end_ns;
	}
	c->in_body = false;
	c->head_len = 0;
	if (run->plan->rate > 0)
		run->idle[(run->idle_first + run->idle_count++) % run->plan->connections] = (unsigned)(c - run->all);
	else if (now < run->end_ns)
		ask(run, c, now);
}

/* The head is whole: how long is the body? */
static void
head_read(struct connection *c, const char *head, size_t len)
{
	static const char name[] = "\r\nContent-Length: ";
	const char *length = memmem(head, len, name, sizeof(name) - 1);

	if (length == NULL)
		die("an answer without Content-Length");
	c->good = len > 12 && memcmp(head + 9, "200", 3) == 0;
	c->body_left = strtoul(length + sizeof(name) - 1, NULL, 10);
	c->in_body = true;
}

/* Take bytes of the head; returns how many. */
static size_t
head_take(struct connection *c, const char *data, size_t len)
{
	size_t before = c->head_len, room = HEAD_MAX - before, n = len < room ? len : room;
	const char *end;

	memcpy(c->head + before, data, n);
	c->head_len += n;
	end = memmem(c->head, c->head_len, "\r\n\r\n", 4);
	if (end == NULL) {
		if (c->head_len == HEAD_MAX)
			die("a head that is too long");
		return n;
	}
	head_read(c, c->head, (size_t)(end - c->head) + 4);
	return (size_t)(end - c->head) + 4 - before;
}

static void
receive(struct run *run, struct connection *c)
{
	static char data[READ_MAX];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);
	size_t len = n > 0 ? (size_t)n : 0, at = 0;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the server ended a connection");
	while (at < len) {
		if (!c->in_body)
			at += head_take(c, data + at, len - at);
		if (c->in_body) {
			size_t here = len - at < c->body_left ? len - at : c->body_left;

			at += here;
			c->body_left -= here;
			if (c->body_left == 0)
				answered(run, c);
		}
	}
}

/* Send what has fallen due; returns how long to wait for the next, in nanoseconds. */
static uint64_t
send_due(struct run *run)
{
	uint64_t now = now_ns();

	if (run->plan->rate <= 0)
		return SECOND_NS / 100;
	while (run->next_due_ns <= now && run->next_due_ns < run->end_ns && run->idle_count > 0) {
		struct connection *c = &run->all[run->idle[run->idle_first]];

		run->idle_first = (run->idle_first + 1) % run->plan->connections;
		run->idle_count--;
		ask(run, c, run->next_due_ns);
		run->next_due_ns += run->interval_ns;
	}
	if (run->idle_count == 0 || run->next_due_ns >= run->end_ns)
		return SECOND_NS / 100;
	return run->next_due_ns > now ? run->next_due_ns - now : 0;
}

/* Requests that were due and could never be sent have waited until now. */
static void
count_unsent(struct run *run)
{
	uint64_t now = now_ns();

	if (run->plan->rate <= 0)
		return;
	for (; run->next_due_ns < run->end_ns; run->next_due_ns += run->interval_ns)
		histogram_add(&run->times, now - run->next_due_ns);
}

static void
drive(struct run *run)
{
	uint64_t start = now_ns(), give_up;

	run->count_from_ns = start + WARM_NS;
	run->end_ns = run->count_from_ns + (uint64_t)(run->plan->seconds * 1e9);
	give_up = run->end_ns + 2 * SECOND_NS;
	run->next_due_ns = start;
	for (unsigned i = 0; i < run->plan->connections; i++) {
		if (run->plan->rate > 0)
			run->idle[run->idle_count++] = i;
		else
			ask(run, &run->all[i], now_ns());
	}
	for (;;) {
		struct epoll_event events[EVENTS];
		uint64_t wait_ns = send_due(run), now = now_ns();
		struct timespec wait = {.tv_sec = 0, .tv_nsec = (long)wait_ns};

		if ((now >= run->end_ns && run->under_way == 0) || now > give_up)
			break;
		int n = epoll_pwait2(run->poll_fd, events, EVENTS, &wait, NULL);
		for (int i = 0; i < n; i++)
			receive(run, &run->all[events[i].data.u32]);
	}
	count_unsent(run);
	/* A server that answers no more must not look fast. */
	run->bad += run->under_way;
}

static double
busy_share(uint64_t start_ns)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return 0;
	return ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6) * 1e9 / (double)(now_ns() - start_ns);
}

static double
number(const char *text, double max)
{
	char *end;
	double value = strtod(text, &end);

	errno = 0;
	if (*end != '\0' || !(value > 0) || value > max)
		die(text);
	return value;
}

static void
parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
	    {"port", required_argument, NULL, 'p'}, {"path", required_argument, NULL, 'u'},
	    {"connections", required_argument, NULL, 'c'}, {"seconds", required_argument, NULL, 's'},
	    {"rate", required_argument, NULL, 'r'}, {"cookies", required_argument, NULL, 'k'},
	    {"name", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p': plan->port = (uint16_t)number(optarg, 65535); break;
		case 'u': plan->path = optarg; break;
		case 'c': plan->connections = (unsigned)number(optarg, CONNECTIONS_MAX); break;
		case 's': plan->seconds = number(optarg, 600); break;
		case 'r': plan->rate = number(optarg, 1e7); break;
		case 'k': cookies_read(optarg); break;
		case 'n': plan->cookie_name = optarg; break;
		default: exit(2);
		}
	}
	if (plan->port == 0 || plan->path == NULL || plan->connections == 0)
		die("--port, --path and --connections are needed");
}

int
main(int argc, char **argv)
{
	struct plan plan = {.cookie_name = "__Host-tourniquet", .seconds = 1};
	struct run run = {.plan = &plan, .poll_fd = epoll_create1(EPOLL_CLOEXEC)};
	uint64_t start = now_ns();

	parse(argc, argv, &plan);
	run.all = calloc(plan.connections, sizeof(*run.all));
	run.idle = calloc(plan.connections, sizeof(*run.idle));
	if (run.poll_fd < 0 || run.all == NULL || run.idle == NULL)
		die("memory");
	run.interval_ns = plan.rate > 0 ? (uint64_t)(1e9 / plan.rate) : 0;
	/* A wake-up may come within a microsecond of its time, not within fifty. */
	(void)prctl(PR_SET_TIMERSLACK, 1000UL);
	for (unsigned i = 0; i < plan.connections; i++)
		connect_one(&run, i);
	drive(&run);
	printf("{\"rps\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"counted\":%" PRIu64 ",\"answered\":%" PRIu64
	       ",\"bad\":%" PRIu64 ",\"busy\":%.2f}\n",
	    (double)run.answered / plan.seconds, (double)histogram_quantile(&run.times, 0.5) / 1e3,
	    (double)histogram_quantile(&run.times, 0.99) / 1e3, run.times.count, run.all_answered, run.bad,
	    busy_share(start));
	free(run.all);
	free(run.idle);
	return 0;
}
