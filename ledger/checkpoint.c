/* checkpoint: C2SP tlog-checkpoint. Pure; any thread. */
#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <string.h>

/* Base64 of 32 bytes. */
#define ROOT_TEXT_LEN 44

/* The next line without its newline; moves `*at` past it. ERR_FORMAT where it is empty or missing. */
static enum err
take_line(const char **at, const char *end, const char **ret_line, size_t *ret_len)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (newline == NULL || newline == *at)
		return ERR_FORMAT;
	*ret_line = *at;
	*ret_len = (size_t)(newline - *at);
	*at = newline + 1;
	return ERR_NONE;
}

/* ASCII decimal without leading zeroes. */
static enum err
parse_size(const char *text, size_t len, uint64_t *ret_size)
{
	uint64_t size = 0;

	if (len > 1 && text[0] == '0')
		return ERR_FORMAT;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return ERR_FORMAT;
		/* Bounded before it grows: a product that wraps around would look small. */
		if (size > MERKLE_SIZE_MAX / 10)
			return ERR_RANGE;
		size = size * 10 + (uint64_t)(text[i] - '0');
	}
	if (size > MERKLE_SIZE_MAX)
		return ERR_RANGE;
	*ret_size = size;
	return ERR_NONE;
}

static enum err
parse_root(const char *text, size_t len, struct merkle_hash *ret_root)
{
	struct bytes raw;
	enum err err;

	if (len != ROOT_TEXT_LEN)
		return ERR_FORMAT;
	bytes_init(&raw, ROOT_TEXT_LEN);
	err = bytes_from_base64(&raw, text, len);
	if (err == ERR_NONE && raw.len != SHA256_LEN)
		err = ERR_FORMAT;
	if (err == ERR_NONE)
		memcpy(ret_root->bytes, raw.data, SHA256_LEN);
	bytes_wipe(&raw);
	return err;
}

enum err
checkpoint_parse(const char *text, size_t len, struct checkpoint *ret_checkpoint)
{
	struct checkpoint checkpoint = {.n_extensions = 0};
	const char *at = text, *end = text + len, *line;
	size_t line_len;

	enum err err = take_line(&at, end, &line, &line_len);
	if (err != ERR_NONE)
		return err;
	if (line_len > NOTE_NAME_MAX || memchr(line, '\0', line_len) != NULL)
		return ERR_FORMAT;
	memcpy(checkpoint.origin, line, line_len);

	err = take_line(&at, end, &line, &line_len);
	if (err == ERR_NONE)
		err = parse_size(line, line_len, &checkpoint.head.size);
	if (err == ERR_NONE)
		err = take_line(&at, end, &line, &line_len);
	if (err == ERR_NONE)
		err = parse_root(line, line_len, &checkpoint.head.root);
	for (; err == ERR_NONE && at < end; checkpoint.n_extensions++)
		err = take_line(&at, end, &line, &line_len);
	if (err == ERR_NONE)
		*ret_checkpoint = checkpoint;
	return err;
}

enum err
checkpoint_format(const struct checkpoint *checkpoint, struct bytes *out)
{
	size_t start = out->len;
	enum err err = bytes_printf(out, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->head.size);

	if (err == ERR_NONE)
		err = bytes_append_base64(out, checkpoint->head.root.bytes, SHA256_LEN);
	if (err == ERR_NONE)
		err = bytes_append_text(out, "\n");
	if (err != ERR_NONE)
		out->len = start;
	return err;
}

enum err
checkpoint_open(const char *data, size_t len, const struct note_verifier *verifier,
    struct checkpoint *ret_checkpoint)
{
	struct checkpoint checkpoint;
	struct note note;
	enum err err = note_parse(data, len, &note);

	if (err == ERR_NONE)
		err = note_verify(&note, verifier);
	if (err == ERR_NONE)
		err = checkpoint_parse(note.text, note.text_len, &checkpoint);
	if (err != ERR_NONE)
		return err;
	/* The same key may sign notes of another log under another origin. */
	if (strcmp(checkpoint.origin, verifier->name) != 0)
		return ERR_DENIED;
	*ret_checkpoint = checkpoint;
	return ERR_NONE;
}

enum err
checkpoint_sign(const struct merkle_head *head, const struct note_signer *signer, struct bytes *out)
{
	struct checkpoint checkpoint = {.head = *head};
	struct bytes text;
	enum err err;

	memcpy(checkpoint.origin, signer->verifier.name, sizeof(checkpoint.origin));
	bytes_init(&text, NOTE_LEN_MAX);
	err = checkpoint_format(&checkpoint, &text);
	if (err == ERR_NONE)
		err = note_sign((const char *)text.data, text.len, signer, 1, out);
	bytes_wipe(&text);
	return err;
}
