/* state: sessions, orders, cases, limits and their history. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "store/budget.h"
#include "store/order.h"
#include "store/session.h"

static struct store_session
session_of(uint64_t number, uint64_t ends_us)
{
	struct store_session session = { .number = number, .identity = 1, .provider = 1, .amr = STORE_AMR_PWD,
		.created_us = 10, .last_seen_us = 10, .ends_us = ends_us, .agent = "Firefox 128 / Linux",
		    .address = "192.0.2.1" };

	session.token_hash[0] = (uint8_t)number;
	return session;
}

static bool
count_session(void *context, const struct store_session *session)
{
	(void)session;
	(*(int *)context)++;
	return true;
}

static int
live_at(uint64_t at_us)
{
	int n = 0;

	assert_int_equal(store_session_each_live(store, at_us, count_session, &n), ERR_NONE);
	return n;
}

static void
sessions_live_until_they_end(void **state)
{
	struct store_session one = session_of(1, 100), two = session_of(2, 200);
	struct store_session got;

	(void)state;
	assert_int_equal(store_session_add(store, &one), ERR_NONE);
	assert_int_equal(store_session_add(store, &two), ERR_NONE);
	assert_int_equal(store_session_step_up(store, 1, STORE_AMR_PWD | STORE_AMR_OTP, 50), ERR_NONE);
	assert_int_equal(store_session_seen(store, 1, 60), ERR_NONE);
	fixture_reopen();
	assert_int_equal(store_session_get(store, 1, &got), ERR_NONE);
	assert_int_equal(got.stepped_up_us, 50);
	assert_int_equal(got.last_seen_us, 60);
	assert_string_equal(got.agent, "Firefox 128 / Linux");
	assert_memory_equal(got.token_hash, one.token_hash, STORE_HASH_LEN);
	assert_int_equal(live_at(99), 2);
	assert_int_equal(live_at(100), 1);
	assert_int_equal(store_session_end(store, 2, 120), ERR_NONE);
	assert_int_equal(live_at(99), 1);
	assert_int_equal(store_session_end(store, 2, 130), ERR_NOT_FOUND);
	assert_int_equal(store_session_step_up(store, 2, 0, 130), ERR_NOT_FOUND);
	assert_int_equal(store_session_purge(store, 150), ERR_NONE);
	assert_int_equal(store_session_get(store, 1, &got), ERR_NOT_FOUND);
	assert_int_equal(store_session_get(store, 2, &got), ERR_NONE);
}

static bool
keep_order(void *context, const struct store_order *order)
{
	memcpy(context, order, sizeof(*order));
	return false;
}

static bool
count_order(void *context, const struct store_order *order)
{
	(void)order;
	(*(int *)context)++;
	return true;
}

static int
orders_at(uint64_t at_us)
{
	int n = 0;

	assert_int_equal(store_order_each(store, at_us, count_order, &n), ERR_NONE);
	return n;
}

static void
orders_wait_bite_and_end(void **state)
{
	struct store_order order = { .number = 3, .scope = "organisation=#1", .action = 5, .capabilities = 255,
		.reason = "stolen", .author = "one", .pending = true, .given_us = 10, .until_us = 100 };
	struct store_order got;

	(void)state;
	assert_int_equal(store_order_add(store, &order), ERR_NONE);
	assert_int_equal(store_order_approve(store, 3, "two"), ERR_NONE);
	assert_int_equal(store_order_approve(store, 3, "two"), ERR_NOT_FOUND);
	assert_int_equal(store_order_each(store, 50, keep_order, &got), ERR_NONE);
	assert_false(got.pending);
	assert_string_equal(got.approved_by, "two");
	assert_string_equal(got.scope, "organisation=#1");
	assert_int_equal(orders_at(99), 1);
	assert_int_equal(orders_at(100), 0);
	assert_int_equal(orders_at(0), 1);
	assert_int_equal(store_order_lift(store, 3, "one", 60), ERR_NONE);
	assert_int_equal(store_order_lift(store, 3, "one", 61), ERR_NOT_FOUND);
	assert_int_equal(orders_at(99), 0);
}

static bool
keep_case(void *context, const struct store_case *incident)
{
	memcpy(context, incident, sizeof(*incident));
	return true;
}

static void
a_case_opens_and_closes(void **state)
{
	struct store_case incident = { .scope = "identity=#4", .title = "theft", .author = "one", .since_us = 1,
		.until_us = 2, .opened_us = 3 };
	struct store_case got;
	uint64_t number;

	(void)state;
	assert_int_equal(store_case_add(store, &incident, &number), ERR_NONE);
	assert_int_equal(store_case_close(store, number, 9), ERR_NONE);
	assert_int_equal(store_case_close(store, number, 9), ERR_NOT_FOUND);
	assert_int_equal(store_case_each(store, keep_case, &got), ERR_NONE);
	assert_int_equal(got.number, number);
	assert_int_equal(got.closed_us, 9);
	assert_string_equal(got.title, "theft");
}

static bool
count_limits(void *context, struct store_budget_key key, const struct store_limits *limits)
{
	uint32_t *sum = context;

	*sum += key.number * 1000 + limits->window[STORE_DAY].hard;
	return true;
}

static void
learning_and_raising_do_not_touch_each_other(void **state)
{
	const struct store_budget_key one = { STORE_BUDGET_IDENTITY, 1 }, two = { STORE_BUDGET_IDENTITY, 2 };
	const struct store_limit raise = { .raised_hard = 900, .raised_until_us = 77, .raised_by = "op",
	    .reason = "open day" };
	struct store_limits got;
	uint32_t sum = 0;

	(void)state;
	assert_int_equal(store_limits_get(store, one, &got), ERR_NONE);
	assert_int_equal(got.window[STORE_DAY].hard, 0);
	assert_int_equal(store_limits_raise(store, one, STORE_DAY, &raise), ERR_NONE);
	assert_int_equal(store_limits_learn(store, one, STORE_DAY, 50, 100, 5), ERR_NONE);
	assert_int_equal(store_limits_learn(store, two, STORE_DAY, 20, 40, 5), ERR_NONE);
	assert_int_equal(store_limits_get(store, one, &got), ERR_NONE);
	assert_int_equal(got.window[STORE_DAY].hard, 100);
	assert_int_equal(got.window[STORE_DAY].raised_hard, 900);
	assert_string_equal(got.window[STORE_DAY].reason, "open day");
	assert_int_equal(store_limits_each(store, count_limits, &sum), ERR_NONE);
	assert_int_equal(sum, 1000 + 100 + 2000 + 40);
}

static void
a_day_that_was_stopped_stays_stopped(void **state)
{
	const struct store_budget_key key = { STORE_BUDGET_ORGANISATION, 4 };
	struct store_budget_day day = { .day = 20000, .distinct = { 1, 9, 30 } };
	struct store_budget_day got[4];
	uint32_t n;

	(void)state;
	assert_int_equal(store_budget_day_stop(store, key, 20000), ERR_NONE);
	assert_int_equal(store_budget_day_put(store, key, &day), ERR_NONE);
	day.day = 19999;
	assert_int_equal(store_budget_day_put(store, key, &day), ERR_NONE);
	day.day = 20001;
	assert_int_equal(store_budget_day_put(store, key, &day), ERR_NONE);
	assert_int_equal(store_budget_days(store, key, 20000, 4, got, &n), ERR_NONE);
	assert_int_equal(n, 2);
	assert_int_equal(got[0].day, 20000);
	assert_true(got[0].stopped);
	assert_int_equal(got[0].distinct[STORE_DAY], 9);
	assert_false(got[1].stopped);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sessions_live_until_they_end),
		TEST(orders_wait_bite_and_end),
		TEST(a_case_opens_and_closes),
		TEST(learning_and_raising_do_not_touch_each_other),
		TEST(a_day_that_was_stopped_stays_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
