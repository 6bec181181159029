/* command_serve: `training serve`. Owns the process: signals, the token, start and stop. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "services/http/pages.h"
#include "services/http/server.h"
#include "services/training/commands.h"
#include "services/training/routes.h"
#include "services/training/service.h"

#define TOKEN_MAX 256
#define THREADS_DEFAULT 2

struct arguments {
	const char *database;
	const char *socket_path;
	const char *socket_group;
	const char *listen;
	const char *pages;
	const char *access;
	const char *provisioning_socket;
	const char *provisioning_token;
	const char *provisioning_path;
	unsigned long long threads;
};

/* All that is open while the service runs, in the order of opening. */
struct running {
	char token[TOKEN_MAX + 1];
	struct http_pages *pages;
	struct service *service;
	struct http_server *server;
};

static const struct option options[] = {
	{"database", required_argument, NULL, 'd'},
	{"socket", required_argument, NULL, 's'},
	{"socket-group", required_argument, NULL, 'g'},
	{"listen", required_argument, NULL, 'l'},
	{"pages", required_argument, NULL, 'p'},
	{"access", required_argument, NULL, 'a'},
	{"threads", required_argument, NULL, 't'},
	{"provisioning-socket", required_argument, NULL, 'S'},
	{"provisioning-token", required_argument, NULL, 'T'},
	{"provisioning-path", required_argument, NULL, 'P'},
	{NULL, 0, NULL, 0},
};

static int
take_option(struct arguments *a, int option)
{
	const char **const texts[] = {['d'] = &a->database, ['s'] = &a->socket_path,
	    ['g'] = &a->socket_group, ['l'] = &a->listen, ['p'] = &a->pages, ['a'] = &a->access,
	    ['S'] = &a->provisioning_socket,
	    ['T'] = &a->provisioning_token, ['P'] = &a->provisioning_path};

	if (option == 't')
		return command_number("threads", optarg, 1, 64, &a->threads);
	if (option == '?')
		return EXIT_USAGE;
	*texts[option] = optarg;
	return 0;
}

static int
check_arguments(const struct arguments *a)
{
	if (a->database == NULL)
		return command_usage("serve: --database FILE is missing");
	if (access(a->database, F_OK) != 0) {
		fprintf(stderr, "training: serve: %s: no such database; make one with training seed\n",
		    a->database);
		return EXIT_FAILURE;
	}
	if (a->socket_path == NULL && a->listen == NULL)
		return command_usage("serve: --socket PATH is missing");
	if (strcmp(a->access, "caseload") != 0 && strcmp(a->access, "open") != 0)
		return command_usage("serve: --access is caseload or open");
	if ((a->provisioning_socket == NULL) != (a->provisioning_token == NULL))
		return command_usage("serve: --provisioning-socket and --provisioning-token go together");
	if (a->provisioning_path[0] != '/')
		return command_usage("serve: --provisioning-path begins with /");
	return 0;
}

static int
read_arguments(int argc, char **argv, struct arguments *arguments)
{
	int failed = 0;
	int option;

	*arguments = (struct arguments){.access = "caseload", .threads = THREADS_DEFAULT,
	    .provisioning_path = "/.tourniquet/scim/v2/Users"};
	optind = 1;
	while (failed == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		failed = take_option(arguments, option);
	if (failed == 0 && optind < argc)
		return command_usage("serve: \"%s\" is not expected", argv[optind]);
	return failed != 0 ? failed : check_arguments(arguments);
}

static enum err
read_token(const char *path, char token[TOKEN_MAX + 1])
{
	struct bytes content;
	enum err err;

	bytes_init(&content, TOKEN_MAX);
	err = file_read_secret(path, &content);
	if (err == ERR_NONE) {
		memcpy(token, content.data, content.len);
		token[content.len] = '\0';
		token[strcspn(token, "\r\n")] = '\0';
		err = token[0] == '\0' ? ERR_FORMAT : ERR_NONE;
	}
	bytes_wipe(&content);
	return err;
}

static int
complain(const char *what, const char *why)
{
	fprintf(stderr, "training: serve: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

static int
start_server(const struct arguments *a, struct running *running)
{
	struct http_options http = {
	    .name = "training",
	    .socket_path = a->socket_path,
	    .socket_group = a->socket_group,
	    .listen = a->listen,
	    .threads = (unsigned)a->threads,
	    .routes = training_routes,
	    .route_count = training_route_count,
	    .pages = running->pages,
	    .service = running->service,
	    .worker_open = service_worker_open,
	    .worker_close = service_worker_close,
	};
	const char *why;

	if (http_server_start(&http, &running->server, &why) == ERR_NONE)
		return 0;
	fprintf(stderr, "training: serve: %s%s%s: %s (%s)\n", a->socket_path == NULL ? "" : a->socket_path,
	    a->socket_path != NULL && a->listen != NULL ? ", " : "", a->listen == NULL ? "" : a->listen,
	    why, strerror(errno));
	return EXIT_FAILURE;
}

static int
start(const struct arguments *a, struct running *running)
{
	struct service_options service = {
	    .database = a->database,
	    .open = strcmp(a->access, "open") == 0,
	    .clock = clock_system(),
	    .scim = {a->provisioning_socket, a->provisioning_path, running->token},
	};
	const char *why;
	enum err err;

	if (a->provisioning_token != NULL) {
		err = read_token(a->provisioning_token, running->token);
		if (err != ERR_NONE)
			return complain(a->provisioning_token, err_text(err));
	}
	if (a->pages != NULL) {
		err = http_pages_load(a->pages, &running->pages);
		if (err != ERR_NONE)
			return complain(a->pages, err == ERR_NOT_FOUND ? "no built pages there" : err_text(err));
	}
	err = service_open(&service, &running->service, &why);
	if (err != ERR_NONE)
		return complain(a->database, why);
	return start_server(a, running);
}

static void
stop(struct running *running)
{
	http_server_stop(running->server);
	service_close(running->service);
	http_pages_free(running->pages);
	bytes_zero(running->token, sizeof(running->token));
}

int
command_serve(int argc, char **argv)
{
	struct running running = {0};
	struct arguments arguments;
	sigset_t signals;
	int signal_number;
	int failed = read_arguments(argc, argv, &arguments);

	if (failed != 0)
		return failed;
	log_init("training", STDERR_FILENO, LOG_INFO);
	/* Blocked before any thread exists: only sigwait() below takes them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	failed = start(&arguments, &running);
	if (failed == 0) {
		log_info("listening on %s, access %s",
		    arguments.socket_path != NULL ? arguments.socket_path : arguments.listen, arguments.access);
		sigwait(&signals, &signal_number);
		log_info("stopping");
	}
	stop(&running);
	curl_global_cleanup();
	return failed;
}
