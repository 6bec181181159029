/* support: directories, keys, writers and what was read back, for the journal's tests. */
#ifndef TESTS_JOURNAL_SUPPORT_H
#define TESTS_JOURNAL_SUPPORT_H

#include "journal/reader.h"
#include "journal/writer.h"

#define TEST_PERIOD 202601
#define TEST_SEGMENT JOURNAL_SEGMENT_MIN

struct ground {
	char dirs[2][64];
	uint8_t secret[SEAL_KEY_LEN];
	uint8_t public[SEAL_KEY_LEN];
};

/* Two fresh directories and a key pair. Failures end the test. */
void ground_make(struct ground *g);
void ground_remove(struct ground *g);

/* Options for a writer in the first `n_dirs` of them. */
struct journal_options ground_options(const struct ground *g, unsigned n_dirs);

/* Append the entry that is recognised by `number`, with `n` persons. */
enum err give(struct journal_writer *w, uint64_t number, uint32_t n, uint64_t *ret_sequence);

/* Kick, and wait until the sequence is settled. Fails the test after 30 seconds. */
struct journal_progress settle(struct journal_writer *w, uint64_t sequence);

/* Append, kick, settle; true if it is durable. */
bool give_durably(struct journal_writer *w, uint64_t number);

struct gotten {
	struct journal_cursor cursor;
	uint64_t number;
	uint32_t n_persons;
};

struct harvest {
	const struct ground *ground;
	struct journal_reader *reader;
	struct gotten *list;
	size_t n;
	size_t stop_after; /* entry() refuses from here on; 0: never */
	bool key_gone;
	unsigned remarks[JOURNAL_REMARK_MAX];
	char words[512];   /* of the last remark */
};

/* A reader over both directories whose entries go to a list; each is checked as give() made it. */
void harvest_open(struct harvest *h, const struct ground *g);
void harvest_close(struct harvest *h);
/* Poll; returns the number of new entries. */
size_t harvest_more(struct harvest *h);
unsigned harvest_remarks(const struct harvest *h);

/* Segments in the directory. */
unsigned count_segments(const char *dir);
/* The path of its `index`th segment in order of name, in a static buffer; NULL if there are fewer. */
const char *segment_path(const char *dir, unsigned index);

/* A fresh copy of a ground's first directory, as the first directory of `copy`. */
void ground_copy(const struct ground *g, struct ground *copy);

/* Overwrite bytes of a file. */
void scribble(const char *path, off_t at, const void *data, size_t len);

#endif
