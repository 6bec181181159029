/*
 * replay: the main() of a fuzz target in the ordinary tests. Gives it every
 * file of the folders named on the command line, in the order of their names,
 * and the empty input. A folder without files is an error.
 */
#include <dirent.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "fuzz.h"

#define INPUT_MAX (1 << 20)

static void
must(enum err err, const char *path)
{
	if (err == ERR_NONE)
		return;
	fprintf(stderr, "%s: %s\n", path, err_text(err));
	exit(1);
}

/* In memory of its own size, so that a sanitizer sees a read past the end. */
static void
run(const struct bytes *b)
{
	uint8_t *copy = malloc(b->len != 0 ? b->len : 1);

	if (copy == NULL)
		exit(1);
	if (b->len != 0)
		memcpy(copy, b->data, b->len);
	(void)LLVMFuzzerTestOneInput(copy, b->len);
	free(copy);
}

static void
replay_file(const char *folder, const char *name)
{
	struct bytes b;
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		must(ERR_RANGE, name);
	bytes_init(&b, INPUT_MAX);
	must(file_read(path, &b), path);
	run(&b);
	bytes_wipe(&b);
}

static int
is_no_dot_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
replay_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_no_dot_file, alphasort);

	if (n <= 0)
		must(ERR_NOT_FOUND, folder);
	for (int i = 0; i < n; i++) {
		replay_file(folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	printf("%s: %d inputs\n", folder, n);
}

int
main(int argc, char **argv)
{
	const struct bytes empty = {.data = NULL};

	if (argc < 2)
		must(ERR_USAGE, "a folder of inputs is needed");
	run(&empty);
	for (int i = 1; i < argc; i++)
		replay_folder(argv[i]);
	return 0;
}
