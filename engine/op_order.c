/* op_order: containment orders. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "engine/names.h"
#include "engine/ops.h"
#include "engine/orders.h"

#define SECOND_US 1000000ULL

/* An order as it was asked for. */
struct asked {
	struct order order;
	struct store_order stored;
	struct order_reach reach;
	bool dry_run;
};

static bool
read_action(struct op_call *call, struct asked *asked)
{
	enum order_action action;
	const char *text;

	if (!op_text(call, "action", 32, &text))
		return false;
	if (order_action_parse(text, &action) != ERR_NONE) {
		op_refuse(call, ERR_USAGE, "action must be one of observe, slow, step-up, read-only, deny");
		return false;
	}
	asked->order.action = action;
	asked->order.slow_ms = action == ORDER_SLOW ? ORDER_SLOW_MS : 0;
	return true;
}

/* A list of names, or one text with commas; all where absent. */
static bool
read_capabilities(struct op_call *call, struct asked *asked)
{
	json_t *value = json_object_get(op_request(call), "capabilities");
	const char *why = "";
	uint32_t set = 0;
	size_t i;
	json_t *item;

	asked->order.capabilities = CAPABILITY_ALL;
	if (!op_has(call, "capabilities"))
		return true;
	if (json_is_string(value)) {
		if (capability_parse(json_string_value(value), json_string_length(value), &set, &why) != ERR_NONE)
			set = 0;
	} else {
		json_array_foreach(value, i, item) {
			uint32_t one = 0;

			if (!json_is_string(item) ||
			    capability_parse(json_string_value(item), json_string_length(item), &one, &why) != ERR_NONE) {
				set = 0;
				break;
			}
			set |= one;
		}
	}
	if (set == 0) {
		op_refuse(call, ERR_USAGE, "capabilities: %s", why[0] != '\0' ? why : "name at least one");
		return false;
	}
	asked->order.capabilities = set;
	return true;
}

static bool
read_end(struct engine *engine, struct op_call *call, struct asked *asked)
{
	uint64_t now_us = engine_now_us(engine);
	uint64_t for_s, until_us;

	if (!op_number_optional(call, "for_s", engine->config->orders.longest_s, &for_s) ||
	    !op_number_optional(call, "until_us", UINT64_MAX >> 1, &until_us))
		return false;
	if ((for_s == 0) == (until_us == 0)) {
		op_refuse(call, ERR_USAGE, "an order ends by itself: name either for_s or until_us");
		return false;
	}
	asked->order.expires_at_us = for_s != 0 ? now_us + for_s * SECOND_US : until_us;
	if (asked->order.expires_at_us <= now_us ||
	    asked->order.expires_at_us > now_us + engine->config->orders.longest_s * SECOND_US) {
		op_refuse(call, ERR_RANGE, "an order ends later than now and at most %u seconds from now",
		    engine->config->orders.longest_s);
		return false;
	}
	return true;
}

static bool
read_asked(struct engine *engine, struct op_call *call, struct asked *asked)
{
	char text[SCOPE_TEXT_MAX];
	const char *reason, *author;

	memset(asked, 0, sizeof(*asked));
	if (!names_op_scope(engine, call, "scope", &asked->order.scope) || !read_action(call, asked) ||
	    !read_capabilities(call, asked) || !read_end(engine, call, asked) ||
	    !op_bool_optional(call, "dry_run", &asked->dry_run))
		return false;
	if (!op_text(call, "reason", STORE_REASON_MAX - 1, &reason) || !op_text(call, "author", STORE_TEXT_MAX - 1,
	    &author))
		return false;
	/* Kept with numbers, so that a renamed organisation stays the one that was meant. */
	scope_format(&asked->order.scope, NULL, text);
	if (strlen(text) >= sizeof(asked->stored.scope)) {
		op_refuse(call, ERR_RANGE, "the scope is too long");
		return false;
	}
	memcpy(asked->stored.scope, text, strlen(text) + 1);
	(void)snprintf(asked->stored.reason, sizeof(asked->stored.reason), "%s", reason);
	(void)snprintf(asked->stored.author, sizeof(asked->stored.author), "%s", author);
	asked->stored.action = asked->order.action;
	asked->stored.capabilities = asked->order.capabilities;
	return true;
}

static json_t *
reach_json(const struct order_reach *reach)
{
	return json_pack("{sI sI sI sf}", "identities", (json_int_t)reach->identities, "sessions",
	    (json_int_t)reach->sessions, "organisations", (json_int_t)reach->organisations, "share", reach->share);
}

static void
run_give(struct engine *engine, struct op_call *call)
{
	struct asked asked;
	json_t *answer;
	bool stored = true;
	bool needs;
	enum err err;

	if (!read_asked(engine, call, &asked))
		return;
	err = orders_reach(engine, &asked.order.scope, &asked.reach);
	if (err != ERR_NONE) {
		op_refuse(call, err, "the reach could not be counted: the store could not be read");
		return;
	}
	/* Watching reaches nobody. */
	needs = asked.order.action != ORDER_OBSERVE && asked.reach.share > engine->config->orders.approval_share &&
	    asked.reach.identities >= engine->config->orders.approval_from;
	if (asked.dry_run) {
		op_answer(call, json_pack("{sb sI so}", "needs_approval", needs, "until_us",
		    (json_int_t)asked.order.expires_at_us, "reach", reach_json(&asked.reach)));
		return;
	}
	asked.stored.pending = needs;
	err = orders_give(engine, &asked.order, &asked.stored, &stored);
	if (err != ERR_NONE) {
		op_refuse(call, err, "%s",
		    err == ERR_SPACE ? "the table of orders is full" : "the order could not be published");
		return;
	}
	log_info("order %u given by %s: %s on %s%s", asked.order.number, asked.stored.author,
	    order_action_name((enum order_action)asked.order.action), asked.stored.scope,
	    needs ? " (waits for a second operator)" : "");
	answer = json_pack("{sI sb sI so}", "order", (json_int_t)asked.order.number, "pending", needs, "until_us",
	    (json_int_t)asked.order.expires_at_us, "reach", reach_json(&asked.reach));
	if (!stored && json_object_set_new(answer, "warning",
	    json_string("in force, but it could not be stored: it ends with the engine")) != 0)
		log_warn("order %u could not be stored", asked.order.number);
	op_answer(call, answer);
}

static bool
read_order_author(struct op_call *call, uint64_t *ret_order, const char **ret_author)
{
	return op_number(call, "order", UINT32_MAX, ret_order) && op_text(call, "author", STORE_TEXT_MAX - 1, ret_author);
}

static void
run_approve(struct engine *engine, struct op_call *call)
{
	const char *author;
	uint64_t number;
	enum err err;

	if (!read_order_author(call, &number, &author))
		return;
	err = orders_approve(engine, number, author);
	if (err == ERR_NONE)
		op_answer(call, json_pack("{sI}", "order", (json_int_t)number));
	else if (err == ERR_DENIED)
		op_refuse(call, err, "whoever gave the order cannot approve it");
	else if (err == ERR_NOT_FOUND)
		op_refuse(call, err, "no order waits for approval under this number");
	else
		op_refuse(call, err, "%s", err == ERR_EXPIRED ? "the order has expired" : "the order could not be approved");
}

static void
run_lift(struct engine *engine, struct op_call *call)
{
	const char *author;
	uint64_t number;
	enum err err;

	if (!read_order_author(call, &number, &author))
		return;
	err = orders_lift(engine, number, author);
	if (err == ERR_NONE)
		op_answer(call, json_pack("{sI}", "order", (json_int_t)number));
	else if (err == ERR_NOT_FOUND)
		op_refuse(call, err, "there is no such order, or it has ended");
	else
		op_refuse(call, err, "the order could not be lifted: the store could not be written");
}

struct listing {
	struct op_listing base;
	struct engine *engine;
};

static const char *
state_of(const struct store_order *o, uint64_t at_us)
{
	return o->lifted_us != 0 ? "lifted" : o->until_us <= at_us ? "ended" : o->pending ? "pending" : "active";
}

/* The scope with the names of today. */
static void
scope_words(struct engine *engine, const char *text, char out[SCOPE_TEXT_MAX])
{
	struct scope_names names = names_of(engine);
	struct scope_text parsed;
	struct scope scope;
	const char *why;

	if (scope_parse(text, strlen(text), &parsed, &why) == ERR_NONE &&
	    scope_resolve(&parsed, &names, &scope, &why) == ERR_NONE)
		scope_format(&scope, &names, out);
	else
		(void)snprintf(out, SCOPE_TEXT_MAX, "%s", text);
}

static bool
list_one(void *context, const struct store_order *o)
{
	struct listing *listing = context;
	char capabilities[CAPABILITY_TEXT_MAX];
	char scope[SCOPE_TEXT_MAX];
	json_t *row;

	capability_format(o->capabilities, capabilities);
	scope_words(listing->engine, o->scope, scope);
	row = json_pack("{sI ss ss ss ss ss ss sI sI sI ss ss}", "order", (json_int_t)o->number, "scope", scope, "action",
	    order_action_name((enum order_action)o->action), "capabilities", capabilities, "reason", o->reason, "author",
	    o->author, "approved_by", o->approved_by, "given_us", (json_int_t)o->given_us, "until_us",
	    (json_int_t)o->until_us, "lifted_us", (json_int_t)o->lifted_us, "lifted_by", o->lifted_by, "state",
	    state_of(o, engine_now_us(listing->engine)));
	return op_listing_put(&listing->base, row);
}

static void
run_list(struct engine *engine, struct op_call *call)
{
	struct listing listing = { .engine = engine };
	bool all, read;

	if (!op_bool_optional(call, "all", &all))
		return;
	op_listing_begin(&listing.base, call);
	read = store_order_each(engine->store, all ? 0 : engine_now_us(engine), list_one, &listing) == ERR_NONE;
	op_listing_end(&listing.base, read ? ERR_NONE : ERR_IO);
}

const struct op ops_order[] = {
	{ "order.give", OP_OPERATOR, "scope action capabilities reason author for_s until_us dry_run", run_give },
	{ "order.approve", OP_OPERATOR, "order author", run_approve },
	{ "order.list", OP_OPERATOR, "all", run_list },
	{ "order.lift", OP_OPERATOR, "order author", run_lift },
	{ 0 },
};
