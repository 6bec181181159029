/* sessions: signing in and out. Publishing stands in sessions_publish.c, loading and upkeep in sessions_load.c. */
#include "engine/sessions.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "core/order.h"
#include "core/verdict.h"
#include "engine/sessions_inside.h"

#define SECOND_US 1000000ULL
#define TOKEN_LEN 32
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
	err = session_attributes_of(engine, identity, &who);
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
	return oldest != NULL && n >= engine->config->session.per_identity ? sessions_end(engine, oldest) : ERR_NONE;
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
	err = session_publish(engine, added, from->identity);
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
	return session_publish_again(engine, entry);
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
