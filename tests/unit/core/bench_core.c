/* bench_core: nanoseconds of what a request does in core/. Prints one JSON object. */
#include <stdio.h>
#include <time.h>

#include "world.h"

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const struct map_capacity capacity = {
	.sessions = 1000000, .orders = ORDER_CAPACITY, .scopes = 1024, .locks = 64, .arena_entries = 1 << 24,
};

static void
key_of(uint32_t number, uint8_t key[SESSION_KEY_LEN])
{
	uint64_t half[2] = {person_unnamed(1, number), person_unnamed(2, number)};

	memcpy(key, half, sizeof(half));
}

static void
bench_find(struct world *w, uint32_t sessions, uint32_t rounds)
{
	struct session_record r = {.headers_len = 900};
	uint64_t random = 1;
	uint32_t found = 0;

	for (uint32_t i = session_table_count(&w->state.sessions); i < sessions; i++) {
		key_of(i, r.key);
		if (session_table_put(&w->state.sessions, &r) != ERR_NONE)
			abort();
	}
	double start = now_ns();
	for (uint32_t i = 0; i < rounds; i++) {
		uint8_t key[SESSION_KEY_LEN];

		key_of((uint32_t)(world_random(&random) % sessions), key);
		found += session_table_find(&w->state.sessions, key, &r) == ERR_NONE;
	}
	if (found != rounds)
		abort();
	printf("  \"find_ns_%u_sessions\": %.0f,\n", sessions, (now_ns() - start) / rounds);
}

static void
bench_evaluate(struct world *w, uint32_t n)
{
	static struct order orders[5000];
	struct order_answer answer;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		orders[i] = (struct order){
			.number = i + 1, .action = ORDER_DENY, .capabilities = CAPABILITY_ALL, .expires_at_us = UINT64_MAX};
		orders[i].scope.terms = 1u << i % SCOPE_ROUTE;
		orders[i].scope.value[i % SCOPE_ROUTE] = 1000000 + i;
	}
	if (order_table_publish(&w->state.orders, orders, n) != ERR_NONE)
		abort();
	double start = now_ns();
	for (uint32_t i = 0; i < 1000000; i++) {
		struct session_attributes who = {.session = i, .identity = i, .lineage = {i % 77}, .organisation = i % 999,
		    .territory = i % 100, .profile = i % 7, .idp = i % 3};
		struct order_question q = {.who = &who, .capability = CAPABILITY_READ, .route = 4, .at_us = T0};

		order_evaluate(&w->state.orders, &q, &answer);
		sum += answer.order;
	}
	printf("  \"evaluate_ns_%u_orders\": %.0f,\n", n, (now_ns() - start) / 1e6 + (double)(sum & 0));
}

/* 54 persons a charge, to an identity and its organisation; the best of the batches, others may use the machine. */
static void
bench_charge(struct world *w, const char *name, uint32_t population, uint32_t identities)
{
	static struct budget_ref me[512];
	struct budget_ref us = world_scope(w, LIMIT_ORGANISATION, 1, LIMIT_NONE, 400000);
	struct budget_result result;
	uint64_t random = 1, persons[54];
	double spent = 0, best = 1e9;
	const uint32_t rounds = 20000, batch = 1000;

	for (uint32_t i = 0; i < identities; i++)
		me[i] = world_scope(w, LIMIT_IDENTITY, 1, LIMIT_NONE, population < 20000 ? 20000 : 4000);
	for (uint32_t i = 0; i < rounds; i++) {
		struct budget_request q = {.scopes = {me[i % identities], us}, .n_scopes = 2, .stepped_up = true,
		    .observe = true, .persons = persons, .at_us = T0 + i * 1000000ull};
		uint32_t first = (uint32_t)(world_random(&random) % population);

		for (uint32_t j = 0; j < 54; j++)
			persons[j] = person_unnamed(5, first + j);
		double start = now_ns();
		q.n = (uint32_t)person_sort_unique(persons, 54);
		if (budget_charge(&w->budgets.budgets, &q, &result) != VERDICT_ALLOW)
			abort();
		spent += now_ns() - start;
		if (i % batch == batch - 1) {
			best = spent < best ? spent : best;
			spent = 0;
		}
	}
	printf("  \"charge_54_ns_%s\": %.0f,\n", name, best / batch);
}

int
main(void)
{
	struct world w;

	world_make(&w, &capacity);
	printf("{\n");
	bench_find(&w, 1000, 2000000);
	bench_find(&w, 1000000, 2000000);
	bench_evaluate(&w, 0);
	bench_evaluate(&w, 50);
	bench_evaluate(&w, 5000);
	bench_charge(&w, "seen_before", 2000, 4);
	bench_charge(&w, "mostly_new", 300000, 400);
	printf("  \"session_bytes\": %zu\n}\n", sizeof(struct session_record));
	world_drop(&w);
	return 0;
}
