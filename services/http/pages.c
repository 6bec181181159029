/* pages: see the header. Loading blocks on files; answering does not. */
#include "services/http/pages.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "services/http/server.h"

#define DEPTH_MAX 4

struct page {
	char *path; /* as requested, "/assets/x.js" */
	struct MHD_Response *response;
};

struct http_pages {
	struct page page[HTTP_PAGES_MAX];
	size_t count;
	size_t bytes;
};

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static const char *
media_type(const char *name)
{
	static const char *const types[][2] = {
	    {".html", "text/html; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"},
	    {".css", "text/css; charset=utf-8"},
	    {".svg", "image/svg+xml"},
	    {".png", "image/png"},
	    {".ico", "image/x-icon"},
	    {".json", "application/json"},
	    {".txt", "text/plain; charset=utf-8"},
	    {".woff2", "font/woff2"},
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static struct MHD_Response *
page_make(const char *path, const struct bytes *content)
{
	bool hashed = strncmp(path, "/assets/", 8) == 0;
	const char *headers[] = {
	    "Content-Type", media_type(path),
	    "Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache",
	    "Content-Security-Policy", policy,
	    "X-Content-Type-Options", "nosniff",
	    "Referrer-Policy", "same-origin",
	    "Cross-Origin-Opener-Policy", "same-origin",
	    "Cross-Origin-Resource-Policy", "same-origin",
	    "Permissions-Policy", "camera=(), geolocation=(), microphone=()",
	    NULL,
	};

	return http_shared_make(content->data, content->len, headers);
}

static enum err
page_add(struct http_pages *pages, const char *file, const char *path)
{
	struct page *page = &pages->page[pages->count];
	struct bytes content;
	enum err err;

	if (pages->count == HTTP_PAGES_MAX)
		return ERR_SPACE;
	bytes_init(&content, HTTP_PAGES_BYTES_MAX - pages->bytes);
	err = file_read(file, &content);
	if (err == ERR_NONE) {
		page->path = strdup(path);
		page->response = page_make(path, &content);
		pages->bytes += content.len;
		pages->count++;
		err = page->path == NULL || page->response == NULL ? ERR_NOMEM : ERR_NONE;
	}
	bytes_wipe(&content);
	return err == ERR_RANGE ? ERR_SPACE : err;
}

static enum err load_dir(struct http_pages *pages, const char *dir, const char *path, int depth);

static enum err
load_entry(struct http_pages *pages, const char *file, const char *path, int depth)
{
	struct stat st;

	if (lstat(file, &st) != 0)
		return ERR_IO;
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? load_dir(pages, file, path, depth + 1) : ERR_RANGE;
	if (S_ISREG(st.st_mode))
		return page_add(pages, file, path);
	return ERR_NONE;
}

static enum err
load_dir(struct http_pages *pages, const char *dir, const char *path, int depth)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	enum err err = ERR_NONE;

	if (list == NULL)
		return ERR_NOT_FOUND;
	while (err == ERR_NONE && (entry = readdir(list)) != NULL) {
		char file[PATH_MAX];
		char name[PATH_MAX];
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(file, sizeof(file), "%s/%s", dir, entry->d_name) >= (int)sizeof(file) ||
		    snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >= (int)sizeof(name))
			err = ERR_RANGE;
		else
			err = load_entry(pages, file, name, depth);
	}
	closedir(list);
	return err;
}

static const struct page *
page_find(const struct http_pages *pages, const char *path)
{
	for (size_t i = 0; i < pages->count; i++)
		if (strcmp(pages->page[i].path, path) == 0)
			return &pages->page[i];
	return NULL;
}

enum err
http_pages_load(const char *dir, struct http_pages **ret_pages)
{
	struct http_pages *pages = calloc(1, sizeof(*pages));
	enum err err;

	if (pages == NULL)
		return ERR_NOMEM;
	err = load_dir(pages, dir, "", 0);
	if (err == ERR_NONE && page_find(pages, "/index.html") == NULL)
		err = ERR_NOT_FOUND;
	if (err != ERR_NONE) {
		http_pages_free(pages);
		return err;
	}
	*ret_pages = pages;
	return ERR_NONE;
}

void
http_pages_free(struct http_pages *pages)
{
	if (pages == NULL)
		return;
	for (size_t i = 0; i < pages->count; i++) {
		free(pages->page[i].path);
		http_shared_free(pages->page[i].response);
	}
	free(pages);
}

bool
http_pages_answer(const struct http_pages *pages, struct http_call *call)
{
	const struct page *page = page_find(pages, call->path);
	size_t len = strlen(call->path);
	char index[256];

	if (page == NULL && len > 0 && call->path[len - 1] == '/' &&
	    snprintf(index, sizeof(index), "%sindex.html", call->path) < (int)sizeof(index))
		page = page_find(pages, index);
	if (page == NULL)
		return false;
	call->reply.status = 200;
	call->reply.shared = page->response;
	return true;
}
