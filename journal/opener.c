/* opener: decrypts batches. Never blocks; one thread for each opener. */
#include "journal/opener.h"

#include <openssl/evp.h>

enum err
opener_unseal(struct opener *o, const struct segment_header *h, const uint8_t secret[SEAL_KEY_LEN])
{
	uint8_t aad[SEGMENT_HEADER_AAD], key[JOURNAL_KEY_LEN];
	const struct seal_context context = {JOURNAL_SEAL_INFO, strlen(JOURNAL_SEAL_INFO), aad, sizeof(aad)};
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	enum err err = cipher != NULL ? ERR_NONE : ERR_NOMEM;

	format_put_segment_aad(aad, h);
	if (err == ERR_NONE)
		err = seal_open(secret, &context, h->enc, h->sealed, sizeof(h->sealed), key);
	if (err == ERR_NONE && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, NULL) != 1)
		err = ERR_CRYPTO;
	bytes_zero(key, sizeof(key));
	if (err != ERR_NONE) {
		EVP_CIPHER_CTX_free(cipher);
		return err;
	}
	opener_wipe(o);
	o->cipher = cipher;
	return ERR_NONE;
}

void
opener_wipe(struct opener *o)
{
	EVP_CIPHER_CTX_free(o->cipher);
	o->cipher = NULL;
}

enum err
opener_decrypt(struct opener *o, const struct batch_header *h, const uint8_t *block, uint8_t *ret_plain)
{
	uint8_t nonce[12] = {0}, tag[JOURNAL_TAG_LEN];
	int n, len = (int)h->len;

	put_u32(nonce, h->number);
	memcpy(tag, block + BATCH_TAG_AT, sizeof(tag));
	if (EVP_DecryptInit_ex(o->cipher, NULL, NULL, NULL, nonce) != 1 ||
	    EVP_DecryptUpdate(o->cipher, NULL, &n, block, BATCH_HEADER_AAD) != 1 ||
	    (len > 0 && EVP_DecryptUpdate(o->cipher, ret_plain, &n, block + BATCH_HEADER_LEN, len) != 1) ||
	    EVP_CIPHER_CTX_ctrl(o->cipher, EVP_CTRL_AEAD_SET_TAG, JOURNAL_TAG_LEN, tag) != 1 ||
	    EVP_DecryptFinal_ex(o->cipher, ret_plain + len, &n) != 1) {
		bytes_zero(ret_plain, h->len);
		return ERR_CORRUPT;
	}
	return ERR_NONE;
}
