#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct store *store;

static char dir[64];
static char path[128];

const char *
fixture_path(void)
{
	return path;
}

int
fixture_set_up(void **state)
{
	const char *why = "";

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_store_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/db", dir);
	return store_open(path, &store, &why) == ERR_NONE ? 0 : -1;
}

int
fixture_tear_down(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".copy", ".copy-journal" };
	char name[160];

	(void)state;
	store_close(store);
	store = NULL;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		if (access(name, F_OK) == 0 && unlink(name) != 0)
			return -1;
	}
	return rmdir(dir);
}

void
fixture_reopen(void)
{
	const char *why = "";

	store_close(store);
	store = NULL;
	assert_int_equal(store_open(path, &store, &why), ERR_NONE);
}

uint32_t
fixture_organisation(const char *key, const char *territory)
{
	struct store_organisation organisation;
	uint32_t number;

	memset(&organisation, 0, sizeof(organisation));
	(void)snprintf(organisation.key, sizeof(organisation.key), "%s", key);
	(void)snprintf(organisation.name, sizeof(organisation.name), "the %s", key);
	(void)snprintf(organisation.territory, sizeof(organisation.territory), "%s", territory);
	assert_int_equal(store_organisation_add(store, &organisation, &number), ERR_NONE);
	return number;
}

uint32_t
fixture_identity(const char *login, uint32_t organisation, uint32_t creator)
{
	struct store_identity identity;
	uint32_t number;

	memset(&identity, 0, sizeof(identity));
	(void)snprintf(identity.provider, sizeof(identity.provider), "local");
	(void)snprintf(identity.subject, sizeof(identity.subject), "%s", login);
	(void)snprintf(identity.login, sizeof(identity.login), "%s", login);
	(void)snprintf(identity.name, sizeof(identity.name), "%s", login);
	(void)snprintf(identity.profile, sizeof(identity.profile), "partner");
	identity.organisation = organisation;
	identity.created_by = creator;
	identity.created_us = 1000;
	assert_int_equal(store_identity_add(store, &identity, &number), ERR_NONE);
	return number;
}
