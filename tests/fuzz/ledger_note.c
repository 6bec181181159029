/* ledger_note: a note from outside (an older checkpoint, a witness) is parsed, then asked for signatures; keys too. */
#include "fuzz.h"
#include "ledger/note.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	struct note_verifier verifier, parsed;
	struct note_signer signer;
	struct note note;

	FUZZ_CHECK(note_verifier_parse(key, sizeof(key) - 1, &verifier) == ERR_NONE);
	if (note_parse((const char *)data, len, &note) == ERR_NONE) {
		FUZZ_CHECK(note.text_len < len);
		FUZZ_CHECK(note.n_signatures > 0 && note.n_signatures <= NOTE_SIGNATURES_MAX);
		(void)!note_verify(&note, &verifier);
	}
	(void)!note_verifier_parse((const char *)data, len, &parsed);
	if (note_signer_parse((const char *)data, len, &signer) == ERR_NONE)
		note_signer_wipe(&signer);
	return 0;
}
