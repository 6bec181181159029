/*
 * keeper: the thread that owns journals, ledger, index and period keys.
 * Private to engine/.
 *
 * It follows the journals, makes ledger entries of what it finds (exactly
 * once: entries and positions move together), feeds the index from the ledger
 * and removes the segments that are integrated. The loop asks it by letters
 * and gets letters back; nothing else is shared.
 */
#ifndef ENGINE_KEEPER_H
#define ENGINE_KEEPER_H

#include "core/order.h"
#include "engine/engine.h"
#include "engine/mailbox.h"
#include "index/index.h"
#include "ledger/ledger.h"
#include "store/budget.h"

/*
 * Open keys, ledger, index and journals of the data directory; keys are made
 * where there are none. The thread starts with keeper_start(). `complaints` gets the reason.
 */
MUST_CHECK enum err keeper_open(struct engine *engine, struct keeper **ret_keeper, struct bytes *complaints);
/* The public half of the present period's key, for the map. Before keeper_start(). */
MUST_CHECK enum err keeper_period(struct keeper *keeper, struct map_period *ret_period);
/* `rebuild`: give the loop all disclosures of the last 31 days (scopes_past), then open the maps. */
MUST_CHECK enum err keeper_start(struct keeper *keeper, bool rebuild);
/* End the thread; its last letters are in the loop's box. NULL is fine. */
void keeper_stop(struct keeper *keeper);
/* Stop, commit, close. NULL is fine. */
void keeper_free(struct keeper *keeper);

/* An order's fate for the ledger. */
struct keeper_order {
	enum ledger_order_event event;
	struct order order;
	uint64_t at_us;
	char scope[SCOPE_TEXT_MAX];
	char reason[512];
};

MUST_CHECK enum err keeper_tell_order(struct keeper *keeper, const struct keeper_order *order);
/* A decision in words: "budget", "config", "restore". */
MUST_CHECK enum err keeper_tell(struct keeper *keeper, const char *topic, const char *words, uint32_t subject);
/* What a number means, for whoever reads the ledger without this installation. */
MUST_CHECK enum err keeper_define(struct keeper *keeper, enum ledger_definition_of what, uint32_t number,
    uint32_t parent, const char *name, const struct conf_texts *fields);

/* What the loop can know without asking; filled by the keeper's letters. */
struct keeper_news {
	uint64_t ledger_size;
	uint64_t integrated_us;  /* when the journals were last found empty or dealt with */
	uint32_t waiting_segments; /* that nobody writes any more; counted once a minute */
	uint64_t platform_today; /* distinct persons */
	bool platform_alert;
	bool failing;            /* the last integration failed */
	char words[160];         /* why, or the last remark */
};

const struct keeper_news *keeper_news(const struct keeper *keeper);

/*
 * Questions. Each is answered on the loop by `done`, which frees the question.
 * The keeper integrates what is journalled first.
 */
struct keeper_question {
	struct letter letter;
	struct keeper *keeper;
	void (*ask)(struct keeper *keeper, struct keeper_question *question);   /* on the keeper's thread */
	void (*done)(struct engine *engine, struct keeper_question *question);  /* on the loop */
	enum err err;
	const char *why;
};

void keeper_ask(struct keeper *keeper, struct keeper_question *question);

/* For `ask` functions: what the keeper owns. */
MUST_CHECK enum err keeper_index(struct keeper *keeper, struct index **ret_index);
/*
 * A call of the index failed. Where the index is damaged it is made anew from
 * the ledger, and ERR_NONE says: call again, with keeper_index(). Else `err`.
 */
MUST_CHECK enum err keeper_index_failed(struct keeper *keeper, enum err err, const char *why);
struct ledger *keeper_ledger(struct keeper *keeper);
struct period_keys *keeper_keys(struct keeper *keeper);
const char *keeper_ledger_dir(const struct keeper *keeper);
const struct note_signer *keeper_signer(const struct keeper *keeper);
/* Journals to ledger to index until nothing is new; sets *ret_integrated. */
MUST_CHECK enum err keeper_integrate(struct keeper *keeper, uint64_t *ret_integrated);
/* Destroy a period's key: stated in the ledger first. */
MUST_CHECK enum err keeper_retire(struct keeper *keeper, uint32_t period, const char *words);

/*
 * Parts of a long answer, from an `ask` function to the loop. Waits while
 * KEEPER_PARTS_MAX are on their way. ERR_EXPIRED: the loop wants no more.
 * The part is freed by `open` on the loop, which then calls keeper_part_done().
 */
#define KEEPER_PARTS_MAX 8

struct keeper_part {
	struct letter letter;
	struct keeper *keeper;
	uint64_t serial; /* of the question it belongs to */
};

MUST_CHECK enum err keeper_send_part(struct keeper *keeper, struct keeper_part *part,
    void (*open)(void *engine, struct letter *letter));
/* On the loop, once per part. `wanted` false ends the answer of that question. */
void keeper_part_done(struct keeper *keeper, uint64_t serial, bool wanted);

#endif
