/*
 * upstream: a platform that costs next to nothing, so that what is measured is
 * the proxy in front of it.
 *
 *   upstream SOCKET
 *
 * Speaks just enough HTTP/1.1 over a Unix socket for a proxy that keeps its
 * connections: a path that ends in /1, /10 or /100 gets a JSON list of 5, 54 or
 * 538 persons (about as many KB), any other a 204. The answers are rendered
 * once. One thread; ends on SIGTERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 4096
#define REQUEST_MAX 4096
#define PERSON_MAX 320
#define EVENTS 256

struct answer {
	const char *ending; /* of the path */
	unsigned persons;
	char *text;
	size_t len;
};

struct connection {
	char request[REQUEST_MAX];
	size_t request_len;
	const struct answer *answer; /* being sent */
	size_t sent;
};

static struct answer answers[] = {{"/1", 5, NULL, 0}, {"/10", 54, NULL, 0}, {"/100", 538, NULL, 0}, {"", 0, NULL, 0}};
static struct connection *connections[DESCRIPTORS_MAX];

static void __attribute__((noreturn))
die(const char *what)
{
	(void)fprintf(stderr, "upstream: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t
render_person(char *out, unsigned i)
{
	return (size_t)snprintf(out, PERSON_MAX,
	    "%s{\"id\":\"%011u\",\"family_name\":\"FAMILY%u\",\"given_name\":\"Given%u\","
	    "\"birth_date\":\"%04u-%02u-%02u\",\"email\":\"person%u@people.example\",\"telephone\":\"0199%06u\","
	    "\"status\":\"registered\",\"category\":\"A\"}",
	    i == 0 ? "" : ",", 10000000 + i, i, i, 1950 + i % 55, 1 + i % 12, 1 + i % 28, i, i);
}

static void
render(struct answer *answer)
{
	static const char none[] = "HTTP/1.1 204 No Content\r\n\r\n";
	size_t room = 512 + (size_t)answer->persons * PERSON_MAX, len = 0;
	char *body = malloc(room);

	answer->text = malloc(room);
	if (body == NULL || answer->text == NULL)
		die("memory");
	if (answer->persons == 0) {
		memcpy(answer->text, none, sizeof(none));
		answer->len = sizeof(none) - 1;
		free(body);
		return;
	}
	len += (size_t)snprintf(body, room, "{\"people\":[");
	for (unsigned i = 0; i < answer->persons; i++)
		len += render_person(body + len, i);
	len += (size_t)snprintf(body + len, room - len, "]}\n");
	answer->len = (size_t)snprintf(answer->text, room,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", len, body);
	free(body);
}

static const struct answer *
choose(const char *request, size_t len)
{
	const char *start = memchr(request, ' ', len), *end;
	const struct answer *answer = answers;

	if (start == NULL || (end = memchr(start + 1, ' ', len - (size_t)(start + 1 - request))) == NULL)
		return &answers[3];
	for (; answer->persons != 0; answer++) {
		size_t n = strlen(answer->ending);

		if ((size_t)(end - start) > n && memcmp(end - n, answer->ending, n) == 0)
			break;
	}
	return answer;
}

static void
leave(int fd)
{
	free(connections[fd]);
	connections[fd] = NULL;
	(void)close(fd);
}

/* False: the connection has ended. */
static bool
send_on(int fd, struct connection *c)
{
	while (c->answer != NULL) {
		ssize_t n = send(fd, c->answer->text + c->sent, c->answer->len - c->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN;
		c->sent += (size_t)n;
		if (c->sent == c->answer->len)
			c->answer = NULL;
	}
	return true;
}

/* False: the connection has ended, or sends what a proxy would not. */
static bool
receive(int fd, struct connection *c)
{
	ssize_t n = recv(fd, c->request + c->request_len, REQUEST_MAX - c->request_len, 0);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	c->request_len += (size_t)n;
	if (c->request_len < 4 || memcmp(c->request + c->request_len - 4, "\r\n\r\n", 4) != 0)
		return c->request_len < REQUEST_MAX;
	c->answer = choose(c->request, c->request_len);
	c->sent = 0;
	c->request_len = 0;
	return true;
}

static void
welcome(int listener, int poll_fd)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};

	if (fd < 0)
		return;
	if (fd >= DESCRIPTORS_MAX) {
		(void)close(fd);
		return;
	}
	connections[fd] = calloc(1, sizeof(*connections[fd]));
	if (connections[fd] == NULL || epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		die("connection");
}

static void
serve(int listener)
{
	struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data.fd = listener};
	int poll_fd = epoll_create1(EPOLL_CLOEXEC);

	if (poll_fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event) != 0)
		die("epoll");
	for (;;) {
		int n = epoll_wait(poll_fd, events, EVENTS, -1);

		if (n < 0 && errno != EINTR)
			die("epoll");
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				welcome(listener, poll_fd);
			else if (!receive(fd, connections[fd]) || !send_on(fd, connections[fd]))
				leave(fd);
		}
	}
}

int
main(int argc, char **argv)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		(void)fputs("usage: upstream SOCKET\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		render(&answers[i]);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	(void)unlink(argv[1]);
	if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 1024) != 0)
		die(argv[1]);
	serve(listener);
}
