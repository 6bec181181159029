#include "engine/signin_desk.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "signin/attempts.h"

#define SECRET_LEN 32
#define TICKET_LIFE_US (300 * 1000000ULL)

struct signin_desk {
	struct signin_ticket ticket[TICKETS_MAX];
};

enum err
signin_desk_open(struct signin_desk **ret_desk)
{
	struct signin_desk *desk = calloc(1, sizeof(*desk));

	if (desk == NULL)
		return ERR_NOMEM;
	*ret_desk = desk;
	return ERR_NONE;
}

void
signin_desk_free(struct signin_desk *desk)
{
	if (desk == NULL)
		return;
	bytes_zero(desk, sizeof(*desk));
	free(desk);
}

void
signin_desk_sweep(struct signin_desk *desk, uint64_t at_us)
{
	for (size_t i = 0; i < TICKETS_MAX; i++)
		if (desk->ticket[i].text[0] != '\0' && desk->ticket[i].expires_us <= at_us)
			bytes_zero(&desk->ticket[i], sizeof(desk->ticket[i]));
}

/* 43 characters that nobody can guess. */
static enum err
make_text(char out[TICKET_SIZE])
{
	uint8_t secret[SECRET_LEN];
	struct bytes text;
	enum err err = random_bytes(secret, sizeof(secret));

	bytes_init(&text, TICKET_SIZE);
	if (err == ERR_NONE)
		err = bytes_append_base64url(&text, secret, sizeof(secret));
	if (err == ERR_NONE && text.len >= TICKET_SIZE)
		err = ERR_RANGE;
	if (err == ERR_NONE) {
		memcpy(out, text.data, text.len);
		out[text.len] = '\0';
	}
	bytes_wipe(&text);
	bytes_zero(secret, sizeof(secret));
	return err;
}

/* A free place, or that of the account's oldest ticket where it has enough of them; NULL: there is none. */
static struct signin_ticket *
find_place(struct signin_desk *desk, uint32_t identity)
{
	struct signin_ticket *place = NULL, *oldest = NULL;
	unsigned own = 0;

	for (size_t i = 0; i < TICKETS_MAX; i++) {
		struct signin_ticket *ticket = &desk->ticket[i];

		if (ticket->text[0] == '\0') {
			place = place == NULL ? ticket : place;
			continue;
		}
		if (ticket->identity != identity)
			continue;
		own++;
		if (oldest == NULL || ticket->expires_us < oldest->expires_us)
			oldest = ticket;
	}
	return own >= TICKETS_PER_ACCOUNT ? oldest : place;
}

enum err
signin_ticket_give(struct engine *engine, uint32_t identity, uint64_t password_set_us, const char *device,
    struct signin_ticket **ret_ticket)
{
	struct signin_ticket *ticket = find_place(engine->signin, identity);
	char text[TICKET_SIZE];
	enum err err = ticket == NULL ? ERR_SPACE : make_text(text);

	if (err != ERR_NONE)
		return err;
	memcpy(ticket->text, text, sizeof(text));
	bytes_zero(text, sizeof(text));
	ticket->identity = identity;
	ticket->expires_us = engine_now_us(engine) + TICKET_LIFE_US;
	ticket->password_set_us = password_set_us;
	ticket->device[0] = '\0';
	if (device != NULL && strlen(device) < sizeof(ticket->device))
		memcpy(ticket->device, device, strlen(device) + 1);
	*ret_ticket = ticket;
	return ERR_NONE;
}

enum err
signin_ticket_find(struct engine *engine, const char *text, struct signin_ticket **ret_ticket)
{
	struct signin_desk *desk = engine->signin;

	if (strlen(text) != TICKET_SIZE - 1)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < TICKETS_MAX; i++) {
		struct signin_ticket *ticket = &desk->ticket[i];

		if (ticket->text[0] == '\0' || !bytes_equal_secret(ticket->text, text, TICKET_SIZE - 1))
			continue;
		if (ticket->expires_us <= engine_now_us(engine))
			return ERR_NOT_FOUND;
		*ret_ticket = ticket;
		return ERR_NONE;
	}
	return ERR_NOT_FOUND;
}

void
signin_ticket_drop(struct engine *engine, struct signin_ticket *ticket)
{
	(void)engine;
	bytes_zero(ticket, sizeof(*ticket));
}

enum err
signin_attempt(struct engine *engine, const char *who, uint64_t *ret_wait_s)
{
	struct store_attempts stored;
	struct attempts attempts;
	uint64_t wait_us;
	enum err err = store_attempts_get(engine->store, who, &stored);

	if (err != ERR_NONE)
		return err;
	attempts = (struct attempts){ stored.count, stored.first_us, stored.newest_us };
	err = attempts_take(&attempts, engine_now_us(engine), &wait_us);
	if (err != ERR_NONE) {
		*ret_wait_s = wait_us / 1000000 + 1;
		return err;
	}
	stored = (struct store_attempts){ attempts.count, attempts.first_us, attempts.newest_us };
	return store_attempts_set(engine->store, who, &stored);
}

void
signin_forgive(struct engine *engine, const char *who)
{
	if (store_attempts_clear(engine->store, who) != ERR_NONE)
		log_warn("attempts could not be forgiven: the store could not be written");
}

bool
signin_device_known(struct engine *engine, const char *device, uint32_t identity)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	if (device == NULL || strlen(device) != DEVICE_TEXT_SIZE - 1)
		return false;
	SHA256((const uint8_t *)device, strlen(device), hash);
	return store_device_check(engine->store, hash, identity) == ERR_NONE;
}

enum err
signin_device_keep(struct engine *engine, const char *known, uint32_t identity, char ret_device[DEVICE_TEXT_SIZE])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char device[DEVICE_TEXT_SIZE];
	enum err err = ERR_NONE;

	if (known != NULL && strlen(known) == DEVICE_TEXT_SIZE - 1)
		memcpy(device, known, DEVICE_TEXT_SIZE);
	else
		err = make_text(device);
	if (err != ERR_NONE)
		return err;
	SHA256((const uint8_t *)device, strlen(device), hash);
	err = store_device_put(engine->store, hash, identity, engine_now_us(engine));
	if (err == ERR_NONE)
		memcpy(ret_device, device, sizeof(device));
	return err;
}
