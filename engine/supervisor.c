#include "engine/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "web/web.h"

/* A child that ends is started again after this, doubling up to the longest; one that ran so long begins anew. */
#define PAUSE_FIRST_MS 100
#define PAUSE_LONGEST_MS 10000
#define STEADY_US 30000000ULL
#define END_PATIENCE_MS 10000
#define BACKLOG 1024 /* a burst of sign-ins waits instead of failing */

/* Exit status of a child that cannot work whatever is tried again: the reason has been said. */
#define EXIT_HOPELESS 78 /* EX_CONFIG of sysexits.h */

enum { ENGINE, WEB, CHILDREN };

struct child {
	const char *name;
	pid_t pid;            /* 0: not running */
	uint64_t started_us;
	uint64_t start_us;    /* when it is to be started */
	unsigned pause_ms;
};

struct supervisor {
	const struct supervisor_options *options;
	struct child child[CHILDREN];
	int lock_fd;
	int signal_fd;
	int control_fd; /* listens */
	int web_fd;     /* listens */
	int line_fd;    /* to the engine: carries connections of new web workers; -1: no engine */
	uid_t uid;
	gid_t gid;
	gid_t gate_gid; /* 0: none */
	bool stopping;
	int status;
};

/* One data directory, one daemon. */
static enum err
take_lock(struct supervisor *s)
{
	char path[PATH_MAX], text[16] = "";
	enum err err = config_path(s->options->config, "run/tourniquetd.lock", path);

	if (err != ERR_NONE)
		return err;
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0) {
		log_error("%s: %s", path, strerror(errno));
		return ERR_IO;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		if (read(s->lock_fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		log_error("another tourniquetd%s%.10s runs on %s", text[0] != '\0' ? " with process id " : "", text,
		    s->options->config->data);
		return ERR_BUSY;
	}
	(void)snprintf(text, sizeof(text), "%d", (int)getpid());
	if (ftruncate(s->lock_fd, 0) != 0 || write(s->lock_fd, text, strlen(text)) < 0)
		log_warn("%s: %s", path, strerror(errno));
	return ERR_NONE;
}

static enum err
find_rights(struct supervisor *s)
{
	const struct config_rights *rights = &s->options->config->rights;
	struct passwd *user = rights->user == NULL ? NULL : getpwnam(rights->user);
	struct group *group = rights->gate_group == NULL ? NULL : getgrnam(rights->gate_group);

	s->uid = user == NULL ? geteuid() : user->pw_uid;
	s->gid = user == NULL ? getegid() : user->pw_gid;
	s->gate_gid = group == NULL ? 0 : group->gr_gid;
	if (geteuid() != 0 && user != NULL && user->pw_uid != geteuid()) {
		log_error("rights.user is %s, and only root can start as another user", rights->user);
		return ERR_DENIED;
	}
	if (geteuid() == 0 && user == NULL)
		log_warn("running as root: set rights.user in the configuration");
	return ERR_NONE;
}

/* Directories that the children need, theirs already. */
static enum err
make_directory(const struct supervisor *s, const char *path, mode_t mode, gid_t gid)
{
	struct stat status;
	enum err err = file_make_dir(path, mode);

	if (err != ERR_NONE) {
		log_error("%s: %s", path, strerror(errno));
		return err;
	}
	if (geteuid() != 0 || stat(path, &status) != 0)
		return ERR_NONE;
	/* The gate's group goes through map and journals; the bit makes new files the group's. */
	if ((status.st_uid != s->uid || status.st_gid != gid) && chown(path, s->uid, gid) != 0) {
		log_error("%s: %s", path, strerror(errno));
		return ERR_DENIED;
	}
	return chmod(path, mode) == 0 ? ERR_NONE : ERR_IO;
}

static enum err
make_directories(const struct supervisor *s)
{
	const struct config *config = s->options->config;
	gid_t gate = s->gate_gid != 0 ? s->gate_gid : s->gid;
	const struct {
		const char *name;
		mode_t mode;
		gid_t gid;
	} directories[] = { { "run", 0755, gate }, { "keys", 0700, s->gid }, { "map", 0750, gate },
		{ "ledger", 0750, s->gid }, { "index", 0700, s->gid }, { "store", 0700, s->gid } };
	char path[PATH_MAX];
	enum err err = file_make_dir(config->data, 0755);

	if (err != ERR_NONE)
		log_error("%s: %s", config->data, strerror(errno));
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]) && err == ERR_NONE; i++) {
		err = config_path(config, directories[i].name, path);
		if (err == ERR_NONE)
			err = make_directory(s, path, directories[i].mode, directories[i].gid);
	}
	for (size_t i = 0; i < 2 && err == ERR_NONE && config_journal_dir(config, i, path); i++)
		err = make_directory(s, path, 02770, gate);
	return err;
}

/* The lock is ours, so a socket that lies there is nobody's. */
static enum err
listen_at(const struct supervisor *s, const char *name, mode_t mode, gid_t gid, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	enum err err = config_path(s->options->config, name, path);
	int fd;

	if (err != ERR_NONE || strlen(path) >= sizeof(address.sun_path)) {
		log_error("%s: the path is too long for a socket", path);
		return ERR_RANGE;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && (unlink(path) == 0 || errno == ENOENT) &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && chmod(path, mode) == 0 &&
	    (geteuid() != 0 || chown(path, s->uid, gid) == 0) && listen(fd, BACKLOG) == 0) {
		*ret_fd = fd;
		return ERR_NONE;
	}
	log_error("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ERR_IO;
}

static enum err
block_signals(struct supervisor *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return ERR_IO;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? ERR_IO : ERR_NONE;
}

/* In a child: nothing of the supervisor stays, and it ends with it. */
static void
become_child(struct supervisor *s, const char *name)
{
	const char *why = "";
	sigset_t none;

	/* The parent may have ended before the call: then there is nobody to serve. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() == 1)
		_exit(EXIT_FAILURE);
	close(s->lock_fd);
	close(s->signal_fd);
	/* Ctrl-C reaches the whole group; the supervisor ends its children in order. */
	if (signal(SIGINT, SIG_IGN) == SIG_ERR || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		_exit(EXIT_FAILURE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	log_init(name, STDERR_FILENO, (enum log_level)s->options->config->log_level);
	if (sandbox_drop(s->uid, s->gid, s->gate_gid, &why) != ERR_NONE) {
		log_error("%s", why);
		_exit(EXIT_HOPELESS);
	}
	/* Dropping privileges forgets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		_exit(EXIT_FAILURE);
}

static enum err
start_engine(struct supervisor *s)
{
	int line[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0)
		return ERR_IO;
	pid = fork();
	if (pid == 0) {
		close(line[0]);
		close(s->web_fd);
		become_child(s, "engine");
		_exit(engine_process(s->options, s->control_fd, line[1]));
	}
	close(line[1]);
	if (pid < 0) {
		close(line[0]);
		return ERR_IO;
	}
	if (s->line_fd >= 0)
		close(s->line_fd);
	s->line_fd = line[0];
	s->child[ENGINE].pid = pid;
	return ERR_NONE;
}

/* Hand the engine its end of the connection to a new web worker. */
static enum err
send_descriptor(int line, int fd)
{
	char byte = 'w';
	struct iovec part = { &byte, 1 };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *header;

	memset(&control, 0, sizeof(control));
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(line, &message, MSG_NOSIGNAL) == 1 ? ERR_NONE : ERR_IO;
}

static int
web_process(const struct supervisor *s, int fd)
{
	const struct config *config = s->options->config;
	const struct web_options options = {
		.listen_fd = s->web_fd,
		.public_origin = config->service.origin,
		.pages_dir = config->pages,
		.service_name = config->service.name,
		.cookie_max_age_s = config->session.lifetime_s,
		.sandbox = s->options->sandbox,
	};

	return web_main(fd, &options);
}

static enum err
start_web(struct supervisor *s)
{
	int pair[2];
	pid_t pid;
	enum err err;

	if (s->line_fd < 0)
		return ERR_BUSY;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return ERR_IO;
	err = send_descriptor(s->line_fd, pair[0]);
	close(pair[0]);
	if (err != ERR_NONE) {
		close(pair[1]);
		return err;
	}
	pid = fork();
	if (pid == 0) {
		close(s->control_fd);
		close(s->line_fd);
		become_child(s, "web");
		_exit(web_process(s, pair[1]));
	}
	close(pair[1]);
	s->child[WEB].pid = pid < 0 ? 0 : pid;
	return pid < 0 ? ERR_IO : ERR_NONE;
}

/* Later each time, up to a bound. */
static void
schedule(struct child *child)
{
	uint64_t now_us = clock_monotonic_us();

	if (child->started_us != 0 && now_us > child->started_us + STEADY_US)
		child->pause_ms = 0;
	child->start_us = now_us + child->pause_ms * 1000ULL;
	child->pause_ms = child->pause_ms == 0 ? PAUSE_FIRST_MS : child->pause_ms * 2;
	if (child->pause_ms > PAUSE_LONGEST_MS)
		child->pause_ms = PAUSE_LONGEST_MS;
}

static void
start_due(struct supervisor *s)
{
	uint64_t now_us = clock_monotonic_us();

	for (int i = 0; i < CHILDREN && !s->stopping; i++) {
		struct child *child = &s->child[i];
		enum err err;

		if (child->pid != 0 || child->start_us > now_us || (i == WEB && s->child[ENGINE].pid == 0))
			continue;
		err = i == ENGINE ? start_engine(s) : start_web(s);
		child->started_us = now_us;
		if (err != ERR_NONE) {
			log_error("%s could not be started: %s", child->name, strerror(errno));
			schedule(child);
		}
	}
}

static void
say_end(const struct child *child, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_error("%s was ended by its sandbox: it asked for a system call that it may not use", child->name);
	else if (WIFSIGNALED(status))
		log_error("%s was ended by signal %d", child->name, WTERMSIG(status));
	else
		log_warn("%s ended with status %d", child->name, WEXITSTATUS(status));
}

static void
child_ended(struct supervisor *s, int i, int status)
{
	struct child *child = &s->child[i];

	child->pid = 0;
	if (s->stopping)
		return;
	say_end(child, status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_HOPELESS) {
		s->stopping = true;
		s->status = EXIT_FAILURE;
		return;
	}
	schedule(child);
	if (i != ENGINE)
		return;
	/* The web worker's connection ended with the engine: it ends by itself, and starts with the next one. */
	close(s->line_fd);
	s->line_fd = -1;
}

static void
reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < CHILDREN; i++)
			if (s->child[i].pid == pid)
				child_ended(s, i, status);
}

static void
take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			s->stopping = true;
		if (info.ssi_signo == SIGHUP && s->child[ENGINE].pid != 0)
			kill(s->child[ENGINE].pid, SIGHUP);
	}
	reap(s);
}

/* Milliseconds until a child is to be started; -1: none. */
static int
until_due(const struct supervisor *s)
{
	uint64_t now_us = clock_monotonic_us();
	int wait_ms = -1;

	for (int i = 0; i < CHILDREN; i++) {
		const struct child *child = &s->child[i];
		int due_ms;

		if (child->pid != 0 || (i == WEB && s->child[ENGINE].pid == 0))
			continue;
		due_ms = child->start_us <= now_us ? 0 : (int)((child->start_us - now_us) / 1000 + 1);
		if (wait_ms < 0 || due_ms < wait_ms)
			wait_ms = due_ms;
	}
	return wait_ms;
}

static void
wait_signal(struct supervisor *s, int timeout_ms)
{
	struct pollfd p = { .fd = s->signal_fd, .events = POLLIN };

	if (poll(&p, 1, timeout_ms) > 0)
		take_signals(s);
}

/* The web worker first, so that the engine has answered what was asked. */
static void
end_child(struct supervisor *s, int i)
{
	uint64_t until_us = clock_monotonic_us() + END_PATIENCE_MS * 1000ULL;

	if (s->child[i].pid == 0)
		return;
	kill(s->child[i].pid, SIGTERM);
	while (s->child[i].pid != 0 && clock_monotonic_us() < until_us)
		wait_signal(s, 100);
	if (s->child[i].pid == 0)
		return;
	log_warn("%s does not end: killed", s->child[i].name);
	kill(s->child[i].pid, SIGKILL);
	while (s->child[i].pid != 0)
		wait_signal(s, 100);
}

static enum err
prepare(struct supervisor *s)
{
	gid_t gate;
	enum err err = find_rights(s);

	if (err == ERR_NONE)
		err = make_directories(s);
	if (err == ERR_NONE)
		err = take_lock(s);
	gate = s->gate_gid != 0 ? s->gate_gid : s->gid;
	if (err == ERR_NONE)
		err = listen_at(s, "run/control.sock", 0600, s->gid, &s->control_fd);
	if (err == ERR_NONE)
		err = listen_at(s, "run/web.sock", 0660, gate, &s->web_fd);
	if (err == ERR_NONE)
		err = block_signals(s);
	return err;
}

static void
remove_sockets(const struct supervisor *s)
{
	char path[PATH_MAX];

	if (config_path(s->options->config, "run/control.sock", path) == ERR_NONE)
		unlink(path);
	if (config_path(s->options->config, "run/web.sock", path) == ERR_NONE)
		unlink(path);
}

int
supervisor_run(const struct supervisor_options *options)
{
	struct supervisor s = { .options = options, .lock_fd = -1, .signal_fd = -1, .control_fd = -1, .web_fd = -1,
		.line_fd = -1, .status = EXIT_SUCCESS };

	s.child[ENGINE].name = "engine";
	s.child[WEB].name = "web";
	if (prepare(&s) != ERR_NONE)
		return EXIT_FAILURE;
	while (!s.stopping) {
		start_due(&s);
		wait_signal(&s, until_due(&s));
	}
	end_child(&s, WEB);
	end_child(&s, ENGINE);
	remove_sockets(&s);
	return s.status;
}
