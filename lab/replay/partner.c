#include "lab/replay/partner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define LIST_MOST 200

void
partner_begin(struct partner_work *work, const struct stage *stage, size_t which, struct partner_tally *tally,
    unsigned round, unsigned rounds, unsigned seconds)
{
	struct stage_partner *partner = &stage->partners[which];
	uint32_t size = (partner->typical * (round + 1) + rounds - 1) / rounds;

	memset(work, 0, sizeof(*work));
	work->stage = stage;
	work->partner = partner;
	work->tally = tally;
	work->list_size = size == 0 ? 1 : size > LIST_MOST ? LIST_MOST : size;
	/* A list, records, an export, and once more the list at the end. */
	work->actions = PARTNER_RECORDS + 3;
	work->pause_us = seconds * UINT64_C(1000000) / work->actions;
	work->next_us = tally->started_us + which * work->pause_us / (stage->n_partners + 1);
}

static void
path_of(const struct partner_work *work, char path[128])
{
	unsigned record = work->at - 1;

	if (work->at == 0 || work->n_ids == 0 || work->at >= work->actions - 1)
		(void)snprintf(path, 128, "/api/enrolments?size=%u", work->list_size);
	else if (record < PARTNER_RECORDS)
		(void)snprintf(path, 128, "/api/people/%s", work->ids[record % work->n_ids]);
	else
		(void)snprintf(path, 128, "/api/people.csv?query=%s", work->ids[0]);
}

/* Those of the list whose records are opened: the ones that were not handled before come first. */
static void
choose_people(struct partner_work *work, const struct http_reply *reply)
{
	json_t *document = json_loadb((const char *)reply->body, reply->len, 0, NULL);
	json_t *enrolments = json_object_get(document, "enrolments");
	size_t count = json_array_size(enrolments);

	for (size_t i = 0; i < count && work->n_ids < PARTNER_RECORDS; i++) {
		json_t *person = json_object_get(json_array_get(enrolments, count - 1 - i), "person");
		const char *id = json_string_value(json_object_get(person, "id"));

		if (id != NULL && strlen(id) == RECEIVED_ID_LEN)
			memcpy(work->ids[work->n_ids++], id, RECEIVED_ID_LEN + 1);
	}
	json_decref(document);
}

static void
note_refusal(struct partner_work *work, const struct http_reply *reply)
{
	struct partner_tally *tally = work->tally;

	if (tally->refused++ == 0)
		(void)snprintf(tally->first_refusal, sizeof(tally->first_refusal), "%s: status %ld%s: %.100s",
		    work->partner->account.login, reply->status, reply->complete ? "" : ", torn",
		    reply->body != NULL && reply->len > 100 ? (const char *)reply->body : "");
}

static void
note_served(struct partner_work *work, const struct http_reply *reply)
{
	struct partner_tally *tally = work->tally;
	uint64_t second = (reply->ended_us - tally->started_us) / 1000000;

	tally->served++;
	if (second < PARTNER_SECONDS_MAX)
		tally->up[second] = true;
	if (work->at == 0)
		choose_people(work, reply);
}

static void
go_on(struct partner_work *work)
{
	work->at++;
	work->must_step_up = false;
	work->has_stepped_up = false;
	work->next_us += work->pause_us;
}

static void
take_step_up(void *context, const struct http_reply *reply)
{
	struct partner_work *work = context;

	work->in_flight = false;
	if (reply->complete && reply->status == 200) {
		work->tally->stepped_up++;
		work->must_step_up = false;
		work->has_stepped_up = true;
		return;
	}
	note_refusal(work, reply);
	go_on(work);
}

static enum err
start_step_up(struct partner_work *work)
{
	struct client *client = &work->partner->account;
	char *body = NULL;
	enum err err = client_step_up_body(client, &body);
	struct http_call call = {client->origin, "/.tourniquet/api/step-up", client->cookies, body, take_step_up, work};

	/* All codes of these seconds are used: wait for the next one. */
	if (err == ERR_BUSY) {
		work->wait_us = clock_monotonic_us() + 1000000;
		return ERR_NONE;
	}
	if (err == ERR_NONE)
		err = http_start(work->stage->crew_http, &call);
	free(body);
	work->in_flight = err == ERR_NONE;
	return err;
}

static void
take_reply(void *context, const struct http_reply *reply)
{
	struct partner_work *work = context;

	work->in_flight = false;
	work->tally->requests++;
	if (reply->complete && reply->status == 401 && !work->has_stepped_up) {
		work->must_step_up = true;
		return;
	}
	if (reply->complete && reply->status == 200)
		note_served(work, reply);
	else
		note_refusal(work, reply);
	go_on(work);
}

static enum err
start_action(struct partner_work *work)
{
	struct client *client = &work->partner->account;
	char path[128];
	struct http_call call = {client->origin, path, client->cookies, NULL, take_reply, work};
	enum err err;

	path_of(work, path);
	err = http_start(work->stage->crew_http, &call);
	work->in_flight = err == ERR_NONE;
	return err;
}

enum err
partner_move(struct partner_work *work)
{
	uint64_t now_us = clock_monotonic_us();

	if (work->in_flight || now_us < work->next_us || now_us < work->wait_us)
		return ERR_NONE;
	return work->must_step_up ? start_step_up(work) : start_action(work);
}

bool
partner_is_done(const struct partner_work *work)
{
	return work->at >= work->actions;
}
