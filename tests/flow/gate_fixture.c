/*
 * gate_fixture: stands in for the engine in tests of the gate alone.
 *
 *	gate_fixture serve DIR [SESSIONS]   makes the maps in DIR, then obeys lines on standard input,
 *	                                    answering each with "ok ..." or "error ..."
 *	gate_fixture journal KEY DIR...     prints the entries of journals as one JSON object per line
 *
 * Lines are words separated by blanks; see the table of commands at the end.
 * Values hold no blanks; `%20` and the like are decoded in headers.
 */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mapfile.h"
#include "base/random.h"
#include "core/map.h"
#include "journal/reader.h"
#include "journal/seal.h"

#define WORDS_MAX 32
#define BUDGETS_MAX 256
#define ORDERS_MAX 64

static struct {
	char dir[512];
	struct map_capacity capacity;
	struct map_birth birth;
	struct mapfile state_file;
	struct mapfile budgets_file;
	struct map_state state;
	struct map_budgets budgets;
	struct map_period period;
	struct rules rules;
	struct {
		char name[32];
		struct budget_ref ref;
		struct limits limits;
	} budget[BUDGETS_MAX];
	size_t n_budgets;
	struct order orders[ORDERS_MAX];
	size_t n_orders;
} f;

struct line {
	char *word[WORDS_MAX];
	size_t n;
};

static const char *problem;

static uint64_t
now(void)
{
	return clock_now_us(clock_system());
}

/* The value of `name=value`, or NULL. */
static char *
value(const struct line *l, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 1; i < l->n; i++)
		if (strncmp(l->word[i], name, len) == 0 && l->word[i][len] == '=')
			return l->word[i] + len + 1;
	return NULL;
}

static uint64_t
number(const struct line *l, const char *name, uint64_t otherwise)
{
	const char *text = value(l, name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static bool
has(const struct line *l, const char *word)
{
	for (size_t i = 1; i < l->n; i++)
		if (strcmp(l->word[i], word) == 0)
			return true;
	return false;
}

static enum err
fail(const char *why)
{
	problem = why;
	return ERR_USAGE;
}

static void
copy_name(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static enum err
make_maps(void)
{
	char path[600];
	enum err err;

	snprintf(path, sizeof(path), "%s/budgets.map", f.dir);
	err = mapfile_create(&f.budgets_file, path, map_budgets_size(&f.capacity), 0666);
	if (err != ERR_NONE)
		return err;
	snprintf(path, sizeof(path), "%s/state.map", f.dir);
	err = mapfile_create(&f.state_file, path, map_state_size(&f.capacity), 0666);
	if (err != ERR_NONE)
		return err;
	err = map_state_init(&f.state, f.state_file.memory, f.state_file.size, &f.capacity, &f.birth);
	if (err == ERR_NONE)
		err = map_budgets_init(&f.budgets, f.budgets_file.memory, f.budgets_file.size, &f.state);
	if (err == ERR_NONE)
		map_period_set(&f.state, &f.period);
	return err;
}

static enum err
publish_maps(void)
{
	char path[600];
	enum err err;

	snprintf(path, sizeof(path), "%s/budgets.map", f.dir);
	err = mapfile_publish(path);
	if (err != ERR_NONE)
		return err;
	snprintf(path, sizeof(path), "%s/state.map", f.dir);
	return mapfile_publish(path);
}

static enum err
do_publish(const struct line *l)
{
	(void)l;
	enum err err = rules_publish(&f.state.rules, &f.rules);

	if (err == ERR_NONE && f.budgets_file.memory != NULL && access(f.dir, F_OK) == 0)
		map_set_open(&f.state, true);
	return err;
}

/* setting hold=N undeclared=N mode=observe|enforce step_up_valid=N */
static enum err
do_setting(const struct line *l)
{
	struct rules_settings *s = &f.rules.settings;
	const char *mode = value(l, "mode");

	s->hold_limit_bytes = number(l, "hold", s->hold_limit_bytes);
	s->step_up_valid_s = (uint32_t)number(l, "step_up_valid", s->step_up_valid_s);
	if (value(l, "undeclared") != NULL) {
		s->undeclared_weight = (uint32_t)number(l, "undeclared", 0);
		s->undeclared = s->undeclared_weight != 0 ? UNDECLARED_WEIGH : UNDECLARED_REFUSE;
	}
	if (mode != NULL)
		s->mode = strcmp(mode, "observe") == 0 ? RULES_OBSERVE : RULES_ENFORCE;
	return ERR_NONE;
}

/* Split `text` at `by`, in place. */
static size_t
split(char *text, const char *by, const char **parts, size_t max)
{
	size_t n = 0;

	for (char *at = strtok(text, by); at != NULL && n < max; at = strtok(NULL, by))
		parts[n++] = at;
	return n;
}

static enum err
meter_shape(const struct line *l, struct meter *m)
{
	char *records = value(l, "records"), *fields = value(l, "fields"), *separator = value(l, "separator");
	struct shape_text shape = { .id = value(l, "id"), .canon = m->canon, .flags = has(l, "optional") };
	struct column_text column = { .id = value(l, "id"), .canon = m->canon, .separator = ',' };

	if (m->kind == METER_HEADER) {
		copy_name(m->header, sizeof(m->header), value(l, "header"));
		m->shape.list.canon = m->canon;
		m->shape.list.fields = 1;
		return ERR_NONE;
	}
	if (fields != NULL) {
		shape.n_fields = column.n_fields = split(fields, ",", shape.fields, METER_FIELDS_MAX);
		memcpy(column.fields, shape.fields, sizeof(column.fields));
	}
	m->n_fields = (uint8_t)shape.n_fields;
	if (m->kind == METER_CSV) {
		if (separator != NULL)
			column.separator = separator[0];
		return column_compile(&m->shape.column, &column, &problem);
	}
	shape.n_records = split(records, ",", shape.records, SHAPE_WAYS_MAX);
	return shape_compile(&m->shape.record, &shape, &problem);
}

/* meter NAME json|csv|header records=PATH id=PATH fields=PATH,.. canon=RULE weigh=N hold=N space=N */
static enum err
do_meter(const struct line *l)
{
	struct meter *m = &f.rules.meter[f.rules.n_meters];
	enum err err;

	m->number = (uint16_t)(f.rules.n_meters + 1);
	m->kind = strcmp(l->word[2], "json") == 0 ? METER_JSON : strcmp(l->word[2], "csv") == 0 ? METER_CSV : METER_HEADER;
	m->space = (uint8_t)number(l, "space", 1);
	m->max_hold_bytes = number(l, "hold", 0);
	m->weight = (uint32_t)number(l, "weigh", 0);
	m->unparsable = m->weight != 0 ? UNPARSABLE_WEIGH : UNPARSABLE_REFUSE;
	copy_name(m->name, sizeof(m->name), l->word[1]);
	if (value(l, "canon") != NULL) {
		err = canon_rule_parse(value(l, "canon"), &m->canon, &problem);
		if (err != ERR_NONE)
			return err;
	}
	err = meter_shape(l, m);
	if (err == ERR_NONE)
		f.rules.n_meters++;
	return err;
}

static enum err
route_meters(const char *names, struct route *r)
{
	for (uint32_t i = 0; i < f.rules.n_meters; i++) {
		size_t len = strlen(f.rules.meter[i].name);
		const char *at = strstr(names, f.rules.meter[i].name);

		if (at != NULL && (at[len] == '\0' || at[len] == ',') && (at == names || at[-1] == ',') &&
		    r->n_meters < ROUTE_METERS_MAX)
			r->meter[r->n_meters++] = (uint8_t)i;
	}
	return r->n_meters > 0 ? ERR_NONE : fail("no such meter");
}

/* route NAME METHODS PATTERN CAPABILITIES meter=NAME,..|weight=N|exempt [public] [api] [second-factor] */
static enum err
do_route(const struct line *l)
{
	struct route *r = &f.rules.route[f.rules.n_routes];
	const char *methods[8];
	size_t n = split(l->word[2], ",", methods, 8);
	uint32_t capabilities;
	enum err err;

	memset(r, 0, sizeof(*r));
	r->number = (uint16_t)(f.rules.n_routes + 1);
	for (size_t i = 0; i < n; i++)
		r->methods |= (uint16_t)rules_method_bit(methods[i], strlen(methods[i]));
	copy_name(r->name, sizeof(r->name), l->word[1]);
	err = pattern_compile(&r->pattern, l->word[3], &problem);
	if (err == ERR_NONE)
		err = capability_parse(l->word[4], strlen(l->word[4]), &capabilities, &problem);
	if (err != ERR_NONE)
		return err;
	r->capabilities = (uint16_t)capabilities;
	r->flags = (has(l, "public") ? ROUTE_PUBLIC : 0) | (has(l, "api") ? ROUTE_API : 0) |
	    (has(l, "second-factor") ? ROUTE_SECOND_FACTOR : 0);
	r->weight = (uint32_t)number(l, "weight", 0);
	r->treatment = has(l, "exempt") ? ROUTE_EXEMPT : r->weight != 0 ? ROUTE_WEIGHED : ROUTE_METERED;
	if (r->treatment == ROUTE_METERED)
		err = route_meters(value(l, "meter") == NULL ? "" : value(l, "meter"), r);
	if (err == ERR_NONE)
		f.rules.n_routes++;
	return err;
}

static enum err
find_budget(const char *name, size_t *ret_at)
{
	for (size_t i = 0; i < f.n_budgets; i++)
		if (strcmp(f.budget[i].name, name) == 0) {
			*ret_at = i;
			return ERR_NONE;
		}
	return fail("no such budget");
}

static void
three(const struct line *l, const char *name, uint32_t out[BUDGET_WINDOWS])
{
	char *text = value(l, name);

	for (int i = 0; text != NULL && i < BUDGET_WINDOWS; i++)
		out[i] = (uint32_t)strtoul(text, &text, 10), text += *text == ',';
}

/* budget NAME [organisation] subject=N of=N soft=H,D,M hard=H,D,M: opens it, or changes its limits */
static enum err
do_budget(const struct line *l)
{
	size_t at;
	struct limits limits = { .kind = has(l, "organisation") ? LIMIT_ORGANISATION : LIMIT_IDENTITY,
		.mode = has(l, "observe") ? LIMIT_OBSERVE : LIMIT_ENFORCE };
	enum err err;

	limits.subject = (uint32_t)number(l, "subject", f.n_budgets + 1);
	limits.organisation = (uint32_t)number(l, "of", 1);
	three(l, "soft", limits.soft);
	three(l, "hard", limits.hard);
	if (find_budget(l->word[1], &at) == ERR_NONE)
		return limit_table_set(&f.state.limits, f.budget[at].ref, &limits);
	at = f.n_budgets;
	err = limit_table_open(&f.state.limits, &limits, now(), &f.budget[at].ref);
	if (err != ERR_NONE)
		return err;
	f.budget[at].limits = limits;
	copy_name(f.budget[at].name, sizeof(f.budget[at].name), l->word[1]);
	f.n_budgets++;
	return ERR_NONE;
}

static enum err
do_used(const struct line *l)
{
	static char text[32];
	size_t at;
	enum err err = find_budget(l->word[1], &at);

	if (err != ERR_NONE)
		return err;
	snprintf(text, sizeof(text), "%u", budget_used(&f.budgets.budgets, f.budget[at].ref, BUDGET_HOUR, now()));
	problem = text;
	return ERR_NONE;
}

static void
key_of(const char *token, uint8_t key[SESSION_KEY_LEN])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)token, strlen(token), digest);
	memcpy(key, digest, SESSION_KEY_LEN);
}

static void
put_headers(struct session_record *s, const char *user, size_t padding)
{
	int len = snprintf(s->headers, sizeof(s->headers), "Remote-User: %s\r\nRemote-Name: Name of %s\r\n"
	    "Remote-Organisation: org-%u\r\nX-Tourniquet-Jwt: %0*d\r\n", user, user, s->who.organisation, (int)padding, 7);

	s->headers_len = (uint32_t)len;
}

/* session TOKEN number=N identity=N organisation=N budgets=NAME,.. factor=SECONDS_AGO expires=SECONDS user=NAME */
static enum err
do_session(const struct line *l)
{
	struct session_record s = { .level = 1, .flags = has(l, "api") ? SESSION_API : 0 };
	const char *names[SESSION_BUDGETS_MAX];
	char *budgets = value(l, "budgets");
	size_t n = budgets == NULL ? 0 : split(budgets, ",", names, SESSION_BUDGETS_MAX), at;

	key_of(l->word[1], s.key);
	s.who.session = number(l, "number", 1);
	s.who.identity = (uint32_t)number(l, "identity", 1);
	s.who.organisation = (uint32_t)number(l, "organisation", 1);
	s.created_at_us = now();
	s.expires_at_us = now() + number(l, "expires", 3600) * 1000000;
	s.second_factor_at_us = value(l, "factor") == NULL ? 0 : now() - number(l, "factor", 0) * 1000000;
	for (size_t i = 0; i < n; i++) {
		if (find_budget(names[i], &at) != ERR_NONE)
			return ERR_USAGE;
		s.budgets[s.n_budgets++] = f.budget[at].ref;
	}
	put_headers(&s, value(l, "user") == NULL ? l->word[1] : value(l, "user"), number(l, "jwt", 20));
	return session_table_put(&f.state.sessions, &s);
}

static enum err
do_end_session(const struct line *l)
{
	uint8_t key[SESSION_KEY_LEN];

	key_of(l->word[1], key);
	return session_table_remove(&f.state.sessions, key);
}

/* order ACTION CAPABILITIES SCOPE [slow=MS] [seconds=N], added to those in force; `orders none` lifts all */
static enum err
do_order(const struct line *l)
{
	struct order *o = &f.orders[f.n_orders];
	const struct scope_names nobody = { NULL, NULL, NULL };
	enum order_action action;
	struct scope_text text;
	enum err err = order_action_parse(l->word[1], &action);

	if (err == ERR_NONE)
		err = capability_parse(l->word[2], strlen(l->word[2]), &o->capabilities, &problem);
	if (err == ERR_NONE)
		err = scope_parse(l->word[3], strlen(l->word[3]), &text, &problem);
	if (err == ERR_NONE)
		err = scope_resolve(&text, &nobody, &o->scope, &problem);
	if (err != ERR_NONE)
		return err;
	o->action = action;
	o->number = (uint32_t)(f.n_orders + 1);
	o->slow_ms = (uint32_t)number(l, "slow", 0);
	o->given_at_us = now();
	o->expires_at_us = now() + number(l, "seconds", 3600) * 1000000;
	f.n_orders++;
	return order_table_publish(&f.state.orders, f.orders, f.n_orders);
}

static enum err
do_orders(const struct line *l)
{
	(void)l;
	f.n_orders = 0;
	return order_table_publish(&f.state.orders, f.orders, 0);
}

static enum err
do_open(const struct line *l)
{
	map_set_open(&f.state, strcmp(l->word[1], "yes") == 0);
	return ERR_NONE;
}

/* Other maps take the place of these; rules and nothing else are carried over. */
static enum err
do_replace(const struct line *l)
{
	struct map_state old = f.state;
	enum err err;

	(void)l;
	f.birth.pair++;
	f.n_budgets = 0;
	err = make_maps();
	if (err == ERR_NONE)
		err = publish_maps();
	if (err == ERR_NONE)
		err = rules_publish(&f.state.rules, &f.rules);
	map_set_open(&f.state, true);
	map_retire(&old);
	return err;
}

static const struct {
	const char *name;
	size_t words;
	enum err (*run)(const struct line *l);
} commands[] = {
	{ "setting", 1, do_setting }, { "meter", 3, do_meter }, { "route", 5, do_route }, { "publish", 1, do_publish },
	{ "budget", 2, do_budget }, { "used", 2, do_used }, { "session", 2, do_session },
	{ "end-session", 2, do_end_session }, { "order", 4, do_order }, { "orders", 2, do_orders },
	{ "open", 2, do_open }, { "replace", 1, do_replace },
};

static enum err
obey(const struct line *l)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(l->word[0], commands[i].name) == 0)
			return l->n < commands[i].words ? fail("words are missing") : commands[i].run(l);
	return fail("no such command");
}

static int
serve(const char *dir, const char *sessions)
{
	uint8_t secret[SEAL_KEY_LEN];
	char hex[2 * SEAL_KEY_LEN + 1];
	static char text[65536];

	copy_name(f.dir, sizeof(f.dir), dir);
	f.capacity = (struct map_capacity){ .sessions = sessions == NULL ? 1024 : (uint32_t)atoi(sessions), .orders = 64,
		.scopes = 256, .locks = 64, .arena_entries = 1u << 22 };
	f.birth = (struct map_birth){ .pair = 1, .node = 7 };
	f.period.number = journal_period(now());
	f.rules.settings = (struct rules_settings){ .step_up_valid_s = 600, .sign_in_path = "/.tourniquet/sign-in",
		.step_up_path = "/.tourniquet/step-up", .brand = "Test <platform>", .support = "help@platform.example" };
	if (random_bytes(f.birth.person_key, PERSON_KEY_LEN) != ERR_NONE ||
	    seal_keypair(secret, f.period.public_key) != ERR_NONE || make_maps() != ERR_NONE ||
	    publish_maps() != ERR_NONE) {
		fprintf(stderr, "gate_fixture: maps cannot be made in %s\n", dir);
		return 1;
	}
	bytes_to_hex(secret, sizeof(secret), hex);
	printf("ok %s\n", hex);
	fflush(stdout);
	while (fgets(text, sizeof(text), stdin) != NULL) {
		struct line l = { .n = 0 };
		enum err err = ERR_NONE;

		problem = NULL;
		for (char *save, *at = strtok_r(text, " \n", &save); at != NULL && l.n < WORDS_MAX;
		    at = strtok_r(NULL, " \n", &save))
			l.word[l.n++] = at;
		if (l.n > 0)
			err = obey(&l);
		printf("%s %s\n", err == ERR_NONE ? "ok" : "error", problem != NULL ? problem :
		    err == ERR_NONE ? "" : err_text(err));
		fflush(stdout);
	}
	return 0;
}

static enum err
journal_key(void *context, uint32_t period, uint8_t ret_secret[SEAL_KEY_LEN])
{
	(void)period;
	memcpy(ret_secret, context, SEAL_KEY_LEN);
	return ERR_NONE;
}

static enum err
journal_entry(void *context, const struct journal_entry *entry)
{
	static const char *const kinds[] = { "", "handed", "weighed", "refused", "step-up", "severed", "observed" };
	const struct disclosure *d = &entry->disclosure;

	(void)context;
	printf("{\"kind\":\"%s\",\"at\":%llu,\"session\":%llu,\"identity\":%u,\"organisation\":%u,"
	    "\"route\":%u,\"meter\":%u,"
	    "\"reason\":%u,\"weight\":%u,\"persons\":[", kinds[d->kind], (unsigned long long)d->at_us,
	    (unsigned long long)d->session, d->identity, d->organisation, d->route, d->meter, d->reason, d->weight);
	for (uint32_t i = 0; i < d->n_persons; i++)
		printf("%s[%u,\"%.*s\",%u]", i == 0 ? "" : ",", d->persons[i].space, d->persons[i].id_len,
		    (const char *)d->persons[i].id, d->persons[i].fields);
	printf("]}\n");
	return ERR_NONE;
}

static void
journal_remark(void *context, const struct journal_remark *remark)
{
	(void)context;
	fprintf(stderr, "%s\n", remark->words);
}

static int
journal(const char *hex, const char *first, const char *second)
{
	uint8_t secret[SEAL_KEY_LEN];
	const char *const dirs[2] = { first, second };
	struct journal_callbacks callbacks = { secret, journal_key, journal_entry, journal_remark };
	struct journal_reader *reader;
	size_t n;

	if (bytes_from_hex(hex, strlen(hex), secret, sizeof(secret)) != ERR_NONE ||
	    journal_reader_open(dirs, &callbacks, &reader) != ERR_NONE)
		return 1;
	enum err err = journal_reader_poll(reader, &n);
	journal_reader_free(reader);
	if (err != ERR_NONE)
		fprintf(stderr, "gate_fixture: %s\n", err_text(err));
	return err == ERR_NONE ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argc > 3 ? argv[3] : NULL);
	if (argc >= 4 && strcmp(argv[1], "journal") == 0)
		return journal(argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	fprintf(stderr, "usage: gate_fixture serve DIR [SESSIONS] | journal KEY DIR [DIR]\n");
	return 2;
}
