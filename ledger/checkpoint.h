/*
 * checkpoint: the signed head of a log, C2SP tlog-checkpoint
 * (https://c2sp.org/tlog-checkpoint): a signed note of the lines origin, tree
 * size, base64 root hash. Extension lines are accepted when read, not written.
 */
#ifndef LEDGER_CHECKPOINT_H
#define LEDGER_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "ledger/merkle.h"
#include "ledger/note.h"

struct checkpoint {
	char origin[NOTE_NAME_MAX + 1];
	struct merkle_head head;
	size_t n_extensions;
};

/* The text of the note, without signatures. Strict: ERR_FORMAT; ERR_RANGE past MERKLE_SIZE_MAX. */
MUST_CHECK enum err checkpoint_parse(const char *text, size_t len, struct checkpoint *ret_checkpoint);
MUST_CHECK enum err checkpoint_format(const struct checkpoint *checkpoint, struct bytes *out);

/* Note and text together: parsed only if `verifier` signed it and its name is the origin (ERR_DENIED otherwise). */
MUST_CHECK enum err checkpoint_open(const char *data, size_t len, const struct note_verifier *verifier,
    struct checkpoint *ret_checkpoint);
/* Appends the signed note; the origin is the signer's name. */
MUST_CHECK enum err checkpoint_sign(const struct merkle_head *head, const struct note_signer *signer,
    struct bytes *out);

#endif
