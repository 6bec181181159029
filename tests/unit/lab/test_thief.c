/* The ladders of the thief, against a platform in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lab/replay/thief.c"

#define PEOPLE 1000
#define QUEUE_MAX 2000

struct queued {
	char path[160];
	void (*done)(void *context, const struct http_reply *reply);
	void *context;
};

/* The platform, and the guard in front of it. */
static struct {
	struct queued queue[QUEUE_MAX];
	size_t count;
	size_t most;           /* requests that waited at the same time */
	size_t budget;         /* persons; 0: no guard */
	bool fails_first;      /* every other request fails */
	unsigned asked;
	struct received handed;
} platform;

static struct stage stage;

/* Takes the place of the one in lab/http.c. */
enum err
http_start(struct http *http, const struct http_call *call)
{
	struct queued *queued = &platform.queue[platform.count];

	(void)http;
	assert_true(platform.count < QUEUE_MAX);
	(void)snprintf(queued->path, sizeof(queued->path), "%s", call->path);
	queued->done = call->done;
	queued->context = call->context;
	platform.count++;
	if (platform.count > platform.most)
		platform.most = platform.count;
	return ERR_NONE;
}

/* First person and number of persons that a path asks for. */
static void
read_path(const char *path, size_t *ret_first, size_t *ret_count)
{
	size_t size, page, number;
	char letter;

	*ret_first = 0;
	*ret_count = 0;
	if (sscanf(path, "/api/people?size=%zu&page=%zu", &size, &page) == 2) {
		*ret_first = (page - 1) * size;
		*ret_count = size;
	} else if (sscanf(path, "/api/people/%7zu%c", &number, &letter) == 2 ||
	    sscanf(path, "/api/people.csv?query=%7zu%c", &number, &letter) == 2) {
		*ret_first = number;
		*ret_count = 1;
	} else if (strcmp(path, "/api/people.csv") == 0) {
		*ret_count = PEOPLE;
	}
	if (*ret_first + *ret_count > PEOPLE)
		*ret_count = PEOPLE - *ret_first;
}

static bool
is_allowed(size_t first, size_t count)
{
	size_t new_ones = 0;

	for (size_t i = first; i < first + count; i++)
		new_ones += !received_has(&platform.handed, stage.ids[i]);
	if (platform.budget != 0 && platform.handed.count + new_ones > platform.budget)
		return false;
	for (size_t i = first; i < first + count; i++)
		(void)received_add(&platform.handed, stage.ids[i]);
	return true;
}

static void
answer(const struct queued *queued)
{
	static char body[PEOPLE * 32];
	struct http_reply reply = {.status = 200, .complete = true, .body = (const uint8_t *)body, .ended_us = 1000};
	size_t first, count, len = (size_t)snprintf(body, sizeof(body), "[");

	read_path(queued->path, &first, &count);
	if (platform.fails_first && platform.asked++ % 2 == 0) {
		reply.status = 502;
	} else if (!is_allowed(first, count)) {
		reply.status = 429;
	} else {
		for (size_t i = first; i < first + count; i++)
			len += (size_t)snprintf(body + len, sizeof(body) - len, "%s{\"id\":\"%s\"}", i > first ? "," : "",
			    stage.ids[i]);
		len += (size_t)snprintf(body + len, sizeof(body) - len, "]");
		reply.len = len;
	}
	queued->done(queued->context, &reply);
}

static void
steal(struct thief *thief, enum replay_strategy strategy)
{
	thief_init(thief, &stage, strategy, "https://platform.example", 60);
	while (!thief->ended) {
		assert_int_equal(thief_move(thief), ERR_NONE);
		while (platform.count > 0) {
			struct queued queued = platform.queue[--platform.count];

			answer(&queued);
		}
	}
}

static int
set_up(void **state)
{
	(void)state;
	memset(&platform, 0, sizeof(platform));
	stage.people = PEOPLE;
	stage.ids = calloc(PEOPLE, sizeof(*stage.ids));
	if (stage.ids == NULL)
		return -1;
	for (unsigned i = 0; i < PEOPLE; i++)
		(void)snprintf(stage.ids[i], sizeof(stage.ids[i]), "%07u%c", i % PEOPLE, 'A');
	for (int s = 0; s < REPLAY_STRATEGY_MAX; s++)
		stage.victims[s].n_cookies = 1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	received_wipe(&platform.handed);
	free(stage.ids);
	return 0;
}

static void
without_a_gate_every_way_reads_everybody(void **state)
{
	static struct thief thief;

	(void)state;
	for (enum replay_strategy s = 0; s < REPLAY_STRATEGY_MAX; s++) {
		steal(&thief, s);
		assert_int_equal(thief.received.count, PEOPLE);
		assert_int_equal(thief.refused, 0);
		assert_int_equal(thief.stopped_us, 0);
		thief_wipe(&thief);
	}
}

static void
behind_a_budget_every_way_takes_all_of_it_and_gives_up(void **state)
{
	static struct thief thief;

	(void)state;
	for (enum replay_strategy s = 0; s < REPLAY_STRATEGY_MAX; s++) {
		received_wipe(&platform.handed);
		platform.budget = 37;
		steal(&thief, s);
		assert_int_equal(thief.received.count, 37);
		assert_true(received_within(&thief.received, &platform.handed));
		assert_int_not_equal(thief.stopped_us, 0);
		assert_true(thief.refused >= THIEF_PATIENCE);
		assert_true(thief.requests < 4000);
		thief_wipe(&thief);
	}
}

static void
what_failed_is_asked_again_and_is_no_refusal(void **state)
{
	static struct thief thief;

	(void)state;
	platform.fails_first = true;
	steal(&thief, REPLAY_WALK);
	assert_int_equal(thief.received.count, PEOPLE);
	assert_int_equal(thief.failed, PEOPLE);
	assert_int_equal(thief.refused, 0);
	thief_wipe(&thief);
}

static void
parallel_is_a_thousand_at_once(void **state)
{
	static struct thief thief;

	(void)state;
	platform.budget = 1;
	steal(&thief, REPLAY_PARALLEL);
	assert_int_equal(platform.most, THIEF_AT_ONCE_MAX);
	assert_int_equal(thief.received.count, 1);
	thief_wipe(&thief);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(without_a_gate_every_way_reads_everybody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(behind_a_budget_every_way_takes_all_of_it_and_gives_up, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_failed_is_asked_again_and_is_no_refusal, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(parallel_is_a_thousand_at_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
