/* engine_process: the engine as a process: sandbox, signals, the line to the supervisor. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/loop.h"
#include "engine/supervisor.h"

#define EXIT_HOPELESS 78 /* as in supervisor.c */

struct process {
	struct engine *engine;
	int line_fd;
	int signal_fd;
};

/* A connection to a new web worker, or the end of the supervisor. */
static void
take_line(void *context, short events)
{
	struct process *p = context;
	char byte;
	struct iovec part = { &byte, 1 };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(p->line_fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd;

	(void)events;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		engine_stop(p->engine);
		return;
	}
	if (header == NULL || header->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (control_adopt(p->engine->control, fd, OP_WEB) != ERR_NONE)
		log_error("the web worker could not be connected");
}

static void
reload(struct engine *engine)
{
	struct bytes complaints;

	bytes_init(&complaints, 64u << 10);
	if (engine_reload(engine, &complaints) != ERR_NONE)
		log_error("the configuration stays as it was: %.*s", (int)complaints.len, (const char *)complaints.data);
	bytes_wipe(&complaints);
}

static void
take_signal(void *context, short events)
{
	struct process *p = context;
	struct signalfd_siginfo info;

	(void)events;
	while (read(p->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(p->engine);
		else
			engine_stop(p->engine);
	}
}

static enum err
watch(struct process *p, int control_fd)
{
	sigset_t set;
	enum err err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signal_fd < 0)
		return ERR_IO;
	err = loop_watch(p->engine->loop, p->signal_fd, POLLIN, take_signal, p);
	if (err == ERR_NONE)
		err = loop_watch(p->engine->loop, p->line_fd, POLLIN, take_line, p);
	return err == ERR_NONE ? control_listen(p->engine->control, control_fd) : err;
}

/* What the engine must reach: its data, the journals, its configuration and what that names. */
static enum err
enter_sandbox(const struct supervisor_options *options, const char **why)
{
	const struct config *config = options->config;
	char journal[2][PATH_MAX], directory[PATH_MAX];
	const char *write[4] = { config->data };
	const char *read[8] = { "/proc/sys/kernel/random", "/etc/group", "/etc/passwd", "/etc/nsswitch.conf" };
	size_t n_write = 1, n_read = 4;
	char *slash;

	for (size_t i = 0; i < 2; i++)
		if (config_journal_dir(config, i, journal[i]))
			write[n_write++] = journal[i];
	(void)snprintf(directory, sizeof(directory), "%s", options->config_file);
	slash = strrchr(directory, '/');
	if (slash != NULL)
		*slash = '\0';
	read[n_read++] = slash == NULL ? "." : slash == directory ? "/" : directory;
	if (config->scim_token_file != NULL && access(config->scim_token_file, F_OK) == 0)
		read[n_read++] = config->scim_token_file;
	return sandbox_enter(SANDBOX_ENGINE, &(struct sandbox_paths){ .read = read, .write = write }, why);
}

/* Signals go through the loop: blocked before any thread is started. */
static enum err
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? ERR_NONE : ERR_IO;
}

static int
open_engine(const struct supervisor_options *options, const char *sandbox, struct engine **ret_engine)
{
	struct engine_options opening = { .config_file = options->config_file, .clock = clock_system(),
		.rebuild = options->rebuild, .sandbox = sandbox };
	struct bytes complaints;
	enum err err;

	bytes_init(&complaints, 64u << 10);
	err = engine_open(&opening, ret_engine, &complaints);
	if (err != ERR_NONE)
		log_error("%.*s", (int)complaints.len - (complaints.len > 0), (const char *)complaints.data);
	bytes_wipe(&complaints);
	if (err == ERR_NONE)
		return EXIT_SUCCESS;
	/* A full disk or a busy database may pass; a wrong configuration or a damaged ledger does not. */
	return err == ERR_SPACE || err == ERR_BUSY || err == ERR_NOMEM || err == ERR_IO ? EXIT_FAILURE : EXIT_HOPELESS;
}

int
engine_process(const struct supervisor_options *options, int control_fd, int line_fd)
{
	struct process p = { .line_fd = line_fd, .signal_fd = -1 };
	/* Asked before the sandbox is entered, which does not allow to ask. */
	const char *sandbox = !options->sandbox ? "none" :
	    sandbox_has_landlock() ? "system calls and files" : "system calls; this kernel has no Landlock for files";
	const char *why = "";
	int status;

	if (block_signals() != ERR_NONE)
		return EXIT_FAILURE;
	if (options->sandbox && enter_sandbox(options, &why) != ERR_NONE) {
		log_error("%s", why);
		return EXIT_HOPELESS;
	}
	status = open_engine(options, sandbox, &p.engine);
	if (status != EXIT_SUCCESS)
		return status;
	if (watch(&p, control_fd) != ERR_NONE) {
		log_error("the engine cannot wait for its descriptors: %s", strerror(errno));
		engine_free(p.engine);
		return EXIT_FAILURE;
	}
	log_info("ready: %s maps, sandbox: %s", p.engine->maps.adopted ? "adopted" : "new", p.engine->sandbox);
	if (engine_run(p.engine) != ERR_NONE)
		status = EXIT_FAILURE;
	engine_free(p.engine);
	return status;
}
