/*
 * spares: the directories of a writer, and a thread of low priority that keeps
 * a segment prepared in each, so that neither the next segment nor a change of
 * directory makes a batch wait. Has its own lock. Private to journal/.
 */
#ifndef JOURNAL_SPARES_H
#define JOURNAL_SPARES_H

#include <pthread.h>

#include "journal/segment.h"

enum directory_state {
	DIRECTORY_ABSENT = 0,
	DIRECTORY_WANTED, /* a segment is being prepared, or about to be */
	DIRECTORY_READY,  /* one is */
	DIRECTORY_FAILED, /* will be tried again */
};

struct directory {
	enum directory_state state;
	struct segment_place place;
	struct segment *spare; /* while READY */
	unsigned failures;     /* since a segment was last filled in peace */
	uint64_t failed_at_us; /* monotonic */
	char why[96];
};

struct spares {
	char *dirs[2];
	struct directory directories[2]; /* places are fixed, the rest is under the lock */
	pthread_mutex_t lock;
	pthread_cond_t prepared; /* for who waits for a segment */
	pthread_cond_t work;     /* for the thread */
	pthread_t thread;
	uint64_t failures;       /* of directories in use, ever */
	bool hurry;              /* nothing can be written until a segment is prepared */
	atomic_bool stop;
	atomic_bool first_ready; /* the first directory has a segment */
	atomic_bool hope;        /* some directory has one, or is expected to */
};

/* Fill in the places and start the thread. On failure nothing remains to be stopped. */
MUST_CHECK enum err spares_start(struct spares *s, const struct journal_options *options, uint64_t writer);

/* Stop the thread and remove what was prepared and not used. */
void spares_stop(struct spares *s);

/*
 * A prepared segment: of the first directory if it has one or will soon (patience:
 * one second), else of the second; NULL if both failed. Waits while there is hope.
 */
struct segment *spares_take(struct spares *s);

/* A segment of this directory failed in use, or was filled in peace. Keeps errno's words. */
void spares_failed(struct spares *s, unsigned index, enum err err);
void spares_peace(struct spares *s, unsigned index);

/* Nothing can be written: try more often until something can. */
void spares_hurry(struct spares *s);

/* How both directories are, in words. True if neither failed. */
bool spares_status(struct spares *s, char *out, size_t size);

/* Start a thread that takes no signals, as those belong to the program's own loop. */
MUST_CHECK enum err spares_thread(pthread_t *thread, void *(*run)(void *), void *argument, const char *name);

#endif
