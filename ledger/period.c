/* period: monthly key pairs in a directory. Blocks on the disk; one thread per handle. */
#include "ledger/period.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"

#define DAY_US UINT64_C(86400000000)
#define YEAR_MIN 1970U
#define YEAR_MAX 9999U
#define KEY_FILE_LEN_MAX 256U
#define KEY_MAGIC "tourniquet-period-key-1"
#define KEY_SUFFIX ".key"
#define DESTROYED_SUFFIX ".destroyed"

struct period_keys {
	uint64_t generation;
	char dir[PATH_MAX - NAME_MAX - 1];
};

/* Days from 1970-01-01 to the first of a month of the Gregorian calendar. */
static uint64_t
days_before(uint32_t year, uint32_t month)
{
	static const uint16_t in_year[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	uint32_t past = year - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	uint64_t days = 365ULL * past + past / 4 - past / 100 + past / 400;

	/* 719162 days lie between 0001-01-01 and 1970-01-01. */
	return days - 719162 + in_year[month - 1] + (leap && month > 2 ? 1 : 0);
}

uint32_t
period_of(uint64_t at_us)
{
	uint64_t days = at_us / DAY_US;
	uint64_t guess = YEAR_MIN + days / 366;
	uint32_t year, month = 1;

	if (guess > YEAR_MAX)
		return YEAR_MAX * 100 + 12;
	year = (uint32_t)guess;
	while (days_before(year + 1, 1) <= days)
		year++;
	if (year > YEAR_MAX)
		return YEAR_MAX * 100 + 12;
	while (month < 12 && days_before(year, month + 1) <= days)
		month++;
	return year * 100 + month;
}

bool
period_valid(uint32_t period)
{
	uint32_t year = period / 100, month = period % 100;

	return year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12;
}

uint64_t
period_begin_us(uint32_t period)
{
	return days_before(period / 100, period % 100) * DAY_US;
}

uint64_t
period_end_us(uint32_t period)
{
	uint32_t year = period / 100, month = period % 100;

	return month == 12 ? days_before(year + 1, 1) * DAY_US : days_before(year, month + 1) * DAY_US;
}

static void
key_path(const struct period_keys *keys, uint32_t period, const char *suffix, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/period-%04u-%02u%s", keys->dir, (unsigned)(period / 100),
	    (unsigned)(period % 100), suffix);
}

static bool
stands(const struct period_keys *keys, uint32_t period, const char *suffix)
{
	char path[PATH_MAX];
	struct stat st;

	key_path(keys, period, suffix, path);
	return lstat(path, &st) == 0;
}

static enum err
overwrite(const char *path)
{
	uint8_t noise[KEY_FILE_LEN_MAX];
	struct stat st;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err err = ERR_NONE;

	if (fd < 0)
		return ERR_IO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = ERR_IO;
	else
		err = random_bytes(noise, sizeof(noise));
	/* As many bytes as the file has, so that its blocks stay the same ones. */
	if (err == ERR_NONE)
		err = file_write_all(fd, noise, st.st_size < (off_t)sizeof(noise) ? (size_t)st.st_size : sizeof(noise));
	if (err == ERR_NONE && fsync(fd) != 0)
		err = ERR_IO;
	close(fd);
	return err;
}

/* The second half of a destruction; may be repeated. */
static enum err
finish_destruction(struct period_keys *keys, uint32_t period)
{
	char path[PATH_MAX];
	enum err overwritten = ERR_NONE;

	key_path(keys, period, KEY_SUFFIX, path);
	if (stands(keys, period, KEY_SUFFIX)) {
		/* A file that resists overwriting is unlinked all the same, and the failure said. */
		overwritten = overwrite(path);
		if (unlink(path) != 0 && errno != ENOENT)
			return ERR_IO;
	}
	enum err err = file_sync_dir(keys->dir);
	return err != ERR_NONE ? err : overwritten;
}

/* "period-2026-11<suffix>" and nothing else. */
static bool
parse_name(const char *name, const char *suffix, uint32_t *ret_period)
{
	unsigned year, month;
	char spelled[NAME_MAX + 1];

	if (sscanf(name, "period-%4u-%2u", &year, &month) != 2 || !period_valid(year * 100 + month))
		return false;
	(void)snprintf(spelled, sizeof(spelled), "period-%04u-%02u%s", year, month, suffix);
	if (strcmp(name, spelled) != 0)
		return false;
	*ret_period = year * 100 + month;
	return true;
}

static int
compare_periods(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static enum err
list(struct period_keys *keys, const char *suffix, uint32_t *periods, size_t room, size_t *ret_n)
{
	DIR *dir = opendir(keys->dir);
	struct dirent *entry;
	enum err err = ERR_NONE;
	uint32_t period;
	size_t n = 0;

	if (dir == NULL)
		return ERR_IO;
	while (err == ERR_NONE && (entry = readdir(dir)) != NULL) {
		if (!parse_name(entry->d_name, suffix, &period))
			continue;
		if (n == room)
			err = ERR_RANGE;
		else
			periods[n++] = period;
	}
	closedir(dir);
	if (err != ERR_NONE)
		return err;
	qsort(periods, n, sizeof(*periods), compare_periods);
	*ret_n = n;
	return ERR_NONE;
}

enum err
period_keys_list(struct period_keys *keys, uint32_t *periods, size_t room, size_t *ret_n)
{
	return list(keys, KEY_SUFFIX, periods, room, ret_n);
}

static enum err
finish_destructions(struct period_keys *keys)
{
	uint32_t condemned[PERIODS_MAX];
	size_t n = 0;
	enum err err = list(keys, DESTROYED_SUFFIX, condemned, PERIODS_MAX, &n);

	for (size_t i = 0; i < n && err == ERR_NONE; i++)
		if (stands(keys, condemned[i], KEY_SUFFIX))
			err = finish_destruction(keys, condemned[i]);
	return err;
}

enum err
period_keys_open(const char *dir, struct period_keys **ret_keys)
{
	struct period_keys *keys = calloc(1, sizeof(*keys));
	enum err err = ERR_RANGE;

	if (keys == NULL)
		return ERR_NOMEM;
	if (snprintf(keys->dir, sizeof(keys->dir), "%s", dir) < (int)sizeof(keys->dir))
		err = file_make_dir(dir, 0700);
	if (err == ERR_NONE)
		err = finish_destructions(keys);
	if (err != ERR_NONE) {
		free(keys);
		return err;
	}
	*ret_keys = keys;
	return ERR_NONE;
}

void
period_keys_free(struct period_keys *keys)
{
	free(keys);
}

static enum err
parse_key(const char *text, size_t len, uint32_t period, struct period_key *ret_key)
{
	char head[64];
	struct bytes secret;
	int head_len = snprintf(head, sizeof(head), KEY_MAGIC " %04u-%02u ", (unsigned)(period / 100),
	    (unsigned)(period % 100));
	size_t skip = (size_t)head_len;
	enum err err;

	if (len <= skip || memcmp(text, head, skip) != 0 || text[len - 1] != '\n')
		return ERR_FORMAT;
	bytes_init(&secret, KEY_FILE_LEN_MAX);
	err = bytes_from_base64(&secret, text + skip, len - skip - 1);
	if (err == ERR_NONE && secret.len != X25519_KEY_LEN)
		err = ERR_FORMAT;
	if (err == ERR_NONE) {
		struct period_key key = {.period = period};

		memcpy(key.secret_key, secret.data, X25519_KEY_LEN);
		err = crypto_x25519_public(key.secret_key, key.public_key);
		if (err == ERR_NONE)
			*ret_key = key;
		period_key_wipe(&key);
	}
	bytes_wipe(&secret);
	return err;
}

static enum err
make_key(struct period_keys *keys, uint32_t period)
{
	uint8_t secret[X25519_KEY_LEN];
	char path[PATH_MAX];
	struct bytes text;
	enum err err = random_bytes(secret, sizeof(secret));

	bytes_init(&text, KEY_FILE_LEN_MAX);
	if (err == ERR_NONE)
		err = bytes_printf(&text, KEY_MAGIC " %04u-%02u ", (unsigned)(period / 100), (unsigned)(period % 100));
	if (err == ERR_NONE)
		err = bytes_append_base64(&text, secret, sizeof(secret));
	if (err == ERR_NONE)
		err = bytes_append_text(&text, "\n");
	if (err == ERR_NONE) {
		key_path(keys, period, KEY_SUFFIX, path);
		err = file_replace(path, text.data, text.len, 0600);
	}
	bytes_wipe(&text);
	bytes_zero(secret, sizeof(secret));
	return err;
}

enum err
period_key_get(struct period_keys *keys, uint32_t period, bool create, struct period_key *ret_key)
{
	char path[PATH_MAX];
	struct bytes text;
	enum err err;

	if (!period_valid(period))
		return ERR_RANGE;
	if (stands(keys, period, DESTROYED_SUFFIX))
		return ERR_EXPIRED;
	if (create && !stands(keys, period, KEY_SUFFIX)) {
		err = make_key(keys, period);
		if (err != ERR_NONE)
			return err;
	}
	key_path(keys, period, KEY_SUFFIX, path);
	bytes_init(&text, KEY_FILE_LEN_MAX);
	err = file_read_secret(path, &text);
	if (err == ERR_NONE)
		err = parse_key((const char *)text.data, text.len, period, ret_key);
	bytes_wipe(&text);
	return err;
}

void
period_key_wipe(struct period_key *key)
{
	bytes_zero(key, sizeof(*key));
}

enum err
period_key_destroy(struct period_keys *keys, uint32_t period)
{
	char path[PATH_MAX];

	if (!period_valid(period))
		return ERR_RANGE;
	if (!stands(keys, period, DESTROYED_SUFFIX)) {
		key_path(keys, period, DESTROYED_SUFFIX, path);
		enum err err = file_replace(path, "", 0, 0600);
		if (err != ERR_NONE)
			return err;
	}
	keys->generation++;
	return finish_destruction(keys, period);
}

uint64_t
period_keys_generation(const struct period_keys *keys)
{
	return keys->generation;
}

enum err
period_key_derive(const struct period_key *key, const char *label, uint8_t out[AEAD_KEY_LEN])
{
	return crypto_hkdf(key->secret_key, sizeof(key->secret_key), label, out);
}
