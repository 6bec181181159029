#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Included whole, so that the steps between the vectors' lines can be checked too. */
#include "journal/seal.c"

/*
 * Base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256. The first stands in RFC
 * 9180, appendix A.1.1; the second, for the AEAD in use here, in the machine
 * readable vectors that the RFC names (appendix A, github.com/cfrg/draft-irtf-cfrg-hpke,
 * test-vectors.json).
 */
struct vector {
	uint16_t aead_id;
	const char *cipher;
	size_t key_len;
	const char *ephemeral, *secret, *public, *enc;
	const char *shared, *key, *nonce, *exporter;
	const char *sealed;
	const char *export_context;
	const char *exported; /* 32 bytes */
};

static const struct vector vectors[] = {
    {0x0001, "AES-128-GCM", 16, "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
        "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
        "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
        "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
        "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc", "4531685d41d65f03dc48f6b8302c05b0",
        "56d890e5accaaf011cff4b7d", "45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8",
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
        "TestContext", "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931"},
    {0x0002, "AES-256-GCM", 32, "179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11",
        "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
        "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c",
        "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256",
        "3101c54c3a4f87439eaac080699ed9bbcc726ffe44e860c0424ccb7e3e2ead7b",
        "f50b0609186798729ed0564b36ef2ef8044f1f9d05636874d1f46c819c7a669f", "151d9929e2449747889bc923",
        "86017151bbff6a1940e8abae2ac9e0e7032e33df1eaaecc02ca6259b130d62df",
        "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a",
        "", "ded6cffafaea6b812cbf3e241e88332adbc077aca81512914213810ee291770a"},
};

/* "Ode on a Grecian Urn", "Count-0", "Beauty is truth, truth beauty" */
static const char info_text[] = "Ode on a Grecian Urn";
static const char aad_text[] = "Count-0";
static const char message_text[] = "Beauty is truth, truth beauty";

static void
assert_hex(const uint8_t *data, const char *hex)
{
	uint8_t expected[64];
	size_t len = strlen(hex) / 2;

	assert_int_equal(bytes_from_hex(hex, 2 * len, expected, len), ERR_NONE);
	assert_memory_equal(data, expected, len);
}

static void
unhex(const char *hex, uint8_t *out)
{
	assert_int_equal(bytes_from_hex(hex, strlen(hex), out, strlen(hex) / 2), ERR_NONE);
}

static void
check_vector(const struct vector *v)
{
	const struct suite suite = {v->aead_id, v->cipher, v->key_len};
	const struct part info = {info_text, strlen(info_text)}, aad = {aad_text, strlen(aad_text)};
	const struct part message = {message_text, strlen(message_text)};
	uint8_t ephemeral[32], secret[32], public[32], enc[32], shared[32], again[32], exported[32];
	uint8_t sealed[64], opened[64];
	struct schedule schedule;

	unhex(v->ephemeral, ephemeral);
	unhex(v->secret, secret);
	assert_int_equal(seal_public(secret, public), ERR_NONE);
	assert_hex(public, v->public);
	assert_int_equal(encapsulate(ephemeral, public, enc, shared), ERR_NONE);
	assert_hex(enc, v->enc);
	assert_hex(shared, v->shared);
	assert_int_equal(decapsulate(secret, enc, again), ERR_NONE);
	assert_memory_equal(again, shared, 32);
	assert_int_equal(key_schedule(&suite, shared, info, &schedule), ERR_NONE);
	assert_hex(schedule.key, v->key);
	assert_hex(schedule.nonce, v->nonce);
	assert_hex(schedule.exporter, v->exporter);
	assert_int_equal(aead_run(&suite, &schedule, true, aad, message, sealed), ERR_NONE);
	assert_hex(sealed, v->sealed);
	assert_int_equal(
	    aead_run(&suite, &schedule, false, aad, (struct part){sealed, message.len + SEAL_TAG_LEN}, opened), ERR_NONE);
	assert_memory_equal(opened, message_text, message.len);
	assert_int_equal(export_secret(&suite, &schedule, v->export_context, exported, 32), ERR_NONE);
	assert_hex(exported, v->exported);
}

static void
every_step_gives_the_published_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		check_vector(&vectors[i]);
}

static void
the_published_message_opens_through_the_public_function(void **state)
{
	const struct vector *v = &vectors[1];
	const struct seal_context context = {info_text, strlen(info_text), aad_text, strlen(aad_text)};
	uint8_t secret[32], enc[32], sealed[45], message[29], exported[32];

	(void)state;
	unhex(v->secret, secret);
	unhex(v->enc, enc);
	unhex(v->sealed, sealed);
	assert_int_equal(seal_open(secret, &context, enc, sealed, sizeof(sealed), message), ERR_NONE);
	assert_memory_equal(message, message_text, sizeof(message));
	assert_int_equal(seal_receive_export(secret, &context, enc, v->export_context, exported, 32), ERR_NONE);
	assert_hex(exported, v->exported);
}

static void
a_sealed_message_opens_with_its_key_and_nothing_else(void **state)
{
	const struct seal_context context = {"info", 4, "aad", 3}, other = {"info", 4, "aae", 3};
	const struct seal_context stranger = {"infa", 4, "aad", 3}, bare = {NULL, 0, NULL, 0};
	uint8_t secret[32], public[32], enc[32], sealed[48], message[32];
	static const uint8_t zeroes[32];

	(void)state;
	assert_int_equal(seal_keypair(secret, public), ERR_NONE);
	assert_int_equal(seal_message(public, &context, "0123456789abcdef0123456789abcdef", 32, enc, sealed), ERR_NONE);
	assert_int_equal(seal_open(secret, &context, enc, sealed, 48, message), ERR_NONE);
	assert_memory_equal(message, "0123456789abcdef0123456789abcdef", 32);
	assert_int_equal(seal_open(public, &context, enc, sealed, 48, message), ERR_CORRUPT);
	assert_memory_equal(message, zeroes, 32);
	assert_int_equal(seal_open(secret, &other, enc, sealed, 48, message), ERR_CORRUPT);
	assert_int_equal(seal_open(secret, &stranger, enc, sealed, 48, message), ERR_CORRUPT);
	assert_int_equal(seal_open(secret, &context, enc, sealed, 15, message), ERR_CORRUPT);
	sealed[47] ^= 1;
	assert_int_equal(seal_open(secret, &context, enc, sealed, 48, message), ERR_CORRUPT);
	assert_int_equal(seal_open(secret, &context, zeroes, sealed, 48, message), ERR_CORRUPT);
	assert_int_equal(seal_message(public, &bare, "x", 1, enc, sealed), ERR_NONE);
	assert_int_equal(seal_open(secret, &bare, enc, sealed, 17, message), ERR_NONE);
	assert_int_equal(message[0], 'x');
}

static void
a_public_key_of_small_order_is_refused(void **state)
{
	const struct seal_context context = {"info", 4, "", 0};
	static const uint8_t zeroes[32];
	uint8_t enc[32], sealed[48];

	(void)state;
	assert_int_equal(seal_message(zeroes, &context, zeroes, 32, enc, sealed), ERR_CRYPTO);
}

static void
both_sides_export_the_same_secret_of_any_length(void **state)
{
	const struct seal_context context = {"info", 4, NULL, 0};
	uint8_t secret[32], public[32], enc[32], ours[SEAL_EXPORT_MAX], theirs[SEAL_EXPORT_MAX];

	(void)state;
	assert_int_equal(seal_keypair(secret, public), ERR_NONE);
	assert_int_equal(seal_send_export(public, &context, "what", enc, ours, sizeof(ours)), ERR_NONE);
	assert_int_equal(seal_receive_export(secret, &context, enc, "what", theirs, sizeof(theirs)), ERR_NONE);
	assert_memory_equal(ours, theirs, sizeof(ours));
	assert_int_equal(seal_receive_export(secret, &context, enc, "else", theirs, sizeof(theirs)), ERR_NONE);
	assert_memory_not_equal(ours, theirs, sizeof(ours));
	assert_int_equal(seal_send_export(public, &context, "what", enc, ours, 0), ERR_RANGE);
	assert_int_equal(seal_send_export(public, &context, "what", enc, ours, 256), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_step_gives_the_published_values),
	    cmocka_unit_test(the_published_message_opens_through_the_public_function),
	    cmocka_unit_test(a_sealed_message_opens_with_its_key_and_nothing_else),
	    cmocka_unit_test(a_public_key_of_small_order_is_refused),
	    cmocka_unit_test(both_sides_export_the_same_secret_of_any_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
