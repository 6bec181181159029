/* people: the job seekers: list, search, record, export; and who am I. */
#ifndef SERVICES_TRAINING_PEOPLE_H
#define SERVICES_TRAINING_PEOPLE_H

struct http_call;

void people_me(struct http_call *call);     /* GET /api/me */
void people_list(struct http_call *call);   /* GET /api/people */
void people_record(struct http_call *call); /* GET /api/people/{id} */
void people_export(struct http_call *call); /* GET /api/people.csv */

#endif
