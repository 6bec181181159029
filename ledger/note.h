/*
 * note: signed notes, C2SP signed-note (https://c2sp.org/signed-note), with
 * Ed25519 keys: a text, an empty line, and signature lines
 * "— <name> <base64(key id, signature)>".
 *
 * Keys are written as golang.org/x/mod/sumdb/note does:
 *   verifier key  <name>+<key id, 8 hex digits>+<base64(0x01, public key)>
 *   signer key    PRIVATE+KEY+<name>+<key id>+<base64(0x01, seed)>
 * where key id = SHA-256(name, "\n", 0x01, public key)[:4], big-endian.
 */
#ifndef LEDGER_NOTE_H
#define LEDGER_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "ledger/crypto.h"

#define NOTE_NAME_MAX 255
#define NOTE_LEN_MAX (64U * 1024)
#define NOTE_SIGNATURES_MAX 32
#define NOTE_SIGNATURE_LEN_MAX 8192 /* base64 digits; room for the longest post-quantum one */

struct note_verifier {
	char name[NOTE_NAME_MAX + 1];
	uint32_t id;
	uint8_t key[ED25519_KEY_LEN];
};

/* Secret: wipe with note_signer_wipe(). */
struct note_signer {
	struct note_verifier verifier;
	uint8_t seed[ED25519_KEY_LEN];
};

/* Strict; trailing white space is not part of a key. ERR_FORMAT, ERR_UNSUPPORTED (not Ed25519), ERR_CORRUPT (id). */
MUST_CHECK enum err note_verifier_parse(const char *text, size_t len, struct note_verifier *ret_verifier);
MUST_CHECK enum err note_verifier_format(const struct note_verifier *verifier, struct bytes *out);
MUST_CHECK enum err note_signer_parse(const char *text, size_t len, struct note_signer *ret_signer);
MUST_CHECK enum err note_signer_format(const struct note_signer *signer, struct bytes *out);
/* From 32 secret bytes. ERR_FORMAT where `name` is empty, too long, or holds space, plus or control characters. */
MUST_CHECK enum err note_signer_make(const char *name, const uint8_t seed[ED25519_KEY_LEN],
    struct note_signer *ret_signer);
/* The same from fresh random bytes. */
MUST_CHECK enum err note_signer_generate(const char *name, struct note_signer *ret_signer);
void note_signer_wipe(struct note_signer *signer);

/* Appends the text, the empty line and one signature line per signer. ERR_FORMAT for a text that cannot be a note's. */
MUST_CHECK enum err note_sign(const char *text, size_t len, const struct note_signer *signers, size_t n,
    struct bytes *out);

/* A view into the parsed bytes. */
struct note_signature {
	const char *name;
	size_t name_len;
	const char *base64; /* of key id and signature */
	size_t base64_len;
	uint32_t id;
};

struct note {
	const char *text; /* with its final newline */
	size_t text_len;
	size_t n_signatures;
	struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/* The form alone; nothing is trusted yet. ERR_FORMAT, ERR_RANGE past NOTE_LEN_MAX. */
MUST_CHECK enum err note_parse(const char *data, size_t len, struct note *ret_note);

/*
 * ERR_NONE where `verifier` signed the note. Signatures of other keys are
 * ignored; ERR_NOT_FOUND where there is none of this key, ERR_CORRUPT where
 * one of this key does not fit.
 */
MUST_CHECK enum err note_verify(const struct note *note, const struct note_verifier *verifier);

#endif
