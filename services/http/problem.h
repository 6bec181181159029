/*
 * problem: refusals in words, as application/problem+json (RFC 9457).
 */
#ifndef SERVICES_HTTP_PROBLEM_H
#define SERVICES_HTTP_PROBLEM_H

#include "services/http/server.h"

/*
 * Make the answer a problem. `name` is the stable machine name, sent as the
 * type `tag:<service>.example,2026:<name>`; `title` says what is wrong in
 * general, `detail` what to do about it.
 */
void http_problem(struct http_call *call, unsigned status, const char *name, const char *title,
    const char *detail);

/* Answer for an error the caller can do nothing about, and log `what`. */
void http_fail(struct http_call *call, enum err err, const char *what);

/* The usual ones. */
void http_bad_request(struct http_call *call, const char *detail);
void http_not_found(struct http_call *call, const char *detail);
void http_forbidden(struct http_call *call, const char *name, const char *detail);

#endif
