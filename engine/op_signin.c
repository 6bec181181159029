/*
 * op_signin: password, one-time code, step-up. The web worker carries what
 * people typed; everything is decided here.
 *
 * Nobody learns whether a login exists: unknown ones cost the same hash, count
 * attempts likewise and get the same words.
 */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "engine/ops.h"
#include "engine/sessions.h"
#include "engine/signin_desk.h"
#include "signin/password.h"
#include "signin/totp.h"

#define WHO_MAX 100
#define AGENT_MAX 512
#define CODE_MAX 16
#define DEVICE_MAX 64

static const char wrong_password[] = "login or password is wrong";
static const char wrong_code[] = "the code is wrong, or was used already";
static const char too_late[] = "this sign-in took too long; begin again";
static const char unavailable[] = "sign-in is not possible at this moment";

/* A password on its way through the pool. */
struct checking {
	uint32_t identity; /* 0: there is no such login */
	bool known_device;
	char who[WHO_MAX];
	char password[PASSWORD_LEN_MAX + 1];
	char hash[STORE_ARGON2_MAX];
	char renewed[PASSWORD_HASH_MAX]; /* empty: the hash is good enough */
	char device[DEVICE_MAX + 1];
	char address[STORE_ADDRESS_MAX];
	char agent[AGENT_MAX + 1];
	enum err err;
};

static void
copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

static void
checking_free(struct checking *c)
{
	bytes_zero(c, sizeof(*c));
	free(c);
}

static void
refuse_wait(struct op_call *call, enum err err, uint64_t wait_s)
{
	if (err == ERR_BUSY)
		op_refuse_with(call, ERR_DENIED, json_pack("{sI}", "retry_after_s", (json_int_t)wait_s),
		    "too many attempts; wait before the next one");
	else
		op_refuse(call, err, "%s", unavailable);
}

/* Not a matter of what was typed: an order or a suspension keeps the account out. The page has words for it. */
static void
refuse_closed(struct op_call *call, enum err err, const char *why)
{
	if (err == ERR_DENIED)
		op_refuse_with(call, err, json_pack("{ss}", "reason", "closed"), why);
	else
		op_refuse(call, err, "%s", why);
}

/* What sign-in grants: a session and a device that is known from now on. */
static void
grant(struct engine *engine, struct op_call *call, const struct session_new *session, const char *known_device)
{
	char device[DEVICE_TEXT_SIZE];
	struct session_made made;
	const char *why = "";
	enum err err = sessions_create(engine, session, &made, &why);

	if (err != ERR_NONE) {
		refuse_closed(call, err, why);
		return;
	}
	if (signin_device_keep(engine, known_device, session->identity->number, device) != ERR_NONE) {
		log_warn("a device could not be remembered");
		device[0] = '\0';
	}
	op_answer(call, json_pack("{sI ss ss* sI sI ss}", "session", (json_int_t)made.number, "token", made.token, "device",
	    device[0] == '\0' ? NULL : device, "ends_us", (json_int_t)made.ends_us, "identity",
	    (json_int_t)session->identity->number, "login", session->identity->login));
	bytes_zero(&made, sizeof(made));
}

/* On a pool thread. */
static void
check_work(void *context)
{
	struct checking *c = context;
	size_t len = strlen(c->password);

	if (c->hash[0] == '\0')
		c->err = password_verify_nobody(c->password, len);
	else
		c->err = password_verify(c->password, len, c->hash);
	/* A hash that was brought in may be a cheap one: the time must not tell that the login exists. */
	if (c->err == ERR_DENIED && c->hash[0] != '\0' && password_hash_is_weak(c->hash, &password_cost_default))
		c->err = password_verify_nobody(c->password, len);
	if (c->err == ERR_NONE && password_hash_is_weak(c->hash, &password_cost_default) &&
	    password_hash(c->password, len, &password_cost_default, c->renewed) != ERR_NONE)
		c->renewed[0] = '\0';
	bytes_zero(c->password, sizeof(c->password));
}

/* The password was right: a ticket where a second factor is set, else a session. */
static void
password_right(struct engine *engine, struct op_call *call, const struct checking *c,
    const struct store_identity *identity, const struct store_credential *credential)
{
	const char *device = c->known_device ? c->device : NULL;
	struct signin_ticket *ticket;
	const char *why = "";
	enum err err;

	if (credential->totp_secret_len == 0) {
		grant(engine, call, &(struct session_new){ .identity = identity, .amr = STORE_AMR_PWD, .address = c->address,
		    .user_agent = c->agent }, device);
		return;
	}
	/* Said before the code is asked for, to whoever knows the password. */
	err = sessions_may_sign_in(engine, identity, true, &why);
	if (err == ERR_NONE) {
		why = "too many sign-ins at this moment; try again in a few minutes";
		err = signin_ticket_give(engine, c->identity, credential->password_set_us, device, &ticket);
	}
	if (err != ERR_NONE)
		refuse_closed(call, err, why);
	else
		op_answer(call, json_pack("{ss s[s] sI}", "ticket", ticket->text, "methods", "totp", "expires_us",
		    (json_int_t)ticket->expires_us));
}

/*
 * What the account is now: password or account may have changed while the hash was computed. A suspended account
 * answers like a wrong password, so that guessing learns nothing from it.
 */
static enum err
look_again(struct engine *engine, const struct checking *c, struct store_identity *identity,
    struct store_credential *credential)
{
	enum err err = store_identity_get(engine->store, c->identity, identity);

	if (err == ERR_NONE)
		err = store_credential_get(engine->store, c->identity, credential);
	if (err == ERR_NONE && (identity->suspended_us != 0 || strcmp(credential->argon2, c->hash) != 0))
		err = ERR_DENIED;
	return err;
}

static void
check_done(struct engine *engine, struct op_call *call, void *context)
{
	struct store_credential credential = { .totp_secret_len = 0 };
	struct store_identity identity;
	struct checking *c = context;
	enum err err = c->err;

	if (err == ERR_NONE)
		err = look_again(engine, c, &identity, &credential);
	if (err == ERR_NONE && c->renewed[0] != '\0' && store_credential_set_password(engine->store, c->identity,
	    c->renewed, credential.password_set_us) != ERR_NONE)
		log_warn("a password hash could not be renewed");
	if (err == ERR_NONE) {
		signin_forgive(engine, c->who);
		password_right(engine, call, c, &identity, &credential);
	} else
		op_refuse(call, err, "%s", err == ERR_DENIED ? wrong_password : unavailable);
	bytes_zero(&credential, sizeof(credential));
	checking_free(c);
}

/* Whose attempts these are: the account's, a known device's of the account, or those of a login nobody has. */
static void
name_attempts(struct checking *c, const char *login)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char hex[2 * 16 + 1];

	SHA256((const uint8_t *)(c->known_device ? c->device : login), strlen(c->known_device ? c->device : login), hash);
	bytes_to_hex(hash, 16, hex);
	if (c->identity == 0)
		(void)snprintf(c->who, sizeof(c->who), "login:%s", hex);
	else if (c->known_device)
		(void)snprintf(c->who, sizeof(c->who), "device:%u:%s", c->identity, hex);
	else
		(void)snprintf(c->who, sizeof(c->who), "account:%u", c->identity);
}

static enum err
look_up(struct engine *engine, const char *login, const char *device, struct checking *c)
{
	struct store_credential credential;
	struct store_identity identity;
	enum err err = store_identity_find_login(engine->store, login, &identity);

	if (err == ERR_NONE)
		err = store_credential_get(engine->store, identity.number, &credential);
	if (err != ERR_NONE && err != ERR_NOT_FOUND)
		return err;
	if (err == ERR_NONE) {
		c->identity = identity.number;
		memcpy(c->hash, credential.argon2, sizeof(c->hash));
		bytes_zero(&credential, sizeof(credential));
		c->known_device = signin_device_known(engine, device, identity.number);
	}
	name_attempts(c, login);
	return ERR_NONE;
}

static void
run_password(struct engine *engine, struct op_call *call)
{
	const char *login = NULL, *password = NULL, *device = NULL, *address = NULL, *agent = NULL;
	struct checking *c;
	uint64_t wait_s = 0;
	enum err err;

	if (!op_text(call, "login", STORE_LOGIN_MAX - 1, &login) ||
	    !op_text(call, "password", PASSWORD_LEN_MAX, &password) ||
	    !op_text_optional(call, "device", DEVICE_MAX, &device) ||
	    !op_text_optional(call, "address", STORE_ADDRESS_MAX - 1, &address) ||
	    !op_text_optional(call, "user_agent", AGENT_MAX, &agent))
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		op_refuse(call, ERR_NOMEM, "no memory");
		return;
	}
	copy(c->password, sizeof(c->password), password);
	copy(c->device, sizeof(c->device), device);
	copy(c->address, sizeof(c->address), address);
	copy(c->agent, sizeof(c->agent), agent);
	err = look_up(engine, login, device, c);
	if (err == ERR_NONE)
		err = signin_attempt(engine, c->who, &wait_s);
	if (err != ERR_NONE) {
		refuse_wait(call, err, wait_s);
		checking_free(c);
	} else if (!op_defer(engine, call, check_work, check_done, c))
		checking_free(c);
}

/* The code against the account's secret; its time step is used up when it is right. */
static enum err
check_code(struct engine *engine, uint32_t identity, const char *code)
{
	struct store_credential credential;
	uint64_t counter;
	enum err err = store_credential_get(engine->store, identity, &credential);

	if (err == ERR_NONE && credential.totp_secret_len != TOTP_SECRET_LEN)
		err = ERR_DENIED;
	if (err == ERR_NONE)
		err = totp_verify(credential.totp_secret, code, engine_now_us(engine), credential.totp_counter, &counter);
	bytes_zero(&credential, sizeof(credential));
	if (err == ERR_NONE)
		err = store_credential_use_totp(engine->store, identity, counter);
	return err == ERR_EXPIRED || err == ERR_FORMAT ? ERR_DENIED : err;
}

/* Whose attempts at codes these are: who knows the password shares the account's; a known device has its own. */
static void
name_code_attempts(const struct signin_ticket *ticket, char who[WHO_MAX])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char hex[2 * 16 + 1];

	if (ticket->device[0] == '\0') {
		(void)snprintf(who, WHO_MAX, "totp:%u", ticket->identity);
		return;
	}
	SHA256((const uint8_t *)ticket->device, strlen(ticket->device), hash);
	bytes_to_hex(hash, 16, hex);
	(void)snprintf(who, WHO_MAX, "totp:%u:%s", ticket->identity, hex);
}

/* The ticket, unless its time is over or the password was changed since. */
static struct signin_ticket *
find_ticket(struct engine *engine, const char *text)
{
	struct store_credential credential;
	struct signin_ticket *ticket;
	enum err err = signin_ticket_find(engine, text, &ticket);

	if (err != ERR_NONE)
		return NULL;
	err = store_credential_get(engine->store, ticket->identity, &credential);
	if (err == ERR_NONE && credential.password_set_us != ticket->password_set_us)
		err = ERR_EXPIRED;
	bytes_zero(&credential, sizeof(credential));
	return err == ERR_NONE ? ticket : NULL;
}

static void
run_totp(struct engine *engine, struct op_call *call)
{
	const char *text, *code, *address, *agent;
	struct store_identity identity;
	struct signin_ticket *ticket;
	char who[WHO_MAX], device[DEVICE_TEXT_SIZE];
	uint64_t wait_s;
	enum err err;

	if (!op_text(call, "ticket", 64, &text) || !op_text(call, "code", CODE_MAX, &code) ||
	    !op_text_optional(call, "address", STORE_ADDRESS_MAX - 1, &address) ||
	    !op_text_optional(call, "user_agent", AGENT_MAX, &agent))
		return;
	ticket = find_ticket(engine, text);
	if (ticket == NULL) {
		op_refuse(call, ERR_EXPIRED, "%s", too_late);
		return;
	}
	name_code_attempts(ticket, who);
	err = signin_attempt(engine, who, &wait_s);
	if (err != ERR_NONE) {
		refuse_wait(call, err, wait_s);
		return;
	}
	err = check_code(engine, ticket->identity, code);
	if (err == ERR_NONE)
		err = store_identity_get(engine->store, ticket->identity, &identity);
	if (err != ERR_NONE) {
		op_refuse(call, err, "%s", err == ERR_DENIED ? wrong_code : unavailable);
		return;
	}
	signin_forgive(engine, who);
	copy(device, sizeof(device), ticket->device);
	signin_ticket_drop(engine, ticket);
	grant(engine, call, &(struct session_new){ .identity = &identity, .amr = STORE_AMR_PWD | STORE_AMR_OTP,
	    .second_factor = true, .address = address, .user_agent = agent }, device);
}

static void
run_stepup(struct engine *engine, struct op_call *call)
{
	const char *token, *code;
	struct session_entry *entry;
	char who[WHO_MAX];
	uint64_t wait_s;
	enum err err;

	if (!op_text(call, "token", SESSION_TOKEN_SIZE, &token) || !op_text(call, "code", CODE_MAX, &code))
		return;
	if (sessions_find_token(engine, token, &entry) != ERR_NONE) {
		op_refuse(call, ERR_NOT_FOUND, "there is no such session");
		return;
	}
	/* Over all sessions of the account. Whose thief used them up signs in anew, which shows the second factor too. */
	(void)snprintf(who, sizeof(who), "stepup:%u", entry->who.identity);
	err = signin_attempt(engine, who, &wait_s);
	if (err != ERR_NONE) {
		refuse_wait(call, err, wait_s);
		return;
	}
	err = check_code(engine, entry->who.identity, code);
	if (err == ERR_NONE) {
		signin_forgive(engine, who);
		err = sessions_step_up(engine, entry, STORE_AMR_OTP);
	}
	if (err != ERR_NONE)
		op_refuse(call, err, "%s", err == ERR_DENIED ? wrong_code : "the step-up could not be stored");
	else
		op_answer(call, json_pack("{sI sI}", "stepped_up_us", (json_int_t)entry->stepped_up_us, "until_us",
		    (json_int_t)(entry->stepped_up_us + engine->config->session.step_up_valid_s * 1000000ULL)));
}

const struct op ops_signin[] = {
	{ "signin.password", OP_WEB, "login password device address user_agent", run_password },
	{ "signin.totp", OP_WEB, "ticket code address user_agent", run_totp },
	{ "stepup.totp", OP_WEB, "token code", run_stepup },
	{ 0 },
};
