/* keeper_inside: what the keeper's files share. */
#ifndef ENGINE_KEEPER_INSIDE_H
#define ENGINE_KEEPER_INSIDE_H

#include <pthread.h>

#include "engine/keeper.h"
#include "journal/reader.h"

#define KEEPER_SEEN_MAX 1024

struct keeper_seen {
	uint64_t session;
	uint64_t at_us;
};

struct keeper_stopped {
	uint32_t identity;
	uint32_t organisation; /* 0: its limit did not stop it */
	uint64_t at_us;
};

/* What one round of integration has to tell the loop. */
struct keeper_digest {
	struct letter letter;
	struct keeper *keeper;
	struct keeper_news news;
	bool new_period;
	struct map_period period;
	uint32_t n_seen;
	struct keeper_seen seen[KEEPER_SEEN_MAX];
	uint32_t n_stopped;
	struct keeper_stopped stopped[KEEPER_SEEN_MAX];
};

struct keeper {
	struct engine *engine; /* of it only `clock` and `config` at the start are touched by the thread */
	const struct clock *clock;
	struct mailbox *box;   /* letters to the keeper */
	struct mailbox *loop;  /* letters to the loop */
	pthread_t thread;
	bool started;
	bool rebuild;
	bool stopping;         /* set by a letter */

	struct period_keys *keys;
	struct note_signer signer;
	struct ledger *ledger;
	struct index *index;   /* NULL: it failed and is opened again with the next round */
	bool index_failing;
	bool remove_failing;
	uint64_t renewed_us;   /* when it was last made anew, monotonic; 0: never */
	struct journal_reader *reader;
	char ledger_dir[PATH_MAX];
	char index_dir[PATH_MAX];
	char journal_dir[2][PATH_MAX];
	uint16_t node;
	uint32_t platform_day;
	uint32_t retention_months;
	uint32_t period;       /* whose public key the map has */
	uint64_t daily_us;     /* when the platform's total was last counted */
	uint64_t posted_us;    /* when the last digest was posted */

	struct keeper_digest *digest; /* of the round under way; NULL: none */
	uint64_t round;        /* entries of the round */
	struct keeper_news told;      /* what the last digest said */

	pthread_mutex_t parts_lock;
	pthread_cond_t parts_room;
	unsigned parts;        /* on their way */
	bool parts_unwanted;
	uint64_t serial;       /* of the question being answered */

	struct keeper_news news; /* the loop's copy */
};

/* keeper_feed.c: one round. *ret_new: entries that were integrated. */
MUST_CHECK enum err feed_round(struct keeper *keeper, uint64_t *ret_new);
MUST_CHECK enum err feed_open(struct keeper *keeper, struct bytes *complaints);
void feed_close(struct keeper *keeper);
/* Add an entry of the engine itself; committed with the next round. */
MUST_CHECK enum err feed_add_own(struct keeper *keeper, struct ledger_entry *entry);

/* keeper_index.c: open the index if it is not open, made anew where it is damaged; bring it up to the ledger. */
MUST_CHECK enum err feed_open_index(struct keeper *keeper, const char **why);
MUST_CHECK enum err feed_index(struct keeper *keeper);

/* keeper_past.c: give the loop the disclosures of the last 31 days. */
MUST_CHECK enum err past_replay(struct keeper *keeper);

#endif
