/* tilestore: files of a tiled log. Blocks on the disk. */
#include "ledger/tilestore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_MODE 0640
#define DIR_MODE 0750

/* Directories whose names changed since the last sync; a full list is synced at once. */
#define DIRTY_MAX 32

/* Files that were written and not synced yet: syncing them together costs the disk less than one by one. */
#define UNSYNCED_MAX 128

/* Deeper than any path that tile_path() makes. */
#define WALK_DEPTH_MAX 10

struct tilestore {
	int fd;
	size_t n_unsynced;
	int unsynced[UNSYNCED_MAX];
	size_t n_dirty;
	char dirty[DIRTY_MAX][TILE_PATH_MAX];
};

static enum err
err_of_errno(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ENOSPC:
	case EDQUOT:
		return ERR_SPACE;
	default:
		return ERR_IO;
	}
}

enum err
tilestore_open(const char *dir, struct tilestore **ret_store)
{
	struct tilestore *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return ERR_NOMEM;
	store->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0) {
		enum err err = err_of_errno();

		free(store);
		return err;
	}
	*ret_store = store;
	return ERR_NONE;
}

static void
close_unsynced(struct tilestore *store)
{
	while (store->n_unsynced > 0)
		close(store->unsynced[--store->n_unsynced]);
}

void
tilestore_free(struct tilestore *store)
{
	if (store == NULL)
		return;
	close_unsynced(store);
	close(store->fd);
	free(store);
}

static enum err
read_all(int fd, struct bytes *out)
{
	for (;;) {
		enum err err = bytes_reserve(out, 1);

		if (err != ERR_NONE)
			return err;
		ssize_t n = read(fd, out->data + out->len, out->cap - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_of_errno();
		if (n == 0)
			return ERR_NONE;
		out->len += (size_t)n;
	}
}

enum err
tilestore_read(struct tilestore *store, const struct tile_id *id, struct bytes *out)
{
	char path[TILE_PATH_MAX];
	struct stat st;
	enum err err = ERR_NONE;

	tile_path(id, path);
	int fd = openat(store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ELOOP ? ERR_FORMAT : err_of_errno();
	if (fstat(fd, &st) != 0)
		err = ERR_IO;
	else if (!S_ISREG(st.st_mode))
		err = ERR_FORMAT;
	else if ((uint64_t)st.st_size >= out->limit - out->len)
		err = ERR_RANGE;
	else
		err = bytes_reserve(out, (size_t)st.st_size + 1);
	if (err == ERR_NONE)
		err = read_all(fd, out);
	close(fd);
	return err;
}

enum err
tilestore_read_at(struct tilestore *store, uint64_t size, uint32_t level, uint64_t index, struct bytes *out,
    uint32_t *ret_width)
{
	struct tile_id id = {.level = level, .index = index, .width = tile_width_at(size, level, index)};
	uint32_t width = id.width;

	if (width == 0)
		return ERR_NOT_FOUND;
	enum err err = tilestore_read(store, &id, out);
	if (err == ERR_NOT_FOUND && width != TILE_WIDTH) {
		id.width = TILE_WIDTH;
		err = tilestore_read(store, &id, out);
	}
	if (err == ERR_NONE)
		*ret_width = width;
	return err;
}

/* The directory part of a path, cut off in place. False where there is none left. */
static bool
cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static enum err
sync_one(struct tilestore *store, const char *dir)
{
	int fd = openat(store->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = ERR_NONE;

	if (fd < 0)
		return err_of_errno();
	if (fsync(fd) != 0)
		err = err_of_errno();
	close(fd);
	return err;
}

static enum err
sync_files(struct tilestore *store)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; i < store->n_unsynced && err == ERR_NONE; i++)
		if (fsync(store->unsynced[i]) != 0)
			err = err_of_errno();
	close_unsynced(store);
	return err;
}

static enum err
sync_dirs(struct tilestore *store)
{
	/* The last one first: directories were noted from the inside out as they were made. */
	while (store->n_dirty > 0) {
		enum err err = sync_one(store, store->dirty[store->n_dirty - 1]);

		/* One that was removed again has nothing to keep. */
		if (err != ERR_NONE && err != ERR_NOT_FOUND)
			return err;
		store->n_dirty--;
	}
	return ERR_NONE;
}

enum err
tilestore_sync(struct tilestore *store)
{
	enum err err = sync_files(store);

	return err == ERR_NONE ? sync_dirs(store) : err;
}

static enum err
note_dirty(struct tilestore *store, const char *dir)
{
	for (size_t i = store->n_dirty; i > 0; i--)
		if (strcmp(store->dirty[i - 1], dir) == 0)
			return ERR_NONE;
	if (store->n_dirty == DIRTY_MAX) {
		enum err err = sync_dirs(store);

		if (err != ERR_NONE)
			return err;
	}
	(void)snprintf(store->dirty[store->n_dirty++], TILE_PATH_MAX, "%s", dir);
	return ERR_NONE;
}

/* Make the directories above `path`, from the top; each parent then has a new name to sync. */
static enum err
make_parents(struct tilestore *store, const char *path)
{
	char dir[TILE_PATH_MAX], parent[TILE_PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		if (mkdirat(store->fd, dir, DIR_MODE) != 0) {
			if (errno == EEXIST)
				continue;
			return err_of_errno();
		}
		memcpy(parent, dir, sizeof(parent));
		enum err err = note_dirty(store, cut_last(parent) ? parent : ".");
		if (err != ERR_NONE)
			return err;
	}
	return ERR_NONE;
}

static enum err
create(struct tilestore *store, const char *path, int *ret_fd)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(store->fd, path, flags, FILE_MODE);

	if (fd < 0 && errno == ENOENT) {
		enum err err = make_parents(store, path);

		if (err != ERR_NONE)
			return err;
		fd = openat(store->fd, path, flags, FILE_MODE);
	}
	if (fd < 0)
		return err_of_errno();
	*ret_fd = fd;
	return ERR_NONE;
}

enum err
tilestore_write(struct tilestore *store, const struct tile_id *id, const void *data, size_t len)
{
	char path[TILE_PATH_MAX];
	int fd = -1;
	enum err err = store->n_unsynced == UNSYNCED_MAX ? sync_files(store) : ERR_NONE;

	tile_path(id, path);
	if (err == ERR_NONE)
		err = create(store, path, &fd);
	if (err != ERR_NONE)
		return err;
	err = file_write_all(fd, data, len);
	if (err != ERR_NONE) {
		close(fd);
		return err;
	}
	/* The disk may begin at once; whether it could is what fsync says. */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	store->unsynced[store->n_unsynced++] = fd;
	(void)cut_last(path);
	return note_dirty(store, path);
}

static enum err
remove_path(struct tilestore *store, const char *path, int flags)
{
	if (unlinkat(store->fd, path, flags) == 0 || errno == ENOENT || errno == ENOTDIR)
		return ERR_NONE;
	return err_of_errno();
}

/* Remove the partial tiles of (level, index) that are wider than `keep`, and their directory once it is empty. */
static enum err
remove_partials(struct tilestore *store, uint32_t level, uint64_t index, uint32_t keep)
{
	struct tile_id id = {.level = level, .index = index, .width = 1};
	char dir[TILE_PATH_MAX], path[TILE_PATH_MAX];
	enum err err = ERR_NONE;

	tile_path(&id, dir);
	(void)cut_last(dir);
	int fd = openat(store->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_NONE : err_of_errno();
	close(fd);
	for (id.width = keep + 1; id.width < TILE_WIDTH && err == ERR_NONE; id.width++) {
		tile_path(&id, path);
		err = remove_path(store, path, 0);
	}
	/* Not empty where narrower ones stay: then it stays too. */
	if (err == ERR_NONE && keep == 0)
		(void)unlinkat(store->fd, dir, AT_REMOVEDIR);
	return err;
}

static enum err
discard_level(struct tilestore *store, uint64_t keep, uint64_t most, uint32_t level)
{
	uint64_t first = tile_level_count(keep, level) / TILE_WIDTH;
	uint64_t last = tile_level_count(most, level) / TILE_WIDTH;
	enum err err = ERR_NONE;

	for (uint64_t i = first; i <= last && err == ERR_NONE; i++) {
		struct tile_id id = {.level = level, .index = i, .width = TILE_WIDTH};
		char path[TILE_PATH_MAX];

		tile_path(&id, path);
		err = remove_path(store, path, 0);
		if (err == ERR_NONE)
			err = remove_partials(store, level, i, tile_width_at(keep, level, i));
	}
	return err;
}

enum err
tilestore_discard(struct tilestore *store, uint64_t keep, uint64_t most)
{
	enum err err;

	close_unsynced(store);
	err = discard_level(store, keep, most, TILE_ENTRIES);
	for (uint32_t level = 0; level < TILE_LEVELS_MAX && err == ERR_NONE; level++)
		err = discard_level(store, keep, most, level);
	return err;
}

static enum err
tidy_level(struct tilestore *store, uint64_t old_size, uint64_t size, uint32_t level)
{
	uint64_t count = tile_level_count(old_size, level);

	/* Only the tile that was partial before can have partial files. */
	if (count % TILE_WIDTH == 0 || tile_width_at(size, level, count / TILE_WIDTH) != TILE_WIDTH)
		return ERR_NONE;
	return remove_partials(store, level, count / TILE_WIDTH, 0);
}

enum err
tilestore_tidy(struct tilestore *store, uint64_t old_size, uint64_t size)
{
	enum err err = tidy_level(store, old_size, size, TILE_ENTRIES);

	for (uint32_t level = 0; level < TILE_LEVELS_MAX && err == ERR_NONE; level++)
		err = tidy_level(store, old_size, size, level);
	return err;
}

struct walk {
	struct tilestore *store;
	enum err (*seen)(void *context, const char *path);
	void *context;
};

static enum err walk_dir(const struct walk *walk, const char *dir, int depth);

static enum err
walk_entry(const struct walk *walk, const char *dir, const char *name, int depth)
{
	char path[2 * TILE_PATH_MAX];
	struct stat st;

	/* Longer than any name of ours: told as far as it goes, it will not parse. */
	bool cut = snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path);
	if (cut || fstatat(walk->store->fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
		return walk->seen(walk->context, path);
	if (depth == WALK_DEPTH_MAX)
		return walk->seen(walk->context, path);
	return walk_dir(walk, path, depth + 1);
}

static enum err
walk_dir(const struct walk *walk, const char *dir, int depth)
{
	int fd = openat(walk->store->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *open_dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	enum err err = ERR_NONE;

	if (open_dir == NULL) {
		err = err_of_errno();
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (err == ERR_NONE && (entry = readdir(open_dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = walk_entry(walk, dir, entry->d_name, depth);
	closedir(open_dir);
	return err;
}

enum err
tilestore_walk(struct tilestore *store, enum err (*seen)(void *context, const char *path), void *context)
{
	struct walk walk = {.store = store, .seen = seen, .context = context};
	struct stat st;

	if (fstatat(store->fd, "tile", &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? ERR_NONE : err_of_errno();
	return walk_dir(&walk, "tile", 0);
}
