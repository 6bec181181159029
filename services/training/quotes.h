/*
 * quotes: what a training body offers a job seeker, and the answer.
 *
 *   draft --send (the body)--> sent --accept or refuse (the job seeker)--> accepted, refused
 */
#ifndef SERVICES_TRAINING_QUOTES_H
#define SERVICES_TRAINING_QUOTES_H

struct http_call;

void quotes_list(struct http_call *call);   /* GET /api/quotes */
void quotes_create(struct http_call *call); /* POST /api/quotes */
void quotes_send(struct http_call *call);   /* POST /api/quotes/{number}/send */
void quotes_accept(struct http_call *call); /* POST /api/quotes/{number}/accept */
void quotes_refuse(struct http_call *call); /* POST /api/quotes/{number}/refuse */

#endif
