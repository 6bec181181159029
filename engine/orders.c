#include "engine/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "engine/keeper.h"
#include "engine/names.h"
#include "engine/sessions.h"

/* What is kept of an order that has not ended. */
struct kept {
	struct order order;
	bool pending;
	char author[STORE_TEXT_MAX];
};

struct orders {
	struct kept *kept; /* capacity of the map's table */
	struct order *published; /* room to hand them to the map */
	uint32_t capacity;
	uint32_t n;
	/* Numbers taken from the store ahead of time, so that an order bites before anything is written. */
	uint64_t next_number;
	uint64_t end_number;
	uint64_t everybody;    /* identities, as counted at `counted_us` */
	uint64_t counted_us;
};

#define NUMBERS_AHEAD 256u
#define COUNT_FRESH_US 1000000ULL

/* Hand all that are in force to the map. */
static enum err
publish(struct engine *engine, struct orders *orders)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < orders->n; i++)
		if (!orders->kept[i].pending)
			orders->published[n++] = orders->kept[i].order;
	return order_table_publish(&engine->maps.state.orders, orders->published, n);
}

/* More numbers while there are still some: called where time does not matter. */
static enum err
take_ahead(struct engine *engine, struct orders *orders)
{
	uint64_t first;
	enum err err;

	if (orders->next_number < orders->end_number)
		return ERR_NONE;
	err = store_take_numbers(engine->store, "order", NUMBERS_AHEAD, &first);
	if (err != ERR_NONE)
		return err;
	orders->next_number = first;
	orders->end_number = first + NUMBERS_AHEAD;
	return ERR_NONE;
}

struct loading {
	struct engine *engine;
	struct orders *orders;
};

static bool
load_one(void *context, const struct store_order *stored)
{
	struct loading *loading = context;
	struct scope_names names = names_of(loading->engine);
	struct orders *orders = loading->orders;
	struct kept *kept = &orders->kept[orders->n];
	struct scope_text text;
	const char *why = "";

	if (orders->n == orders->capacity)
		return false;
	memset(kept, 0, sizeof(*kept));
	if (scope_parse(stored->scope, strlen(stored->scope), &text, &why) != ERR_NONE ||
	    scope_resolve(&text, &names, &kept->order.scope, &why) != ERR_NONE) {
		log_error("order %llu cannot be read from the store: %s", (unsigned long long)stored->number, why);
		return true;
	}
	kept->order.number = (uint32_t)stored->number;
	kept->order.action = stored->action;
	kept->order.capabilities = stored->capabilities;
	kept->order.slow_ms = ORDER_SLOW_MS;
	kept->order.given_at_us = stored->given_us;
	kept->order.expires_at_us = stored->until_us;
	kept->pending = stored->pending;
	(void)snprintf(kept->author, sizeof(kept->author), "%s", stored->author);
	orders->n++;
	return true;
}

enum err
orders_open(struct engine *engine, struct orders **ret_orders, const char **why)
{
	struct orders *orders = calloc(1, sizeof(*orders));
	struct loading loading = { .engine = engine, .orders = orders };
	enum err err;

	*why = "no memory for the orders";
	if (orders == NULL)
		return ERR_NOMEM;
	orders->capacity = engine->config->capacity.orders;
	orders->kept = calloc(orders->capacity, sizeof(*orders->kept));
	orders->published = calloc(orders->capacity, sizeof(*orders->published));
	if (orders->kept == NULL || orders->published == NULL) {
		orders_free(orders);
		return ERR_NOMEM;
	}
	*why = "the orders cannot be read from the store";
	err = store_order_each(engine->store, engine_now_us(engine), load_one, &loading);
	if (err == ERR_NONE)
		err = take_ahead(engine, orders);
	if (err == ERR_NONE) {
		*why = "the orders cannot be published";
		err = publish(engine, orders);
	}
	if (err != ERR_NONE) {
		orders_free(orders);
		return err;
	}
	*ret_orders = orders;
	return ERR_NONE;
}

void
orders_free(struct orders *orders)
{
	if (orders == NULL)
		return;
	free(orders->kept);
	free(orders->published);
	free(orders);
}

struct counting {
	const struct scope *scope;
	uint64_t sessions;
	uint32_t identity; /* of the one session, where the scope names one */
};

static bool
count_session(void *context, const struct session_entry *entry)
{
	struct counting *counting = context;

	if (scope_match(counting->scope, &entry->who, CAPABILITY_ALL, (uint32_t)counting->scope->value[SCOPE_ROUTE])) {
		counting->sessions++;
		counting->identity = entry->who.identity;
	}
	return true;
}

static enum err
count_everybody(struct engine *engine, uint64_t *ret_everybody)
{
	struct orders *orders = engine->orders;
	uint64_t at_us = engine_now_us(engine);
	enum err err = ERR_NONE;

	if (orders->counted_us == 0 || at_us > orders->counted_us + COUNT_FRESH_US) {
		err = store_identity_total(engine->store, &orders->everybody);
		orders->counted_us = at_us;
	}
	*ret_everybody = orders->everybody;
	return err;
}

enum err
orders_reach(struct engine *engine, const struct scope *scope, struct order_reach *ret_reach)
{
	struct counting counting = { .scope = scope };
	struct scope about = *scope;
	uint64_t everybody;
	enum err err;

	sessions_each(engine, count_session, &counting);
	if (scope->value[SCOPE_SESSION] != 0 && counting.sessions > 0)
		about.value[SCOPE_IDENTITY] = counting.identity;
	err = names_reach(engine, &about, &ret_reach->identities, &ret_reach->organisations);
	if (err == ERR_NONE)
		err = count_everybody(engine, &everybody);
	if (err != ERR_NONE)
		return err;
	ret_reach->sessions = counting.sessions;
	if (scope->value[SCOPE_SESSION] != 0 && counting.sessions == 0)
		ret_reach->identities = ret_reach->organisations = 0;
	ret_reach->share = everybody == 0 ? 0 : (double)ret_reach->identities / (double)everybody;
	return ERR_NONE;
}

/* The ledger has it within the next commit of the keeper. */
static void
tell_ledger(struct engine *engine, const struct kept *kept, enum ledger_order_event event, const char *author,
    const char *reason)
{
	struct scope_names names = names_of(engine);
	struct keeper_order told = { .event = event, .order = kept->order, .at_us = engine_now_us(engine) };

	scope_format(&kept->order.scope, &names, told.scope);
	(void)snprintf(told.reason, sizeof(told.reason), "%s: %s", author, reason);
	if (keeper_tell_order(engine->keeper, &told) != ERR_NONE)
		log_error("order %u could not be handed to the ledger", kept->order.number);
}

/* The map first: a full disk must not keep an order from biting. */
enum err
orders_give(struct engine *engine, struct order *order, struct store_order *stored, bool *ret_stored)
{
	struct orders *orders = engine->orders;
	struct kept *kept = &orders->kept[orders->n];
	uint64_t number;
	enum err err;

	if (orders->n == orders->capacity)
		return ERR_SPACE;
	/* Where the store gives none any more, the clock gives one that is far above all it gave. */
	if (take_ahead(engine, orders) == ERR_NONE)
		number = orders->next_number++;
	else
		number = engine_now_us(engine) / 1000000 & INT32_MAX;
	order->number = (uint32_t)number;
	order->given_at_us = engine_now_us(engine);
	memset(kept, 0, sizeof(*kept));
	kept->order = *order;
	kept->pending = stored->pending;
	(void)snprintf(kept->author, sizeof(kept->author), "%s", stored->author);
	orders->n++;
	err = publish(engine, orders);
	if (err != ERR_NONE) {
		orders->n--;
		return err;
	}
	stored->number = number;
	stored->given_us = order->given_at_us;
	stored->until_us = order->expires_at_us;
	*ret_stored = store_order_add(engine->store, stored) == ERR_NONE;
	if (!kept->pending)
		tell_ledger(engine, kept, LEDGER_ORDER_GIVEN, stored->author, stored->reason);
	return ERR_NONE;
}

static struct kept *
find(struct orders *orders, uint64_t number)
{
	for (uint32_t i = 0; i < orders->n; i++)
		if (orders->kept[i].order.number == number)
			return &orders->kept[i];
	return NULL;
}

/* Whether two authors are one: blanks around a name and the case of its letters make nobody another person. */
static bool
same_author(const char *a, const char *b)
{
	size_t a_len, b_len;

	a += strspn(a, " \t");
	b += strspn(b, " \t");
	for (a_len = strlen(a); a_len > 0 && (a[a_len - 1] == ' ' || a[a_len - 1] == '\t'); a_len--)
		continue;
	for (b_len = strlen(b); b_len > 0 && (b[b_len - 1] == ' ' || b[b_len - 1] == '\t'); b_len--)
		continue;
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

enum err
orders_approve(struct engine *engine, uint64_t number, const char *author)
{
	struct kept *kept = find(engine->orders, number);
	enum err err;

	if (kept == NULL || !kept->pending)
		return ERR_NOT_FOUND;
	if (same_author(kept->author, author))
		return ERR_DENIED;
	if (kept->order.expires_at_us <= engine_now_us(engine))
		return ERR_EXPIRED;
	kept->pending = false;
	err = publish(engine, engine->orders);
	if (err != ERR_NONE) {
		kept->pending = true;
		return err;
	}
	tell_ledger(engine, kept, LEDGER_ORDER_GIVEN, kept->author, author);
	return store_order_approve(engine->store, number, author);
}

static void
drop(struct orders *orders, struct kept *kept)
{
	*kept = orders->kept[--orders->n];
}

enum err
orders_lift(struct engine *engine, uint64_t number, const char *author)
{
	struct orders *orders = engine->orders;
	struct kept *found = find(orders, number);
	struct kept kept;
	enum err err;

	if (found == NULL)
		return ERR_NOT_FOUND;
	kept = *found;
	/* The store first: an order that came back with the next start would be worse than one that stays. */
	err = store_order_lift(engine->store, number, author, engine_now_us(engine));
	if (err != ERR_NONE && err != ERR_NOT_FOUND)
		return err;
	drop(orders, found);
	err = publish(engine, orders);
	if (err == ERR_NONE && !kept.pending)
		tell_ledger(engine, &kept, LEDGER_ORDER_LIFTED, author, "lifted");
	return err;
}

void
orders_tick(struct engine *engine)
{
	struct orders *orders = engine->orders;
	uint64_t at_us = engine_now_us(engine);
	uint32_t before = orders->n;

	for (uint32_t i = 0; i < orders->n;) {
		struct kept *kept = &orders->kept[i];

		if (kept->order.expires_at_us > at_us) {
			i++;
			continue;
		}
		if (!kept->pending)
			tell_ledger(engine, kept, LEDGER_ORDER_EXPIRED, kept->author, "expired");
		drop(orders, kept);
	}
	if (orders->n != before && publish(engine, orders) != ERR_NONE)
		log_error("the orders could not be published");
}

void
orders_counts(const struct orders *orders, uint32_t *ret_active, uint32_t *ret_pending)
{
	uint32_t pending = 0;

	for (uint32_t i = 0; i < orders->n; i++)
		pending += orders->kept[i].pending;
	*ret_active = orders->n - pending;
	*ret_pending = pending;
}
