/* ledger_state: what an open ledger holds; shared by ledger.c and recover.c alone. */
#ifndef LEDGER_LEDGER_STATE_H
#define LEDGER_LEDGER_STATE_H

#include <limits.h>

#include "ledger/edge.h"
#include "ledger/ledger.h"
#include "ledger/positions.h"
#include "ledger/vault.h"

/* Longest directory name; room for the names inside it is kept. */
#define LEDGER_DIR_MAX (PATH_MAX - 64)

struct ledger {
	char dir[LEDGER_DIR_MAX];
	const struct note_signer *signer;
	const struct clock *clock;
	int lock;
	struct tilestore *store;
	struct hasher *hasher;
	struct vault *vault;

	/* Committed. */
	struct merkle_head head;
	struct bytes note;          /* the signed checkpoint as it stands in the file */
	struct edge *edge;
	struct positions *settled;

	/* With what is pending. */
	struct merkle_range range;
	struct bytes bundle;        /* entries from the start of the partial bundle on */
	size_t pending_at;          /* where in `bundle` the pending ones begin */
	struct bytes leaves;        /* hashes of the pending entries */
	struct positions *positions;
	bool moved;                 /* positions differ from the settled ones */
	bool lost;                  /* nobody knows which checkpoint is durable: reopen */
};

/* "<dir>/<name>" */
void ledger_path(const struct ledger *ledger, const char *name, char out[PATH_MAX]);

#endif
