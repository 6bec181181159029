/* enrolments: who is followed by which body; an enrolment opens the record to it. */
#ifndef SERVICES_TRAINING_ENROLMENTS_H
#define SERVICES_TRAINING_ENROLMENTS_H

struct http_call;

void enrolments_list(struct http_call *call);   /* GET /api/enrolments */
void enrolments_create(struct http_call *call); /* POST /api/enrolments */

#endif
