/*
 * pattern: a route, a zero byte, a path. A match agrees with a naive matcher;
 * a plain path has one reading only.
 */
#include <string.h>

#include "fuzz.h"
#include "parse/hex.h"
#include "parse/pattern.h"
#include "parse/utf8.h"

#define INPUT_MAX 1024

/* The pattern as the header describes it, tried in every way. */
static bool
naive_match(const char *t, const uint8_t *p, size_t len)
{
	const char *close;

	if (strcmp(t, "**") == 0)
		return true;
	if (*t == '\0')
		return len == 0;
	if (*t != '{')
		return len != 0 && *p == (uint8_t)*t && naive_match(t + 1, p + 1, len - 1);
	close = strchr(t, '}');
	for (size_t n = 1; n <= len && p[n - 1] != '/'; n++)
		if (naive_match(close + 1, p + n, len - n))
			return true;
	return false;
}

static void
check_match(const char *route, const uint8_t *path, size_t len)
{
	struct route_pattern pattern;
	struct pattern_parts parts;
	const char *why = NULL;

	if (pattern_compile(&pattern, route, &why) != ERR_NONE) {
		FUZZ_CHECK(why != NULL);
		return;
	}
	if (len != 0 && memchr(path, 0, len) != NULL) {
		FUZZ_CHECK(!pattern_match(&pattern, path, len, NULL));
		return;
	}
	FUZZ_CHECK(pattern_match(&pattern, path, len, NULL) == naive_match(route, path, len));
	if (!pattern_match(&pattern, path, len, &parts))
		return;
	FUZZ_CHECK(parts.n == pattern.n_parts);
	for (size_t i = 0; i < parts.n; i++)
		FUZZ_CHECK(parts.part[i].at >= path && parts.part[i].len >= 1 &&
		    parts.part[i].at + parts.part[i].len <= path + len &&
		    memchr(parts.part[i].at, '/', parts.part[i].len) == NULL);
}

static void
check_plain(const uint8_t *path, size_t len)
{
	char decoded[INPUT_MAX + 2];
	size_t n = 0;

	if (!parse_path_is_plain(path, len, NULL))
		return;
	for (size_t i = 0; i < len; i++) {
		int byte = path[i] == '%' ? hex_byte(path + i + 1) : path[i];

		decoded[n++] = (char)byte;
		i += path[i] == '%' ? 2 : 0;
	}
	FUZZ_CHECK(utf8_valid((const uint8_t *)decoded, n) && memchr(decoded, 0, n) == NULL);
	decoded[n++] = '/';
	decoded[n] = '\0';
	FUZZ_CHECK(decoded[0] == '/' && strpbrk(decoded, "%;\\") == NULL);
	FUZZ_CHECK(strstr(decoded, "/./") == NULL && strstr(decoded, "/../") == NULL);
	decoded[n - 1] = '\0';
	FUZZ_CHECK(strstr(decoded, "//") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *zero = len != 0 ? memchr(data, 0, len) : NULL;
	const uint8_t *path = zero != NULL ? zero + 1 : data;
	size_t path_len = (size_t)(data + len - path);

	if (len > INPUT_MAX)
		return 0;
	if (zero != NULL)
		check_match((const char *)data, path, path_len);
	check_plain(path, path_len);
	return 0;
}
