/*
 * mailbox: letters from any thread to the one that owns the box. Private to engine/.
 *
 * The owner polls mailbox_descriptor() and calls mailbox_open_letters(), which
 * runs each letter in the order of posting. Letters are the sender's memory;
 * whoever opens one frees it.
 */
#ifndef ENGINE_MAILBOX_H
#define ENGINE_MAILBOX_H

#include "base/err.h"

struct letter {
	struct letter *next;
	void (*open)(void *owner, struct letter *letter);
};

struct mailbox;

MUST_CHECK enum err mailbox_open(struct mailbox **ret_box);
/* Letters that were not opened are lost: the owner opens them before. */
void mailbox_free(struct mailbox *box);
/* Readable while letters wait. */
int mailbox_descriptor(const struct mailbox *box);
void mailbox_post(struct mailbox *box, struct letter *letter);
void mailbox_open_letters(struct mailbox *box, void *owner);

#endif
