/*
 * web: the worker that parses HTTP for sign-in, step-up, self-service, JWKS
 * and SCIM. It holds no key, no database, no ledger descriptor; whatever
 * decides comes from the engine over the inherited descriptor, as
 * doc/control.md describes.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stdbool.h>

#include "base/err.h"

/* Borrowed by web_main() for the life of the process. */
struct web_options {
	/* A listening Unix stream socket, bound by the supervisor. */
	int listen_fd;
	/* Address people see, "https://localhost:8443", without a final slash. */
	const char *public_origin;
	/* Directory of the built pages; opened before the sandbox is entered. */
	const char *pages_dir;
	/* Name of the service as shown on the pages. */
	const char *service_name;
	/* Seconds that the session cookie may live in the browser. */
	unsigned cookie_max_age_s;
	/* Enter the sandbox (base/sandbox.h, SANDBOX_WEB) before the first byte is read. */
	bool sandbox;
};

/*
 * Serve until SIGTERM or until the engine closes `control_fd`, a connected
 * stream socket that carries control frames (many requests at a time, told
 * apart by their ids). Called in a process of its own whose privileges have
 * been dropped already. Returns the exit status.
 */
int web_main(int control_fd, const struct web_options *options);

#endif
