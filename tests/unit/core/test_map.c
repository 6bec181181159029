#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "core/map.h"
#include "world.h"

static char dir[64];

static const char *
at(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void
a_pair_of_files_is_made_published_and_opened_read_only(void **state)
{
	const struct map_birth birth = {.pair = 99, .node = 3};
	struct mapfile state_file, budgets_file, reader;
	struct map_state map, seen;
	struct map_budgets budgets;
	const char *why;

	(void)state;
	assert_int_equal(mapfile_create(&state_file, at("state"), map_state_size(&world_small), 0640), ERR_NONE);
	assert_int_equal(map_state_init(&map, state_file.memory, state_file.size, &world_small, &birth), ERR_NONE);
	assert_int_equal(mapfile_open(&reader, at("state"), MAPFILE_READ), ERR_NOT_FOUND);
	assert_int_equal(mapfile_publish(at("state")), ERR_NONE);
	assert_int_equal(mapfile_create(&budgets_file, at("budgets"), map_budgets_size(&world_small), 0660), ERR_NONE);
	assert_int_equal(map_budgets_init(&budgets, budgets_file.memory, budgets_file.size, &map), ERR_NONE);
	assert_int_equal(mapfile_publish(at("budgets")), ERR_NONE);

	assert_int_equal(mapfile_open(&reader, at("state"), MAPFILE_READ), ERR_NONE);
	assert_int_equal(map_state_attach(&seen, reader.memory, reader.size, &why), ERR_NONE);
	assert_int_equal(map_birth(&seen)->node, 3);
	assert_false(map_is_open(&seen));
	map_set_open(&map, true);
	assert_true(map_is_open(&seen));
	map_set_beat(&map, 5);
	assert_int_equal(map_beat(&seen), 5);

	/* A reader has what it needs in the read-only mapping. */
	struct session_record r = {.key = {1}, .headers_len = 3, .headers = "abc"}, found;
	assert_int_equal(session_table_put(&map.sessions, &r), ERR_NONE);
	assert_int_equal(session_table_find(&seen.sessions, r.key, &found), ERR_NONE);
	struct budget_ref ref;
	struct limits limits = {.kind = LIMIT_IDENTITY, .hard = {5, 5, 5}, .soft = {5, 5, 5}};
	assert_int_equal(limit_table_open(&map.limits, &limits, T0, &ref), ERR_NONE);
	struct map_budgets worker;
	struct mapfile worker_file;
	assert_int_equal(mapfile_open(&worker_file, at("budgets"), MAPFILE_WRITE), ERR_NONE);
	assert_int_equal(map_budgets_attach(&worker, worker_file.memory, worker_file.size, &seen, &why), ERR_NONE);
	struct budget_request q = {.scopes = {ref}, .n_scopes = 1, .n = 5, .unnamed_seed = 1, .at_us = T0};
	struct budget_result result;
	assert_int_equal(budget_charge(&worker.budgets, &q, &result), VERDICT_ALLOW);
	assert_int_equal(budget_used(&budgets.budgets, ref, BUDGET_HOUR, T0), 5);
	map_retire(&map);
	assert_true(map_is_retired(&seen));
	assert_false(map_is_open(&seen));
	mapfile_close(&worker_file);
	mapfile_close(&reader);
	mapfile_close(&budgets_file);
	mapfile_close(&state_file);
	mapfile_close(&state_file);
}

static void
memory_that_is_no_fitting_map_is_refused_with_words(void **state)
{
	struct world w;
	struct map_state map;
	struct map_budgets budgets;
	const char *why = NULL;

	(void)state;
	world_make(&w, &world_small);
	assert_int_equal(map_state_attach(&map, w.state_memory, 100, &why), ERR_FORMAT);
	assert_non_null(why);
	assert_int_equal(map_state_attach(&map, w.state_memory, w.state_size - 4096, &why), ERR_CORRUPT);
	assert_int_equal(map_state_attach(&map, w.budgets_memory, w.budgets_size, &why), ERR_FORMAT);
	assert_int_equal(map_budgets_attach(&budgets, w.budgets_memory, w.budgets_size - 4096, &w.state, &why),
	    ERR_CORRUPT);
	uint8_t *byte = (uint8_t *)w.state_memory + 12;
	*byte ^= 1;
	assert_int_equal(map_state_attach(&map, w.state_memory, w.state_size, &why), ERR_UNSUPPORTED);
	*byte ^= 1;
	/* A capacity that would lead outside the file. */
	((uint8_t *)w.state_memory)[34] ^= 1;
	assert_int_equal(map_state_attach(&map, w.state_memory, w.state_size, &why), ERR_CORRUPT);
	((uint8_t *)w.state_memory)[34] ^= 1;
	assert_int_equal(map_state_attach(&map, w.state_memory, w.state_size, &why), ERR_NONE);
	struct world other;
	world_make(&other, &world_small);
	((uint8_t *)other.budgets_memory)[24] ^= 1;
	assert_int_equal(map_budgets_attach(&budgets, other.budgets_memory, other.budgets_size, &w.state, &why),
	    ERR_NOT_FOUND);
	world_drop(&other);
	world_drop(&w);
}

static void
capacities_out_of_bounds_have_no_size(void **state)
{
	struct map_capacity c = world_small;

	(void)state;
	c.sessions = 0;
	assert_int_equal(map_state_size(&c), 0);
	c = world_small;
	c.arena_entries = 1ull << 40;
	assert_int_equal(map_budgets_size(&c), 0);
	assert_true(map_state_size(&map_capacity_default) > 1ull << 30);
}

static void
the_period_is_read_whole_once_it_is_set(void **state)
{
	struct map_period p = {.number = 202611}, seen;
	struct world w;

	(void)state;
	world_make(&w, &world_small);
	assert_int_equal(map_period_get(&w.state, &seen), ERR_NOT_FOUND);
	memset(p.public_key, 7, sizeof(p.public_key));
	map_period_set(&w.state, &p);
	assert_int_equal(map_period_get(&w.state, &seen), ERR_NONE);
	assert_memory_equal(&p, &seen, sizeof(p));
	world_drop(&w);
}

static void
all_blocks_of_a_map_are_there_from_the_start(void **state)
{
	struct mapfile f;
	struct stat st;

	(void)state;
	assert_int_equal(mapfile_create(&f, at("x"), 1 << 20, 0600), ERR_NONE);
	assert_int_equal(stat(at("x.new"), &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
	assert_true(st.st_blocks * 512 >= 1 << 20);
	mapfile_discard(&f, at("x"));
	assert_null(f.memory);
	assert_int_equal(access(at("x.new"), F_OK), -1);
}

static void
files_that_cannot_be_maps_are_refused(void **state)
{
	struct mapfile f;

	(void)state;
	assert_int_equal(mapfile_open(&f, dir, MAPFILE_READ), ERR_FORMAT);
	assert_int_equal(mapfile_open(&f, at("none"), MAPFILE_READ), ERR_NOT_FOUND);
	assert_int_equal(mapfile_create(&f, at("nowhere/x"), 100, 0600), ERR_NOT_FOUND);
	assert_int_equal(mapfile_create(&f, at("x"), 0, 0600), ERR_RANGE);
	assert_int_equal(mapfile_create(&f, at("x"), (size_t)1 << 62, 0600), ERR_SPACE);
	assert_int_equal(access(at("x.new"), F_OK), -1);
	assert_int_equal(symlink("none", at("link")), 0);
	assert_int_equal(mapfile_open(&f, at("link"), MAPFILE_READ), ERR_IO);
	(void)unlink(at("link"));
}

static int
make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_map.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
drop_dir(void **state)
{
	(void)state;
	(void)unlink(at("state"));
	(void)unlink(at("budgets"));
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pair_of_files_is_made_published_and_opened_read_only),
	    cmocka_unit_test(memory_that_is_no_fitting_map_is_refused_with_words),
	    cmocka_unit_test(capacities_out_of_bounds_have_no_size),
	    cmocka_unit_test(the_period_is_read_whole_once_it_is_set),
	    cmocka_unit_test(all_blocks_of_a_map_are_there_from_the_start),
	    cmocka_unit_test(files_that_cannot_be_maps_are_refused),
	};
	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
