/*
 * supervisor: the process that starts engine and web worker, keeps them
 * running, and is the only one that keeps the privileges it was started with.
 *
 * It holds the lock of the data directory and the two listening sockets, and
 * reads nothing from anybody.
 */
#ifndef ENGINE_SUPERVISOR_H
#define ENGINE_SUPERVISOR_H

#include "engine/config.h"

struct supervisor_options {
	const char *config_file;
	struct config *config;
	bool sandbox;
	bool rebuild; /* take new maps */
};

/* Serve until SIGTERM or SIGINT; SIGHUP reads the configuration anew. Returns the exit status. */
int supervisor_run(const struct supervisor_options *options);

/* engine_process.c: the engine's main; `control_fd` listens, `line_fd` brings the web worker's connections. */
int engine_process(const struct supervisor_options *options, int control_fd, int line_fd);

#endif
