/* names_file: encrypted blocks of names. Blocks on the disk; one thread. */
#include "index/names_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/random.h"
#include "core/disclosure.h"
#include "index/io.h"

#define LABEL "tourniquet index names 1"
#define HEADER_LEN 48
#define HEADER_AAD_LEN 16
#define BLOCK_LEN 32
#define NONCE_LEN 12
#define TAG_LEN 16
#define AAD_LEN 16
/* Content of a block as written, and the most that is accepted. */
#define CONTENT_AIM (256U << 10)
#define CONTENT_MAX (CONTENT_AIM + 2 + PERSON_ID_MAX)

static const uint8_t magic[8] = {'T', 'Q', 'N', 'A', 'M', 'E', 'S', '1'};

struct block {
	uint32_t first;
	uint32_t n;
	uint32_t len;
	uint32_t crc;
	uint8_t raw[BLOCK_LEN];
};

void
names_file_name(uint32_t period, char ret_name[NAMES_FILE_NAME_LEN])
{
	(void)snprintf(ret_name, NAMES_FILE_NAME_LEN, "names-%06u", period);
}

static enum err
derive_key(const uint8_t key[INDEX_KEY_LEN], uint8_t ret_key[INDEX_KEY_LEN])
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), key, INDEX_KEY_LEN, (const uint8_t *)LABEL, strlen(LABEL), ret_key, &len) == NULL
	    || len != INDEX_KEY_LEN)
		return ERR_CRYPTO;
	return ERR_NONE;
}

/* Encrypt `len` bytes to `out`, which has room for the tag after them. */
static enum err
gcm_seal(const uint8_t *key, const uint8_t *nonce, const uint8_t aad[AAD_LEN], const uint8_t *in,
    uint32_t len, uint8_t *out)
{
	enum err err = ERR_CRYPTO;
	int done = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL)
		return ERR_NOMEM;
	if (EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1
	    && EVP_EncryptUpdate(ctx, NULL, &done, aad, AAD_LEN) == 1
	    && (len == 0 || EVP_EncryptUpdate(ctx, out, &done, in, (int)len) == 1)
	    && EVP_EncryptFinal_ex(ctx, out + len, &done) == 1
	    && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, out + len) == 1)
		err = ERR_NONE;
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

/* The reverse; ERR_CRYPTO where the tag after the `len` bytes does not fit. */
static enum err
gcm_open(const uint8_t *key, const uint8_t *nonce, const uint8_t aad[AAD_LEN], uint8_t *in, uint32_t len,
    uint8_t *out)
{
	enum err err = ERR_CRYPTO;
	uint8_t nothing[TAG_LEN];
	int done = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL)
		return ERR_NOMEM;
	if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1
	    && EVP_DecryptUpdate(ctx, NULL, &done, aad, AAD_LEN) == 1
	    && (len == 0 || EVP_DecryptUpdate(ctx, out, &done, in, (int)len) == 1)
	    && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, in + len) == 1
	    && EVP_DecryptFinal_ex(ctx, nothing, &done) == 1)
		err = ERR_NONE;
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

static enum err
write_header(struct names_file *file)
{
	uint8_t header[HEADER_LEN] = {0};

	memcpy(header, magic, 8);
	put_u32(header + 8, file->period);
	enum err err = random_bytes(header + 16, NONCE_LEN);
	if (err == ERR_NONE)
		err = gcm_seal(file->key, header + 16, header, NULL, 0, header + 28);
	if (err != ERR_NONE)
		return err;
	put_u32(header + 44, codec_crc32c(0, header, 44));
	err = io_write(file->fd, 0, header, sizeof(header));
	file->end = HEADER_LEN;
	return err;
}

/* ERR_RANGE where there is no whole header: the file was about to be created. */
static enum err
read_header(struct names_file *file, const char **why)
{
	uint8_t header[HEADER_LEN];
	enum err err = io_read(file->fd, 0, header, sizeof(header));

	if (err != ERR_NONE)
		return err;
	if (memcmp(header, magic, 8) != 0 || get_u32(header + 8) != file->period
	    || get_u32(header + 44) != codec_crc32c(0, header, 44))
		return because(ERR_CORRUPT, why, "the head of a dictionary was changed: rebuild the index");
	err = gcm_open(file->key, header + 16, header, header + 28, 0, NULL);
	if (err != ERR_NONE)
		return because(err, why, "the key of this period does not fit its dictionary");
	file->end = HEADER_LEN;
	return ERR_NONE;
}

static void
block_aad(uint32_t period, const uint8_t *block, uint8_t ret_aad[AAD_LEN])
{
	put_u32(ret_aad, period);
	memcpy(ret_aad + 4, block, 12);
}

/* Read the block at `end` into `space`; ERR_RANGE at a torn or missing one. */
static enum err
read_block(const struct names_file *file, struct block *block, uint8_t *space)
{
	enum err err = io_read(file->fd, file->end, block->raw, BLOCK_LEN);

	if (err != ERR_NONE)
		return err;
	block->first = get_u32(block->raw);
	block->n = get_u32(block->raw + 4);
	block->len = get_u32(block->raw + 8);
	block->crc = get_u32(block->raw + 24);
	if (get_u32(block->raw + 28) != codec_crc32c(0, block->raw, 28) || block->first != file->n
	    || block->n == 0 || block->len > CONTENT_MAX)
		return ERR_RANGE;
	err = io_read(file->fd, file->end + BLOCK_LEN, space, block->len + TAG_LEN);
	if (err == ERR_NONE && codec_crc32c(0, space, block->len + TAG_LEN) != block->crc)
		err = ERR_RANGE;
	return err;
}

static enum err
read_blocks(struct names_file *file, uint8_t *space, struct names *names)
{
	struct block block;
	uint8_t aad[AAD_LEN];

	for (;;) {
		enum err err = read_block(file, &block, space);

		if (err == ERR_RANGE)
			return ERR_NONE;
		if (err != ERR_NONE)
			return err;
		block_aad(file->period, block.raw, aad);
		/* Decrypting in place: GCM allows it, and no second plain copy is made. */
		err = gcm_open(file->key, block.raw + 12, aad, space, block.len, space);
		if (err == ERR_NONE)
			err = names_append_all(names, space, block.len, block.n);
		if (err != ERR_NONE)
			return err == ERR_CRYPTO ? ERR_CORRUPT : err;
		file->n += block.n;
		file->end += BLOCK_LEN + block.len + TAG_LEN;
	}
}

static enum err
read_names(struct names_file *file, uint32_t needed, struct names *names, const char **why)
{
	uint8_t *space = malloc(CONTENT_MAX + TAG_LEN);

	if (space == NULL)
		return ERR_NOMEM;
	enum err err = read_blocks(file, space, names);
	bytes_zero(space, CONTENT_MAX + TAG_LEN);
	free(space);
	if (err == ERR_CORRUPT)
		return because(err, why, "a dictionary was changed: rebuild the index");
	if (err == ERR_NONE && file->n < needed)
		return because(ERR_CORRUPT, why, "a dictionary was changed or cut: rebuild the index");
	return err;
}

static enum err
open_fd(struct names_file *file, int dir_fd, bool create, bool read_only)
{
	char name[NAMES_FILE_NAME_LEN];
	int flags = (read_only ? O_RDONLY : O_RDWR) | (create ? O_CREAT : 0);

	names_file_name(file->period, name);
	file->fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	return file->fd >= 0 ? ERR_NONE : io_error();
}

/*
 * What is torn goes, lest a stale block behind the next one be taken for its
 * successor; what nobody has referred to yet is made durable before somebody does.
 */
static enum err
settle(const struct names_file *file, int dir_fd, uint32_t needed)
{
	if (ftruncate(file->fd, (off_t)file->end) != 0)
		return io_error();
	if ((file->n > needed || needed == 0) && (fdatasync(file->fd) != 0 || fsync(dir_fd) != 0))
		return io_error();
	return ERR_NONE;
}

enum err
names_file_open(struct names_file *file, int dir_fd, uint32_t period, const uint8_t key[INDEX_KEY_LEN],
    bool read_only, uint32_t needed, struct names *names, const char **why)
{
	bool create = needed == 0 && !read_only;

	*file = (struct names_file){.fd = -1, .period = period};
	enum err err = derive_key(key, file->key);
	if (err == ERR_NONE)
		err = open_fd(file, dir_fd, create, read_only);
	if (err == ERR_NOT_FOUND && needed == 0) {
		names_file_close(file);
		return ERR_NONE;
	}
	if (err == ERR_NOT_FOUND)
		err = because(ERR_CORRUPT, why, "a dictionary is missing: rebuild the index");
	if (err == ERR_NONE)
		err = read_header(file, why);
	if (err == ERR_RANGE && needed != 0)
		err = because(ERR_CORRUPT, why, "a dictionary was cut: rebuild the index");
	else if (err == ERR_RANGE)
		err = read_only ? ERR_NONE : write_header(file);
	if (err == ERR_NONE && file->end != 0)
		err = read_names(file, needed, names, why);
	if (err == ERR_NONE && !read_only)
		err = settle(file, dir_fd, needed);
	if (err != ERR_NONE)
		names_file_close(file);
	return err;
}

static enum err
write_block(struct names_file *file, const uint8_t *content, uint32_t n, uint32_t len, uint8_t *space)
{
	uint8_t aad[AAD_LEN];

	put_u32(space, file->n);
	put_u32(space + 4, n);
	put_u32(space + 8, len);
	enum err err = random_bytes(space + 12, NONCE_LEN);
	if (err != ERR_NONE)
		return err;
	block_aad(file->period, space, aad);
	err = gcm_seal(file->key, space + 12, aad, content, len, space + BLOCK_LEN);
	if (err != ERR_NONE)
		return err;
	put_u32(space + 24, codec_crc32c(0, space + BLOCK_LEN, len + TAG_LEN));
	put_u32(space + 28, codec_crc32c(0, space, 28));
	return io_write(file->fd, file->end, space, BLOCK_LEN + (size_t)len + TAG_LEN);
}

/* Cut at whole names, as many as make a block. */
static uint32_t
block_extent(const uint8_t *content, size_t left, uint32_t *ret_n)
{
	uint32_t len = 0, n = 0;

	while (len < left && len < CONTENT_AIM) {
		len += 2U + content[len + 1];
		n++;
	}
	*ret_n = n;
	return len;
}

enum err
names_file_append(struct names_file *file, const struct names *names)
{
	size_t left;
	const uint8_t *content = names_bytes(names, file->n, &left);
	enum err err = ERR_NONE;

	if (left == 0)
		return ERR_NONE;
	uint8_t *space = malloc(BLOCK_LEN + CONTENT_MAX + TAG_LEN);
	if (space == NULL)
		return ERR_NOMEM;
	while (left > 0 && err == ERR_NONE) {
		uint32_t n;
		uint32_t len = block_extent(content, left, &n);

		err = write_block(file, content, n, len, space);
		if (err != ERR_NONE)
			break;
		file->n += n;
		file->end += BLOCK_LEN + (uint64_t)len + TAG_LEN;
		content += len;
		left -= len;
	}
	free(space);
	if (err == ERR_NONE && fdatasync(file->fd) != 0)
		err = io_error();
	if (err != ERR_NONE)
		(void)!ftruncate(file->fd, (off_t)file->end);
	return err;
}

void
names_file_close(struct names_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	bytes_zero(file->key, sizeof(file->key));
	file->fd = -1;
}
