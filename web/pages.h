/*
 * pages: the built pages and their assets, read into memory before the sandbox closes the file system.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "base/err.h"

struct MHD_Response;
struct web_pages;

/* Files of at most 4 MiB, at most 256 of them; `why` names what is wrong. */
MUST_CHECK enum err web_pages_open(const char *dir, struct web_pages **ret, const char **why);
void web_pages_free(struct web_pages *pages);

/* The response for `path` below our prefix ("sign-in", "assets/x.js"), borrowed, or NULL. */
struct MHD_Response *web_pages_get(const struct web_pages *pages, const char *path);

#endif
