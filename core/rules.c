/* rules: two copies in the map, the generation says which is live; and what a worker asks of its own copy. */
#include "core/rules.h"

#include <stdbool.h>
#include <string.h>

#include "core/words.h"

_Static_assert(sizeof(struct rules) % sizeof(uint64_t) == 0, "copied as words");

/* A copy takes some hundred microseconds, rules change some times a day. */
#define TRIES 8

struct rules_store {
	_Atomic uint64_t generation; /* bit 0: which copy is live; 0: none yet */
	uint64_t spare[7];
	_Atomic uint64_t copy[2][WORDS_OF(struct rules)];
};

size_t
rules_area_size(void)
{
	return (size_t)words_round_up(sizeof(struct rules_store), 64);
}

void
rules_area_attach(struct rules_area *a, void *memory)
{
	a->store = memory;
}

void
rules_area_init(struct rules_area *a, void *memory)
{
	/* Zeroed memory holds no rules. */
	rules_area_attach(a, memory);
}

uint64_t
rules_generation(const struct rules_area *a)
{
	return atomic_load_explicit(&a->store->generation, memory_order_acquire);
}

enum err
rules_copy(const struct rules_area *a, struct rules *ret_rules, uint64_t *ret_generation)
{
	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t generation = rules_generation(a);

		if (generation == 0)
			return ERR_NOT_FOUND;
		words_load(ret_rules, a->store->copy[generation & 1], WORDS_OF(struct rules));
		if (atomic_load_explicit(&a->store->generation, memory_order_relaxed) != generation)
			continue;
		enum err err = rules_check(ret_rules);
		if (err == ERR_NONE)
			*ret_generation = generation;
		return err;
	}
	return ERR_BUSY;
}

enum err
rules_publish(struct rules_area *a, const struct rules *rules)
{
	uint64_t generation = rules_generation(a) + 1;
	enum err err = rules_check(rules);

	if (err != ERR_NONE)
		return err;
	words_store(a->store->copy[generation & 1], rules, WORDS_OF(struct rules));
	atomic_store_explicit(&a->store->generation, generation, memory_order_release);
	return ERR_NONE;
}

static bool
is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool
settings_are_sound(const struct rules_settings *s)
{
	return s->undeclared <= UNDECLARED_WEIGH && s->mode <= RULES_OBSERVE &&
	    is_text(s->sign_in_path, sizeof(s->sign_in_path)) && is_text(s->step_up_path, sizeof(s->step_up_path)) &&
	    is_text(s->brand, sizeof(s->brand)) && is_text(s->support, sizeof(s->support));
}

static bool
columns_are_sound(const struct column_shape *c)
{
	bool sound = c->n_fields <= METER_FIELDS_MAX && c->id.len >= 1 && c->id.len <= COLUMN_NAME_MAX;

	for (unsigned i = 0; sound && i < c->n_fields; i++)
		sound = c->fields[i].len >= 1 && c->fields[i].len <= COLUMN_NAME_MAX;
	return sound;
}

static bool
meter_is_sound(const struct meter *m)
{
	if (m->n_fields > METER_FIELDS_MAX || m->unparsable > UNPARSABLE_WEIGH ||
	    !is_text(m->name, sizeof(m->name)) || !is_text(m->header, sizeof(m->header)))
		return false;
	switch ((enum meter_kind)m->kind) {
	case METER_JSON:
		return shape_check(&m->shape.record) == ERR_NONE;
	case METER_CSV:
		return columns_are_sound(&m->shape.column);
	case METER_HEADER:
		return m->header[0] != '\0';
	}
	return false;
}

static bool
meters_fit(const struct rules *rules, const struct route *r)
{
	if (r->n_meters > ROUTE_METERS_MAX || (r->treatment == ROUTE_METERED) != (r->n_meters > 0))
		return false;
	for (unsigned i = 0; i < r->n_meters; i++) {
		if (r->meter[i] >= rules->n_meters)
			return false;
		if (r->n_meters > 1 && rules->meter[r->meter[i]].kind != METER_JSON)
			return false;
	}
	return true;
}

static bool
route_is_sound(const struct rules *rules, const struct route *r)
{
	const struct route_pattern *p = &r->pattern;

	if ((r->methods & ~(unsigned)METHOD_ANY) != 0 || (r->capabilities & ~(unsigned)CAPABILITY_ALL) != 0)
		return false;
	if (r->treatment == ROUTE_REFUSED || r->treatment > ROUTE_EXEMPT || !is_text(r->name, sizeof(r->name)))
		return false;
	/* Who needs no session cannot be charged for anything. */
	if ((r->flags & ROUTE_PUBLIC) != 0 && r->treatment != ROUTE_EXEMPT)
		return false;
	return meters_fit(rules, r) && p->len <= PATTERN_TEXT_MAX && p->n_parts <= PATTERN_PARTS_MAX && p->rest <= 1;
}

enum err
rules_check(const struct rules *rules)
{
	bool sound = rules->n_routes <= RULES_ROUTES_MAX && rules->n_meters <= RULES_METERS_MAX &&
	    rules->n_spaces <= RULES_SPACES_MAX && settings_are_sound(&rules->settings);

	for (uint32_t i = 0; sound && i < rules->n_spaces; i++)
		sound = is_text(rules->space[i].name, sizeof(rules->space[i].name));
	for (uint32_t i = 0; sound && i < rules->n_meters; i++)
		sound = meter_is_sound(&rules->meter[i]);
	for (uint32_t i = 0; sound && i < rules->n_routes; i++)
		sound = route_is_sound(rules, &rules->route[i]);
	return sound ? ERR_NONE : ERR_CORRUPT;
}

const struct route *
rules_match(const struct rules *rules, uint32_t method, const void *path, size_t len)
{
	for (uint32_t i = 0; i < rules->n_routes; i++) {
		const struct route *r = &rules->route[i];

		if ((r->methods & method) != 0 && pattern_match(&r->pattern, path, len, NULL))
			return r;
	}
	return NULL;
}

uint32_t
rules_method_bit(const void *name, size_t len)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return 1u << i;
	}
	return METHOD_OTHER;
}
