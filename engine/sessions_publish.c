/* sessions_publish: what the state map holds of a session. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "engine/headers.h"
#include "engine/people.h"
#include "engine/scopes.h"
#include "engine/sessions_inside.h"

#define SECOND_US 1000000ULL
#define LINEAGE_STEPS_MAX PEOPLE_GENERATIONS_MAX

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

enum err
session_attributes_of(struct engine *engine, const struct store_identity *identity, struct session_attributes *who)
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

enum err
session_publish(struct engine *engine, struct session_entry *entry, const struct store_identity *identity)
{
	uint64_t at_us = engine_now_us(engine);
	struct session_record record;
	uint64_t shared_us;
	enum err err;

	memset(&record, 0, sizeof(record));
	err = session_attributes_of(engine, identity, &entry->who);
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

enum err
session_publish_again(struct engine *engine, struct session_entry *entry)
{
	struct store_identity identity;
	enum err err = store_identity_get(engine->store, entry->who.identity, &identity);

	return err == ERR_NONE ? session_publish(engine, entry, &identity) : err;
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
		if (concerned && session_publish_again(engine, entry) != ERR_NONE)
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
