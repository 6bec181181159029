/* A note from outside (an older checkpoint, a witness): parsed, then asked for signatures; keys too. */
#include <stdint.h>
#include <stdlib.h>

#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	struct note_verifier verifier, parsed;
	struct note_signer signer;
	struct note note;

	if (note_verifier_parse(key, sizeof(key) - 1, &verifier) != ERR_NONE)
		abort();
	if (note_parse((const char *)data, size, &note) == ERR_NONE) {
		if (note.text_len >= size || note.n_signatures == 0 || note.n_signatures > NOTE_SIGNATURES_MAX)
			abort();
		(void)!note_verify(&note, &verifier);
	}
	(void)!note_verifier_parse((const char *)data, size, &parsed);
	if (note_signer_parse((const char *)data, size, &signer) == ERR_NONE)
		note_signer_wipe(&signer);
	return 0;
}
