#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "core/rules.h"
#include "world.h"

static struct rules_area area;
static void *memory;
static struct rules rules, copy;

static void
add_route(uint16_t number, uint16_t methods, const char *pattern)
{
	struct route *r = &rules.route[rules.n_routes++];
	const char *why;

	*r = (struct route){
		.number = number, .methods = methods, .capabilities = CAPABILITY_READ, .treatment = ROUTE_EXEMPT};
	assert_int_equal(pattern_compile(&r->pattern, pattern, &why), ERR_NONE);
}

static int
make(void **state)
{
	(void)state;
	memory = world_memory(rules_area_size());
	rules_area_init(&area, memory);
	memset(&rules, 0, sizeof(rules));
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	munmap(memory, rules_area_size());
	return 0;
}

static void
rules_that_were_published_are_copied_back_with_a_new_generation(void **state)
{
	uint64_t generation;

	(void)state;
	assert_int_equal(rules_copy(&area, &copy, &generation), ERR_NOT_FOUND);
	add_route(1, METHOD_GET, "/a");
	for (uint64_t i = 1; i <= 3; i++) {
		rules.settings.step_up_valid_s = (uint32_t)i;
		assert_int_equal(rules_publish(&area, &rules), ERR_NONE);
		assert_int_equal(rules_copy(&area, &copy, &generation), ERR_NONE);
		assert_int_equal(generation, i);
		assert_int_equal(rules_generation(&area), i);
		assert_memory_equal(&copy, &rules, sizeof(rules));
	}
}

static void
the_first_route_in_order_with_the_method_wins(void **state)
{
	(void)state;
	add_route(1, METHOD_GET | METHOD_HEAD, "/api/people/me");
	add_route(2, METHOD_GET, "/api/people/{id}");
	add_route(3, METHOD_ANY, "/api/**");
	assert_int_equal(rules_match(&rules, METHOD_GET, "/api/people/me", 14)->number, 1);
	assert_int_equal(rules_match(&rules, METHOD_GET, "/api/people/77", 14)->number, 2);
	assert_int_equal(rules_match(&rules, METHOD_POST, "/api/people/77", 14)->number, 3);
	assert_null(rules_match(&rules, METHOD_OTHER, "/api/people/77", 14));
	assert_null(rules_match(&rules, METHOD_GET, "/other", 6));
}

static void
methods_are_known_by_their_exact_names(void **state)
{
	(void)state;
	assert_int_equal(rules_method_bit("GET", 3), METHOD_GET);
	assert_int_equal(rules_method_bit("OPTIONS", 7), METHOD_OPTIONS);
	assert_int_equal(rules_method_bit("get", 3), METHOD_OTHER);
	assert_int_equal(rules_method_bit("GETS", 4), METHOD_OTHER);
	assert_int_equal(rules_method_bit("", 0), METHOD_OTHER);
}

static void
rules_out_of_bounds_are_not_published(void **state)
{
	(void)state;
	add_route(1, METHOD_GET, "/a");
	assert_int_equal(rules_check(&rules), ERR_NONE);
	struct route good = rules.route[0];
	rules.route[0].treatment = ROUTE_REFUSED;
	assert_int_equal(rules_publish(&area, &rules), ERR_CORRUPT);
	rules.route[0].treatment = ROUTE_METERED;
	assert_int_equal(rules_check(&rules), ERR_CORRUPT);
	rules.route[0].n_meters = 1;
	assert_int_equal(rules_check(&rules), ERR_CORRUPT);
	rules.n_meters = 1;
	rules.meter[0] = (struct meter){.kind = METER_HEADER, .header = "x-persons"};
	assert_int_equal(rules_check(&rules), ERR_NONE);
	rules.route[0].flags = ROUTE_PUBLIC;
	assert_int_equal(rules_check(&rules), ERR_CORRUPT);
	rules.route[0] = good;
	rules.meter[0].kind = 99;
	assert_int_equal(rules_check(&rules), ERR_CORRUPT);
	rules.n_meters = 0;
	memset(rules.settings.brand, 'x', sizeof(rules.settings.brand));
	assert_int_equal(rules_check(&rules), ERR_CORRUPT);
	assert_int_equal(rules_generation(&area), 0);
}

struct race {
	_Atomic bool stop;
	_Atomic uint32_t reads;
	_Atomic uint32_t faults;
};

static void *
copy_on(void *context)
{
	struct race *race = context;
	struct rules *mine = malloc(sizeof(*mine));
	uint64_t generation;

	while (mine != NULL && !atomic_load(&race->stop)) {
		enum err err = rules_copy(&area, mine, &generation);

		if (err == ERR_NONE) {
			uint32_t n = mine->settings.step_up_valid_s;

			if (mine->route[0].weight != n || mine->route[RULES_ROUTES_MAX - 1].weight != n)
				atomic_fetch_add(&race->faults, 1);
			atomic_fetch_add(&race->reads, 1);
		} else if (err != ERR_BUSY) {
			atomic_fetch_add(&race->faults, 1);
		}
	}
	free(mine);
	return NULL;
}

static void
readers_copy_one_whole_set_of_rules(void **state)
{
	struct race race = {0};
	pthread_t reader;

	(void)state;
	add_route(1, METHOD_GET, "/a");
	assert_int_equal(rules_publish(&area, &rules), ERR_NONE);
	assert_int_equal(pthread_create(&reader, NULL, copy_on, &race), 0);
	for (uint32_t i = 0; i < 100 || atomic_load(&race.reads) < 20; i++) {
		rules.settings.step_up_valid_s = rules.route[0].weight = rules.route[RULES_ROUTES_MAX - 1].weight = i;
		assert_int_equal(rules_publish(&area, &rules), ERR_NONE);
		/* Room for a reader to come through, as there is between two reloads. */
		for (uint32_t before = atomic_load(&race.reads), n = 0; n < 1000 && atomic_load(&race.reads) == before; n++)
			(void)sched_yield();
	}
	atomic_store(&race.stop, true);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_int_equal(race.faults, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(rules_that_were_published_are_copied_back_with_a_new_generation),
	    TEST(the_first_route_in_order_with_the_method_wins),
	    TEST(methods_are_known_by_their_exact_names),
	    TEST(rules_out_of_bounds_are_not_published),
	    TEST(readers_copy_one_whole_set_of_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
