/*
 * op_touched: whom a scope was handed. The keeper asks the index and sends
 * parts of compact rows; the loop, which knows the names, writes them as text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/control.h"
#include "engine/keeper.h"
#include "engine/labels.h"
#include "engine/names.h"
#include "engine/ops.h"

#define PART_ROWS 1024u

struct touched_row {
	uint64_t first_us;
	uint64_t last_us;
	uint64_t count;
	uint32_t identity;
	uint32_t fields;
	uint16_t route;
	uint16_t meter;
	uint8_t space;
	uint8_t id_len;
	uint8_t id[PERSON_ID_MAX];
};

struct asking;

struct touched_part {
	struct keeper_part part;
	struct asking *asking;
	uint32_t n;
	struct touched_row row[PART_ROWS];
};

/* One touched under way. */
struct asking {
	struct keeper_question question;
	struct op_call *call;
	struct labels *labels;
	struct index_query query;
	uint32_t *identities;
	uint32_t room;
	uint16_t *routes;
	uint32_t organisation;
	uint64_t session;
	bool nobody; /* the scope means no identity at all */
	bool count_only;
	bool failed; /* memory ran out while gathering */
	struct touched_part *part; /* being filled, on the keeper's thread */
	struct index_total total;
	uint64_t rows;
	uint64_t started_us;
};

static void
asking_free(struct asking *asking)
{
	labels_free(asking->labels);
	free(asking->identities);
	free(asking->routes);
	free(asking->part);
	free(asking);
}

static bool
add_identity(void *context, const struct store_identity *identity)
{
	struct asking *asking = context;

	if (asking->query.n_identities == asking->room) {
		uint32_t room = asking->room == 0 ? 256 : asking->room * 2;
		uint32_t *identities = realloc(asking->identities, room * sizeof(*identities));

		if (identities == NULL) {
			asking->failed = true;
			return false;
		}
		asking->identities = identities;
		asking->room = room;
	}
	asking->identities[asking->query.n_identities++] = identity->number;
	return true;
}

/* Terms about identities become a list of identities; those that the index knows itself stay as they are. */
static enum err
add_identities(struct engine *engine, const struct scope *scope, struct asking *asking)
{
	const uint32_t listed = 1u << SCOPE_IDENTITY | 1u << SCOPE_LINEAGE | 1u << SCOPE_TERRITORY | 1u << SCOPE_PROFILE |
	    1u << SCOPE_IDP;
	struct store_filter filter;
	struct scope about = *scope;
	enum err err;

	if ((scope->terms & listed) == 0)
		return ERR_NONE;
	about.value[SCOPE_ORGANISATION] = 0;
	names_filter(&about, &filter);
	err = store_identity_each(engine->store, &filter, add_identity, asking);
	asking->nobody = asking->query.n_identities == 0;
	asking->query.identities = asking->identities;
	return asking->failed ? ERR_NOMEM : err;
}

/* A route, or the routes that have one of the capabilities. */
static enum err
add_routes(struct engine *engine, const struct scope *scope, struct asking *asking)
{
	const struct rules *rules = engine->rules;
	uint64_t wanted = scope->value[SCOPE_CAPABILITY];

	if ((scope->terms & (1u << SCOPE_ROUTE | 1u << SCOPE_CAPABILITY)) == 0)
		return ERR_NONE;
	asking->routes = calloc(RULES_ROUTES_MAX, sizeof(*asking->routes));
	if (asking->routes == NULL)
		return ERR_NOMEM;
	asking->query.routes = asking->routes;
	if ((scope->terms & 1u << SCOPE_CAPABILITY) == 0) {
		asking->routes[asking->query.n_routes++] = (uint16_t)scope->value[SCOPE_ROUTE];
		return ERR_NONE;
	}
	for (uint32_t i = 0; i < rules->n_routes; i++)
		if ((rules->route[i].capabilities & wanted) != 0 && ((scope->terms & 1u << SCOPE_ROUTE) == 0 ||
		    rules->route[i].number == scope->value[SCOPE_ROUTE]))
			asking->routes[asking->query.n_routes++] = rules->route[i].number;
	asking->nobody = asking->nobody || asking->query.n_routes == 0;
	return ERR_NONE;
}

static enum err
make_query(struct engine *engine, const struct scope *scope, struct asking *asking)
{
	enum err err = add_identities(engine, scope, asking);

	if (err == ERR_NONE)
		err = add_routes(engine, scope, asking);
	if ((scope->terms & 1u << SCOPE_ORGANISATION) != 0) {
		asking->organisation = (uint32_t)scope->value[SCOPE_ORGANISATION];
		asking->query.organisations = &asking->organisation;
		asking->query.n_organisations = 1;
	}
	if ((scope->terms & 1u << SCOPE_SESSION) != 0) {
		asking->session = scope->value[SCOPE_SESSION];
		asking->query.sessions = &asking->session;
		asking->query.n_sessions = 1;
	}
	return err;
}

/* On the loop: write a part's rows to the peer. */
static void
open_part(void *owner, struct letter *letter)
{
	struct touched_part *part = (struct touched_part *)(void *)letter;
	struct asking *asking = part->asking;
	struct engine *engine = owner;
	struct bytes text;
	enum err err = ERR_NONE;

	bytes_init(&text, 8u << 20);
	for (uint32_t i = 0; i < part->n && err == ERR_NONE; i++) {
		const struct touched_row *row = &part->row[i];

		err = bytes_append_text(&text, i == 0 ? "{" : ",{");
		if (err == ERR_NONE)
			err = labels_append_person(asking->labels, row->space, row->id, row->id_len, &text);
		if (err == ERR_NONE)
			err = labels_append_identity(asking->labels, row->identity, &text);
		if (err == ERR_NONE)
			err = labels_append_place(asking->labels, row->route, row->meter, row->fields, &text);
		if (err == ERR_NONE)
			err = bytes_printf(&text, ",\"first_us\":%llu,\"last_us\":%llu,\"count\":%llu}",
			    (unsigned long long)row->first_us, (unsigned long long)row->last_us, (unsigned long long)row->count);
	}
	if (err != ERR_NONE)
		log_error("a list of persons could not be written: %s", err_text(err));
	else
		op_rows_text(asking->call, (const char *)text.data, text.len);
	bytes_wipe(&text);
	control_part_sent(engine->control, asking->call, &part->part);
	free(part);
}

static enum err
send_part(struct asking *asking)
{
	struct touched_part *part = asking->part;
	enum err err;

	if (part == NULL || part->n == 0)
		return ERR_NONE;
	asking->part = NULL;
	part->asking = asking;
	err = keeper_send_part(asking->question.keeper, &part->part, open_part);
	if (err != ERR_NONE)
		free(part);
	return err;
}

/* On the keeper's thread: one row of the index, split by route and meter. */
static enum err
take_row(void *context, const struct index_row *from)
{
	struct asking *asking = context;

	for (size_t i = 0; i < from->n_parts; i++) {
		struct touched_row *row;
		enum err err = ERR_NONE;

		if (asking->part != NULL && asking->part->n == PART_ROWS)
			err = send_part(asking);
		if (err != ERR_NONE)
			return err;
		if (asking->part == NULL && (asking->part = calloc(1, sizeof(*asking->part))) == NULL)
			return ERR_NOMEM;
		row = &asking->part->row[asking->part->n++];
		row->first_us = from->first_us;
		row->last_us = from->last_us;
		row->count = from->parts[i].count;
		row->identity = from->identity;
		row->fields = from->parts[i].fields;
		row->route = from->parts[i].route;
		row->meter = from->parts[i].meter;
		row->space = from->space;
		row->id_len = from->id_len;
		memcpy(row->id, from->id, from->id_len);
		asking->rows++;
	}
	return ERR_NONE;
}

static enum err
look(struct keeper *keeper, struct asking *asking)
{
	const struct index_sink sink = { .row = take_row, .context = asking };
	struct index *index;
	enum err err = keeper_index(keeper, &index);

	if (err != ERR_NONE)
		return err;
	return asking->count_only ? index_count(index, &asking->query, &asking->total, &asking->question.why)
	    : index_query(index, &asking->query, false, &sink, &asking->total, &asking->question.why);
}

/* An index that was found damaged was made anew: look again, unless rows have left already. */
static enum err
look_again(struct keeper *keeper, struct asking *asking)
{
	uint64_t held = asking->part == NULL ? 0 : asking->part->n;

	if (asking->rows > held) {
		asking->question.why = "the index was found damaged and was made anew from the ledger: ask again";
		return ERR_CORRUPT;
	}
	free(asking->part);
	asking->part = NULL;
	asking->rows = 0;
	memset(&asking->total, 0, sizeof(asking->total));
	return look(keeper, asking);
}

static void
ask(struct keeper *keeper, struct keeper_question *question)
{
	struct asking *asking = (struct asking *)(void *)question;
	uint64_t integrated;

	question->err = keeper_integrate(keeper, &integrated);
	if (question->err != ERR_NONE || asking->nobody)
		return;
	asking->started_us = clock_monotonic_us();
	question->err = look(keeper, asking);
	if (question->err != ERR_NONE && keeper_index_failed(keeper, question->err, question->why) == ERR_NONE)
		question->err = look_again(keeper, asking);
	if (question->err == ERR_NONE)
		question->err = send_part(asking);
}

static void
done(struct engine *engine, struct keeper_question *question)
{
	struct asking *asking = (struct asking *)(void *)question;
	uint64_t took_us = asking->started_us == 0 ? 0 : clock_monotonic_us() - asking->started_us;

	(void)engine;
	if (question->err != ERR_NONE)
		op_refuse(asking->call, question->err, "%s",
		    question->why[0] != '\0' ? question->why : err_text(question->err));
	else
		op_answer(asking->call, json_pack("{sI sI sI sI sf}", "persons", (json_int_t)asking->total.persons, "rows",
		    (json_int_t)asking->rows, "disclosures", (json_int_t)asking->total.disclosures, "unnamed",
		    (json_int_t)asking->total.unnamed, "seconds", (double)took_us / 1e6));
	asking_free(asking);
}

static bool
read_request(struct engine *engine, struct op_call *call, struct asking *asking)
{
	struct scope scope;
	enum err err;

	if (!names_op_scope(engine, call, "scope", &scope) ||
	    !op_number(call, "since_us", UINT64_MAX >> 1, &asking->query.since_us) ||
	    !op_number(call, "until_us", UINT64_MAX >> 1, &asking->query.until_us) ||
	    !op_bool_optional(call, "count_only", &asking->count_only))
		return false;
	if (asking->query.since_us >= asking->query.until_us) {
		op_refuse(call, ERR_RANGE, "until_us must be later than since_us");
		return false;
	}
	if (asking->query.until_us > INDEX_TIME_END_US)
		asking->query.until_us = INDEX_TIME_END_US;
	err = labels_open(engine, &asking->labels);
	if (err == ERR_NONE)
		err = make_query(engine, &scope, asking);
	if (err != ERR_NONE)
		op_refuse(call, err, "the scope could not be looked up");
	return err == ERR_NONE;
}

static void
run_touched(struct engine *engine, struct op_call *call)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	if (asking == NULL) {
		op_refuse(call, ERR_NOMEM, "no memory");
		return;
	}
	asking->call = call;
	if (!read_request(engine, call, asking)) {
		asking_free(asking);
		return;
	}
	asking->question.ask = ask;
	asking->question.done = done;
	keeper_ask(engine->keeper, &asking->question);
}

const struct op ops_touched[] = {
	{ "touched", OP_OPERATOR, "scope since_us until_us count_only", run_touched },
	{ 0 },
};
