/* agent: the family of a user agent, enough for people to recognise their own browsers. Pure. */
#include <stdio.h>
#include <string.h>

#include "engine/sessions.h"

struct word {
	const char *sign; /* in the header */
	const char *name;
};

/* The first that fits: browsers also name those they imitate. */
static const struct word families[] = {
	{ "Edg/", "Edge" }, { "OPR/", "Opera" }, { "SamsungBrowser/", "Samsung Internet" }, { "Firefox/", "Firefox" },
	{ "Chrome/", "Chrome" }, { "Version/", "Safari" }, { "curl/", "curl" },
};
static const struct word systems[] = {
	{ "Android", "Android" }, { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Windows", "Windows" },
	{ "Mac OS X", "macOS" }, { "CrOS", "ChromeOS" }, { "Linux", "Linux" },
};

void
sessions_agent_family(const char *user_agent, char out[STORE_AGENT_MAX])
{
	const char *family = "another program";
	const char *system = NULL;
	int version = 0;

	for (size_t i = sizeof(families) / sizeof(families[0]); i-- > 0;) {
		const char *at = strstr(user_agent, families[i].sign);

		if (at == NULL)
			continue;
		family = families[i].name;
		version = 0;
		for (at += strlen(families[i].sign); *at >= '0' && *at <= '9' && version < 100000; at++)
			version = version * 10 + (*at - '0');
	}
	for (size_t i = sizeof(systems) / sizeof(systems[0]); i-- > 0;)
		if (strstr(user_agent, systems[i].sign) != NULL)
			system = systems[i].name;
	if (version > 0)
		(void)snprintf(out, STORE_AGENT_MAX, "%s %d%s%s", family, version, system == NULL ? "" : " / ",
		    system == NULL ? "" : system);
	else
		(void)snprintf(out, STORE_AGENT_MAX, "%s%s%s", family, system == NULL ? "" : " / ",
		    system == NULL ? "" : system);
}
