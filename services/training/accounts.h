/*
 * accounts: who works at a training body. Its account manager sees them and
 * creates new ones, which the sign-in service is told of at once (scim.h).
 */
#ifndef SERVICES_TRAINING_ACCOUNTS_H
#define SERVICES_TRAINING_ACCOUNTS_H

#include <stdbool.h>

struct http_call;

void accounts_list(struct http_call *call);   /* GET /api/accounts */
void accounts_create(struct http_call *call); /* POST /api/accounts */

/* 3 to 63 small letters, digits, dots, hyphens or underscores, a letter or digit first. */
bool accounts_login_is_valid(const char *login);

#endif
