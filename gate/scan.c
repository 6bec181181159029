#include "gate/scan.h"

#include "core/budget.h"
#include "core/person.h"
#include "gate/rules.h"
#include "gate/worker.h"
#include "parse/list_scan.h"

#define TABLE_START 256U
#define PERSONS_START 128U
#define KEPT_PERSONS 4096U /* a gather that grew beyond is not kept in the store */
#define STORE_MAX 32

static struct gather *worker_own;
static struct gather *store;
static unsigned store_n;

static void
gather_free(struct gather *gather)
{
	ngx_free(gather->persons);
	ngx_free(gather->ids);
	ngx_free(gather->table);
	ngx_free(gather);
}

static struct gather *
gather_new(void)
{
	struct gather *gather = ngx_calloc(sizeof(*gather), ngx_cycle->log);

	if (gather == NULL)
		return NULL;
	gather->cap = PERSONS_START;
	gather->ids_cap = (size_t)PERSONS_START * PERSON_ID_MAX;
	gather->table_cap = TABLE_START;
	gather->persons = ngx_alloc(gather->cap * sizeof(*gather->persons), ngx_cycle->log);
	gather->ids = ngx_alloc(gather->ids_cap, ngx_cycle->log);
	gather->table = ngx_alloc(gather->table_cap * sizeof(*gather->table), ngx_cycle->log);
	if (gather->persons == NULL || gather->ids == NULL || gather->table == NULL) {
		gather_free(gather);
		return NULL;
	}
	return gather;
}

static struct gather *
gather_take(bool whole)
{
	struct gather *gather = store;

	if (whole) {
		/* The one that a huge response left behind is not kept for good. */
		if (worker_own != NULL && worker_own->cap > KEPT_PERSONS) {
			gather_free(worker_own);
			worker_own = NULL;
		}
		if (worker_own == NULL)
			worker_own = gather_new();
		return worker_own;
	}
	if (gather == NULL)
		return gather_new();
	store = gather->next;
	store_n--;
	return gather;
}

void
gate_gather_drop(struct gather **drop)
{
	struct gather *gather = *drop;

	*drop = NULL;
	if (gather == NULL || gather == worker_own)
		return;
	if (store_n == STORE_MAX || gather->cap > KEPT_PERSONS) {
		gather_free(gather);
		return;
	}
	gather->next = store;
	store = gather;
	store_n++;
}

void
gate_gather_clear(struct gather *gather)
{
	gather->n = 0;
	gather->ids_len = 0;
	gather->table_size = TABLE_START;
	ngx_memzero(gather->table, TABLE_START * sizeof(*gather->table));
}

/* The persons in the table again, after it has grown. */
static enum err
table_grow(struct gather *gather)
{
	uint32_t size = gather->table_size * 2;

	if (size > gather->table_cap) {
		uint32_t *table = ngx_alloc(size * sizeof(*table), ngx_cycle->log);

		if (table == NULL)
			return ERR_NOMEM;
		ngx_free(gather->table);
		gather->table = table;
		gather->table_cap = size;
	}
	ngx_memzero(gather->table, size * sizeof(*gather->table));
	gather->table_size = size;
	for (uint32_t i = 0; i < gather->n; i++) {
		uint32_t at = (uint32_t)gather->persons[i].hash & (size - 1);

		while (gather->table[at] != 0)
			at = (at + 1) & (size - 1);
		gather->table[at] = i + 1;
	}
	return ERR_NONE;
}

static enum err
grow(void **memory, size_t used, size_t size)
{
	void *fresh = ngx_alloc(size, ngx_cycle->log);

	if (fresh == NULL)
		return ERR_NOMEM;
	ngx_memcpy(fresh, *memory, used);
	ngx_free(*memory);
	*memory = fresh;
	return ERR_NONE;
}

/* Room for one more person, before anything is changed. */
static enum err
make_room(struct gather *gather)
{
	void *memory;
	enum err err;

	if (gather->n == BUDGET_CHARGE_MAX)
		return ERR_RANGE;
	if (gather->n == gather->cap) {
		memory = gather->persons;
		err = grow(&memory, gather->n * sizeof(*gather->persons), 2 * gather->cap * sizeof(*gather->persons));
		if (err != ERR_NONE)
			return err;
		gather->persons = memory;
		gather->cap *= 2;
	}
	if (gather->ids_cap - gather->ids_len < PERSON_ID_MAX) {
		memory = gather->ids;
		err = grow(&memory, gather->ids_len, 2 * gather->ids_cap);
		if (err != ERR_NONE)
			return err;
		gather->ids = memory;
		gather->ids_cap *= 2;
	}
	return 2 * gather->n >= gather->table_size ? table_grow(gather) : ERR_NONE;
}

static bool
is_same(const struct gather *gather, const struct gathered *p, unsigned meter, const struct canon_id *id)
{
	return p->meter == meter && p->len == id->len && memcmp(gather->ids + p->at, id->text, id->len) == 0;
}

static enum err
person(void *context, unsigned meter, const struct canon_id *id, uint32_t fields)
{
	struct gather *gather = context;
	uint64_t hash = person_hash(gather->key, gather->meter[meter]->space, id->text, id->len);
	struct gathered *p;
	uint32_t at;
	enum err err = make_room(gather);

	if (err != ERR_NONE)
		return err;
	for (at = (uint32_t)hash & (gather->table_size - 1); gather->table[at] != 0;
	    at = (at + 1) & (gather->table_size - 1)) {
		p = &gather->persons[gather->table[at] - 1];
		if (p->hash == hash && is_same(gather, p, meter, id)) {
			p->fields |= fields;
			return ERR_NONE;
		}
	}
	p = &gather->persons[gather->n++];
	gather->table[at] = gather->n;
	p->hash = hash;
	p->fields = fields;
	p->at = (uint32_t)gather->ids_len;
	p->len = id->len;
	p->meter = (uint8_t)meter;
	ngx_memcpy(gather->ids + gather->ids_len, id->text, id->len);
	gather->ids_len += id->len;
	return ERR_NONE;
}

static enum err
scan_begin(struct gather *gather, const struct gate_request *g)
{
	const struct scan_limits limits = { 0, 0 };
	const struct scan_sink sink = { person, gather };
	const struct record_shape *shapes;

	switch (gather->meter[0]->kind) {
	case METER_JSON:
		shapes = gate_rules_shapes(g->rules, g->route);
		if (shapes == NULL)
			return ERR_NOMEM;
		return json_scan_init(&gather->scan.json, shapes, gather->n_meters, &limits, &sink);
	case METER_CSV:
		csv_scan_init(&gather->scan.csv, &gather->meter[0]->shape.column, &limits, &sink);
		return ERR_NONE;
	case METER_HEADER:
		return ERR_NONE;
	default:
		return ERR_UNSUPPORTED;
	}
}

struct gather *
gate_gather_begin(const struct gate_request *g, bool whole)
{
	struct gather *gather = gather_take(whole);

	if (gather == NULL)
		return NULL;
	gather->n_meters = g->route->n_meters;
	for (unsigned i = 0; i < gather->n_meters; i++)
		gather->meter[i] = &g->rules->rules.meter[g->route->meter[i]];
	ngx_memcpy(gather->key, map_birth(&gate_worker.state)->person_key, PERSON_KEY_LEN);
	gate_gather_clear(gather);
	if (scan_begin(gather, g) != ERR_NONE) {
		gate_gather_drop(&gather);
		return NULL;
	}
	return gather;
}

enum err
gate_gather_feed(struct gather *gather, const void *data, size_t len)
{
	switch (gather->meter[0]->kind) {
	case METER_JSON:
		return json_scan_feed(&gather->scan.json, data, len);
	case METER_CSV:
		return csv_scan_feed(&gather->scan.csv, data, len);
	default:
		return ERR_NONE;
	}
}

enum err
gate_gather_finish(struct gather *gather)
{
	switch (gather->meter[0]->kind) {
	case METER_JSON:
		return json_scan_finish(&gather->scan.json);
	case METER_CSV:
		return csv_scan_finish(&gather->scan.csv);
	default:
		return ERR_NONE;
	}
}

uint64_t
gate_gather_closed(const struct gather *gather)
{
	switch (gather->meter[0]->kind) {
	case METER_JSON:
		return json_scan_closed(&gather->scan.json);
	case METER_CSV:
		return csv_scan_closed(&gather->scan.csv);
	default:
		return 0;
	}
}

const char *
gate_gather_why(const struct gather *gather)
{
	const char *why = NULL;

	if (gather->meter[0]->kind == METER_JSON)
		why = json_scan_why(&gather->scan.json);
	else if (gather->meter[0]->kind == METER_CSV)
		why = csv_scan_why(&gather->scan.csv);
	return why != NULL ? why : "too many persons, or out of memory";
}

enum err
gate_gather_header(struct gather *gather, const void *value, size_t len)
{
	const struct scan_sink sink = { person, gather };
	const char *why;

	return list_scan(&gather->meter[0]->shape.list, value, len, &sink, &why);
}
