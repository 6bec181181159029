#include "engine/sessions.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "core/order.h"
#include "core/verdict.h"
#include "engine/book.h"
#include "engine/headers.h"
#include "engine/scopes.h"
#include "engine/tokens.h"

#define SECOND_US 1000000ULL
#define TOKEN_LEN 32
#define LINEAGE_STEPS_MAX 64
/* The whole book is gone through in so many ticks. */
#define TICKS_PER_ROUND 100
/* A tick ends after this, so that orders do not wait behind renewals. */
#define TICK_LONGEST_US 20000
/* "Last seen" is stored at most this often. */
#define SEEN_EVERY_US (60 * SECOND_US)

struct sessions {
	struct book *book;
	uint32_t next_place; /* of the upkeep */
};

/* Creators, nearest first; the last place holds the root where there are more. */
static enum err
lineage_of(struct engine *engine, const struct store_identity *identity, uint32_t lineage[LINEAGE_MAX])
{
	uint32_t creator = identity->created_by;
	uint32_t n = 0;

	memset(lineage, 0, LINEAGE_MAX * sizeof(lineage[0]));
	for (int i = 0; i < LINEAGE_STEPS_MAX && creator != 0; i++) {
		struct store_identity next;
		enum err err = store_identity_get(engine->store, creator, &next);

		if (err != ERR_NONE)
			return err;
		if (n < LINEAGE_MAX)
			n++;
		lineage[n - 1] = creator;
		creator = next.created_by;
	}
	return ERR_NONE;
}

static enum err
attributes_of(struct engine *engine, const struct store_identity *identity, struct session_attributes *who)
{
	who->identity = identity->number;
	who->organisation = identity->organisation;
	who->territory = identity->territory_number;
	who->profile = identity->profile_number;
	who->idp = identity->provider_number;
	return lineage_of(engine, identity, who->lineage);
}

/* Spread by the session's number, so that renewals do not come all at once. */
static uint64_t
renewal_us(const struct engine *engine, const struct session_entry *entry, uint64_t at_us)
{
	uint64_t life_us = engine->config->token.lifetime_s * SECOND_US;

	return at_us + life_us / 2 + (entry->number * 7919 % 1000) * (life_us / 6) / 1000;
}

static enum err
key_of_organisation(struct engine *engine, uint32_t number, char out[STORE_LOGIN_MAX])
{
	struct store_organisation organisation;
	enum err err;

	out[0] = '\0';
	if (number == 0)
		return ERR_NONE;
	err = store_organisation_get(engine->store, number, &organisation);
	if (err == ERR_NONE)
		(void)snprintf(out, STORE_LOGIN_MAX, "%s", organisation.key);
	return err;
}

static enum err
fill_headers(struct engine *engine, const struct session_entry *entry, const struct store_identity *identity,
    uint64_t at_us, struct session_record *record)
{
	char organisation[STORE_LOGIN_MAX];
	struct bytes headers;
	enum err err = key_of_organisation(engine, identity->organisation, organisation);

	if (err != ERR_NONE)
		return err;
	bytes_init(&headers, SESSION_HEADERS_MAX);
	err = headers_render(engine, entry, identity, organisation,
	    at_us + engine->config->token.lifetime_s * SECOND_US, &headers);
	if (err == ERR_NONE) {
		memcpy(record->headers, headers.data, headers.len);
		record->headers_len = (uint32_t)headers.len;
	}
	bytes_wipe(&headers);
	return err;
}

/* Everything of a session in the state map, new or anew. */
static enum err
publish(struct engine *engine, struct session_entry *entry, const struct store_identity *identity)
{
	uint64_t at_us = engine_now_us(engine);
	struct session_record record;
	uint64_t shared_us;
	enum err err;

	memset(&record, 0, sizeof(record));
	err = attributes_of(engine, identity, &entry->who);
	if (err == ERR_NONE)
		err = scopes_of_identity(engine, identity, at_us, record.budgets, &record.n_budgets, &shared_us);
	if (err == ERR_NONE)
		err = fill_headers(engine, entry, identity, at_us, &record);
	if (err != ERR_NONE)
		return err;
	entry->renew_us = renewal_us(engine, entry, at_us);
	if (shared_us != 0 && shared_us < entry->renew_us)
		entry->renew_us = shared_us;
	entry->who.session = entry->number;
	memcpy(record.key, entry->key, sizeof(record.key));
	record.who = entry->who;
	record.created_at_us = entry->created_us;
	record.expires_at_us = entry->ends_us;
	record.second_factor_at_us = entry->stepped_up_us;
	record.level = (entry->amr & (STORE_AMR_OTP | STORE_AMR_HWK)) != 0 ? 2 : 1;
	record.flags = entry->flags;
	return session_table_put(&engine->maps.state.sessions, &record);
}

static enum err
publish_again(struct engine *engine, struct session_entry *entry)
{
	struct store_identity identity;
	enum err err = store_identity_get(engine->store, entry->who.identity, &identity);

	return err == ERR_NONE ? publish(engine, entry, &identity) : err;
}

struct loading {
	struct engine *engine;
	struct sessions *sessions;
	enum err err;
};

/*
 * A predecessor on this boot has published it: it holds as it is, and its turn
 * to be renewed comes with the first rounds of upkeep.
 */
static bool
is_published(struct engine *engine, struct session_entry *entry)
{
	struct session_record record;

	if (!engine->maps.adopted ||
	    session_table_find_brief(&engine->maps.state.sessions, entry->key, &record) != ERR_NONE ||
	    record.who.session != entry->number)
		return false;
	entry->who = record.who;
	entry->flags = record.flags;
	return true;
}

static bool
load_one(void *context, const struct store_session *stored)
{
	struct loading *loading = context;
	struct session_entry entry = {
		.number = stored->number,
		.created_us = stored->created_us,
		.ends_us = stored->ends_us,
		.stepped_up_us = stored->stepped_up_us,
		.seen_us = stored->last_seen_us,
		.saved_seen_us = stored->last_seen_us,
		.amr = stored->amr,
		.who = { .identity = stored->identity },
	};
	struct session_entry *added;

	memcpy(entry.key, stored->token_hash, sizeof(entry.key));
	loading->err = book_add(loading->sessions->book, &entry, &added);
	if (loading->err == ERR_NONE && !is_published(loading->engine, added))
		loading->err = publish_again(loading->engine, added);
	/* One that cannot be published is not signed in; the others are. */
	if (loading->err != ERR_NONE && loading->err != ERR_NOMEM) {
		log_warn("session %llu could not be taken over: %s", (unsigned long long)stored->number,
		    err_text(loading->err));
		book_remove(loading->sessions->book, added);
		loading->err = ERR_NONE;
	}
	return loading->err == ERR_NONE;
}

/* What an adopted map holds without the store knowing it was removed between map and crash, or never stored. */
static bool
drop_unknown(void *context, const struct session_record *record)
{
	struct engine *engine = context;

	if (book_find(engine->sessions->book, record->who.session) == NULL &&
	    session_table_remove(&engine->maps.state.sessions, record->key) != ERR_NONE)
		log_warn("a stray session could not be removed from the map");
	return true;
}

enum err
sessions_open(struct engine *engine, struct sessions **ret_sessions, const char **why)
{
	struct loading loading = { .engine = engine, .err = ERR_NONE };
	struct sessions *sessions = calloc(1, sizeof(*sessions));
	enum err err;

	*why = "no memory for the sessions";
	if (sessions == NULL)
		return ERR_NOMEM;
	err = book_open(&sessions->book);
	loading.sessions = sessions;
	if (err == ERR_NONE) {
		*why = "the sessions cannot be read from the store";
		err = store_session_each_live(engine->store, engine_now_us(engine), load_one, &loading);
	}
	if (err == ERR_NONE)
		err = loading.err;
	if (err != ERR_NONE) {
		sessions_free(sessions);
		return err;
	}
	engine->sessions = sessions;
	session_table_each(&engine->maps.state.sessions, drop_unknown, engine);
	*ret_sessions = sessions;
	return ERR_NONE;
}

void
sessions_free(struct sessions *sessions)
{
	if (sessions == NULL)
		return;
	book_free(sessions->book);
	free(sessions);
}

enum err
sessions_may_sign_in(struct engine *engine, const struct store_identity *identity, bool second_factor,
    const char **why)
{
	struct session_attributes who = { .session = 0 };
	struct order_question question = { .who = &who, .capability = CAPABILITY_SIGN_IN, .method_is_safe = true };
	struct order_answer answer;
	enum err err;

	question.at_us = engine_now_us(engine);
	question.second_factor_at_us = second_factor ? question.at_us : 0;
	*why = "this account is suspended";
	if (identity->suspended_us != 0)
		return ERR_DENIED;
	*why = "the store could not be read";
	err = attributes_of(engine, identity, &who);
	if (err != ERR_NONE)
		return err;
	order_evaluate(&engine->maps.state.orders, &question, &answer);
	if (answer.verdict >= VERDICT_SLOW)
		return ERR_NONE;
	*why = answer.verdict == VERDICT_STEP_UP ? "a second factor is asked for, and this account has none" :
	    verdict_words(REASON_SIGN_IN)->text[LANGUAGE_ENGLISH];
	return ERR_DENIED;
}

/* Where the identity has as many sessions as it may, its oldest ends. */
static enum err
make_room(struct engine *engine, uint32_t identity)
{
	const struct book *book = engine->sessions->book;
	struct session_entry *oldest = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < book_places(book); i++) {
		struct session_entry *entry = book_at(book, i);

		if (entry == NULL || entry->who.identity != identity)
			continue;
		n++;
		if (oldest == NULL || entry->created_us < oldest->created_us)
			oldest = entry;
	}
	return n >= engine->config->session.per_identity ? sessions_end(engine, oldest) : ERR_NONE;
}

static enum err
make_token(char out[SESSION_TOKEN_SIZE], uint8_t hash[STORE_HASH_LEN])
{
	uint8_t secret[TOKEN_LEN];
	struct bytes text;
	enum err err = random_bytes(secret, sizeof(secret));

	bytes_init(&text, SESSION_TOKEN_SIZE);
	if (err == ERR_NONE)
		err = bytes_append_base64url(&text, secret, sizeof(secret));
	if (err == ERR_NONE && text.len != SESSION_TOKEN_SIZE - 1)
		err = ERR_RANGE;
	if (err == ERR_NONE) {
		memcpy(out, text.data, text.len);
		out[text.len] = '\0';
		SHA256(text.data, text.len, hash);
	}
	bytes_wipe(&text);
	bytes_zero(secret, sizeof(secret));
	return err;
}

static enum err
store_new(struct engine *engine, const struct session_new *from, const uint8_t *hash, struct store_session *stored)
{
	uint64_t at_us = engine_now_us(engine);
	enum err err;

	memset(stored, 0, sizeof(*stored));
	memcpy(stored->token_hash, hash, STORE_HASH_LEN);
	stored->identity = from->identity->number;
	stored->provider = from->identity->provider_number;
	stored->amr = from->amr;
	stored->created_us = at_us;
	stored->last_seen_us = at_us;
	stored->stepped_up_us = from->second_factor ? at_us : 0;
	stored->ends_us = at_us + engine->config->session.lifetime_s * SECOND_US;
	sessions_agent_family(from->user_agent == NULL ? "" : from->user_agent, stored->agent);
	(void)snprintf(stored->address, sizeof(stored->address), "%s", from->address == NULL ? "" : from->address);
	err = store_begin(engine->store);
	if (err == ERR_NONE)
		err = store_take_numbers(engine->store, "session", 1, &stored->number);
	if (err == ERR_NONE)
		err = store_session_add(engine->store, stored);
	if (err == ERR_NONE)
		err = store_commit(engine->store);
	if (err != ERR_NONE)
		store_rollback(engine->store);
	return err;
}

static enum err
enter(struct engine *engine, const struct store_session *stored, const struct session_new *from)
{
	struct session_entry entry = {
		.number = stored->number,
		.created_us = stored->created_us,
		.ends_us = stored->ends_us,
		.stepped_up_us = stored->stepped_up_us,
		.seen_us = stored->last_seen_us,
		.saved_seen_us = stored->last_seen_us,
		.amr = stored->amr,
		.flags = from->flags,
	};
	struct session_entry *added;
	enum err err;

	memcpy(entry.key, stored->token_hash, sizeof(entry.key));
	err = book_add(engine->sessions->book, &entry, &added);
	if (err != ERR_NONE)
		return err;
	err = publish(engine, added, from->identity);
	if (err != ERR_NONE && sessions_end(engine, added) != ERR_NONE)
		log_warn("a session that was not published stays in the store until it expires");
	return err;
}

enum err
sessions_create(struct engine *engine, const struct session_new *session, struct session_made *ret_made,
    const char **why)
{
	uint8_t hash[STORE_HASH_LEN];
	struct store_session stored;
	struct session_made made;
	enum err err = sessions_may_sign_in(engine, session->identity, session->second_factor, why);

	if (err != ERR_NONE)
		return err;
	*why = "the session could not be stored";
	err = make_room(engine, session->identity->number);
	if (err == ERR_NONE)
		err = make_token(made.token, hash);
	if (err == ERR_NONE)
		err = store_new(engine, session, hash, &stored);
	if (err == ERR_NONE) {
		*why = "the session could not be published: the map is full";
		err = enter(engine, &stored, session);
	}
	if (err == ERR_NONE) {
		made.number = stored.number;
		made.ends_us = stored.ends_us;
		*ret_made = made;
	}
	bytes_zero(&made, sizeof(made));
	return err;
}

enum err
sessions_find(struct engine *engine, uint64_t number, struct session_entry **ret_entry)
{
	struct session_entry *entry = book_find(engine->sessions->book, number);

	if (entry == NULL || entry->ends_us <= engine_now_us(engine))
		return ERR_NOT_FOUND;
	*ret_entry = entry;
	return ERR_NONE;
}

enum err
sessions_find_token(struct engine *engine, const char *token, struct session_entry **ret_entry)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct session_record record;
	struct session_entry *entry;
	enum err err;

	if (strlen(token) != SESSION_TOKEN_SIZE - 1)
		return ERR_NOT_FOUND;
	SHA256((const uint8_t *)token, SESSION_TOKEN_SIZE - 1, hash);
	err = session_table_find_brief(&engine->maps.state.sessions, hash, &record);
	if (err == ERR_NONE)
		err = sessions_find(engine, record.who.session, &entry);
	if (err != ERR_NONE)
		return ERR_NOT_FOUND;
	if (memcmp(entry->key, hash, sizeof(entry->key)) != 0)
		return ERR_NOT_FOUND;
	*ret_entry = entry;
	return ERR_NONE;
}

enum err
sessions_step_up(struct engine *engine, struct session_entry *entry, uint32_t amr)
{
	uint64_t at_us = engine_now_us(engine);
	enum err err = store_session_step_up(engine->store, entry->number, entry->amr | amr, at_us);

	if (err != ERR_NONE)
		return err;
	entry->amr |= amr;
	entry->stepped_up_us = at_us;
	return publish_again(engine, entry);
}

/* Out of the map first: that is what stops requests; the store makes it last. */
enum err
sessions_end(struct engine *engine, struct session_entry *entry)
{
	uint64_t number = entry->number;
	enum err map_err = session_table_remove(&engine->maps.state.sessions, entry->key);
	enum err err = store_session_end(engine->store, number, engine_now_us(engine));

	book_remove(engine->sessions->book, entry);
	if (map_err != ERR_NONE && map_err != ERR_NOT_FOUND)
		return map_err;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* All out of the map, then one transaction. */
enum err
sessions_end_scope(struct engine *engine, const struct scope *scope, uint64_t except, uint32_t *ret_ended)
{
	const struct book *book = engine->sessions->book;
	enum err begun, err = ERR_NONE;
	uint32_t n = 0;

	for (uint32_t i = 0; i < book_places(book); i++) {
		const struct session_entry *entry = book_at(book, i);

		if (entry != NULL && entry->number != except && scope_match(scope, &entry->who, CAPABILITY_ALL, 0) &&
		    session_table_remove(&engine->maps.state.sessions, entry->key) != ERR_NONE)
			log_warn("session %llu was not in the map", (unsigned long long)entry->number);
	}
	begun = store_begin(engine->store);
	for (uint32_t i = 0; i < book_places(book); i++) {
		struct session_entry *entry = book_at(book, i);

		if (entry == NULL || entry->number == except || !scope_match(scope, &entry->who, CAPABILITY_ALL, 0))
			continue;
		if (sessions_end(engine, entry) != ERR_NONE)
			err = ERR_IO;
		n++;
	}
	if (begun == ERR_NONE && store_commit(engine->store) != ERR_NONE)
		err = ERR_IO;
	*ret_ended = n;
	return err;
}

void
sessions_seen(struct engine *engine, uint64_t number, uint64_t at_us)
{
	struct session_entry *entry = book_find(engine->sessions->book, number);

	if (entry != NULL && at_us > entry->seen_us)
		entry->seen_us = at_us;
}

void
sessions_each(struct engine *engine, bool (*visit)(void *context, const struct session_entry *entry), void *context)
{
	const struct book *book = engine->sessions->book;

	for (uint32_t i = 0; i < book_places(book); i++) {
		const struct session_entry *entry = book_at(book, i);

		if (entry != NULL && !visit(context, entry))
			return;
	}
}

uint32_t
sessions_count(const struct sessions *sessions)
{
	return book_count(sessions->book);
}

void
sessions_refresh_identity(struct engine *engine, uint32_t identity)
{
	const struct book *book = engine->sessions->book;

	for (uint32_t i = 0; i < book_places(book); i++) {
		struct session_entry *entry = book_at(book, i);
		bool concerned = entry != NULL && entry->who.identity == identity;

		for (int k = 0; entry != NULL && k < LINEAGE_MAX; k++)
			concerned = concerned || entry->who.lineage[k] == identity;
		if (concerned && publish_again(engine, entry) != ERR_NONE)
			log_warn("session %llu could not be published anew", (unsigned long long)entry->number);
	}
}

void
sessions_refresh_all(struct engine *engine)
{
	const struct book *book = engine->sessions->book;

	for (uint32_t i = 0; i < book_places(book); i++) {
		struct session_entry *entry = book_at(book, i);

		if (entry != NULL)
			entry->renew_us = 0;
	}
}

static void
look_after(struct engine *engine, struct session_entry *entry, uint64_t at_us)
{
	enum err err = ERR_NONE;

	if (entry->ends_us <= at_us) {
		/* Its own end is in the store already: nothing to write. */
		if (session_table_remove(&engine->maps.state.sessions, entry->key) != ERR_NONE)
			log_debug("an ended session was out of the map already");
		book_remove(engine->sessions->book, entry);
		return;
	}
	if (entry->seen_us >= entry->saved_seen_us + SEEN_EVERY_US) {
		err = store_session_seen(engine->store, entry->number, entry->seen_us);
		entry->saved_seen_us = entry->seen_us;
	}
	if (entry->renew_us <= at_us)
		err = publish_again(engine, entry);
	if (err != ERR_NONE)
		log_warn("session %llu could not be renewed: %s", (unsigned long long)entry->number, err_text(err));
}

void
sessions_tick(struct engine *engine)
{
	struct sessions *sessions = engine->sessions;
	uint32_t places = book_places(sessions->book);
	uint32_t share = places / TICKS_PER_ROUND + 16;
	uint64_t at_us = engine_now_us(engine);
	uint64_t end_us = clock_monotonic_us() + TICK_LONGEST_US;
	bool own = store_begin(engine->store) == ERR_NONE;

	for (uint32_t i = 0; i < share && places > 0 && clock_monotonic_us() < end_us; i++) {
		struct session_entry *entry;

		sessions->next_place = (sessions->next_place + 1) % places;
		entry = book_at(sessions->book, sessions->next_place);
		if (entry != NULL)
			look_after(engine, entry, at_us);
	}
	if (own && store_commit(engine->store) != ERR_NONE)
		log_warn("upkeep of sessions could not be stored");
}
