/* routes: the one table of what the training service answers; openapi.json says the same. */
#ifndef SERVICES_TRAINING_ROUTES_H
#define SERVICES_TRAINING_ROUTES_H

#include "services/http/server.h"

extern const struct http_route training_routes[];
extern const size_t training_route_count;

#endif
