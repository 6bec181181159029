/*
 * roster: see the header. The lock guards the table of kept rosters only; reads
 * of the database happen outside of it. A roster read before its caseload
 * changed is recognised by the generation and not kept.
 */
#include "services/training/roster.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/sql/sql.h"
#include "services/training/fold.h"

#define SLOTS 128
#define BYTES_MAX ((size_t)64 * 1024 * 1024)
#define KEY_MAX 64

struct slot {
	struct roster *roster; /* NULL: free */
	int64_t body;
	char query[ROSTER_QUERY_MAX];
	uint64_t used;
};

struct roster_cache {
	pthread_mutex_t lock;
	struct slot slot[SLOTS];
	size_t bytes; /* of what may be dropped */
	uint64_t clock;
	uint64_t generation;
};

/* A search taken apart: what each of three readings wants the two names to begin with. */
struct search {
	const char *text;
	char whole[KEY_MAX];        /* all of it is a family name */
	char before_last[KEY_MAX];  /* "MARTIN ALICE" */
	char last[KEY_MAX];
	char first[KEY_MAX];        /* "ALICE MARTIN" */
	char after_first[KEY_MAX];
};

static const char everybody[] = "SELECT number FROM person ORDER BY family_key, given_key, number";
static const char caseload[] =
    "SELECT DISTINCT p.number FROM enrolment e CROSS JOIN person p ON p.number = e.person"
    " WHERE e.body = ?1 ORDER BY p.family_key, p.given_key, p.number";

#define MATCH_FAMILY "(p.family_key >= ?2 AND p.family_key < ?2 || x'7f')"
#define MATCH_BOTH                                                                 \
	"(" MATCH_FAMILY                                                               \
	" OR (p.family_key >= ?3 AND p.family_key < ?3 || x'7f'"                       \
	"     AND p.given_key >= ?4 AND p.given_key < ?4 || x'7f')"                    \
	" OR (p.family_key >= ?6 AND p.family_key < ?6 || x'7f'"                       \
	"     AND p.given_key >= ?5 AND p.given_key < ?5 || x'7f'))"
#define BY_NAME " ORDER BY p.family_key, p.given_key, p.number"
#define OF_BODY                                                                            \
	"SELECT DISTINCT p.number FROM enrolment e CROSS JOIN person p ON p.number = e.person" \
	" WHERE e.body = ?1 AND "

enum kind {
	KIND_ALL = 0,
	KIND_FAMILY,
	KIND_BOTH,
	KIND_IDENTIFIER,
	KIND_MAX
};

/* By kind of search, then for everybody and for one body. */
static const char *const texts[KIND_MAX][2] = {
	[KIND_ALL] = {everybody, caseload},
	[KIND_FAMILY] = {"SELECT p.number FROM person p WHERE " MATCH_FAMILY BY_NAME,
	                 OF_BODY MATCH_FAMILY BY_NAME},
	[KIND_BOTH] = {"SELECT p.number FROM person p WHERE " MATCH_BOTH BY_NAME,
	               OF_BODY MATCH_BOTH BY_NAME},
	[KIND_IDENTIFIER] = {"SELECT p.number FROM person p WHERE p.id = ?2",
	                     "SELECT p.number FROM person p WHERE p.id = ?2 AND EXISTS"
	                     " (SELECT 1 FROM enrolment e WHERE e.body = ?1 AND e.person = p.number)"},
};

/* `query` is folded already. */
static enum kind
search_read(struct search *search, const char *query)
{
	const char *first_gap = strchr(query, ' ');
	const char *last_gap = strrchr(query, ' ');

	*search = (struct search){.text = query};
	if (query[0] == '\0')
		return KIND_ALL;
	if (fold_is_identifier(query))
		return KIND_IDENTIFIER;
	(void)snprintf(search->whole, KEY_MAX, "%s", query);
	if (first_gap == NULL)
		return KIND_FAMILY;
	(void)snprintf(search->before_last, KEY_MAX, "%.*s", (int)(last_gap - query), query);
	(void)snprintf(search->last, KEY_MAX, "%s", last_gap + 1);
	(void)snprintf(search->first, KEY_MAX, "%.*s", (int)(first_gap - query), query);
	(void)snprintf(search->after_first, KEY_MAX, "%s", first_gap + 1);
	return KIND_BOTH;
}

static sqlite3_stmt *
search_query(struct sql *sql, int64_t body, const struct search *search, enum kind kind)
{
	sqlite3_stmt *query = sql_query(sql, texts[kind][body == 0 ? 0 : 1]);
	const char *values[] = {search->whole, search->before_last, search->last, search->first,
	    search->after_first};

	if (body != 0)
		sql_bind_number(query, 1, body);
	if (kind == KIND_IDENTIFIER)
		sql_bind_text(query, 2, search->text);
	for (int i = 0; (kind == KIND_FAMILY && i < 1) || (kind == KIND_BOTH && i < 5); i++)
		sql_bind_text(query, i + 2, values[i]);
	return query;
}

static enum err
roster_grow(struct roster **roster, uint32_t *room)
{
	uint32_t wanted = *room == 0 ? 64 : *room * 2;
	struct roster *grown;

	if (wanted < *room)
		return ERR_RANGE;
	grown = realloc(*roster, sizeof(*grown) + (size_t)wanted * sizeof(grown->person[0]));
	if (grown == NULL)
		return ERR_NOMEM;
	if (*roster == NULL)
		*grown = (struct roster){0};
	*roster = grown;
	*room = wanted;
	return ERR_NONE;
}

static enum err
roster_read(struct sql *sql, int64_t body, const char *query, struct roster **ret_roster)
{
	struct search search;
	enum kind kind = search_read(&search, query);
	sqlite3_stmt *rows = search_query(sql, body, &search, kind);
	struct roster *roster = NULL;
	uint32_t room = 0;
	enum err err = roster_grow(&roster, &room);

	while (err == ERR_NONE && (err = sql_step(rows)) == ERR_NONE) {
		if (roster->count == room)
			err = roster_grow(&roster, &room);
		if (err == ERR_NONE)
			roster->person[roster->count++] = (uint32_t)sql_number(rows, 0);
	}
	if (err != ERR_NOT_FOUND) {
		sql_done(rows);
		free(roster);
		return err;
	}
	*ret_roster = roster;
	return ERR_NONE;
}

static size_t
roster_bytes(const struct roster *roster)
{
	return sizeof(*roster) + (size_t)roster->count * sizeof(roster->person[0]);
}

static bool
slot_is_pinned(const struct slot *slot)
{
	return slot->body == 0 && slot->query[0] == '\0';
}

/* The table's own hold counts as one holder. */
static void
unhold(struct roster *roster)
{
	if (--roster->holders == 0)
		free(roster);
}

static void
slot_clear(struct roster_cache *cache, struct slot *slot)
{
	if (!slot_is_pinned(slot))
		cache->bytes -= roster_bytes(slot->roster);
	unhold(slot->roster);
	*slot = (struct slot){0};
}

static struct slot *
slot_find(struct roster_cache *cache, int64_t body, const char *query)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &cache->slot[i];
		if (slot->roster != NULL && slot->body == body && strcmp(slot->query, query) == 0)
			return slot;
	}
	return NULL;
}

/* A free slot, or the longest unused that may go; NULL where nothing may. */
static struct slot *
slot_oldest(struct roster_cache *cache, bool want_free)
{
	struct slot *oldest = NULL;

	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &cache->slot[i];
		if (slot->roster == NULL && want_free)
			return slot;
		if (slot->roster == NULL || slot_is_pinned(slot))
			continue;
		if (oldest == NULL || slot->used < oldest->used)
			oldest = slot;
	}
	return oldest;
}

static void
keep(struct roster_cache *cache, int64_t body, const char *query, struct roster *roster)
{
	bool pinned = body == 0 && query[0] == '\0';
	size_t bytes = roster_bytes(roster);
	struct slot *slot;

	if (slot_find(cache, body, query) != NULL || (!pinned && bytes > BYTES_MAX))
		return;
	while (!pinned && cache->bytes + bytes > BYTES_MAX)
		slot_clear(cache, slot_oldest(cache, false));
	slot = slot_oldest(cache, true);
	if (slot->roster != NULL)
		slot_clear(cache, slot);
	*slot = (struct slot){.roster = roster, .body = body, .used = ++cache->clock};
	(void)snprintf(slot->query, sizeof(slot->query), "%s", query);
	roster->holders++;
	cache->bytes += pinned ? 0 : bytes;
}

enum err
roster_cache_open(struct roster_cache **ret_cache)
{
	struct roster_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return ERR_NOMEM;
	pthread_mutex_init(&cache->lock, NULL);
	*ret_cache = cache;
	return ERR_NONE;
}

void
roster_cache_free(struct roster_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		if (cache->slot[i].roster != NULL)
			slot_clear(cache, &cache->slot[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static struct roster *
look_up(struct roster_cache *cache, int64_t body, const char *query, uint64_t *ret_generation)
{
	struct roster *roster = NULL;
	struct slot *slot;

	pthread_mutex_lock(&cache->lock);
	*ret_generation = cache->generation;
	slot = slot_find(cache, body, query);
	if (slot != NULL) {
		roster = slot->roster;
		roster->holders++;
		slot->used = ++cache->clock;
	}
	pthread_mutex_unlock(&cache->lock);
	return roster;
}

enum err
roster_get(struct roster_cache *cache, struct sql *sql, int64_t body, const char *query,
    struct roster **ret_roster)
{
	char key[ROSTER_QUERY_MAX];
	struct roster *roster;
	uint64_t generation;
	enum err err;

	fold_text(query, key, sizeof(key));
	roster = look_up(cache, body, key, &generation);
	if (roster == NULL) {
		err = roster_read(sql, body, key, &roster);
		if (err != ERR_NONE)
			return err;
		pthread_mutex_lock(&cache->lock);
		roster->holders = 1;
		if (generation == cache->generation)
			keep(cache, body, key, roster);
		pthread_mutex_unlock(&cache->lock);
	}
	*ret_roster = roster;
	return ERR_NONE;
}

void
roster_release(struct roster_cache *cache, struct roster *roster)
{
	if (roster == NULL)
		return;
	pthread_mutex_lock(&cache->lock);
	unhold(roster);
	pthread_mutex_unlock(&cache->lock);
}

void
roster_forget(struct roster_cache *cache, int64_t body)
{
	pthread_mutex_lock(&cache->lock);
	cache->generation++;
	for (size_t i = 0; i < SLOTS; i++)
		if (cache->slot[i].roster != NULL && cache->slot[i].body == body)
			slot_clear(cache, &cache->slot[i]);
	pthread_mutex_unlock(&cache->lock);
}
