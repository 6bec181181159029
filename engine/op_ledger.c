/* op_ledger: the ledger's head, its entries in words, integration on demand, destroying a month's key. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/control.h"
#include "engine/keeper.h"
#include "engine/ops.h"
#include "store/order.h"

#define CAT_DEFAULT 100u
#define CAT_MAX 1000000u
#define PART_BYTES (256u << 10)

struct request {
	struct keeper_question question;
	struct op_call *call;
	uint64_t integrated;
	struct merkle_head head;
	struct bytes note;
	uint64_t from;
	uint64_t count;
	uint64_t sent;
	uint32_t period;
	char words[STORE_REASON_MAX + STORE_TEXT_MAX + 8];
};

struct text_part {
	struct keeper_part part;
	struct op_call *call;
	struct bytes text;
};

static struct request *
request_new(struct op_call *call)
{
	struct request *request = calloc(1, sizeof(*request));

	if (request == NULL) {
		op_refuse(call, ERR_NOMEM, "no memory");
		return NULL;
	}
	request->call = call;
	bytes_init(&request->note, 64u << 10);
	return request;
}

static void
request_free(struct request *request)
{
	bytes_wipe(&request->note);
	free(request);
}

/* Refuse where the question failed; says whether it did. */
static bool
refused(struct request *request)
{
	const struct keeper_question *question = &request->question;

	if (question->err == ERR_NONE)
		return false;
	op_refuse(request->call, question->err, "%s", question->why[0] != '\0' ? question->why : err_text(question->err));
	request_free(request);
	return true;
}

static void
ask_flush(struct keeper *keeper, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;

	question->err = keeper_integrate(keeper, &request->integrated);
	ledger_head(keeper_ledger(keeper), &request->head);
}

static void
done_flush(struct engine *engine, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;

	(void)engine;
	if (refused(request))
		return;
	op_answer(request->call, json_pack("{sI sI}", "integrated", (json_int_t)request->integrated, "ledger_size",
	    (json_int_t)request->head.size));
	request_free(request);
}

static void
run_flush(struct engine *engine, struct op_call *call)
{
	struct request *request = request_new(call);

	if (request == NULL)
		return;
	request->question.ask = ask_flush;
	request->question.done = done_flush;
	keeper_ask(engine->keeper, &request->question);
}

static void
ask_checkpoint(struct keeper *keeper, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;

	question->err = keeper_integrate(keeper, &request->integrated);
	if (question->err == ERR_NONE)
		question->err = ledger_checkpoint(keeper_ledger(keeper), &request->note);
	ledger_head(keeper_ledger(keeper), &request->head);
}

static void
done_checkpoint(struct engine *engine, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;
	char root[2 * sizeof(request->head.root) + 1];

	(void)engine;
	if (refused(request))
		return;
	bytes_to_hex((const uint8_t *)&request->head.root, sizeof(request->head.root), root);
	op_answer(request->call, json_pack("{ss% sI ss}", "checkpoint", (const char *)request->note.data,
	    request->note.len, "size", (json_int_t)request->head.size, "root", root));
	request_free(request);
}

static void
run_checkpoint(struct engine *engine, struct op_call *call)
{
	struct request *request = request_new(call);

	if (request == NULL)
		return;
	request->question.ask = ask_checkpoint;
	request->question.done = done_checkpoint;
	keeper_ask(engine->keeper, &request->question);
}

static json_t *
text_json(struct ledger_text text)
{
	json_t *value = json_stringn(text.data, text.len);

	return value != NULL ? value : json_string("(not UTF-8)");
}

static json_t *
persons_json(const struct disclosure *d)
{
	json_t *list = json_array();

	for (uint32_t i = 0; d->persons != NULL && i < d->n_persons; i++)
		if (json_array_append_new(list, json_pack("{sI so sI}", "space", (json_int_t)d->persons[i].space, "person",
		    json_stringn((const char *)d->persons[i].id, d->persons[i].id_len), "fields",
		    (json_int_t)d->persons[i].fields)) != 0)
			break;
	return list;
}

static json_t *
disclosure_json(const struct disclosure *d)
{
	return json_pack("{sI sI sI sI sI sI sI sI sI so}", "disclosure", (json_int_t)d->kind, "session",
	    (json_int_t)d->session, "identity", (json_int_t)d->identity, "organisation", (json_int_t)d->organisation,
	    "route",
	    (json_int_t)d->route, "meter", (json_int_t)d->meter, "reason", (json_int_t)d->reason, "weight",
	    (json_int_t)d->weight, "n_persons", (json_int_t)d->n_persons, "persons", persons_json(d));
}

/* What is particular to the kind of entry. */
static json_t *
content_json(const struct ledger_entry *e)
{
	switch (e->kind) {
	case LEDGER_DISCLOSURE:
		return disclosure_json(&e->disclosure);
	case LEDGER_ORDER:
		return json_pack("{sI sI sI sI sI so so}", "event", (json_int_t)e->order.event, "order",
		    (json_int_t)e->order.number, "action", (json_int_t)e->order.action, "capabilities",
		    (json_int_t)e->order.capabilities, "until_us", (json_int_t)e->order.expires_us, "scope",
		    text_json(e->order.scope), "reason", text_json(e->order.reason));
	case LEDGER_RETENTION:
		return json_pack("{sI sI so}", "event", (json_int_t)e->retention.event, "period",
		    (json_int_t)e->retention.period, "words", text_json(e->retention.words));
	case LEDGER_DEFINITION:
		return json_pack("{sI sI so}", "what", (json_int_t)e->definition.what, "number",
		    (json_int_t)e->definition.number, "name", text_json(e->definition.name));
	case LEDGER_GAP:
		return json_pack("{sI sI sI sI so}", "from_node", (json_int_t)e->gap.from.node, "from_worker",
		    (json_int_t)e->gap.from.worker, "from_sequence", (json_int_t)e->gap.from.sequence, "to_sequence",
		    (json_int_t)e->gap.to_sequence, "words", text_json(e->gap.words));
	case LEDGER_REMARK:
		return json_pack("{sI so so}", "subject", (json_int_t)e->remark.subject, "topic", text_json(e->remark.topic),
		    "words", text_json(e->remark.words));
	case LEDGER_ADOPTION:
		return json_pack("{so so}", "origin", text_json(e->adoption.origin), "words", text_json(e->adoption.words));
	case LEDGER_KIND_MAX:
		break;
	}
	return json_object();
}

static enum err
append_record(struct bytes *out, const struct ledger_record *record)
{
	static const char *const readable[] = { "yes", "no key", "key destroyed" };
	const struct ledger_entry *e = &record->entry;
	json_t *row = json_pack("{sI ss sI sI sI sI ss}", "index", (json_int_t)record->index, "kind",
	    ledger_kind_name(e->kind), "at_us", (json_int_t)e->at_us, "node", (json_int_t)e->source.node, "worker",
	    (json_int_t)e->source.worker, "sequence", (json_int_t)e->source.sequence, "readable",
	    readable[record->readable]);
	char *text = NULL;
	enum err err = ERR_NOMEM;

	if (row != NULL && json_object_update_new(row, content_json(e)) == 0)
		text = json_dumps(row, JSON_COMPACT);
	if (text != NULL)
		err = bytes_append_text(out, out->len == 0 ? "" : ",");
	if (text != NULL && err == ERR_NONE)
		err = bytes_append_text(out, text);
	free(text);
	json_decref(row);
	return err;
}

static void
open_part(void *owner, struct letter *letter)
{
	struct text_part *part = (struct text_part *)(void *)letter;
	struct engine *engine = owner;

	op_rows_text(part->call, (const char *)part->text.data, part->text.len);
	control_part_sent(engine->control, part->call, &part->part);
	bytes_wipe(&part->text);
	free(part);
}

/* Send what has gathered; it begins anew. */
static enum err
send_part(struct request *request, struct bytes *text)
{
	struct text_part *part;
	enum err err;

	if (text->len == 0)
		return ERR_NONE;
	part = calloc(1, sizeof(*part));
	if (part == NULL)
		return ERR_NOMEM;
	part->call = request->call;
	part->text = *text;
	bytes_init(text, 8u << 20);
	err = keeper_send_part(request->question.keeper, &part->part, open_part);
	if (err != ERR_NONE) {
		bytes_wipe(&part->text);
		free(part);
	}
	return err;
}

static enum err
cat(struct request *request, struct ledger_reader *reader)
{
	struct ledger_record record;
	struct bytes text;
	enum err err = ERR_NONE;

	bytes_init(&text, 8u << 20);
	ledger_reader_seek(reader, request->from);
	while (request->sent < request->count && err == ERR_NONE) {
		err = ledger_read(reader, &record);
		if (err == ERR_NONE)
			err = append_record(&text, &record);
		if (err == ERR_NONE)
			request->sent++;
		if (err == ERR_NONE && text.len > PART_BYTES)
			err = send_part(request, &text);
	}
	if (err == ERR_NONE || err == ERR_NOT_FOUND)
		err = send_part(request, &text);
	bytes_wipe(&text);
	return err;
}

static void
ask_cat(struct keeper *keeper, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;
	struct ledger_reader *reader;

	question->err = keeper_integrate(keeper, &request->integrated);
	ledger_head(keeper_ledger(keeper), &request->head);
	if (question->err != ERR_NONE || request->head.size == 0)
		return;
	question->err = ledger_reader_open(keeper_ledger_dir(keeper), &keeper_signer(keeper)->verifier, keeper_keys(keeper),
	    &reader, &question->why);
	if (question->err != ERR_NONE)
		return;
	question->err = cat(request, reader);
	ledger_reader_free(reader);
}

static void
done_cat(struct engine *engine, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;

	(void)engine;
	if (refused(request))
		return;
	op_answer(request->call, json_pack("{sI sI}", "rows_sent", (json_int_t)request->sent, "size",
	    (json_int_t)request->head.size));
	request_free(request);
}

static void
run_cat(struct engine *engine, struct op_call *call)
{
	struct request *request;
	uint64_t from, count;

	if (!op_number_optional(call, "from", UINT64_MAX >> 1, &from) ||
	    !op_number_optional(call, "count", CAT_MAX, &count) || (request = request_new(call)) == NULL)
		return;
	request->from = from;
	request->count = count == 0 ? CAT_DEFAULT : count;
	request->question.ask = ask_cat;
	request->question.done = done_cat;
	keeper_ask(engine->keeper, &request->question);
}

static void
ask_retire(struct keeper *keeper, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;

	question->err = keeper_integrate(keeper, &request->integrated);
	if (question->err == ERR_NONE)
		question->err = keeper_retire(keeper, request->period, request->words);
	if (question->err == ERR_RANGE)
		question->why = "a month that is not over cannot be retired";
	else if (question->err == ERR_NOT_FOUND || question->err == ERR_EXPIRED)
		question->why = "there is no key of that month: none was needed, or it was destroyed already";
}

static void
done_retire(struct engine *engine, struct keeper_question *question)
{
	struct request *request = (struct request *)(void *)question;

	(void)engine;
	if (refused(request))
		return;
	op_answer(request->call, json_pack("{sI}", "period", (json_int_t)request->period));
	request_free(request);
}

static void
run_retire(struct engine *engine, struct op_call *call)
{
	const char *period, *reason, *author;
	unsigned year, month;
	struct request *request;
	int end = 0;

	if (!op_text(call, "period", 7, &period) || !op_text(call, "reason", STORE_REASON_MAX - 1, &reason) ||
	    !op_text(call, "author", STORE_TEXT_MAX - 1, &author))
		return;
	if (sscanf(period, "%4u-%2u%n", &year, &month, &end) != 2 || period[end] != '\0' ||
	    !period_valid(year * 100 + month)) {
		op_refuse(call, ERR_FORMAT, "period must be a month, 2026-01");
		return;
	}
	request = request_new(call);
	if (request == NULL)
		return;
	request->period = year * 100 + month;
	(void)snprintf(request->words, sizeof(request->words), "%s: %s", author, reason);
	request->question.ask = ask_retire;
	request->question.done = done_retire;
	keeper_ask(engine->keeper, &request->question);
}

const struct op ops_ledger[] = {
	{ "flush", OP_OPERATOR, "", run_flush },
	{ "ledger.checkpoint", OP_OPERATOR, "", run_checkpoint },
	{ "ledger.cat", OP_OPERATOR, "from count", run_cat },
	{ "ledger.retire", OP_OPERATOR, "period reason author", run_retire },
	{ 0 },
};
