#include "engine/rules_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One compilation. */
struct build {
	const struct config *config;
	const struct rules_numbers *numbers;
	struct rules *rules;
	struct bytes *complaints;
	bool failed;
};

#define COMPLAIN(b, line, ...) \
	do { \
		(b)->failed = true; \
		conf_complain((b)->config->file, (line), (b)->complaints, __VA_ARGS__); \
	} while (0)

static void
copy_text(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text);
}

void
rules_field_name(const struct config_meter *meter, size_t i, char *out)
{
	const char *text = meter->fields.text[i];

	(void)snprintf(out, RULES_NAME_MAX, "%.*s", (int)strcspn(text, "="), text);
}

/* The place in the document that entry `i` of the fields names. */
static const char *
field_path(const struct config_meter *meter, size_t i, char *room, size_t size)
{
	const char *text = meter->fields.text[i];
	const char *path = strchr(text, '=');

	if (path != NULL)
		return path + 1;
	(void)snprintf(room, size, meter->kind + 1 == METER_CSV ? "%s" : "$.%s", text);
	return room;
}

/* The namespace's number, added to the rules where it is new. */
static enum err
build_space(struct build *b, const struct config_meter *from, uint8_t *ret_number)
{
	struct rules *rules = b->rules;
	uint32_t number;
	enum err err = b->numbers->number(b->numbers->context, STORE_NAME_SPACE, from->space, &number);

	if (err != ERR_NONE)
		return err;
	if (number > UINT8_MAX) {
		COMPLAIN(b, from->line, "meter %s: no number is left for another namespace", from->name);
		return ERR_NONE;
	}
	*ret_number = (uint8_t)number;
	for (uint32_t i = 0; i < rules->n_spaces; i++)
		if (rules->space[i].number == number)
			return ERR_NONE;
	if (rules->n_spaces == RULES_SPACES_MAX) {
		COMPLAIN(b, from->line, "meter %s: more than %d namespaces", from->name, RULES_SPACES_MAX);
		return ERR_NONE;
	}
	rules->space[rules->n_spaces].number = (uint8_t)number;
	copy_text(rules->space[rules->n_spaces++].name, RULES_NAME_MAX, from->space);
	return ERR_NONE;
}

static enum err
compile_json(const struct config_meter *from, struct meter *meter, char (*rooms)[160], const char **why)
{
	struct shape_text text = { .id = from->id, .n_records = from->records.n, .n_fields = from->fields.n,
		.canon = meter->canon, .flags = from->optional ? SHAPE_OPTIONAL : 0 };

	*why = "json needs `records` and `id`";
	if (from->id == NULL || from->records.n == 0)
		return ERR_USAGE;
	for (size_t i = 0; i < from->records.n; i++)
		text.records[i] = from->records.text[i];
	for (size_t i = 0; i < from->fields.n; i++)
		text.fields[i] = field_path(from, i, rooms[i], sizeof(rooms[i]));
	return shape_compile(&meter->shape.record, &text, why);
}

static enum err
compile_csv(const struct config_meter *from, struct meter *meter, char (*rooms)[160], const char **why)
{
	struct column_text text = { .id = from->id, .n_fields = from->fields.n, .canon = meter->canon,
		.separator = from->separator[0] };

	*why = "csv needs `id`, the name of a column";
	if (from->id == NULL)
		return ERR_USAGE;
	for (size_t i = 0; i < from->fields.n; i++)
		text.fields[i] = field_path(from, i, rooms[i], sizeof(rooms[i]));
	return column_compile(&meter->shape.column, &text, why);
}

static enum err
compile_header(const struct config_meter *from, struct meter *meter, const char **why)
{
	*why = "header needs `header`, the name of a response header";
	if (from->header == NULL)
		return ERR_USAGE;
	for (size_t i = 0; from->header[i] != '\0'; i++) {
		char c = from->header[i];

		meter->header[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
	}
	meter->shape.list.canon = meter->canon;
	meter->shape.list.fields = from->fields.n == 32 ? UINT32_MAX : (1u << from->fields.n) - 1;
	return ERR_NONE;
}

static enum err
compile_meter(const struct config_meter *from, struct meter *meter, const char **why)
{
	char rooms[METER_FIELDS_MAX][160];
	enum err err = canon_rule_parse(from->canon, &meter->canon, why);

	if (err != ERR_NONE)
		return err;
	if (from->kind + 1 != METER_HEADER && from->header != NULL) {
		*why = "only kind \"header\" takes `header`";
		return ERR_USAGE;
	}
	if (from->kind + 1 == METER_JSON)
		return compile_json(from, meter, rooms, why);
	if (from->records.n > 0) {
		*why = "only kind \"json\" takes `records`";
		return ERR_USAGE;
	}
	return from->kind + 1 == METER_CSV ? compile_csv(from, meter, rooms, why) : compile_header(from, meter, why);
}

static enum err
build_meter(struct build *b, const struct config_meter *from, struct meter *meter)
{
	const char *why = "";
	uint32_t number;
	enum err err = b->numbers->number(b->numbers->context, STORE_NAME_METER, from->name, &number);

	if (err == ERR_NONE)
		err = build_space(b, from, &meter->space);
	if (err != ERR_NONE)
		return err;
	for (uint32_t i = 0; i < b->rules->n_meters; i++)
		if (strcmp(b->rules->meter[i].name, from->name) == 0)
			COMPLAIN(b, from->line, "a second meter named %s", from->name);
	meter->number = (uint16_t)number;
	meter->kind = (uint8_t)(from->kind + 1);
	meter->unparsable = (uint8_t)from->unparsable;
	meter->weight = from->weight;
	meter->n_fields = (uint8_t)from->fields.n;
	meter->max_hold_bytes = from->max_hold_kib * 1024;
	copy_text(meter->name, sizeof(meter->name), from->name);
	if (from->unparsable == UNPARSABLE_WEIGH && from->weight == 0)
		COMPLAIN(b, from->line, "meter %s: unparsable = \"weigh\" needs a weight", from->name);
	if (from->unparsable == UNPARSABLE_REFUSE && from->weight > 0)
		COMPLAIN(b, from->line, "meter %s: a weight without unparsable = \"weigh\"", from->name);
	if (compile_meter(from, meter, &why) != ERR_NONE)
		COMPLAIN(b, from->line, "meter %s: %s", from->name, why);
	return ERR_NONE;
}

static void
build_methods(struct build *b, const struct config_route *from, struct route *route)
{
	for (size_t i = 0; i < from->methods.n; i++) {
		const char *text = from->methods.text[i];
		uint32_t bit = strcmp(text, "*") == 0 ? METHOD_ANY : rules_method_bit(text, strlen(text));

		if (bit == METHOD_OTHER)
			COMPLAIN(b, from->line, "route %s: unknown method %s", from->name, text);
		route->methods |= (uint16_t)bit;
	}
}

static void
build_route_meters(struct build *b, const struct config_route *from, struct route *route)
{
	for (size_t i = 0; i < from->meters.n; i++) {
		uint32_t place = 0;

		while (place < b->rules->n_meters && strcmp(b->rules->meter[place].name, from->meters.text[i]) != 0)
			place++;
		if (place == b->rules->n_meters) {
			COMPLAIN(b, from->line, "route %s: there is no meter %s", from->name, from->meters.text[i]);
			continue;
		}
		if (from->meters.n > 1 && b->rules->meter[place].kind != METER_JSON)
			COMPLAIN(b, from->line, "route %s: several meters are for json alone", from->name);
		route->meter[route->n_meters++] = (uint8_t)place;
	}
}

/* Exactly one of meters, weight, exempt. */
static void
build_treatment(struct build *b, const struct config_route *from, struct route *route)
{
	int said = (from->meters.n > 0) + (from->weight > 0) + from->exempt;

	if (said != 1)
		COMPLAIN(b, from->line, "route %s: needs exactly one of `meters`, `weight`, `exempt = true`", from->name);
	if (from->open && !from->exempt)
		COMPLAIN(b, from->line, "route %s: `public` is for exempt routes alone", from->name);
	if (from->open && from->second_factor)
		COMPLAIN(b, from->line, "route %s: `public` and `second_factor` contradict each other", from->name);
	route->treatment = (uint8_t)(from->exempt ? ROUTE_EXEMPT : from->weight > 0 ? ROUTE_WEIGHED : ROUTE_METERED);
	route->weight = from->weight;
	route->flags = (from->open ? (uint32_t)ROUTE_PUBLIC : 0) |
	    (from->second_factor ? (uint32_t)ROUTE_SECOND_FACTOR : 0) | (from->api ? (uint32_t)ROUTE_API : 0);
	build_route_meters(b, from, route);
}

static enum err
build_route(struct build *b, const struct config_route *from, struct route *route)
{
	const char *why = "";
	uint32_t capabilities = 0;
	uint32_t number;
	enum err err = b->numbers->number(b->numbers->context, STORE_NAME_ROUTE, from->name, &number);

	if (err != ERR_NONE)
		return err;
	for (uint32_t i = 0; i < b->rules->n_routes; i++)
		if (strcmp(b->rules->route[i].name, from->name) == 0)
			COMPLAIN(b, from->line, "a second route named %s", from->name);
	route->number = (uint16_t)number;
	copy_text(route->name, sizeof(route->name), from->name);
	if (capability_parse(from->capabilities, strlen(from->capabilities), &capabilities, &why) != ERR_NONE)
		COMPLAIN(b, from->line, "route %s: %s", from->name, why);
	route->capabilities = (uint16_t)capabilities;
	if (pattern_compile(&route->pattern, from->path, &why) != ERR_NONE)
		COMPLAIN(b, from->line, "route %s: %s", from->name, why);
	build_methods(b, from, route);
	build_treatment(b, from, route);
	return ERR_NONE;
}

static void
build_settings(struct build *b)
{
	const struct config *config = b->config;
	struct rules_settings *settings = &b->rules->settings;

	settings->hold_limit_bytes = config->gate.hold_kib * 1024;
	settings->undeclared = config->gate.undeclared;
	settings->undeclared_weight = config->gate.undeclared_weight;
	settings->mode = config->budgets.mode == LIMIT_OBSERVE ? RULES_OBSERVE : RULES_ENFORCE;
	settings->step_up_valid_s = config->session.step_up_valid_s;
	copy_text(settings->sign_in_path, sizeof(settings->sign_in_path), "/.tourniquet/sign-in");
	copy_text(settings->step_up_path, sizeof(settings->step_up_path), "/.tourniquet/step-up");
	copy_text(settings->brand, sizeof(settings->brand), config->service.name);
	copy_text(settings->support, sizeof(settings->support), config->service.support);
	if (config->gate.undeclared == UNDECLARED_WEIGH && config->gate.undeclared_weight == 0)
		COMPLAIN(b, conf_line(config->owner, "gate"), "gate.undeclared = \"weigh\" needs undeclared_weight");
}

enum err
rules_build(const struct config *config, const struct rules_numbers *numbers, struct rules *rules,
    struct bytes *complaints)
{
	struct build b = { .config = config, .numbers = numbers, .rules = rules, .complaints = complaints };
	const struct config_meter *meters = config->meters.item;
	const struct config_route *routes = config->routes.item;
	enum err err = ERR_NONE;

	memset(rules, 0, sizeof(*rules));
	build_settings(&b);
	for (size_t i = 0; i < config->meters.n && err == ERR_NONE; i++) {
		err = build_meter(&b, &meters[i], &rules->meter[i]);
		rules->n_meters++;
	}
	for (size_t i = 0; i < config->routes.n && err == ERR_NONE; i++) {
		err = build_route(&b, &routes[i], &rules->route[i]);
		rules->n_routes++;
	}
	if (err != ERR_NONE)
		return err;
	if (b.failed)
		return ERR_FORMAT;
	if (rules_check(rules) != ERR_NONE) {
		COMPLAIN(&b, 0, "the rules do not pass their own check");
		return ERR_FORMAT;
	}
	return ERR_NONE;
}
