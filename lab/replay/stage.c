#include "lab/replay/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "lab/demo/demo.h"

#define DAY_US (UINT64_C(86400) * 1000000)
#define ACCOUNT_AGE_DAYS 60
#define PAGE 200
#define PAGES_AT_ONCE 8
#define CONNECTIONS_MAX 1200
#define HISTORY_ROWS 5000 /* in one call */
#define PREFIX "replay-"

static enum err
complain(struct stage *stage, enum err err, const char *words)
{
	(void)snprintf(stage->why, sizeof(stage->why), "%s", words[0] != '\0' ? words : err_text(err));
	return err;
}

static void
say(const struct stage *stage, const char *words)
{
	if (stage->options->progress != NULL)
		stage->options->progress(stage->options->context, words);
}

/* A client with new secrets; `profile` and `organisation` for the identity that is added to `identities`. */
static enum err
new_account(struct stage *stage, struct client *client, const char *profile, const char *organisation, bool has_factor,
    json_t *identities)
{
	char hash[PASSWORD_HASH_MAX];
	enum err err = secrets_new_password(client->password, hash);
	json_t *identity;

	if (err == ERR_NONE)
		err = secrets_new_totp(client->totp);
	if (err != ERR_NONE)
		return err;
	client->http = stage->http;
	client->origin = stage->options->guarded;
	identity = json_pack("{s:s, s:s, s:s, s:s, s:I}", "login", client->login, "name", client->login, "profile", profile,
	    "password_hash", hash, "created_us",
	    (json_int_t)(clock_now_us(clock_system()) - ACCOUNT_AGE_DAYS * DAY_US));
	if (organisation != NULL)
		(void)json_object_set_new(identity, "organisation", json_string(organisation));
	if (has_factor)
		(void)json_object_set_new(identity, "totp", json_string(client->totp));
	(void)json_array_append_new(stage->logins, json_string(client->login));
	return json_array_append_new(identities, identity) == 0 ? ERR_NONE : ERR_NOMEM;
}

static enum err
import_identities(struct stage *stage, json_t *identities)
{
	enum err err = control_do(&stage->control, "identity.import", json_pack("{s:o}", "identities", identities));

	return err == ERR_NONE ? ERR_NONE : complain(stage, err, stage->control.why);
}

static enum err
open_agent(struct stage *stage)
{
	json_t *identities = json_array();
	enum err err;

	(void)snprintf(stage->agent.login, sizeof(stage->agent.login), "%s-agent", stage->tag);
	err = new_account(stage, &stage->agent, "agent", NULL, true, identities);
	if (err == ERR_NONE)
		err = import_identities(stage, identities);
	else
		json_decref(identities);
	if (err != ERR_NONE)
		return err;
	err = client_sign_in(&stage->agent);
	return err == ERR_NONE ? ERR_NONE : complain(stage, err, stage->agent.why);
}

/* Reading the list as an agent, behind plain nginx: who is there at all. */
struct listing {
	struct stage *stage;
	size_t next_page;
	size_t pages;
	size_t known;
	bool failed;
};

static void
take_page(void *context, const struct http_reply *reply)
{
	struct listing *listing = context;
	json_t *document = json_loadb((const char *)reply->body, reply->len, 0, NULL);
	json_t *person;
	size_t i;

	listing->failed = listing->failed || !reply->complete || reply->status != 200;
	json_array_foreach(json_object_get(document, "people"), i, person) {
		const char *id = json_string_value(json_object_get(person, "id"));

		if (id != NULL && strlen(id) == RECEIVED_ID_LEN && listing->known < listing->stage->people)
			memcpy(listing->stage->ids[listing->known++], id, RECEIVED_ID_LEN + 1);
	}
	json_decref(document);
}

static enum err
start_page(struct listing *listing)
{
	struct stage *stage = listing->stage;
	char path[80];
	struct http_call call = {stage->options->plain, path, stage->agent.cookies, NULL, take_page, listing};

	(void)snprintf(path, sizeof(path), "/api/people?size=%d&page=%zu", PAGE, listing->next_page++);
	return http_start(stage->http, &call);
}

static enum err
read_people(struct stage *stage)
{
	struct listing listing = {.stage = stage, .next_page = 1, .pages = (stage->people + PAGE - 1) / PAGE};
	enum err err = ERR_NONE;

	say(stage, "reading who is on the platform");
	stage->ids = calloc(stage->people, sizeof(*stage->ids));
	if (stage->ids == NULL)
		return complain(stage, ERR_NOMEM, "");
	while (err == ERR_NONE && !listing.failed && (listing.next_page <= listing.pages || http_running(stage->http) > 0)) {
		while (err == ERR_NONE && listing.next_page <= listing.pages && http_running(stage->http) < PAGES_AT_ONCE)
			err = start_page(&listing);
		if (err == ERR_NONE)
			err = http_turn(stage->http, 100);
	}
	if (err == ERR_NONE && (listing.failed || listing.known != stage->people))
		err = ERR_FORMAT;
	return err == ERR_NONE ? ERR_NONE : complain(stage, err, "the plain platform does not list its people");
}

/* How many people the platform says it has. */
static enum err
count_people(struct stage *stage)
{
	struct client plain = stage->agent;
	json_t *answer = NULL;
	enum err err;

	plain.origin = stage->options->plain;
	err = client_ask(&plain, "/api/people?size=1", NULL, &answer);
	if (err != ERR_NONE)
		return complain(stage, err, plain.why);
	stage->people = (size_t)json_integer_value(json_object_get(answer, "total"));
	json_decref(answer);
	if (stage->people == 0)
		return complain(stage, ERR_NOT_FOUND, "the platform has no people");
	if (stage->options->people == 0 || stage->options->people == stage->people)
		return ERR_NONE;
	(void)snprintf(stage->why, sizeof(stage->why),
	    "the platform has %zu people, not %llu: seed one that has", stage->people,
	    (unsigned long long)stage->options->people);
	return ERR_USAGE;
}

/* The keys of organisations whose partners are bystanders: of the accounts file, if there is one. */
static enum err
read_wanted(struct stage *stage, json_t **ret_wanted)
{
	json_t *accounts = NULL, *account;
	char why[DEMO_WHY_MAX];
	size_t i;
	enum err err;

	if (stage->options->accounts == NULL)
		return ERR_NONE;
	err = demo_read(stage->options->accounts, &accounts, why);
	if (err != ERR_NONE)
		return complain(stage, err, why);
	*ret_wanted = json_object();
	json_array_foreach(accounts, i, account) {
		const char *key = json_string_value(json_object_get(account, "organisation"));

		if (key != NULL)
			(void)json_object_set_new(*ret_wanted, key, json_true());
	}
	json_decref(accounts);
	return ERR_NONE;
}

/* One partner for each body that is there; every second one's second factor is no longer fresh when the work begins. */
static enum err
cast_partners(struct stage *stage, const json_t *bodies, const json_t *wanted, json_t *identities)
{
	json_t *body;
	size_t i;
	enum err err = ERR_NONE;

	stage->partners = calloc(stage->options->bystanders + 1, sizeof(*stage->partners));
	if (stage->partners == NULL)
		return complain(stage, ERR_NOMEM, "");
	json_array_foreach(bodies, i, body) {
		const char *key = json_string_value(json_object_get(body, "key"));
		struct stage_partner *partner = &stage->partners[stage->n_partners];

		if (err != ERR_NONE || key == NULL || stage->n_partners == stage->options->bystanders ||
		    strncmp(key, PREFIX, strlen(PREFIX)) == 0 || (wanted != NULL && json_object_get(wanted, key) == NULL))
			continue;
		(void)snprintf(partner->organisation, sizeof(partner->organisation), "%s", key);
		(void)snprintf(partner->account.login, sizeof(partner->account.login), "%s-%zu", stage->tag, stage->n_partners);
		err = new_account(stage, &partner->account, "partner", key, stage->n_partners % 2 == 0, identities);
		stage->n_partners++;
	}
	return err;
}

static enum err
register_body(struct stage *stage, const char *key, json_t *organisations)
{
	json_t *posted = json_pack("{s:s, s:s, s:s, s:s, s:s}", "key", key, "name", key, "siret", "00000000000000",
	    "postal_code", "35000", "city", "Rennes");
	enum err err = posted != NULL ? client_ask(&stage->agent, "/api/bodies", posted, NULL) : ERR_NOMEM;

	json_decref(posted);
	if (err != ERR_NONE)
		return complain(stage, err, stage->agent.why);
	(void)json_array_append_new(organisations,
	    json_pack("{s:s, s:s, s:s}", "organisation", key, "name", key, "kind", "training-body"));
	return ERR_NONE;
}

static enum err
cast_victims(struct stage *stage, json_t *organisations, json_t *identities)
{
	enum err err = ERR_NONE;

	for (enum replay_strategy s = 0; s < REPLAY_STRATEGY_MAX && err == ERR_NONE; s++) {
		struct stage_victim *victim = &stage->victims[s];

		if (!stage->options->strategies[s])
			continue;
		(void)snprintf(victim->organisation, sizeof(victim->organisation), "%s-%s", stage->tag, replay_strategy_name(s));
		(void)snprintf(victim->account.login, sizeof(victim->account.login), "%s-victim", victim->organisation);
		err = register_body(stage, victim->organisation, organisations);
		if (err == ERR_NONE)
			err = new_account(stage, &victim->account, s == REPLAY_ACCOUNTS ? "manager" : "partner",
			    victim->organisation, s != REPLAY_STALE, identities);
	}
	return err;
}

static enum err
cast(struct stage *stage)
{
	json_t *organisations = json_array(), *identities = json_array();
	json_t *answer = NULL, *wanted = NULL;
	enum err err = client_ask(&stage->agent, "/api/bodies", NULL, &answer);

	if (err != ERR_NONE)
		(void)complain(stage, err, stage->agent.why);
	if (err == ERR_NONE)
		err = read_wanted(stage, &wanted);
	if (err == ERR_NONE)
		err = cast_partners(stage, json_object_get(answer, "bodies"), wanted, identities);
	if (err == ERR_NONE)
		err = cast_victims(stage, organisations, identities);
	if (err == ERR_NONE)
		err = control_do(&stage->control, "organisation.import",
		    json_pack("{s:O}", "organisations", organisations));
	if (err == ERR_NONE)
		err = import_identities(stage, json_incref(identities));
	else if (stage->why[0] == '\0')
		(void)complain(stage, err, stage->control.why);
	json_decref(organisations);
	json_decref(identities);
	json_decref(answer);
	json_decref(wanted);
	return err;
}

static enum err
send_history(struct stage *stage, json_t *rows)
{
	enum err err = control_do(&stage->control, "budget.history", json_pack("{s:O}", "rows", rows));

	(void)json_array_clear(rows);
	return err == ERR_NONE ? ERR_NONE : complain(stage, err, stage->control.why);
}

/* What one scope handled, the days counted back from yesterday. */
static enum err
add_days(struct stage *stage, const char *kind, const char *name, const uint32_t days[RHYTHM_DAYS], json_t *rows)
{
	uint64_t now_us = clock_now_us(clock_system());
	char day[25];

	for (uint32_t i = 0; i < RHYTHM_DAYS - 1; i++) {
		if (days[i] == 0)
			continue;
		clock_format(now_us - (i + 1) * DAY_US, day);
		day[10] = '\0';
		(void)json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:I}", kind, name, "day", day, "distinct", (json_int_t)days[i]));
	}
	return json_array_size(rows) >= HISTORY_ROWS ? send_history(stage, rows) : ERR_NONE;
}

static enum err
add_past(struct stage *stage, const char *organisation, const char *login, const struct rhythm_body *body, json_t *rows)
{
	enum err err = add_days(stage, "organisation", organisation, body->all, rows);

	return err == ERR_NONE ? add_days(stage, "identity", login, body->own, rows) : err;
}

/* Bodies take the log's organisations in turn; whoever is robbed has the one in the middle. */
static enum err
teach(struct stage *stage)
{
	const struct rhythm_body *middle = &stage->rhythm.bodies[stage->rhythm.count / 2];
	json_t *rows = json_array();
	enum err err = ERR_NONE;

	say(stage, "learning budgets from the past");
	for (size_t i = 0; i < stage->n_partners && err == ERR_NONE; i++) {
		struct stage_partner *partner = &stage->partners[i];
		const struct rhythm_body *body = &stage->rhythm.bodies[i % stage->rhythm.count];

		partner->typical = body->typical;
		err = add_past(stage, partner->organisation, partner->account.login, body, rows);
	}
	for (enum replay_strategy s = 0; s < REPLAY_STRATEGY_MAX && err == ERR_NONE; s++)
		if (stage->options->strategies[s])
			err = add_past(stage, stage->victims[s].organisation, stage->victims[s].account.login, middle, rows);
	if (err == ERR_NONE)
		err = send_history(stage, rows);
	json_decref(rows);
	if (err != ERR_NONE)
		return err;
	err = control_do(&stage->control, "budget.learn", json_object());
	return err == ERR_NONE ? ERR_NONE : complain(stage, err, stage->control.why);
}

/* Give a second factor to whoever signed in before it had one: a session in the middle of a working day. */
static enum err
give_factor(struct stage *stage, const struct client *client)
{
	enum err err = control_do(&stage->control, "identity.set_totp",
	    json_pack("{s:s, s:s}", "identity", client->login, "secret", client->totp));

	return err == ERR_NONE ? ERR_NONE : complain(stage, err, stage->control.why);
}

static enum err
sign_in_partners(struct stage *stage)
{
	enum err err = ERR_NONE;

	say(stage, "partners sign in");
	for (size_t i = 0; i < stage->n_partners && err == ERR_NONE; i++) {
		struct stage_partner *partner = &stage->partners[i];

		err = client_sign_in(&partner->account);
		if (err != ERR_NONE)
			return complain(stage, err, partner->account.why);
		if (i % 2 == 1)
			err = give_factor(stage, &partner->account);
	}
	return err;
}

static enum err
open_rhythm(struct stage *stage)
{
	const struct replay_options *options = stage->options;
	const char *why = "";
	enum err err;

	if (options->rhythm == NULL)
		return rhythm_invent(options->bystanders, 1, &stage->rhythm);
	err = rhythm_read(options->rhythm, options->bystanders, &stage->rhythm, &why);
	if (err != ERR_NONE)
		(void)snprintf(stage->why, sizeof(stage->why), "%s: %s", options->rhythm, why);
	return err;
}

static enum err
prepare(struct stage *stage)
{
	enum err err = open_agent(stage);

	if (err == ERR_NONE)
		err = count_people(stage);
	if (err == ERR_NONE)
		err = read_people(stage);
	if (err == ERR_NONE)
		err = cast(stage);
	if (err == ERR_NONE)
		err = teach(stage);
	return err == ERR_NONE ? sign_in_partners(stage) : err;
}

enum err
stage_open(const struct replay_options *options, struct stage *stage)
{
	enum err err;

	memset(stage, 0, sizeof(*stage));
	stage->options = options;
	stage->logins = json_array();
	(void)snprintf(stage->tag, sizeof(stage->tag), PREFIX "%llx",
	    (unsigned long long)(clock_now_us(clock_system()) / 1000));
	err = control_open(&stage->control, options->socket_path);
	if (err != ERR_NONE)
		return complain(stage, err, stage->control.why);
	err = open_rhythm(stage);
	if (err == ERR_NONE)
		err = http_open(options->cacert, CONNECTIONS_MAX, &stage->http);
	if (err == ERR_NONE)
		err = http_open(options->cacert, options->bystanders, &stage->crew_http);
	return err == ERR_NONE ? prepare(stage) : complain(stage, err, stage->why);
}

void
stage_close(struct stage *stage)
{
	json_t *login;
	size_t i;

	json_array_foreach(stage->logins, i, login)
		if (control_do(&stage->control, "identity.suspend", json_pack("{s:O, s:s, s:s}", "identity", login, "reason",
		    "the replay is over", "author", "replay")) != ERR_NONE)
			continue;
	json_decref(stage->logins);
	http_free(stage->crew_http);
	http_free(stage->http);
	rhythm_wipe(&stage->rhythm);
	free(stage->ids);
	free(stage->partners);
	control_close(&stage->control);
}

static enum err
steal_session(struct stage *stage, struct stage_victim *victim, struct client *from)
{
	enum err err = client_sign_in(from);

	if (err != ERR_NONE)
		return complain(stage, err, from->why);
	client_session_cookie(from, victim->cookies[victim->n_cookies++]);
	return ERR_NONE;
}

/* One account through the platform, which tells the daemon over SCIM; then its first sign-in. */
static enum err
create_account(struct stage *stage, struct stage_victim *victim, unsigned at)
{
	struct client made = {.http = stage->http, .origin = stage->options->guarded};
	char hash[PASSWORD_HASH_MAX];
	json_t *posted;
	enum err err = secrets_new_password(made.password, hash);

	if (err != ERR_NONE)
		return complain(stage, err, "");
	(void)snprintf(made.login, sizeof(made.login), "%s-%u", victim->organisation, at);
	posted = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "login", made.login, "given_name", "New", "family_name",
	    "Account", "email", "new@body.example", "role", "partner", "password", made.password);
	err = posted != NULL ? client_ask(&victim->account, "/api/accounts", posted, NULL) : ERR_NOMEM;
	json_decref(posted);
	if (err != ERR_NONE)
		return complain(stage, err, victim->account.why);
	(void)json_array_append_new(stage->logins, json_string(made.login));
	return steal_session(stage, victim, &made);
}

enum err
stage_rob(struct stage *stage, enum replay_strategy strategy)
{
	struct stage_victim *victim = &stage->victims[strategy];
	unsigned sessions = strategy == REPLAY_SESSIONS ? STAGE_SESSIONS : 1;
	enum err err = ERR_NONE;

	for (unsigned i = 0; i < sessions && err == ERR_NONE; i++)
		err = steal_session(stage, victim, &victim->account);
	if (err == ERR_NONE && strategy == REPLAY_STALE)
		err = give_factor(stage, &victim->account);
	if (strategy == REPLAY_ACCOUNTS)
		victim->n_cookies = 0;
	for (unsigned i = 0; i < STAGE_ACCOUNTS && err == ERR_NONE && strategy == REPLAY_ACCOUNTS; i++)
		err = create_account(stage, victim, i);
	return err;
}
