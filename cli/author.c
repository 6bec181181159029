/* author: the name for the record. */
#include "cli/author.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static const char *
user_name(void)
{
	/* Behind sudo the person is the one who called it. */
	const char *sudo_user = getenv("SUDO_USER");
	const struct passwd *entry = getpwuid(getuid());

	if (sudo_user != NULL && sudo_user[0] != '\0')
		return sudo_user;
	return entry != NULL ? entry->pw_name : "unknown";
}

enum cli_exit
cli_call_with_author(struct cli_call *call)
{
	if (json_object_get(call->request, "author") == NULL)
		(void)json_object_set_new(call->request, "author", json_string(user_name()));
	return cli_call_remote(call);
}
