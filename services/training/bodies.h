/* bodies: training bodies and their trainings. No person stands in these lists. */
#ifndef SERVICES_TRAINING_BODIES_H
#define SERVICES_TRAINING_BODIES_H

struct http_call;

void bodies_list(struct http_call *call);      /* GET /api/bodies */
void bodies_create(struct http_call *call);    /* POST /api/bodies, by agents */
void bodies_trainings(struct http_call *call); /* GET /api/trainings */

#endif
