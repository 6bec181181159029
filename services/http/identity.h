/*
 * identity: who acts, as the proxy in front says.
 *
 * The proxy strips these headers from what comes from outside and sets its
 * own, and nobody else can open the service's socket: they are believed.
 */
#ifndef SERVICES_HTTP_IDENTITY_H
#define SERVICES_HTTP_IDENTITY_H

#include "services/http/server.h"

/* Borrowed from the call; "" where a header is absent, `login` never. */
struct http_identity {
	const char *login;        /* Remote-User */
	const char *name;         /* Remote-Name: as shown to people */
	const char *organisation; /* Remote-Organisation: key of a partner */
	const char *profile;      /* Remote-Profile */
	const char *person;       /* Remote-Person: own identifier of a data subject */
};

/* ERR_DENIED where nobody is signed in; the answer is 401 then. */
MUST_CHECK enum err http_identity_read(struct http_call *call, struct http_identity *ret_identity);

#endif
