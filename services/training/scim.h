/*
 * scim: creates an account at the sign-in service, over SCIM 2.0 (RFC 7643,
 * RFC 7644) on a Unix socket. The only file of the service that includes curl.
 */
#ifndef SERVICES_TRAINING_SCIM_H
#define SERVICES_TRAINING_SCIM_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

#define SCIM_DETAIL_MAX 200

struct scim_target {
	const char *socket_path;
	const char *path;  /* of the Users resource */
	const char *token; /* bearer, RFC 6750 */
};

struct scim_user {
	const char *login;
	const char *given_name;
	const char *family_name;
	const char *email;
	const char *role;         /* sent as userType */
	const char *password;     /* the first one; its owner changes it */
	const char *organisation; /* enterprise extension */
	const char *created_by;   /* login; sent as the enterprise extension's manager */
};

/*
 * Blocks, for five seconds at most. ERR_EXISTS where the login is taken, ERR_USAGE
 * where the sign-in refuses a value (ret_detail says which, in its words),
 * ERR_DENIED where it refuses the token, ERR_IO where it cannot be reached.
 */
MUST_CHECK enum err scim_create(const struct scim_target *target, const struct scim_user *user,
    char ret_detail[SCIM_DETAIL_MAX]);

/* The request's body; for tests. */
MUST_CHECK enum err scim_write_user(struct bytes *bytes, const struct scim_user *user);

#endif
