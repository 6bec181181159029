#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "core/order.h"
#include "world.h"

#define CAPACITY 2000u

static struct order_table table;
static void *memory;

static int
make(void **state)
{
	(void)state;
	memory = world_memory(order_table_size(CAPACITY));
	order_table_init(&table, memory, CAPACITY);
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	munmap(memory, order_table_size(CAPACITY));
	return 0;
}

static const struct session_attributes someone = {
	.session = 100, .identity = 10, .lineage = {7, 3}, .organisation = 20, .territory = 30, .profile = 40, .idp = 50,
};

static struct order
order_on(uint32_t number, enum order_action action, enum scope_kind kind, uint64_t value)
{
	struct order o = {
		.number = number, .action = action, .capabilities = CAPABILITY_ALL, .given_at_us = T0,
		.expires_at_us = T0 + HOUR, .slow_ms = 250,
	};

	if (kind != SCOPE_KIND_MAX) {
		o.scope.terms = 1u << kind;
		o.scope.value[kind] = value;
	}
	return o;
}

static struct order_question
question(void)
{
	return (struct order_question){
		.who = &someone, .capability = CAPABILITY_READ, .route = 60, .method_is_safe = true, .at_us = T0 + MINUTE,
	};
}

static struct order_answer
ask(const struct order *orders, size_t n, const struct order_question *q)
{
	struct order_answer answer;

	assert_int_equal(order_table_publish(&table, orders, n), ERR_NONE);
	order_evaluate(&table, q, &answer);
	return answer;
}

static void
without_orders_everything_is_allowed_without_remark(void **state)
{
	struct order_question q = question();
	struct order_answer answer;

	(void)state;
	order_evaluate(&table, &q, &answer);
	assert_int_equal(answer.verdict, VERDICT_ALLOW);
	assert_int_equal(answer.reason, REASON_NONE);
	assert_int_equal(answer.order, 0);
}

static void
each_kind_of_scope_reaches_whom_it_means_and_no_other(void **state)
{
	static const struct { enum scope_kind kind; uint64_t value; } meant[] = {
		{SCOPE_SESSION, 100}, {SCOPE_IDENTITY, 10}, {SCOPE_LINEAGE, 10}, {SCOPE_LINEAGE, 7}, {SCOPE_LINEAGE, 3},
		{SCOPE_ORGANISATION, 20}, {SCOPE_TERRITORY, 30}, {SCOPE_PROFILE, 40}, {SCOPE_IDP, 50}, {SCOPE_ROUTE, 60},
		{SCOPE_CAPABILITY, CAPABILITY_READ | CAPABILITY_SEND}, {SCOPE_KIND_MAX, 0},
	};
	struct order_question q = question();

	(void)state;
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++) {
		struct order o = order_on(5, ORDER_DENY, meant[i].kind, meant[i].value);
		struct order_answer answer = ask(&o, 1, &q);

		assert_int_equal(answer.verdict, VERDICT_REFUSE);
		assert_int_equal(answer.reason, REASON_ORDER_DENY);
		assert_int_equal(answer.order, 5);
		assert_int_equal(answer.expires_at_us, T0 + HOUR);
		if (meant[i].kind == SCOPE_KIND_MAX)
			continue;
		o.scope.value[meant[i].kind] = meant[i].kind == SCOPE_CAPABILITY ? CAPABILITY_SEND : 999;
		assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
	}
}

static void
a_conjunction_wants_all_its_terms(void **state)
{
	struct order_question q = question();
	struct order o = order_on(5, ORDER_DENY, SCOPE_ORGANISATION, 20);

	(void)state;
	o.scope.terms |= 1u << SCOPE_CAPABILITY | 1u << SCOPE_PROFILE;
	o.scope.value[SCOPE_CAPABILITY] = CAPABILITY_EXPORT;
	o.scope.value[SCOPE_PROFILE] = 40;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
	q.capability = CAPABILITY_EXPORT;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_REFUSE);
	o.scope.value[SCOPE_PROFILE] = 41;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
}

static void
the_heaviest_order_wins_and_the_longest_delay(void **state)
{
	struct order_question q = question();
	struct order o[] = {
		order_on(1, ORDER_OBSERVE, SCOPE_KIND_MAX, 0), order_on(2, ORDER_SLOW, SCOPE_IDP, 50),
		order_on(3, ORDER_SLOW, SCOPE_PROFILE, 40), order_on(4, ORDER_STEP_UP, SCOPE_ORGANISATION, 20),
		order_on(5, ORDER_READ_ONLY, SCOPE_LINEAGE, 7), order_on(6, ORDER_DENY, SCOPE_SESSION, 100),
	};

	(void)state;
	o[2].slow_ms = 900;
	assert_int_equal(ask(o, 1, &q).reason, REASON_ORDER_OBSERVE);
	assert_int_equal(ask(o, 1, &q).verdict, VERDICT_ALLOW);
	struct order_answer answer = ask(o, 3, &q);
	assert_int_equal(answer.verdict, VERDICT_SLOW);
	assert_int_equal(answer.order, 3);
	assert_int_equal(answer.slow_ms, 900);
	assert_int_equal(answer.observed, 1);
	assert_int_equal(ask(o, 4, &q).verdict, VERDICT_STEP_UP);
	assert_int_equal(ask(o, 5, &q).order, 4);
	q.method_is_safe = false;
	assert_int_equal(ask(o, 5, &q).reason, REASON_ORDER_READ_ONLY);
	assert_int_equal(ask(o, 6, &q).reason, REASON_ORDER_DENY);
}

static void
a_second_factor_shown_after_a_step_up_order_satisfies_it(void **state)
{
	struct order_question q = question();
	struct order o = order_on(5, ORDER_STEP_UP, SCOPE_IDENTITY, 10);

	(void)state;
	q.second_factor_at_us = T0;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_STEP_UP);
	q.second_factor_at_us = T0 + 1;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
}

static void
read_only_stops_sending_even_by_a_safe_method(void **state)
{
	struct order_question q = question();
	struct order o = order_on(5, ORDER_READ_ONLY, SCOPE_IDENTITY, 10);

	(void)state;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
	q.capability = CAPABILITY_SEND;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_REFUSE);
}

static void
orders_bite_only_their_capabilities_and_end_by_themselves(void **state)
{
	struct order_question q = question();
	struct order o = order_on(5, ORDER_DENY, SCOPE_IDENTITY, 10);

	(void)state;
	o.capabilities = CAPABILITY_EXPORT;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
	o.capabilities = CAPABILITY_EXPORT | CAPABILITY_READ;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_REFUSE);
	q.at_us = T0 + HOUR - 1;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_REFUSE);
	q.at_us = T0 + HOUR;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
}

static void
what_has_no_capability_is_under_orders_that_bite_all(void **state)
{
	struct order_question q = question();
	struct order o = order_on(5, ORDER_DENY, SCOPE_IDENTITY, 10);

	(void)state;
	q.capability = 0;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_REFUSE);
	o.capabilities = CAPABILITY_READ;
	assert_int_equal(ask(&o, 1, &q).verdict, VERDICT_ALLOW);
}

static void
too_many_or_unsound_orders_are_refused_and_the_former_stay(void **state)
{
	static struct order many[CAPACITY + 1];
	struct order_question q = question();
	struct order_answer answer;

	(void)state;
	for (uint32_t i = 0; i <= CAPACITY; i++)
		many[i] = order_on(i + 1, ORDER_DENY, SCOPE_IDENTITY, 1000 + i);
	many[7].scope.value[SCOPE_IDENTITY] = 10;
	assert_int_equal(ask(many, CAPACITY, &q).order, 8);
	assert_int_equal(order_table_publish(&table, many, CAPACITY + 1), ERR_SPACE);
	many[0].action = 77;
	assert_int_equal(order_table_publish(&table, many, 1), ERR_RANGE);
	many[0] = order_on(1, ORDER_DENY, SCOPE_IDENTITY, 1);
	many[0].capabilities = 0;
	assert_int_equal(order_table_publish(&table, many, 1), ERR_RANGE);
	order_evaluate(&table, &q, &answer);
	assert_int_equal(answer.order, 8);
}

/* The chains must find what a look at every order finds. */
static void
chains_agree_with_a_search_through_all_orders(void **state)
{
	static struct order orders[CAPACITY];
	uint64_t random = 6;

	(void)state;
	for (int round = 0; round < 40; round++) {
		size_t n = world_random(&random) % 300;

		for (size_t i = 0; i < n; i++) {
			orders[i] = order_on((uint32_t)i + 1, ORDER_DENY, SCOPE_KIND_MAX, 0);
			orders[i].scope.terms = (uint32_t)(world_random(&random) & world_random(&random)) & 0xff;
			for (int k = 0; k < SCOPE_CAPABILITY; k++)
				orders[i].scope.value[k] = orders[i].scope.terms & 1u << k ? 1 + world_random(&random) % 6 : 0;
			if (orders[i].scope.terms == 0)
				orders[i].capabilities = CAPABILITY_SEND;
		}
		assert_int_equal(order_table_publish(&table, orders, n), ERR_NONE);
		for (int i = 0; i < 500; i++) {
			struct session_attributes who = {
				.session = 1 + world_random(&random) % 6, .identity = 1 + (uint32_t)(world_random(&random) % 6),
				.lineage = {(uint32_t)(world_random(&random) % 6)},
				.organisation = 1 + (uint32_t)(world_random(&random) % 6),
				.territory = (uint32_t)(world_random(&random) % 6), .profile = (uint32_t)(world_random(&random) % 6),
				.idp = 1,
			};
			struct order_question q = question();
			struct order_answer answer;
			uint32_t expected = 0;

			q.who = &who;
			q.route = 1 + (uint32_t)(world_random(&random) % 6);
			for (size_t j = n; j-- > 0;) {
				if ((orders[j].capabilities & q.capability) != 0 &&
				    scope_match(&orders[j].scope, &who, q.capability, q.route))
					expected = orders[j].number;
			}
			order_evaluate(&table, &q, &answer);
			assert_int_equal(answer.order, expected);
		}
	}
}

/*
 * Two sets of orders in turn, all for everyone; each answer must be that of one whole set. A reader that is preempted
 * in every one of its tries may say "unavailable", which closes; a mix of both sets, never.
 */
#define RACING 60u

struct race {
	_Atomic bool stop;
	_Atomic uint32_t answers;
	_Atomic uint32_t unavailable;
	_Atomic uint32_t faults;
};

static void *
ask_on(void *context)
{
	struct race *race = context;
	struct order_question q = question();
	struct order_answer answer;

	while (!atomic_load(&race->stop)) {
		order_evaluate(&table, &q, &answer);
		bool first = answer.verdict == VERDICT_STEP_UP && answer.order == 1 && answer.observed == 60;
		bool second = answer.verdict == VERDICT_REFUSE && answer.order == 101 && answer.observed == 0;
		if (answer.verdict == VERDICT_UNAVAILABLE && answer.reason == REASON_MAP)
			atomic_fetch_add(&race->unavailable, 1);
		else if (!first && !second)
			atomic_fetch_add(&race->faults, 1);
		atomic_fetch_add(&race->answers, 1);
	}
	return NULL;
}

static int
make_racing(void **state)
{
	(void)state;
	memory = world_memory(order_table_size(RACING));
	order_table_init(&table, memory, RACING);
	return 0;
}

static int
drop_racing(void **state)
{
	(void)state;
	munmap(memory, order_table_size(RACING));
	return 0;
}

static void
readers_always_answer_by_one_whole_set_of_orders(void **state)
{
	static struct order set[2][RACING];
	struct race race = {0};
	pthread_t reader[3];

	(void)state;
	for (uint32_t i = 0; i < RACING; i++) {
		set[0][i] = order_on(i + 1, ORDER_STEP_UP, SCOPE_KIND_MAX, 0);
		set[1][i] = order_on(i + 101, ORDER_DENY, SCOPE_KIND_MAX, 0);
	}
	set[0][RACING - 1].action = ORDER_OBSERVE;
	assert_int_equal(order_table_publish(&table, set[0], RACING), ERR_NONE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, ask_on, &race), 0);
	for (uint32_t i = 0; i < world_races(60000) || atomic_load(&race.answers) < 5000; i++)
		assert_int_equal(order_table_publish(&table, set[i % 2], RACING), ERR_NONE);
	atomic_store(&race.stop, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(reader[i], NULL), 0);
	assert_int_equal(race.faults, 0);
	assert_true(race.unavailable < race.answers / 2);
}

static void
actions_have_names_that_read_back(void **state)
{
	enum order_action action;

	(void)state;
	for (int i = ORDER_OBSERVE; i < ORDER_ACTION_MAX; i++) {
		assert_int_equal(order_action_parse(order_action_name((enum order_action)i), &action), ERR_NONE);
		assert_int_equal(action, i);
	}
	assert_int_equal(order_action_parse("divert", &action), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_orders_everything_is_allowed_without_remark),
	    TEST(each_kind_of_scope_reaches_whom_it_means_and_no_other),
	    TEST(a_conjunction_wants_all_its_terms),
	    TEST(the_heaviest_order_wins_and_the_longest_delay),
	    TEST(a_second_factor_shown_after_a_step_up_order_satisfies_it),
	    TEST(read_only_stops_sending_even_by_a_safe_method),
	    TEST(orders_bite_only_their_capabilities_and_end_by_themselves),
	    TEST(what_has_no_capability_is_under_orders_that_bite_all),
	    TEST(too_many_or_unsound_orders_are_refused_and_the_former_stay),
	    TEST(chains_agree_with_a_search_through_all_orders),
	    cmocka_unit_test_setup_teardown(readers_always_answer_by_one_whole_set_of_orders, make_racing, drop_racing),
	    TEST(actions_have_names_that_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
