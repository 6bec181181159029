/* signin: password, second factor, step-up, sessions of one's own. */
#include "fixture.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "engine/sessions.h"
#include "signin/totp.h"

static uint8_t secret[TOTP_SECRET_LEN];

static void
code_now(char out[TOTP_DIGITS + 1])
{
	assert_int_equal(totp_code(secret, fixture_now_us(), out), ERR_NONE);
}

static int
with_people(void **state)
{
	json_t *answer;

	if (fixture_set_up(state) != 0)
		return -1;
	fixture_do("{\"op\": \"organisation.add\", \"organisation\": \"of-1\"}");
	fixture_do("{\"op\": \"identity.add\", \"login\": \"lea\", \"profile\": \"partner\", \"organisation\": \"of-1\","
	    " \"password\": \"correct horse battery\"}");
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"identity.add\", \"login\": \"max\", \"password\":"
	    " \"correct horse battery\", \"totp\": true}");
	assert_int_equal(totp_from_base32(fixture_text(answer, "totp_secret"), secret), ERR_NONE);
	json_decref(answer);
	return 0;
}

/* The session as the gate finds it. */
static enum err
find_in_map(const char *token, struct session_record *record)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)token, strlen(token), hash);
	return session_table_find(&engine->maps.state.sessions, hash, record);
}

static void
a_right_password_gives_a_session_that_the_gate_knows(void **state)
{
	struct session_record record;
	char token[64];

	(void)state;
	fixture_sign_in("lea", token);
	assert_int_equal(find_in_map(token, &record), ERR_NONE);
	assert_int_equal(record.who.identity, 1);
	assert_int_equal(record.level, 1);
	assert_int_equal(record.n_budgets, 2);
	record.headers[record.headers_len] = '\0';
	assert_non_null(strstr(record.headers, "Remote-User: lea\r\n"));
	assert_non_null(strstr(record.headers, "Remote-Organisation: of-1\r\n"));
	assert_non_null(strstr(record.headers, "X-Tourniquet-Jwt: ey"));
	json_decref(fixture_get(OP_WEB, "{\"op\": \"session.whoami\", \"token\": \"%s\"}", token));
	json_decref(fixture_get(OP_WEB, "{\"op\": \"session.end\", \"token\": \"%s\"}", token));
	assert_int_equal(find_in_map(token, &record), ERR_NOT_FOUND);
	fixture_refused(OP_WEB, "not-found", "{\"op\": \"session.whoami\", \"token\": \"%s\"}", token);
}

static void
a_second_factor_is_asked_for_and_its_code_works_once(void **state)
{
	struct session_record record;
	char code[TOTP_DIGITS + 1], ticket[64];
	json_t *answer = fixture_get(OP_WEB,
	    "{\"op\": \"signin.password\", \"login\": \"max\", \"password\": \"correct horse battery\"}");

	(void)state;
	(void)snprintf(ticket, sizeof(ticket), "%s", fixture_text(answer, "ticket"));
	json_decref(answer);
	fixture_refused(OP_WEB, "denied", "{\"op\": \"signin.totp\", \"ticket\": \"%s\", \"code\": \"000000\"}", ticket);
	code_now(code);
	answer = fixture_get(OP_WEB, "{\"op\": \"signin.totp\", \"ticket\": \"%s\", \"code\": \"%s\"}", ticket, code);
	assert_int_equal(find_in_map(fixture_text(answer, "token"), &record), ERR_NONE);
	assert_int_equal(record.level, 2);
	assert_int_equal(record.second_factor_at_us, fixture_now_us());
	/* Neither the ticket nor the code again. */
	fixture_refused(OP_WEB, "expired", "{\"op\": \"signin.totp\", \"ticket\": \"%s\", \"code\": \"%s\"}", ticket, code);
	fixture_refused(OP_WEB, "denied", "{\"op\": \"stepup.totp\", \"token\": \"%s\", \"code\": \"%s\"}",
	    fixture_text(answer, "token"), code);
	fixture_pass_s(60);
	code_now(code);
	json_decref(fixture_get(OP_WEB, "{\"op\": \"stepup.totp\", \"token\": \"%s\", \"code\": \"%s\"}",
	    fixture_text(answer, "token"), code));
	assert_int_equal(find_in_map(fixture_text(answer, "token"), &record), ERR_NONE);
	assert_int_equal(record.second_factor_at_us, fixture_now_us());
	json_decref(answer);
}

static void
a_ticket_expires(void **state)
{
	json_t *answer = fixture_get(OP_WEB,
	    "{\"op\": \"signin.password\", \"login\": \"max\", \"password\": \"correct horse battery\"}");
	char code[TOTP_DIGITS + 1];

	(void)state;
	fixture_pass_s(600);
	code_now(code);
	fixture_refused(OP_WEB, "expired", "{\"op\": \"signin.totp\", \"ticket\": \"%s\", \"code\": \"%s\"}",
	    fixture_text(answer, "ticket"), code);
	json_decref(answer);
}

static void
unknown_logins_and_wrong_passwords_get_the_same_words(void **state)
{
	json_t *one = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.password", "login", "lea", "password", "no"));
	json_t *two = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.password", "login", "zoe", "password", "no"));

	(void)state;
	assert_true(json_equal(one, two));
	assert_string_equal(fixture_text(one, "error"), "denied");
	json_decref(one);
	json_decref(two);
}

static void
attempts_are_limited_but_not_for_a_device_that_is_known(void **state)
{
	char device[64] = "";
	json_t *answer = fixture_get(OP_WEB,
	    "{\"op\": \"signin.password\", \"login\": \"lea\", \"password\": \"correct horse battery\"}");

	(void)state;
	(void)snprintf(device, sizeof(device), "%s", fixture_text(answer, "device"));
	json_decref(answer);
	for (int i = 0; i < 3; i++)
		fixture_refused(OP_WEB, "denied",
		    "{\"op\": \"signin.password\", \"login\": \"lea\", \"password\": \"guess-%d\"}", i);
	answer = fixture_ask(OP_WEB, json_pack("{ssssss}", "op", "signin.password", "login", "lea", "password",
	    "correct horse battery"));
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_true(fixture_number(answer, "retry_after_s") > 0);
	json_decref(answer);
	json_decref(fixture_get(OP_WEB, "{\"op\": \"signin.password\", \"login\": \"lea\", \"password\":"
	    " \"correct horse battery\", \"device\": \"%s\"}", device));
	fixture_pass_s(3600);
	json_decref(fixture_get(OP_WEB,
	    "{\"op\": \"signin.password\", \"login\": \"lea\", \"password\": \"correct horse battery\"}"));
}

static void
a_suspended_identity_is_out_at_once_and_cannot_come_back(void **state)
{
	struct session_record record;
	char token[64];
	json_t *answer;

	(void)state;
	fixture_sign_in("lea", token);
	answer = fixture_get(OP_OPERATOR, "{\"op\": \"identity.suspend\", \"identity\": \"lea\", \"reason\": \"stolen\","
	    " \"author\": \"one\"}");
	assert_int_equal(fixture_number(answer, "revoked"), 1);
	json_decref(answer);
	assert_int_equal(find_in_map(token, &record), ERR_NOT_FOUND);
	fixture_refused(OP_WEB, "denied",
	    "{\"op\": \"signin.password\", \"login\": \"lea\", \"password\": \"correct horse battery\"}");
	fixture_do("{\"op\": \"identity.resume\", \"identity\": \"lea\", \"author\": \"one\"}");
	fixture_sign_in("lea", token);
}

static void
an_order_on_signing_in_keeps_people_out(void **state)
{
	(void)state;
	fixture_do("{\"op\": \"order.give\", \"scope\": \"organisation=of-1\", \"action\": \"deny\", \"capabilities\":"
	    " [\"sign-in\"], \"reason\": \"r\", \"author\": \"one\", \"for_s\": 60}");
	fixture_refused(OP_WEB, "denied",
	    "{\"op\": \"signin.password\", \"login\": \"lea\", \"password\": \"correct horse battery\"}");
}

static void
people_see_and_end_their_own_sessions_and_nobody_elses(void **state)
{
	char one[64], two[64], other[64];
	struct session_record record;
	json_t *answer;

	(void)state;
	fixture_do("{\"op\": \"identity.add\", \"login\": \"zoe\", \"password\": \"correct horse battery\"}");
	fixture_sign_in("lea", one);
	fixture_sign_in("lea", two);
	fixture_sign_in("zoe", other);
	answer = fixture_get(OP_WEB, "{\"op\": \"my.sessions\", \"token\": \"%s\"}", one);
	assert_int_equal(json_array_size(json_object_get(answer, "sessions")), 2);
	json_decref(answer);
	assert_int_equal(find_in_map(other, &record), ERR_NONE);
	fixture_refused(OP_WEB, "not-found", "{\"op\": \"my.revoke\", \"token\": \"%s\", \"session\": %llu}", one,
	    (unsigned long long)record.who.session);
	answer = fixture_get(OP_WEB, "{\"op\": \"my.revoke\", \"token\": \"%s\", \"others\": true}", one);
	assert_int_equal(fixture_number(answer, "revoked"), 1);
	json_decref(answer);
	assert_int_equal(find_in_map(one, &record), ERR_NONE);
	assert_int_equal(find_in_map(two, &record), ERR_NOT_FOUND);
	assert_int_equal(find_in_map(other, &record), ERR_NONE);
}

static void
sessions_survive_restarts_and_new_maps(void **state)
{
	struct session_record record;
	char token[64];

	(void)state;
	fixture_sign_in("lea", token);
	fixture_restart(false);
	assert_int_equal(find_in_map(token, &record), ERR_NONE);
	fixture_restart(true);
	assert_int_equal(find_in_map(token, &record), ERR_NONE);
	fixture_pass_s(43200);
	fixture_restart(false);
	fixture_refused(OP_WEB, "not-found", "{\"op\": \"session.whoami\", \"token\": \"%s\"}", token);
}

static void
a_new_password_ends_the_sessions_of_the_old(void **state)
{
	struct session_record record;
	char token[64];

	(void)state;
	fixture_sign_in("lea", token);
	fixture_do("{\"op\": \"identity.set_password\", \"identity\": \"lea\", \"password\": \"another long password\"}");
	assert_int_equal(find_in_map(token, &record), ERR_NOT_FOUND);
	fixture_refused(OP_WEB, "denied",
	    "{\"op\": \"signin.password\", \"login\": \"lea\", \"password\": \"correct horse battery\"}");
}

static void
sessions_are_revoked_by_scope(void **state)
{
	struct session_record record;
	char token[64];
	json_t *answer;

	(void)state;
	fixture_sign_in("lea", token);
	answer = fixture_get(OP_OPERATOR,
	    "{\"op\": \"session.revoke\", \"scope\": \"organisation=of-1 & profile=partner\"}");
	assert_int_equal(fixture_number(answer, "revoked"), 1);
	json_decref(answer);
	assert_int_equal(find_in_map(token, &record), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_people, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_right_password_gives_a_session_that_the_gate_knows),
		TEST(a_second_factor_is_asked_for_and_its_code_works_once),
		TEST(a_ticket_expires),
		TEST(unknown_logins_and_wrong_passwords_get_the_same_words),
		TEST(attempts_are_limited_but_not_for_a_device_that_is_known),
		TEST(a_suspended_identity_is_out_at_once_and_cannot_come_back),
		TEST(an_order_on_signing_in_keeps_people_out),
		TEST(people_see_and_end_their_own_sessions_and_nobody_elses),
		TEST(sessions_survive_restarts_and_new_maps),
		TEST(a_new_password_ends_the_sessions_of_the_old),
		TEST(sessions_are_revoked_by_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
