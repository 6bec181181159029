/* listen: the sockets a service listens on. Called once at the start. */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "services/http/internal.h"

#define BACKLOG 1024

static int
fail(int fd, const char *words, const char **why)
{
	int kept = errno;

	if (fd >= 0)
		close(fd);
	errno = kept;
	*why = words;
	return -1;
}

/* Remove a socket file nobody answers on. False where somebody does. */
static bool
clear_stale(const struct sockaddr_un *address)
{
	struct stat st;
	bool alive;
	int fd;

	if (lstat(address->sun_path, &st) != 0)
		return true;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	alive = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
	if (fd >= 0)
		close(fd);
	if (!alive)
		return unlink(address->sun_path) == 0;
	errno = EADDRINUSE;
	return false;
}

/* ENOENT where there is no such group. */
static bool
give_to_group(const char *path, const char *name)
{
	const struct group *group;

	if (name == NULL)
		return true;
	errno = 0;
	group = getgrnam(name);
	if (group == NULL && errno == 0)
		errno = ENOENT;
	return group != NULL && chown(path, (uid_t)-1, group->gr_gid) == 0;
}

int
http_listen_unix(const char *path, const char *group, const char **why)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return fail(-1, "the socket's path is too long", why);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (!clear_stale(&address))
		return fail(-1, "the socket's path is in use", why);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(fd, "no socket", why);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return fail(fd, "the socket's path cannot be bound", why);
	if (!give_to_group(path, group))
		return fail(fd, "the socket cannot be given to its group", why);
	/* Nobody can connect before listen(), so the mode is never too wide. */
	if (chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0)
		return fail(fd, "cannot listen on the socket", why);
	return fd;
}

static bool
parse_loopback(const char *text, struct sockaddr_storage *address, socklen_t *len)
{
	struct sockaddr_in *v4 = (void *)address;
	struct sockaddr_in6 *v6 = (void *)address;
	char host[64];
	const char *colon = strrchr(text, ':');
	char *end;

	if (colon == NULL || colon[1] == '\0' || (size_t)(colon - text) >= sizeof(host))
		return false;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port == 0 || port > 65535)
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	memset(address, 0, sizeof(*address));
	if (strcmp(host, "[::1]") == 0) {
		v6->sin6_family = AF_INET6;
		v6->sin6_addr = in6addr_loopback;
		v6->sin6_port = htons((uint16_t)port);
		*len = sizeof(*v6);
		return true;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	*len = sizeof(*v4);
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1 &&
	    ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

int
http_listen_tcp(const char *text, const char **why)
{
	struct sockaddr_storage address;
	socklen_t len;
	int one = 1;
	int fd;

	if (!parse_loopback(text, &address, &len)) {
		errno = EINVAL;
		return fail(-1, "not a loopback address such as 127.0.0.1:8080", why);
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(fd, "no socket", why);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0)
		return fail(fd, "cannot listen on the address", why);
	return fd;
}
