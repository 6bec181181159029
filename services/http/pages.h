/*
 * pages: a folder of built pages, read whole at the start and sent from memory.
 *
 * Requests never touch the file system, so no path can lead out of the folder.
 * index.html answers for "/" and each folder's own; files under assets/ carry
 * a hash of their content in their name and are cached for a year.
 */
#ifndef SERVICES_HTTP_PAGES_H
#define SERVICES_HTTP_PAGES_H

#include <stdbool.h>

#include "base/err.h"

#define HTTP_PAGES_MAX 256
#define HTTP_PAGES_BYTES_MAX (16 * 1024 * 1024)

struct http_pages;
struct http_call;

/* ERR_SPACE past the bounds above, ERR_NOT_FOUND without an index.html. */
MUST_CHECK enum err http_pages_load(const char *dir, struct http_pages **ret_pages);
void http_pages_free(struct http_pages *pages);

/* Answer with the page of the call's path; false where there is none. */
bool http_pages_answer(const struct http_pages *pages, struct http_call *call);

#endif
