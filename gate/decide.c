#include "gate/decide.h"

#include "gate/release.h"
#include "gate/rules.h"
#include "gate/scan.h"
#include "gate/session.h"
#include "gate/worker.h"

#define NOTES 256 /* sessions whose last note is remembered */

static enum gate_decision
stop(struct gate_request *g, enum verdict verdict, enum verdict_reason reason, uint32_t retry_after_s)
{
	g->verdict = verdict;
	g->reason = reason;
	g->retry_after_s = retry_after_s;
	return DECISION_STOP;
}

static void
describe(const struct gate_request *g, struct disclosure *d)
{
	ngx_memzero(d, sizeof(*d));
	d->at_us = gate_now_us();
	d->session = g->who.session;
	d->identity = g->who.identity;
	d->organisation = g->who.organisation;
	d->route = g->route != NULL ? g->route->number : 0;
}

static void
charge_request(const struct gate_request *g, struct budget_request *request)
{
	ngx_memzero(request, sizeof(*request));
	request->n_scopes = ngx_min(g->n_budgets, (uint32_t)BUDGET_SCOPES_MAX);
	for (uint32_t i = 0; i < request->n_scopes; i++)
		request->scopes[i] = g->budgets[i];
	request->stepped_up = gate_session_stepped_up(g);
	request->observe = g->rules->rules.settings.mode == RULES_OBSERVE;
	request->at_us = gate_now_us();
}

static enum verdict
charge_once(const struct gate_request *g, const uint64_t *persons, uint32_t n, struct budget_result *result)
{
	struct budget_request request;

	charge_request(g, &request);
	if (persons == NULL) {
		/* Charges take neighbouring numbers from their seed on; no two may share one. */
		gate_worker.seed += BUDGET_CHARGE_MAX;
		return budget_charge_weight(&gate_worker.budgets.budgets, &request, n, gate_worker.seed, result);
	}
	request.persons = persons;
	request.n = n;
	return budget_charge(&gate_worker.budgets.budgets, &request, result);
}

/* `persons` NULL: `n` unnamed ones. DECISION_RELEASE: charged. */
static enum gate_decision
charge(struct gate_request *g, const uint64_t *persons, uint32_t n)
{
	struct budget_result result;
	enum verdict_reason reason;
	enum verdict verdict;

	if (!gate_worker_maps())
		return stop(g, VERDICT_UNAVAILABLE, REASON_MAP, 0);
	/* The numbers of its budgets mean something in the map they were read from only. */
	reason = g->epoch == gate_worker.epoch ? REASON_NONE : gate_session_again(g);
	if (reason != REASON_NONE)
		return stop(g, VERDICT_REFUSE, reason, 0);
	verdict = charge_once(g, persons, n, &result);
	/* The engine gave the session another budget meanwhile. */
	if (verdict == VERDICT_UNAVAILABLE && result.reason == REASON_SCOPE_STALE &&
	    gate_session_again(g) == REASON_NONE)
		verdict = charge_once(g, persons, n, &result);
	if (verdict != VERDICT_ALLOW)
		return stop(g, verdict, result.reason, result.retry_after_s);
	g->reason = result.reason;
	g->persons += n;
	if (g->reason == REASON_NONE && g->observed != 0)
		g->reason = REASON_ORDER_OBSERVE;
	return DECISION_RELEASE;
}

static enum err
append(struct gate_request *g, const struct disclosure *d)
{
	if (gate_worker.journal == NULL)
		return ERR_IO;
	return journal_append(gate_worker.journal, d, &g->sequence);
}

static enum gate_decision
appended(struct gate_request *g, enum err err)
{
	if (err != ERR_NONE) {
		gate_worker.journal_down = true;
		return stop(g, VERDICT_UNAVAILABLE, REASON_JOURNAL, 0);
	}
	gate_worker_kick();
	gate_release_wait(g);
	return DECISION_WAIT;
}

/* Entries for the persons of one meter, as many as they need. */
static enum err
append_meter(struct gate_request *g, const struct gather *gather, unsigned meter)
{
	static struct person_ref refs[DISCLOSURE_PERSONS_MAX];
	struct disclosure d;
	enum err err;

	describe(g, &d);
	d.kind = g->reason == REASON_BUDGET_OBSERVED ? DISCLOSURE_OBSERVED : DISCLOSURE_HANDED;
	d.reason = (uint16_t)g->reason;
	d.meter = gather->meter[meter]->number;
	d.persons = refs;
	for (uint32_t i = 0; i < gather->n; i++) {
		const struct gathered *p = &gather->persons[i];
		struct person_ref *ref = &refs[d.n_persons];

		if (p->meter != meter)
			continue;
		ref->id = gather->ids + p->at;
		ref->id_len = p->len;
		ref->space = gather->meter[meter]->space;
		ref->fields = p->fields;
		if (++d.n_persons < DISCLOSURE_PERSONS_MAX)
			continue;
		err = append(g, &d);
		if (err != ERR_NONE)
			return err;
		d.n_persons = 0;
	}
	return d.n_persons == 0 ? ERR_NONE : append(g, &d);
}

static enum gate_decision
charge_gathered(struct gate_request *g, const struct gather *gather)
{
	static uint64_t few[DISCLOSURE_PERSONS_MAX];
	uint64_t *persons = few;
	enum gate_decision decision;

	if (gather->n > DISCLOSURE_PERSONS_MAX) {
		persons = ngx_alloc(gather->n * sizeof(*persons), ngx_cycle->log);
		if (persons == NULL)
			return stop(g, VERDICT_UNAVAILABLE, REASON_MAP, 0);
	}
	for (uint32_t i = 0; i < gather->n; i++)
		persons[i] = gather->persons[i].hash;
	decision = charge(g, persons, (uint32_t)person_sort_unique(persons, gather->n));
	if (persons != few)
		ngx_free(persons);
	return decision;
}

enum gate_decision
gate_decide_persons(struct gate_request *g, struct gather *gather)
{
	enum gate_decision decision;
	enum err err = ERR_NONE;

	if (gather->n == 0)
		return DECISION_RELEASE;
	decision = charge_gathered(g, gather);
	if (decision == DECISION_STOP)
		return decision;
	for (unsigned i = 0; i < gather->n_meters && err == ERR_NONE; i++)
		err = append_meter(g, gather, i);
	if (err == ERR_NONE)
		gate_gather_clear(gather);
	return appended(g, err);
}

enum gate_decision
gate_decide_weight(struct gate_request *g, uint32_t weight)
{
	struct disclosure d;

	if (charge(g, NULL, weight) == DECISION_STOP)
		return DECISION_STOP;
	describe(g, &d);
	d.kind = DISCLOSURE_WEIGHED;
	d.reason = (uint16_t)(g->reason != REASON_NONE ? g->reason : REASON_WEIGHT);
	d.weight = weight;
	if (g->route != NULL && g->route->treatment == ROUTE_METERED)
		d.meter = g->rules->rules.meter[g->route->meter[0]].number;
	return appended(g, append(g, &d));
}

/* Whether the same was noted of the same session this second. */
static bool
noted(const struct gate_request *g, enum disclosure_kind kind, enum verdict_reason reason)
{
	static struct {
		uint64_t session;
		time_t second;
		enum disclosure_kind kind;
		enum verdict_reason reason;
	} notes[NOTES], *note;

	note = &notes[g->who.session % NOTES];
	if (note->session == g->who.session && note->second == ngx_time() && note->kind == kind &&
	    note->reason == reason)
		return true;
	note->session = g->who.session;
	note->second = ngx_time();
	note->kind = kind;
	note->reason = reason;
	return false;
}

void
gate_decide_note(const struct gate_request *g, enum disclosure_kind kind, enum verdict_reason reason)
{
	struct disclosure d;
	uint64_t sequence;

	if (!g->has_session || gate_worker.journal == NULL || noted(g, kind, reason))
		return;
	describe(g, &d);
	d.kind = kind;
	d.reason = (uint16_t)reason;
	if (journal_append(gate_worker.journal, &d, &sequence) == ERR_NONE)
		gate_worker_kick();
}

void
gate_decide_note_stop(const struct gate_request *g)
{
	if (g->verdict == VERDICT_STEP_UP)
		gate_decide_note(g, DISCLOSURE_STEP_UP, g->reason);
	else if (g->verdict == VERDICT_REFUSE)
		gate_decide_note(g, DISCLOSURE_REFUSED, g->reason);
}
