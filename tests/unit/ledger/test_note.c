#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ledger/checkpoint.h"
#include "ledger/note.h"

/* The worked example of golang.org/x/mod/sumdb/note. */
#define PETER_SIGNER "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_TEXT \
	"If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define PETER_LINE \
	"\xe2\x80\x94 PeterNeumann " \
	"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define PETER_NOTE PETER_TEXT "\n" PETER_LINE
/* The key of that package's example made from a seed of zeroes. */
#define ENOCH "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define ENOCH_LINE \
	"\xe2\x80\x94 EnochRoot " \
	"rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
/* The example of C2SP signed-note. */
#define FOO "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_NOTE \
	"This is an example message.\n\n\xe2\x80\x94 example.com/foo " \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
/* The example of C2SP tlog-checkpoint. */
#define SOFA_TEXT "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define SOFA_NOTE \
	SOFA_TEXT "\n\xe2\x80\x94 example.com/behind-the-sofa " \
	"Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"

static struct note_verifier
verifier_of(const char *text)
{
	struct note_verifier verifier;

	assert_int_equal(note_verifier_parse(text, strlen(text), &verifier), ERR_NONE);
	return verifier;
}

static enum err
verify(const char *data, size_t len, const char *key)
{
	struct note_verifier verifier = verifier_of(key);
	struct note note;
	enum err err = note_parse(data, len, &note);

	return err != ERR_NONE ? err : note_verify(&note, &verifier);
}

static void
the_published_notes_verify_with_their_keys(void **state)
{
	(void)state;
	assert_int_equal(verify(PETER_NOTE, strlen(PETER_NOTE), PETER), ERR_NONE);
	assert_int_equal(verify(FOO_NOTE, strlen(FOO_NOTE), FOO), ERR_NONE);
	assert_int_equal(verify(PETER_NOTE ENOCH_LINE, strlen(PETER_NOTE ENOCH_LINE), PETER), ERR_NONE);
	assert_int_equal(verify(PETER_NOTE ENOCH_LINE, strlen(PETER_NOTE ENOCH_LINE), ENOCH), ERR_NONE);
}

static void
signing_with_the_published_keys_gives_the_published_bytes(void **state)
{
	static const uint8_t zeroes[ED25519_KEY_LEN];
	struct note_signer signers[2];
	struct bytes out;

	(void)state;
	bytes_init(&out, NOTE_LEN_MAX);
	assert_int_equal(note_signer_parse(PETER_SIGNER, strlen(PETER_SIGNER), &signers[0]), ERR_NONE);
	assert_int_equal(note_signer_make("EnochRoot", zeroes, &signers[1]), ERR_NONE);
	assert_int_equal(note_sign(PETER_TEXT, strlen(PETER_TEXT), signers, 2, &out), ERR_NONE);
	assert_int_equal(out.len, strlen(PETER_NOTE ENOCH_LINE));
	assert_memory_equal(out.data, PETER_NOTE ENOCH_LINE, out.len);
	note_signer_wipe(&signers[0]);
	bytes_wipe(&out);
}

static void
keys_are_written_as_they_are_read(void **state)
{
	static const uint8_t zeroes[ED25519_KEY_LEN];
	struct note_verifier verifier = verifier_of(PETER);
	struct note_signer signer;
	struct bytes out;

	(void)state;
	bytes_init(&out, 1024);
	assert_int_equal(note_verifier_format(&verifier, &out), ERR_NONE);
	assert_int_equal(out.len, strlen(PETER));
	assert_memory_equal(out.data, PETER, out.len);

	bytes_clear(&out);
	assert_int_equal(note_signer_parse(PETER_SIGNER, strlen(PETER_SIGNER), &signer), ERR_NONE);
	assert_int_equal(note_signer_format(&signer, &out), ERR_NONE);
	assert_int_equal(out.len, strlen(PETER_SIGNER));
	assert_memory_equal(out.data, PETER_SIGNER, out.len);
	assert_memory_equal(signer.verifier.key, verifier.key, sizeof(verifier.key));

	bytes_clear(&out);
	assert_int_equal(note_signer_make("EnochRoot", zeroes, &signer), ERR_NONE);
	assert_int_equal(note_verifier_format(&signer.verifier, &out), ERR_NONE);
	assert_memory_equal(out.data, ENOCH, strlen(ENOCH));
	bytes_wipe(&out);
}

static void
a_mangled_key_is_refused_whatever_was_mangled(void **state)
{
	static const char *const bad[] = {
	    /* wrong length and unknown algorithm, each with the key id that would fit */
	    "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
	    "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
	    "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann+c74f20a3",
	    "PeterNeumann+c74f20a3+", PETER "\n"};
	struct note_verifier verifier;
	char text[] = PETER;
	size_t len = strlen(text);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(note_verifier_parse(bad[i], strlen(bad[i]), &verifier), ERR_NONE);
	for (size_t from = 0; from < len; from++)
		for (size_t to = from + 1; to <= len; to++)
			if (from != 0 || to != len)
				assert_int_not_equal(note_verifier_parse(text + from, to - from, &verifier), ERR_NONE);
	for (size_t i = 0; i < len; i++) {
		text[i]++;
		assert_int_not_equal(note_verifier_parse(text, len, &verifier), ERR_NONE);
		text[i]--;
	}
}

static void
a_note_with_any_bit_flipped_does_not_verify(void **state)
{
	char note[] = PETER_NOTE;

	(void)state;
	for (size_t i = 0; i < strlen(PETER_NOTE) * 8; i++) {
		note[i / 8] = (char)(note[i / 8] ^ 1 << i % 8);
		assert_int_not_equal(verify(note, strlen(PETER_NOTE), PETER), ERR_NONE);
		note[i / 8] = (char)(note[i / 8] ^ 1 << i % 8);
	}
}

static void
signatures_of_strangers_are_ignored_and_wrong_ones_of_ours_are_not(void **state)
{
	/* Enoch's signature under Peter's name and key id. */
	static const char forged[] = PETER_TEXT "\n\xe2\x80\x94 PeterNeumann "
	    "x08goxzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

	(void)state;
	assert_int_equal(verify(PETER_NOTE, strlen(PETER_NOTE), ENOCH), ERR_NOT_FOUND);
	assert_int_equal(verify(forged, strlen(forged), PETER), ERR_CORRUPT);
}

static void
a_text_that_is_no_note_is_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "\n\n", "text\n", "text\n\n", "text" PETER_LINE,
	    "text\n" PETER_LINE, "te\txt\n\n" PETER_LINE, "text\n\n" PETER_LINE "\n",
	    "text\n\n\xe2\x80\x94 Peter\xc2\xa0Neumann x08goxzm\n", "text\n\n\xe2\x80\x94 Peter+Neumann x08goxzm\n",
	    "text\n\n\xe2\x80\x94  x08goxzm\n", "text\n\n\xe2\x80\x94 PeterNeumann x08g\n",
	    "text\n\n\xe2\x80\x94 PeterNeumann x08goxz\n", "text\n\n- PeterNeumann x08goxzm\n",
	    "text\n\n\xe2\x80\x94 PeterNeumann x08goxzm ", "te\xff" "xt\n\n" PETER_LINE};
	struct note note;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(note_parse(bad[i], strlen(bad[i]), &note), ERR_FORMAT);
	assert_int_equal(note_parse(PETER_NOTE, NOTE_LEN_MAX + 1, &note), ERR_RANGE);
}

static void
sixteen_signatures_are_read_and_too_many_are_refused(void **state)
{
	struct bytes text;
	struct note note;

	(void)state;
	bytes_init(&text, NOTE_LEN_MAX);
	assert_int_equal(bytes_append_text(&text, PETER_TEXT "\n"), ERR_NONE);
	for (int i = 1; i <= NOTE_SIGNATURES_MAX + 1; i++) {
		assert_int_equal(bytes_append_text(&text, PETER_LINE), ERR_NONE);
		assert_int_equal(note_parse((const char *)text.data, text.len, &note),
		    i <= NOTE_SIGNATURES_MAX ? ERR_NONE : ERR_FORMAT);
	}
	bytes_wipe(&text);
}

static void
the_published_checkpoint_is_read_and_written(void **state)
{
	struct checkpoint checkpoint;
	struct bytes out;
	struct note note;

	(void)state;
	assert_int_equal(note_parse(SOFA_NOTE, strlen(SOFA_NOTE), &note), ERR_NONE);
	assert_int_equal(checkpoint_parse(note.text, note.text_len, &checkpoint), ERR_NONE);
	assert_string_equal(checkpoint.origin, "example.com/behind-the-sofa");
	assert_true(checkpoint.head.size == 20852163);
	assert_int_equal(checkpoint.head.root.bytes[0], 0x0a);
	assert_int_equal(checkpoint.n_extensions, 0);
	bytes_init(&out, 1024);
	assert_int_equal(checkpoint_format(&checkpoint, &out), ERR_NONE);
	assert_int_equal(out.len, strlen(SOFA_TEXT));
	assert_memory_equal(out.data, SOFA_TEXT, out.len);
	bytes_wipe(&out);
}

static void
a_checkpoint_is_read_strictly(void **state)
{
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	static const char *const bad[] = {"", "a\n", "a\n1\n", "a\n1\n" ROOT, "\n1\n" ROOT "\n", "a\n\n" ROOT "\n",
	    "a\n01\n" ROOT "\n", "a\n-1\n" ROOT "\n", "a\n+1\n" ROOT "\n", "a\n1 \n" ROOT "\n", "a\n0x1\n" ROOT "\n",
	    "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n",
	    "a\n1\n" ROOT "\n\n", "a\n1\n" ROOT "\nextension", "a\n1\n" ROOT "\n\nextension\n"};
	static const char far[] = "a\n18446744073709551617\n" ROOT "\n";
	static const char extended[] = "a\n0\n" ROOT "\none\ntwo\n";
	struct checkpoint checkpoint;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(checkpoint_parse(bad[i], strlen(bad[i]), &checkpoint), ERR_FORMAT);
	assert_int_equal(checkpoint_parse(far, strlen(far), &checkpoint), ERR_RANGE);
	assert_int_equal(checkpoint_parse(extended, strlen(extended), &checkpoint), ERR_NONE);
	assert_int_equal(checkpoint.n_extensions, 2);
}

static void
a_checkpoint_of_another_origin_is_refused_even_if_our_key_signed_it(void **state)
{
	struct merkle_head head = {7, {{1, 2, 3}}};
	struct note_signer signer;
	struct checkpoint checkpoint;
	struct bytes out;

	(void)state;
	bytes_init(&out, NOTE_LEN_MAX);
	assert_int_equal(note_signer_generate("ledger.example/one", &signer), ERR_NONE);
	assert_int_equal(checkpoint_sign(&head, &signer, &out), ERR_NONE);
	assert_int_equal(
	    checkpoint_open((const char *)out.data, out.len, &signer.verifier, &checkpoint), ERR_NONE);
	assert_true(checkpoint.head.size == 7 && merkle_equal(&checkpoint.head.root, &head.root));

	bytes_clear(&out);
	assert_int_equal(note_sign(SOFA_TEXT, strlen(SOFA_TEXT), &signer, 1, &out), ERR_NONE);
	assert_int_equal(
	    checkpoint_open((const char *)out.data, out.len, &signer.verifier, &checkpoint), ERR_DENIED);
	note_signer_wipe(&signer);
	bytes_wipe(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_notes_verify_with_their_keys),
	    cmocka_unit_test(signing_with_the_published_keys_gives_the_published_bytes),
	    cmocka_unit_test(keys_are_written_as_they_are_read),
	    cmocka_unit_test(a_mangled_key_is_refused_whatever_was_mangled),
	    cmocka_unit_test(a_note_with_any_bit_flipped_does_not_verify),
	    cmocka_unit_test(signatures_of_strangers_are_ignored_and_wrong_ones_of_ours_are_not),
	    cmocka_unit_test(a_text_that_is_no_note_is_refused),
	    cmocka_unit_test(sixteen_signatures_are_read_and_too_many_are_refused),
	    cmocka_unit_test(the_published_checkpoint_is_read_and_written),
	    cmocka_unit_test(a_checkpoint_is_read_strictly),
	    cmocka_unit_test(a_checkpoint_of_another_origin_is_refused_even_if_our_key_signed_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
