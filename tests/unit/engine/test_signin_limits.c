/* signin_limits: what guessing and flooding run into. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "engine/signin_desk.h"
#include "signin/totp.h"

#define PASSWORD "correct horse battery"

static uint8_t secret[TOTP_SECRET_LEN];

static void
code_now(char out[TOTP_DIGITS + 1])
{
	assert_int_equal(totp_code(secret, fixture_now_us(), out), ERR_NONE);
}

static int
with_max(void **state)
{
	json_t *answer;

	if (fixture_set_up(state) != 0)
		return -1;
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"identity.add\", \"login\": \"max\", \"password\": \"" PASSWORD
	    "\", \"totp\": true}");
	assert_int_equal(totp_from_base32(fixture_text(answer, "totp_secret"), secret), ERR_NONE);
	json_decref(answer);
	return 0;
}

static void
take_ticket(char out[TICKET_SIZE])
{
	json_t *answer = fixture_get(OP_WEB,
	    "{\"op\": \"signin.password\", \"login\": \"max\", \"password\": \"" PASSWORD "\"}");

	(void)snprintf(out, TICKET_SIZE, "%s", fixture_text(answer, "ticket"));
	json_decref(answer);
}

static void
use_ticket(char token[64])
{
	char ticket[TICKET_SIZE], code[TOTP_DIGITS + 1];
	json_t *answer;

	take_ticket(ticket);
	code_now(code);
	answer = fixture_get(OP_WEB, "{\"op\": \"signin.totp\", \"ticket\": \"%s\", \"code\": \"%s\"}", ticket, code);
	(void)snprintf(token, 64, "%s", fixture_text(answer, "token"));
	json_decref(answer);
}

static void
codes_are_guessed_no_faster_with_many_tickets(void **state)
{
	char ticket[TICKET_SIZE], code[TOTP_DIGITS + 1];
	json_t *answer;

	(void)state;
	for (int i = 0; i < 3; i++) {
		take_ticket(ticket);
		fixture_refused(OP_WEB, "denied", "{\"op\": \"signin.totp\", \"ticket\": \"%s\", \"code\": \"00000%d\"}",
		    ticket, i);
	}
	take_ticket(ticket);
	code_now(code);
	answer = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.totp", "ticket", ticket, "code", code));
	assert_true(fixture_number(answer, "retry_after_s") > 0);
	json_decref(answer);
}

static void
codes_are_guessed_no_faster_with_many_sessions(void **state)
{
	char one[64], two[64], code[TOTP_DIGITS + 1];
	json_t *answer;

	(void)state;
	use_ticket(one);
	fixture_pass_s(60);
	use_ticket(two);
	fixture_pass_s(60);
	for (int i = 0; i < 3; i++)
		fixture_refused(OP_WEB, "denied", "{\"op\": \"stepup.totp\", \"token\": \"%s\", \"code\": \"00000%d\"}", one,
		    i);
	code_now(code);
	answer = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "stepup.totp", "token", two, "code", code));
	assert_true(fixture_number(answer, "retry_after_s") > 0);
	json_decref(answer);
	/* The owner is not locked out: signing in anew shows the second factor too. */
	use_ticket(two);
}

static void
one_account_cannot_fill_the_table_of_tickets(void **state)
{
	struct signin_ticket *first, *ticket;
	char text[TICKET_SIZE];

	(void)state;
	assert_int_equal(signin_ticket_give(engine, 7, 0, NULL, &first), ERR_NONE);
	memcpy(text, first->text, sizeof(text));
	assert_int_equal(signin_ticket_give(engine, 8, 0, NULL, &ticket), ERR_NONE);
	for (int i = 0; i < TICKETS_MAX * 2; i++) {
		fixture_pass_s(i % 1000 == 0 ? 1 : 0);
		assert_int_equal(signin_ticket_give(engine, 7, 0, NULL, &ticket), ERR_NONE);
	}
	assert_int_equal(signin_ticket_find(engine, text, &ticket), ERR_NOT_FOUND);
	for (uint32_t i = 0; i < TICKETS_MAX - TICKETS_PER_ACCOUNT - 1; i++)
		assert_int_equal(signin_ticket_give(engine, 1000 + i, 0, NULL, &ticket), ERR_NONE);
	assert_int_equal(signin_ticket_give(engine, 9, 0, NULL, &ticket), ERR_SPACE);
}

static void
a_new_password_makes_tickets_of_the_old_worthless(void **state)
{
	char ticket[TICKET_SIZE], code[TOTP_DIGITS + 1];

	(void)state;
	take_ticket(ticket);
	fixture_pass_s(1);
	fixture_do("{\"op\": \"identity.set_password\", \"identity\": \"max\", \"password\": \"another long password\"}");
	code_now(code);
	fixture_refused(OP_WEB, "expired", "{\"op\": \"signin.totp\", \"ticket\": \"%s\", \"code\": \"%s\"}", ticket, code);
}

static void
a_suspended_account_answers_like_a_wrong_password(void **state)
{
	json_t *right, *wrong;

	(void)state;
	fixture_do("{\"op\": \"identity.suspend\", \"identity\": \"max\", \"reason\": \"r\", \"author\": \"one\"}");
	right = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.password", "login", "max", "password", PASSWORD));
	wrong = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.password", "login", "max", "password", "no"));
	assert_true(json_equal(right, wrong));
	json_decref(right);
	json_decref(wrong);
}

static void
an_order_that_keeps_people_out_is_told_apart_from_a_wrong_password(void **state)
{
	json_t *answer;

	(void)state;
	fixture_do("{\"op\": \"order.give\", \"scope\": \"identity=max\", \"action\": \"deny\", \"capabilities\":"
	    " [\"sign-in\"], \"reason\": \"r\", \"author\": \"one\", \"for_s\": 60}");
	answer = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.password", "login", "max", "password", PASSWORD));
	assert_string_equal(fixture_text(answer, "reason"), "closed");
	json_decref(answer);
	answer = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.password", "login", "max", "password", "no"));
	assert_null(json_object_get(answer, "reason"));
	json_decref(answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_max, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(codes_are_guessed_no_faster_with_many_tickets),
		TEST(codes_are_guessed_no_faster_with_many_sessions),
		TEST(one_account_cannot_fill_the_table_of_tickets),
		TEST(a_new_password_makes_tickets_of_the_old_worthless),
		TEST(a_suspended_account_answers_like_a_wrong_password),
		TEST(an_order_that_keeps_people_out_is_told_apart_from_a_wrong_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
