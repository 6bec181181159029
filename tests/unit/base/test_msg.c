#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/msg.h"

static struct msg left, right;

static int
set_up(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return -1;
	if (msg_open(&left, pair[0]) != ERR_NONE)
		return -1;
	return msg_open(&right, pair[1]) == ERR_NONE ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	msg_close(&left);
	msg_close(&right);
	return 0;
}

static void
send_bytes(const void *data, size_t len)
{
	assert_int_equal(write(left.fd, data, len), (ssize_t)len);
}

static void
a_frame_arrives_as_it_was_sent(void **state)
{
	json_t *sent = json_pack("{sssi}", "op", "ping", "id", 7);
	json_t *got;

	(void)state;
	assert_int_equal(msg_send(&left, sent), ERR_NONE);
	assert_int_equal(msg_wait(&right, 1000, &got), ERR_NONE);
	assert_true(json_equal(sent, got));
	json_decref(sent);
	json_decref(got);
}

static void
a_frame_in_single_bytes_is_one_frame(void **state)
{
	static const char text[] = "{\"op\":\"x\"}";
	uint8_t header[4];
	json_t *got;

	(void)state;
	put_u32(header, sizeof(text) - 1);
	for (size_t i = 0; i < sizeof(header); i++) {
		send_bytes(header + i, 1);
		assert_int_equal(msg_fill(&right), ERR_NONE);
		assert_int_equal(msg_next(&right, &got), ERR_BUSY);
	}
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		assert_int_equal(msg_next(&right, &got), ERR_BUSY);
		send_bytes(text + i, 1);
		assert_int_equal(msg_fill(&right), ERR_NONE);
	}
	assert_int_equal(msg_next(&right, &got), ERR_NONE);
	json_decref(got);
}

static void
what_is_no_object_or_too_long_or_repeats_a_key_is_refused(void **state)
{
	static const char *const bad[] = { "[1]", "{\"a\":1,\"a\":2}", "{\"a\":", "nul", "{} {}" };
	json_t *got;
	uint8_t header[4];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_u32(header, (uint32_t)strlen(bad[i]));
		send_bytes(header, sizeof(header));
		send_bytes(bad[i], strlen(bad[i]));
		assert_int_equal(msg_wait(&right, 1000, &got), ERR_FORMAT);
		/* Still framed: the next one is looked at by itself. */
	}
	put_u32(header, MSG_MAX + 1);
	send_bytes(header, sizeof(header));
	assert_int_equal(msg_wait(&right, 1000, &got), ERR_FORMAT);
}

static void
a_request_leaves_no_trace_in_the_buffer(void **state)
{
	static const char secret[] = "correct horse";
	json_t *sent = json_pack("{ss}", "password", secret);
	json_t *got;

	(void)state;
	assert_int_equal(msg_send(&left, sent), ERR_NONE);
	assert_int_equal(msg_wait(&right, 1000, &got), ERR_NONE);
	json_decref(sent);
	json_decref(got);
	assert_null(memmem(right.in.data, right.in.cap, secret, strlen(secret)));
}

static void
a_peer_that_does_not_read_is_waited_for_without_blocking(void **state)
{
	char text[4096];
	json_t *sent;
	json_t *got;
	size_t frames = 0;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	sent = json_pack("{ss}", "text", text);
	while (msg_backlog(&left) < (1u << 20)) {
		assert_int_equal(msg_send(&left, sent), ERR_NONE);
		frames++;
	}
	while (frames > 0) {
		enum err err = msg_flush(&left);

		assert_true(err == ERR_NONE || err == ERR_BUSY);
		while (msg_fill(&right) == ERR_NONE)
			continue;
		while (msg_next(&right, &got) == ERR_NONE) {
			assert_true(json_equal(sent, got));
			json_decref(got);
			frames--;
		}
	}
	json_decref(sent);
}

static void
a_peer_that_has_gone_is_told_after_its_last_frame(void **state)
{
	json_t *sent = json_pack("{ss}", "op", "bye");
	json_t *got;

	(void)state;
	assert_int_equal(msg_send(&left, sent), ERR_NONE);
	assert_int_equal(shutdown(left.fd, SHUT_WR), 0);
	assert_int_equal(msg_wait(&right, 1000, &got), ERR_NONE);
	assert_int_equal(msg_wait(&right, 1000, &sent), ERR_EXPIRED);
	json_decref(sent);
	json_decref(got);
}

static void
count_frame(void *context, const json_t *frame)
{
	(void)frame;
	(*(int *)context)++;
}

static void
a_call_hands_on_what_comes_before_the_answer(void **state)
{
	json_t *request = json_pack("{ss}", "op", "list");
	json_t *rows = json_pack("{s[ii]}", "rows", 1, 2);
	json_t *last = json_pack("{sb}", "ok", 1);
	json_t *answer;
	int n = 0;

	(void)state;
	assert_int_equal(msg_send(&right, rows), ERR_NONE);
	assert_int_equal(msg_send(&right, rows), ERR_NONE);
	assert_int_equal(msg_send(&right, last), ERR_NONE);
	assert_int_equal(msg_call(&left, request, count_frame, &n, &answer), ERR_NONE);
	assert_int_equal(n, 2);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	json_decref(request);
	json_decref(rows);
	json_decref(last);
}

static void
nobody_listening_is_not_found(void **state)
{
	struct msg msg;

	(void)state;
	assert_int_equal(msg_connect(&msg, "/tmp/there/is/no/such/socket"), ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_frame_arrives_as_it_was_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_frame_in_single_bytes_is_one_frame, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_object_or_too_long_or_repeats_a_key_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_request_leaves_no_trace_in_the_buffer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_is_waited_for_without_blocking, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_peer_that_has_gone_is_told_after_its_last_frame, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_call_hands_on_what_comes_before_the_answer, set_up, tear_down),
		cmocka_unit_test(nobody_listening_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
