/* note: C2SP signed notes. Pure but for fresh keys; any thread. */
#include "ledger/note.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "parse/utf8.h"

#define ALGORITHM_ED25519 1
#define KEY_ID_LEN 4
#define TYPED_KEY_LEN (1 + ED25519_KEY_LEN)

static const char dash[] = "\xe2\x80\x94 ";
static const char private_prefix[] = "PRIVATE+KEY+";

/* The white space of Unicode (property White_Space) beyond ASCII, as UTF-8. */
static bool
is_wide_space(const uint8_t *p, size_t left)
{
	if (left >= 2 && p[0] == 0xc2)
		return p[1] == 0x85 || p[1] == 0xa0;
	if (left < 3)
		return false;
	if (p[0] == 0xe2 && p[1] == 0x80)
		return p[2] <= 0x8a || p[2] == 0xa8 || p[2] == 0xa9 || p[2] == 0xaf;
	return memcmp(p, "\xe1\x9a\x80", 3) == 0 || memcmp(p, "\xe2\x81\x9f", 3) == 0 ||
	    memcmp(p, "\xe3\x80\x80", 3) == 0;
}

static bool
name_valid(const char *name, size_t len)
{
	const uint8_t *p = (const uint8_t *)name;

	if (len == 0 || len > NOTE_NAME_MAX || !utf8_valid(p, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (p[i] <= 0x20 || p[i] == '+' || p[i] == 0x7f || is_wide_space(p + i, len - i))
			return false;
	return true;
}

/* Valid UTF-8 without control characters but newlines, ending in one. */
static bool
text_valid(const char *text, size_t len)
{
	if (len == 0 || len > NOTE_LEN_MAX || text[len - 1] != '\n')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)text[i] < 0x20 && text[i] != '\n')
			return false;
	return utf8_valid((const uint8_t *)text, len);
}

static uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < KEY_ID_LEN; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* First four bytes of SHA-256(name, "\n", algorithm, public key). */
static enum err
key_id(const char *name, const uint8_t key[ED25519_KEY_LEN], uint32_t *ret_id)
{
	const uint8_t middle[2] = {'\n', ALGORITHM_ED25519};
	uint8_t digest[SHA256_LEN];
	struct hasher *hasher;
	enum err err = hasher_open(&hasher);

	if (err != ERR_NONE)
		return err;
	hasher_start(hasher);
	hasher_add(hasher, name, strlen(name));
	hasher_add(hasher, middle, sizeof(middle));
	hasher_add(hasher, key, ED25519_KEY_LEN);
	hasher_finish(hasher, digest);
	err = hasher_failed(hasher) ? ERR_CRYPTO : ERR_NONE;
	hasher_free(hasher);
	if (err == ERR_NONE)
		*ret_id = get_be32(digest);
	return err;
}

/* "<name>+<id>+<base64 of algorithm and 32 bytes>": both kinds of keys are written so. */
static enum err
key_parse(const char *text, size_t len, struct note_verifier *ret_key)
{
	struct note_verifier key;
	struct bytes typed;
	uint8_t id[KEY_ID_LEN];
	const char *plus = memchr(text, '+', len);

	if (plus == NULL)
		return ERR_FORMAT;
	size_t name_len = (size_t)(plus - text), rest = len - name_len;
	if (!name_valid(text, name_len) || rest < 10 || plus[9] != '+')
		return ERR_FORMAT;
	for (size_t i = 1; i <= 8; i++)
		if (plus[i] >= 'A' && plus[i] <= 'F')
			return ERR_FORMAT;
	enum err err = bytes_from_hex(plus + 1, 8, id, sizeof(id));
	if (err != ERR_NONE)
		return err;
	/* The decoder sets room aside before it looks: bound what it is given. */
	if (rest - 10 > NOTE_SIGNATURE_LEN_MAX)
		return ERR_FORMAT;
	bytes_init(&typed, NOTE_SIGNATURE_LEN_MAX);
	err = bytes_from_base64(&typed, plus + 10, rest - 10);
	if (err == ERR_NONE && typed.len > 1 && typed.data[0] != ALGORITHM_ED25519)
		err = ERR_UNSUPPORTED;
	else if (err == ERR_NONE && typed.len != TYPED_KEY_LEN)
		err = ERR_FORMAT;
	if (err == ERR_NONE) {
		memcpy(key.name, text, name_len);
		key.name[name_len] = '\0';
		key.id = get_be32(id);
		memcpy(key.key, typed.data + 1, ED25519_KEY_LEN);
		*ret_key = key;
	}
	bytes_zero(&key, sizeof(key));
	bytes_wipe(&typed);
	return err;
}

static enum err
key_format(const char *prefix, const struct note_verifier *named, const uint8_t key[ED25519_KEY_LEN],
    struct bytes *out)
{
	uint8_t typed[TYPED_KEY_LEN] = {ALGORITHM_ED25519};
	size_t start = out->len;
	enum err err;

	memcpy(typed + 1, key, ED25519_KEY_LEN);
	err = bytes_printf(out, "%s%s+%08x+", prefix, named->name, (unsigned)named->id);
	if (err == ERR_NONE)
		err = bytes_append_base64(out, typed, sizeof(typed));
	if (err != ERR_NONE)
		out->len = start;
	bytes_zero(typed, sizeof(typed));
	return err;
}

enum err
note_verifier_parse(const char *text, size_t len, struct note_verifier *ret_verifier)
{
	struct note_verifier verifier;
	uint32_t id;
	enum err err = key_parse(text, len, &verifier);

	if (err == ERR_NONE)
		err = key_id(verifier.name, verifier.key, &id);
	if (err != ERR_NONE)
		return err;
	if (id != verifier.id)
		return ERR_CORRUPT;
	*ret_verifier = verifier;
	return ERR_NONE;
}

enum err
note_verifier_format(const struct note_verifier *verifier, struct bytes *out)
{
	return key_format("", verifier, verifier->key, out);
}

enum err
note_signer_make(const char *name, const uint8_t seed[ED25519_KEY_LEN], struct note_signer *ret_signer)
{
	struct note_signer signer;
	size_t len = strlen(name);
	enum err err;

	if (!name_valid(name, len))
		return ERR_FORMAT;
	memcpy(signer.verifier.name, name, len + 1);
	memcpy(signer.seed, seed, ED25519_KEY_LEN);
	err = crypto_ed25519_public(seed, signer.verifier.key);
	if (err == ERR_NONE)
		err = key_id(name, signer.verifier.key, &signer.verifier.id);
	if (err == ERR_NONE)
		*ret_signer = signer;
	note_signer_wipe(&signer);
	return err;
}

enum err
note_signer_generate(const char *name, struct note_signer *ret_signer)
{
	uint8_t seed[ED25519_KEY_LEN];
	enum err err = random_bytes(seed, sizeof(seed));

	if (err == ERR_NONE)
		err = note_signer_make(name, seed, ret_signer);
	bytes_zero(seed, sizeof(seed));
	return err;
}

enum err
note_signer_parse(const char *text, size_t len, struct note_signer *ret_signer)
{
	size_t prefix_len = sizeof(private_prefix) - 1;
	struct note_verifier written;
	struct note_signer signer;
	enum err err;

	if (len < prefix_len || memcmp(text, private_prefix, prefix_len) != 0)
		return ERR_FORMAT;
	err = key_parse(text + prefix_len, len - prefix_len, &written);
	if (err != ERR_NONE)
		return err;
	err = note_signer_make(written.name, written.key, &signer);
	if (err == ERR_NONE && signer.verifier.id != written.id)
		err = ERR_CORRUPT;
	if (err == ERR_NONE)
		*ret_signer = signer;
	bytes_zero(&written, sizeof(written));
	note_signer_wipe(&signer);
	return err;
}

enum err
note_signer_format(const struct note_signer *signer, struct bytes *out)
{
	return key_format(private_prefix, &signer->verifier, signer->seed, out);
}

void
note_signer_wipe(struct note_signer *signer)
{
	bytes_zero(signer, sizeof(*signer));
}

static enum err
append_signature(const char *text, size_t len, const struct note_signer *signer, struct bytes *out)
{
	uint8_t signature[KEY_ID_LEN + ED25519_SIGNATURE_LEN];
	enum err err = crypto_ed25519_sign(signer->seed, text, len, signature + KEY_ID_LEN);

	put_be32(signature, signer->verifier.id);
	if (err == ERR_NONE)
		err = bytes_printf(out, "%s%s ", dash, signer->verifier.name);
	if (err == ERR_NONE)
		err = bytes_append_base64(out, signature, sizeof(signature));
	if (err == ERR_NONE)
		err = bytes_append_text(out, "\n");
	return err;
}

enum err
note_sign(const char *text, size_t len, const struct note_signer *signers, size_t n, struct bytes *out)
{
	size_t start = out->len;
	enum err err;

	if (!text_valid(text, len) || n == 0 || n > NOTE_SIGNATURES_MAX)
		return ERR_FORMAT;
	err = bytes_append(out, text, len);
	if (err == ERR_NONE)
		err = bytes_append_text(out, "\n");
	for (size_t i = 0; i < n && err == ERR_NONE; i++)
		err = append_signature(text, len, &signers[i], out);
	if (err != ERR_NONE)
		out->len = start;
	return err;
}

/* Key id and signature of a line; `ret_raw` is the caller's to wipe. */
static enum err
decode_signature(const char *base64, size_t len, struct bytes *ret_raw)
{
	if (len > NOTE_SIGNATURE_LEN_MAX)
		return ERR_FORMAT;
	bytes_init(ret_raw, NOTE_SIGNATURE_LEN_MAX);
	enum err err = bytes_from_base64(ret_raw, base64, len);
	if (err == ERR_NONE && ret_raw->len <= KEY_ID_LEN)
		err = ERR_FORMAT;
	if (err != ERR_NONE)
		bytes_wipe(ret_raw);
	return err;
}

/* One line without its newline. */
static enum err
parse_signature(const char *line, size_t len, struct note_signature *ret_signature)
{
	size_t dash_len = sizeof(dash) - 1;
	struct note_signature s;
	struct bytes raw;

	if (len <= dash_len || memcmp(line, dash, dash_len) != 0)
		return ERR_FORMAT;
	s.name = line + dash_len;
	const char *space = memchr(s.name, ' ', len - dash_len);
	if (space == NULL)
		return ERR_FORMAT;
	s.name_len = (size_t)(space - s.name);
	s.base64 = space + 1;
	s.base64_len = (size_t)(line + len - s.base64);
	if (!name_valid(s.name, s.name_len))
		return ERR_FORMAT;
	enum err err = decode_signature(s.base64, s.base64_len, &raw);
	if (err != ERR_NONE)
		return err;
	s.id = get_be32(raw.data);
	bytes_wipe(&raw);
	*ret_signature = s;
	return ERR_NONE;
}

/* The text ends at the last empty line; returns its length with newline, 0 where there is no such line. */
static size_t
find_text(const char *data, size_t len)
{
	for (size_t i = len; i >= 2; i--)
		if (data[i - 1] == '\n' && data[i - 2] == '\n')
			return i - 1;
	return 0;
}

enum err
note_parse(const char *data, size_t len, struct note *ret_note)
{
	struct note note = {.text = data};

	if (len > NOTE_LEN_MAX)
		return ERR_RANGE;
	if (!text_valid(data, len))
		return ERR_FORMAT;
	note.text_len = find_text(data, len);
	if (note.text_len == 0 || note.text_len + 1 == len)
		return ERR_FORMAT;
	for (const char *line = data + note.text_len + 1; line < data + len;) {
		const char *newline = memchr(line, '\n', (size_t)(data + len - line));

		if (newline == NULL || note.n_signatures == NOTE_SIGNATURES_MAX)
			return ERR_FORMAT;
		enum err err =
		    parse_signature(line, (size_t)(newline - line), &note.signatures[note.n_signatures++]);
		if (err != ERR_NONE)
			return err;
		line = newline + 1;
	}
	*ret_note = note;
	return ERR_NONE;
}

enum err
note_verify(const struct note *note, const struct note_verifier *verifier)
{
	size_t name_len = strlen(verifier->name);
	enum err result = ERR_NOT_FOUND;

	for (size_t i = 0; i < note->n_signatures; i++) {
		const struct note_signature *s = &note->signatures[i];
		struct bytes raw;

		if (s->id != verifier->id || s->name_len != name_len || memcmp(s->name, verifier->name, name_len) != 0)
			continue;
		enum err err = decode_signature(s->base64, s->base64_len, &raw);
		if (err != ERR_NONE)
			return err;
		if (raw.len == KEY_ID_LEN + ED25519_SIGNATURE_LEN)
			err = crypto_ed25519_verify(verifier->key, note->text, note->text_len, raw.data + KEY_ID_LEN);
		else
			err = ERR_CORRUPT;
		bytes_wipe(&raw);
		if (err != ERR_NONE)
			return err;
		result = ERR_NONE;
	}
	return result;
}
