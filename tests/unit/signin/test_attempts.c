#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "signin/attempts.h"

#define SECOND UINT64_C(1000000)
#define HOUR (3600 * SECOND)
#define START (UINT64_C(1700000000) * SECOND)

/* Try again and again, as soon as allowed, for `span_us`; how many tries were granted? */
static unsigned
tries_of_an_attacker(struct attempts *a, uint64_t from_us, uint64_t span_us)
{
	unsigned tries = 0;
	uint64_t wait_us = 0, at_us = from_us;

	while (at_us < from_us + span_us) {
		if (attempts_take(a, at_us, &wait_us) == ERR_NONE)
			tries++;
		else
			at_us += wait_us;
	}
	return tries;
}

static void
an_attacker_who_waits_as_told_gets_ten_tries_a_day(void **state)
{
	struct attempts a = {0};

	(void)state;
	assert_int_equal(tries_of_an_attacker(&a, START, 24 * HOUR), ATTEMPTS_MAX);
	assert_int_equal(tries_of_an_attacker(&a, START + 24 * HOUR, 24 * HOUR), ATTEMPTS_MAX);
}

static void
the_delay_doubles_after_the_third_failure(void **state)
{
	struct attempts a = {0};
	uint64_t wait_us = 0, at_us = START;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(attempts_take(&a, at_us, &wait_us), ERR_NONE);
	for (uint64_t delay = 15 * SECOND; delay <= 960 * SECOND; delay *= 2) {
		assert_true(attempts_wait_us(&a, at_us) == delay);
		assert_int_equal(attempts_take(&a, at_us + delay - 1, &wait_us), ERR_BUSY);
		assert_true(wait_us == 1);
		at_us += delay;
		assert_int_equal(attempts_take(&a, at_us, &wait_us), ERR_NONE);
	}
}

static void
a_success_forgives_and_a_clock_that_goes_back_does_not(void **state)
{
	struct attempts a = {0};
	uint64_t wait_us = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(attempts_take(&a, START, &wait_us), ERR_NONE);
	assert_true(attempts_wait_us(&a, START - HOUR) > HOUR);
	attempts_forgive(&a);
	assert_true(attempts_wait_us(&a, START - HOUR) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_attacker_who_waits_as_told_gets_ten_tries_a_day),
	    cmocka_unit_test(the_delay_doubles_after_the_third_failure),
	    cmocka_unit_test(a_success_forgives_and_a_clock_that_goes_back_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
