/* pages: static files from memory. Reads the disk only in web_pages_open(). */
#include "web/pages.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <microhttpd.h>

#include "base/bytes.h"
#include "base/file.h"

#define FILES_MAX 256
#define FILE_LEN_MAX ((size_t)4 << 20)
#define NAME_MAX_LEN 128

struct page {
	char name[NAME_MAX_LEN];
	struct MHD_Response *response;
};

struct web_pages {
	size_t len;
	struct page files[FILES_MAX];
};

static const char *
type_of(const char *name)
{
	static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"}, {".svg", "image/svg+xml"},
	    {".json", "application/json"}, {".txt", "text/plain; charset=utf-8"}};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static void
add_headers(struct MHD_Response *response, const char *name)
{
	bool asset = strncmp(name, "assets/", 7) == 0;

	(void)MHD_add_response_header(response, "Content-Type", type_of(name));
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, "Referrer-Policy", "same-origin");
	(void)MHD_add_response_header(response, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
	    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
	/* An asset's name carries the hash of its content. */
	(void)MHD_add_response_header(
	    response, "Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache");
}

static enum err
load_file(struct web_pages *pages, const char *path, const char *name)
{
	struct bytes content;
	enum err err;

	if (pages->len == FILES_MAX || strlen(name) >= NAME_MAX_LEN)
		return ERR_SPACE;
	bytes_init(&content, FILE_LEN_MAX);
	err = file_read(path, &content);
	if (err == ERR_NONE) {
		struct page *page = &pages->files[pages->len];

		page->response = MHD_create_response_from_buffer(content.len, content.data, MHD_RESPMEM_MUST_COPY);
		if (page->response == NULL) {
			err = ERR_NOMEM;
		} else {
			memcpy(page->name, name, strlen(name) + 1);
			add_headers(page->response, name);
			pages->len++;
		}
	}
	bytes_wipe(&content);
	return err;
}

/* `prefix` is what the names of this directory start with: "" or "assets/". */
static enum err
load_dir(struct web_pages *pages, const char *dir, const char *prefix)
{
	enum err err = ERR_NONE;
	struct dirent *entry;
	DIR *list = opendir(dir);

	if (list == NULL)
		return ERR_NOT_FOUND;
	while (err == ERR_NONE && (entry = readdir(list)) != NULL) {
		char path[PATH_MAX], name[PATH_MAX];
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path) ||
		    snprintf(name, sizeof(name), "%s%s", prefix, entry->d_name) >= (int)sizeof(name) - 1)
			err = ERR_RANGE;
		else if (stat(path, &st) != 0)
			err = ERR_IO;
		else if (S_ISREG(st.st_mode))
			err = load_file(pages, path, name);
		else if (S_ISDIR(st.st_mode) && prefix[0] == '\0') {
			memcpy(name + strlen(name), "/", sizeof("/"));
			err = load_dir(pages, path, name);
		}
	}
	closedir(list);
	return err;
}

enum err
web_pages_open(const char *dir, struct web_pages **ret, const char **why)
{
	struct web_pages *pages = calloc(1, sizeof(*pages));
	enum err err = pages != NULL ? load_dir(pages, dir, "") : ERR_NOMEM;

	if (err == ERR_NONE && web_pages_get(pages, "sign-in") == NULL)
		err = ERR_NOT_FOUND;
	if (err != ERR_NONE) {
		*why = err == ERR_NOT_FOUND ? "the directory of the pages is missing or holds no sign-in.html"
		     : err == ERR_SPACE     ? "the directory of the pages holds too many or too long names"
		                            : err_text(err);
		web_pages_free(pages);
		return err;
	}
	*ret = pages;
	return ERR_NONE;
}

void
web_pages_free(struct web_pages *pages)
{
	if (pages == NULL)
		return;
	for (size_t i = 0; i < pages->len; i++)
		MHD_destroy_response(pages->files[i].response);
	free(pages);
}

struct MHD_Response *
web_pages_get(const struct web_pages *pages, const char *path)
{
	for (size_t i = 0; i < pages->len; i++) {
		const char *name = pages->files[i].name;
		size_t len = strlen(path);

		/* A page is asked for without its ".html". */
		if (strcmp(name, path) == 0 || (strncmp(name, path, len) == 0 && strcmp(name + len, ".html") == 0))
			return pages->files[i].response;
	}
	return NULL;
}
