/*
 * shape: compiles paths to the two automata of a JSON shape.
 *
 * A node stands for a set of paths whose first `depth` steps have matched. Its
 * edges are the distinct names that one of these paths wants next; a wildcard
 * joins every edge's set. So the automaton is deterministic, and because nodes
 * are made breadth first, an edge always leads to a later node: no cycles.
 * Never blocks; any thread.
 */
#include "parse/shape.h"

#include <stdbool.h>
#include <string.h>

#include "parse/path.h"
#include "parse/utf8.h"

/* The fields' paths and the identifier's. */
#define RECORD_PATHS_MAX (METER_FIELDS_MAX + 1)

/* Paths of one automaton, and which of them each node stands for. */
struct build {
	struct record_shape *shape;
	const struct json_path *paths;
	size_t n_paths;
	uint8_t depth[SHAPE_NODES_MAX];
	uint64_t alive[SHAPE_NODES_MAX]; /* set of paths */
	uint8_t first;                   /* node of this automaton */
	const char *why;                 /* NULL while all is well */
};

/* The node for this set at this depth, made where it is new; 0 for the empty set. */
static uint8_t
node_for(struct build *b, uint8_t depth, uint64_t alive)
{
	struct record_shape *shape = b->shape;

	if (alive == 0)
		return 0;
	for (uint8_t i = b->first; i < shape->n_nodes; i++)
		if (b->depth[i] == depth && b->alive[i] == alive)
			return i;
	if (shape->n_nodes == SHAPE_NODES_MAX) {
		b->why = "paths with too many places in all";
		return 0;
	}
	b->depth[shape->n_nodes] = depth;
	b->alive[shape->n_nodes] = alive;
	return shape->n_nodes++;
}

static bool
step_is(const struct json_path *path, size_t depth, enum path_step_kind kind)
{
	return depth < path->n_steps && path->steps[depth].kind == kind;
}

static const char *
step_name(const struct json_path *path, size_t depth)
{
	return path->names + path->steps[depth].at;
}

/* Those of `alive` that go on with a step of this kind. */
static uint64_t
alive_with(const struct build *b, uint8_t node, enum path_step_kind kind)
{
	uint64_t set = 0;

	for (size_t i = 0; i < b->n_paths; i++)
		if ((b->alive[node] >> i & 1) != 0 && step_is(&b->paths[i], b->depth[node], kind))
			set |= (uint64_t)1 << i;
	return set;
}

/* Those of `alive` whose next step is the same name as that of `path`. */
static uint64_t
alive_with_name(const struct build *b, uint8_t node, const struct json_path *path)
{
	size_t depth = b->depth[node], len = path->steps[depth].len;
	uint64_t set = 0;

	for (size_t i = 0; i < b->n_paths; i++) {
		const struct json_path *other = &b->paths[i];

		if ((b->alive[node] >> i & 1) == 0 || !step_is(other, depth, PATH_NAME))
			continue;
		if (other->steps[depth].len == len &&
		    memcmp(step_name(other, depth), step_name(path, depth), len) == 0)
			set |= (uint64_t)1 << i;
	}
	return set;
}

static unsigned
edge_tag(const struct record_shape *shape, const struct shape_edge *edge)
{
	return shape_tag(shape->names + edge->name_at, edge->name_len);
}

static void
add_edge(struct build *b, uint8_t node, const struct json_path *path, uint64_t alive)
{
	struct record_shape *shape = b->shape;
	size_t depth = b->depth[node];
	uint8_t len = path->steps[depth].len;
	uint8_t *name = shape->names + shape->names_len;

	if (shape->n_edges == SHAPE_EDGES_MAX || shape->names_len + len + 1 > SHAPE_NAMES_MAX) {
		b->why = "paths with too many names in all";
		return;
	}
	memcpy(name, step_name(path, depth), len);
	name[len] = '"'; /* as a response has it, see json_fast.c */
	shape->edges[shape->n_edges++] = (struct shape_edge){.name_at = shape->names_len,
	    .name_len = len, .node = node_for(b, (uint8_t)(depth + 1), alive)};
	shape->names_len = (uint16_t)(shape->names_len + len + 1);
	shape->nodes[node].tags |= (uint64_t)1 << shape_tag(name, len);
	shape->nodes[node].n_edges++;
}

/* Readers look an edge up by its tag: see json_match.c. */
static void
sort_edges(struct record_shape *shape, const struct shape_node *node)
{
	struct shape_edge *edges = shape->edges + node->first_edge;

	for (size_t i = 1; i < node->n_edges; i++)
		for (size_t j = i; j > 0 && edge_tag(shape, &edges[j]) < edge_tag(shape, &edges[j - 1]); j--) {
			struct shape_edge edge = edges[j];

			edges[j] = edges[j - 1];
			edges[j - 1] = edge;
		}
}

static void
add_edges(struct build *b, uint8_t node)
{
	uint64_t left = alive_with(b, node, PATH_NAME);
	uint64_t any = alive_with(b, node, PATH_ANY_NAME);

	b->shape->nodes[node].first_edge = b->shape->n_edges;
	for (size_t i = 0; i < b->n_paths && b->why == NULL; i++) {
		uint64_t same;

		if ((left >> i & 1) == 0)
			continue;
		same = alive_with_name(b, node, &b->paths[i]);
		add_edge(b, node, &b->paths[i], same | any);
		left &= ~same;
	}
	sort_edges(b->shape, &b->shape->nodes[node]);
}

static uint64_t
alive_at_end(const struct build *b, uint8_t node)
{
	uint64_t set = 0;

	for (size_t i = 0; i < b->n_paths; i++)
		if ((b->alive[node] >> i & 1) != 0 && b->paths[i].n_steps == b->depth[node])
			set |= (uint64_t)1 << i;
	return set;
}

/* Make the automaton of `n` paths; the ends of each node are left in `ends`. */
static uint8_t
build_automaton(struct build *b, const struct json_path *paths, size_t n, uint64_t *ends)
{
	uint8_t root;

	b->paths = paths;
	b->n_paths = n;
	b->first = b->shape->n_nodes;
	root = node_for(b, 0, ((uint64_t)1 << n) - 1);
	for (uint8_t i = b->first; i < b->shape->n_nodes && b->why == NULL; i++) {
		struct shape_node *node = &b->shape->nodes[i];
		uint8_t deeper = (uint8_t)(b->depth[i] + 1);

		ends[i] = alive_at_end(b, i);
		if (ends[i] != b->alive[i])
			node->ends |= SHAPE_GOES_ON;
		add_edges(b, i);
		node->any_name = node_for(b, deeper, alive_with(b, i, PATH_ANY_NAME));
		node->any_index = node_for(b, deeper, alive_with(b, i, PATH_ANY_INDEX));
	}
	return root;
}

static void
build_ways(struct build *b, const struct json_path *paths, size_t n)
{
	uint64_t ends[SHAPE_NODES_MAX] = {0};

	b->shape->way_root = build_automaton(b, paths, n, ends);
	for (size_t i = 0; i < SHAPE_NODES_MAX; i++)
		if (ends[i] != 0)
			b->shape->nodes[i].ends |= SHAPE_END_RECORD;
}

/* Path 0 is the identifier's unless the record's key is it; the fields follow. */
static void
build_record(struct build *b, const struct json_path *paths, size_t n)
{
	bool by_path = (b->shape->flags & SHAPE_ID_IS_KEY) == 0;
	uint64_t ends[SHAPE_NODES_MAX] = {0};

	if (n == 0) /* the key is all there is: a root that wants nothing */
		b->shape->record_root = 0;
	else
		b->shape->record_root = build_automaton(b, paths, n, ends);
	for (size_t i = 0; i < SHAPE_NODES_MAX; i++) {
		if (by_path && (ends[i] & 1) != 0)
			b->shape->nodes[i].ends |= SHAPE_END_ID;
		b->shape->nodes[i].fields = (uint32_t)(by_path ? ends[i] >> 1 : ends[i]);
	}
}

static const char *
check_id(const struct json_path *path)
{
	for (size_t i = 0; i < path->n_steps; i++)
		if (path->steps[i].kind != PATH_NAME)
			return "a wildcard in the path of the identifier";
	return NULL;
}

static const char *
check_way(const struct record_shape *shape, const struct json_path *path)
{
	if ((shape->flags & SHAPE_ID_IS_KEY) == 0)
		return NULL;
	if (path->n_steps == 0 || path->steps[path->n_steps - 1].kind == PATH_ANY_INDEX)
		return "\"key\" as identifier of records that have no key";
	return NULL;
}

static enum err
compile_ways(struct build *b, const struct shape_text *text, const char **why)
{
	struct json_path paths[SHAPE_WAYS_MAX];

	for (size_t i = 0; i < text->n_records; i++) {
		enum err err = path_compile(&paths[i], text->records[i], why);

		if (err != ERR_NONE)
			return err;
		if ((*why = check_way(b->shape, &paths[i])) != NULL)
			return ERR_FORMAT;
	}
	build_ways(b, paths, text->n_records);
	return ERR_NONE;
}

static enum err
compile_record(struct build *b, const struct shape_text *text, const char **why)
{
	struct json_path paths[RECORD_PATHS_MAX];
	size_t n = 0;
	enum err err;

	if ((b->shape->flags & SHAPE_ID_IS_KEY) == 0) {
		if ((err = path_compile(&paths[n], text->id, why)) != ERR_NONE)
			return err;
		if ((*why = check_id(&paths[n++])) != NULL)
			return ERR_FORMAT;
	}
	for (size_t i = 0; i < text->n_fields; i++)
		if ((err = path_compile(&paths[n++], text->fields[i], why)) != ERR_NONE)
			return err;
	build_record(b, paths, n);
	return ERR_NONE;
}

static const char *
check_text(const struct shape_text *text)
{
	if (text->n_records == 0 || text->n_records > SHAPE_WAYS_MAX)
		return "not 1 to 4 paths of records";
	if (text->n_fields > METER_FIELDS_MAX)
		return "more than 32 fields";
	if (!canon_rule_valid(text->canon))
		return "a rule for identifiers that contradicts itself";
	if ((text->flags & ~(uint32_t)SHAPE_OPTIONAL) != 0)
		return "an unknown flag";
	return NULL;
}

enum err
shape_compile(struct record_shape *ret_shape, const struct shape_text *text, const char **why)
{
	struct record_shape shape = {.canon = text->canon, .flags = text->flags, .n_nodes = 1,
	    .n_fields = (uint16_t)text->n_fields};
	struct build b = {.shape = &shape};
	enum err err;

	if ((*why = check_text(text)) != NULL)
		return ERR_FORMAT;
	if (strcmp(text->id, "key") == 0)
		shape.flags |= SHAPE_ID_IS_KEY;
	if ((err = compile_ways(&b, text, why)) != ERR_NONE)
		return err;
	if (b.why == NULL && (err = compile_record(&b, text, why)) != ERR_NONE)
		return err;
	if ((*why = b.why) != NULL)
		return ERR_RANGE;
	*ret_shape = shape;
	return ERR_NONE;
}

static bool
edges_sound(const struct record_shape *shape, size_t number)
{
	const struct shape_node *node = &shape->nodes[number];

	if (node->n_edges > SHAPE_FANOUT_MAX || node->first_edge + node->n_edges > shape->n_edges)
		return false;
	for (size_t i = 0; i < node->n_edges; i++) {
		const struct shape_edge *edge = &shape->edges[node->first_edge + i];

		if (edge->node <= number || edge->node >= shape->n_nodes ||
		    edge->name_at + edge->name_len + 1 > shape->names_len)
			return false;
	}
	return true;
}

/* A wildcard leads nowhere (0) or to a later node. */
static bool
wildcard_sound(const struct record_shape *shape, size_t number, uint8_t to)
{
	return to == 0 || (to > number && to < shape->n_nodes);
}

enum err
shape_check(const struct record_shape *shape)
{
	if (shape->n_nodes == 0 || shape->n_nodes > SHAPE_NODES_MAX ||
	    shape->n_edges > SHAPE_EDGES_MAX || shape->names_len > SHAPE_NAMES_MAX ||
	    shape->n_fields > METER_FIELDS_MAX || !canon_rule_valid(shape->canon) ||
	    shape->way_root >= shape->n_nodes || shape->record_root >= shape->n_nodes)
		return ERR_CORRUPT;
	for (size_t i = 0; i < shape->n_nodes; i++)
		if (!edges_sound(shape, i) || !wildcard_sound(shape, i, shape->nodes[i].any_name) ||
		    !wildcard_sound(shape, i, shape->nodes[i].any_index))
			return ERR_CORRUPT;
	return ERR_NONE;
}
