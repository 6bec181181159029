#include "fixture.h"

#include <string.h>

static bool
count_one(void *context, const struct store_identity *identity)
{
	(void)identity;
	(*(uint32_t *)context)++;
	return true;
}

static uint32_t
count(const struct store_filter *filter)
{
	uint64_t identities, organisations;
	uint32_t n = 0;

	assert_int_equal(store_identity_each(store, filter, count_one, &n), ERR_NONE);
	assert_int_equal(store_identity_count(store, filter, &identities, &organisations), ERR_NONE);
	assert_int_equal(identities, n);
	return n;
}

static void
an_identity_reads_back_with_its_names_and_numbers(void **state)
{
	uint32_t organisation = fixture_organisation("of-1", "fr-bre");
	uint32_t number = fixture_identity("lea", organisation, 0);
	struct store_identity got, same;

	(void)state;
	assert_int_equal(store_identity_get(store, number, &got), ERR_NONE);
	assert_string_equal(got.login, "lea");
	assert_string_equal(got.profile, "partner");
	assert_int_equal(got.organisation, organisation);
	assert_true(got.provider_number > 0 && got.profile_number > 0);
	/* Without a territory of its own it has that of its organisation. */
	assert_string_equal(got.territory, "");
	assert_true(got.territory_number > 0);
	assert_int_equal(store_identity_find_login(store, "lea", &same), ERR_NONE);
	assert_int_equal(same.number, number);
	assert_int_equal(store_identity_find_subject(store, "local", "lea", &same), ERR_NONE);
	assert_int_equal(store_identity_find_subject(store, "other", "lea", &same), ERR_NOT_FOUND);
	assert_int_equal(store_identity_find_login(store, "Lea", &same), ERR_NOT_FOUND);
}

static void
a_login_is_given_once_whoever_the_provider_is(void **state)
{
	struct store_identity other = { .provider = "school", .subject = "1", .login = "lea", .name = "x" };
	uint32_t number;

	(void)state;
	fixture_identity("lea", 0, 0);
	assert_int_equal(store_identity_add(store, &other, &number), ERR_EXISTS);
}

static void
an_unknown_organisation_or_creator_is_refused(void **state)
{
	struct store_identity identity = { .provider = "local", .subject = "a", .login = "a", .name = "a" };
	uint32_t number;

	(void)state;
	identity.organisation = 7;
	assert_int_equal(store_identity_add(store, &identity, &number), ERR_NOT_FOUND);
	identity.organisation = 0;
	identity.created_by = 7;
	assert_int_equal(store_identity_add(store, &identity, &number), ERR_NOT_FOUND);
}

static void
a_number_of_a_failed_step_is_given_again_but_never_twice(void **state)
{
	uint32_t first, second;

	(void)state;
	assert_int_equal(store_begin(store), ERR_NONE);
	fixture_identity("a", 0, 0);
	store_rollback(store);
	first = fixture_identity("b", 0, 0);
	fixture_reopen();
	second = fixture_identity("c", 0, 0);
	assert_int_equal(second, first + 1);
}

static void
filters_find_by_every_term_and_by_lineage_of_any_depth(void **state)
{
	uint32_t bre = fixture_organisation("of-1", "fr-bre");
	uint32_t nor = fixture_organisation("of-2", "fr-nor");
	uint32_t root = fixture_identity("root", bre, 0);
	uint32_t child = fixture_identity("child", bre, root);
	struct store_identity got;

	(void)state;
	fixture_identity("grandchild", nor, child);
	fixture_identity("other", nor, 0);
	assert_int_equal(store_identity_get(store, root, &got), ERR_NONE);
	assert_int_equal(count(&(struct store_filter){ .identity = root }), 1);
	assert_int_equal(count(&(struct store_filter){ .creator = root }), 3);
	assert_int_equal(count(&(struct store_filter){ .creator = child }), 2);
	assert_int_equal(count(&(struct store_filter){ .organisation = nor }), 2);
	assert_int_equal(count(&(struct store_filter){ .creator = root, .organisation = nor }), 1);
	assert_int_equal(count(&(struct store_filter){ .territory = got.territory_number }), 2);
	assert_int_equal(count(&(struct store_filter){ .profile = got.profile_number }), 4);
	assert_int_equal(count(&(struct store_filter){ .query = "grand" }), 1);
	assert_int_equal(count(&(struct store_filter){ .limit = 0 }), 4);
	assert_int_equal(store_identity_suspend(store, child, 5), ERR_NONE);
	assert_int_equal(count(&(struct store_filter){ .suspended_only = true }), 1);
}

static void
organisations_of_a_filter_are_counted_once(void **state)
{
	uint32_t organisation = fixture_organisation("of-1", "");
	uint64_t identities, organisations;

	(void)state;
	fixture_identity("a", organisation, 0);
	fixture_identity("b", organisation, 0);
	fixture_identity("c", 0, 0);
	assert_int_equal(store_identity_count(store, &(struct store_filter){ .limit = 0 }, &identities, &organisations),
	    ERR_NONE);
	assert_int_equal(identities, 3);
	assert_int_equal(organisations, 1);
	assert_int_equal(store_identity_total(store, &identities), ERR_NONE);
	assert_int_equal(identities, 3);
}

static void
names_keep_their_numbers(void **state)
{
	char text[STORE_NAME_TEXT_MAX];
	uint32_t route, again, meter;

	(void)state;
	assert_int_equal(store_name_number(store, STORE_NAME_ROUTE, "people.show", &route), ERR_NONE);
	assert_int_equal(store_name_number(store, STORE_NAME_METER, "people.show", &meter), ERR_NONE);
	fixture_reopen();
	assert_int_equal(store_name_number(store, STORE_NAME_ROUTE, "people.show", &again), ERR_NONE);
	assert_int_equal(again, route);
	assert_int_equal(store_name_text(store, STORE_NAME_ROUTE, route, text), ERR_NONE);
	assert_string_equal(text, "people.show");
	assert_int_equal(store_name_find(store, STORE_NAME_ROUTE, "nowhere", &again), ERR_NOT_FOUND);
	assert_int_equal(store_name_number(store, STORE_NAME_ROUTE,
	    "a name of more than sixty-three bytes, which no table of the map could hold", &again), ERR_RANGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_identity_reads_back_with_its_names_and_numbers),
		TEST(a_login_is_given_once_whoever_the_provider_is),
		TEST(an_unknown_organisation_or_creator_is_refused),
		TEST(a_number_of_a_failed_step_is_given_again_but_never_twice),
		TEST(filters_find_by_every_term_and_by_lineage_of_any_depth),
		TEST(organisations_of_a_filter_are_counted_once),
		TEST(names_keep_their_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
