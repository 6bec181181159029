/* identity: reads the proxy's headers. Pure but for the call's answer. */
#include "services/http/identity.h"

#include "services/http/problem.h"

static const char *
header_or_empty(const struct http_call *call, const char *name)
{
	const char *value = http_call_header(call, name);

	return value == NULL ? "" : value;
}

enum err
http_identity_read(struct http_call *call, struct http_identity *ret_identity)
{
	struct http_identity identity = {
	    .login = header_or_empty(call, "Remote-User"),
	    .name = header_or_empty(call, "Remote-Name"),
	    .organisation = header_or_empty(call, "Remote-Organisation"),
	    .profile = header_or_empty(call, "Remote-Profile"),
	    .person = header_or_empty(call, "Remote-Person"),
	};

	if (identity.login[0] == '\0') {
		http_problem(call, 401, "signed-out", "Nobody is signed in",
		    "Sign in, then try again.");
		/* RFC 9110 section 11.6.1 asks for a challenge; there is no scheme for "ask the proxy". */
		http_reply_header(call, "WWW-Authenticate", "Session realm=\"service\"");
		return ERR_DENIED;
	}
	*ret_identity = identity;
	return ERR_NONE;
}
